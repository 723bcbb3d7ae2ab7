/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: the command that brings old logs into the store.
 */
#include "command.h"

#include <inttypes.h>

#include "waybill/clock.h"
#include "waybill/import.h"

static int exit_code(enum import_result result, const struct import_tally *tally)
{
    if (result == IMPORT_UNREADABLE)
        return CLI_USAGE;
    if (result == IMPORT_UNREACHABLE)
        return CLI_UNREACHABLE;
    return tally->facts > 0 ? CLI_FOUND : CLI_NOTHING;
}

int import_command(struct cli *cli)
{
    struct import_options options = {.settings = cli->settings,
                                     .dry_run = cli->request.dry_run,
                                     .since = INT64_MIN,
                                     .until = INT64_MAX,
                                     .retention_days = cli->settings->retention_days};
    struct import *import;
    struct error why;
    enum import_result result;
    int code;

    if (import_open(&import, &options, &why) != 0) {
        complain("%s", why.text);
        return CLI_UNREACHABLE;
    }
    result = import_logs(import, (const char *const *)cli->request.arguments,
                         (size_t)cli->request.argument_count, &why);
    if (result == IMPORT_DONE)
        result = import_finish(import, &why);
    if (result != IMPORT_DONE)
        complain("%s", why.text);
    printf("%" PRIu64 " lines, %" PRIu64 " mails\n", import_counts(import)->lines,
           import_counts(import)->mails);
    code = exit_code(result, import_counts(import));
    import_close(&import);
    return code;
}
