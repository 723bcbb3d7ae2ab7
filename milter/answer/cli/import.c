/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: the command that brings old logs into the store.
 */
#include "waybill/import.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "import_bar.h"
#include "import_queue.h"
#include "import_summary.h"
#include "waybill/clock.h"
#include "waybill/log.h"

static atomic_bool stopped;

static void stop(int signal)
{
    (void)signal;
    atomic_store(&stopped, true);
}

static void listen_to_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* `done`: the code where nothing went wrong. */
static int exit_code(enum import_result result, int done)
{
    switch (result) {
    case IMPORT_STOPPED:
        return CLI_STOPPED;
    case IMPORT_UNREADABLE:
        return CLI_USAGE;
    case IMPORT_UNREACHABLE:
        return CLI_UNREACHABLE;
    case IMPORT_DONE:
        break;
    }
    return done;
}

/* What was read before a damaged file is imported to its end, too. */
static enum import_result import_all(const struct cli *cli, struct import *import,
                                     struct error *why)
{
    struct error later;
    enum import_result result =
        import_logs(import, (const char *const *)cli->request.arguments,
                    (size_t)cli->request.argument_count, why);
    bool finish = result == IMPORT_DONE || result == IMPORT_UNREADABLE;
    enum import_result end = finish ? import_finish(import, &later) : IMPORT_DONE;

    if (end == IMPORT_DONE || result != IMPORT_DONE)
        return result;
    *why = later;
    return end;
}

static int run(const struct cli *cli, struct import *import, struct import_bar *bar,
               int64_t began)
{
    struct import_summary summary = {.tally = import_counts(import),
                                     .dry_run = cli->request.dry_run,
                                     .retention_days = cli->request.retention};
    struct error why;
    enum import_result result = import_all(cli, import, &why);

    import_bar_end(bar);
    if (result != IMPORT_DONE && result != IMPORT_STOPPED)
        complain("%s", why.text);
    summary.stopped = result == IMPORT_STOPPED;
    summary.complete = result == IMPORT_DONE;
    summary.ms = clock_monotonic() - began;
    if (result != IMPORT_UNREACHABLE && summary.tally->files > 0)
        import_summary_print(cli, &summary);
    return exit_code(result, summary.tally->facts > 0 ? CLI_FOUND : CLI_NOTHING);
}

int import_run(struct cli *cli)
{
    int64_t began = clock_monotonic();
    struct import_bar bar;
    struct import_options options = {.settings = cli->settings,
                                     .dry_run = cli->request.dry_run,
                                     .host = cli->request.host,
                                     .since = cli->request.since,
                                     .until = cli->request.until,
                                     .stop = &stopped,
                                     .progress = import_bar_show,
                                     .context = &bar};
    struct import *import;
    struct error why;
    int code;

    if (cli->request.retention == RETENTION_NOT_GIVEN)
        cli->request.retention = cli->settings->retention_days;
    if (cli->request.until == TIME_NOT_GIVEN)
        options.until = INT64_MAX;
    options.retention_days = cli->request.retention;
    import_bar_begin(&bar, cli, began);
    log_start("waybill", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    listen_to_signals();
    if (import_open(&import, &options, &why) != 0) {
        complain("%s", why.text);
        return CLI_UNREACHABLE;
    }
    code = cli->request.queue ? exit_code(import_queue_run(cli, import, &stopped), CLI_FOUND)
                              : run(cli, import, &bar, began);
    import_close(&import);
    return code;
}
