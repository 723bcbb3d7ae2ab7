/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waybilld: the milter daemon. The order in which it starts:
 *
 *     settings, log, directories, root dropped
 *     serving   one process per address; or beside the one that it is to take over from
 *     journal   recovers what an earlier run left
 *     node      number of this machine, if the store can be asked now
 *     smtp      binds the socket
 *     ship      one process at a time leads: it reads the MTA's log and ships the journal
 *     service   tells who waits that we serve; heartbeats, counters, reload, drain
 *
 * and it ends in the opposite order.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "directories.h"
#include "families.h"
#include "lastid.h"
#include "service.h"
#include "waybill/clock.h"
#include "waybill/daemon.h"
#include "waybill/log.h"
#include "waybill/reason.h"
#include "waybill/smtp.h"
#include "waybill/store.h"

#define SHIP_AT_END_MS 2000

/* Who started us and waits is told; if nobody does, the log is. */
static int refuse(struct service *service, int status, const struct error *why)
{
    if (service->starter.word < 0)
        log_error("%s", why->text);
    takeover_tell(&service->starter, status, why->text);
    return status;
}

/* The shipper leads from now on, so this process follows the log, too. */
static int recall(void *reader, const char *name, char *value, size_t room)
{
    return journal_find_note(reader, name, value, room);
}

static void lead(void *context, struct journal_reader *reader)
{
    struct service *service = context;
    const struct settings *settings = service->at_start;
    struct maillog *maillog;
    struct error why;

    if (settings->log_source[0] == NULL)
        log_info("no log is followed: log_source is empty");
    else if (maillog_start(&maillog, settings, service->journal, recall, reader, &why) < 0)
        log_error("no log is followed: %s", why.text);
    else
        atomic_store(&service->maillog, maillog);
}

static int open_journal(struct service *service, struct lastid *lastid, struct error *why)
{
    struct journal_options options;
    char directory[PATH_MAX];

    journal_options_of(&options, service->at_start, directory);
    return journal_open(&service->journal, &options, lastid_see, lastid, why);
}

/* The socket comes after the log: whoever can connect knows that no line is lost from now on. */
static int serve(struct service *service, const struct lastid *lastid, struct error *why)
{
    const struct settings *settings = service->at_start;
    struct journal *journal = service->journal;
    struct ship_watcher watcher = outcomes_watcher(&service->outcomes);
    unsigned node = service->node.number;
    int result;

    if (ship_start(&service->ship, settings, journal, node, lead, service, &watcher, why) < 0)
        return -1;
    if (smtp_open(settings, journal, node, journal_generation(journal),
                  lastid_of(lastid, journal, node), service->replaces, why) < 0)
        return -1;
    result = service_start(service, why);
    if (result == 0) {
        log_info("waybilld " PACKAGE_VERSION " serves %s as %s, node %u, generation %u",
                 settings->listen, settings->host, node, journal_generation(journal));
        result = smtp_run(why);
        daemon_notify("STOPPING=1");
        service_stop(service);
    }
    smtp_close();
    return result;
}

static int run_with_journal(struct service *service, const struct lastid *lastid)
{
    struct error why;
    int result;

    if (node_choose(&service->node, service->at_start, &why) < 0)
        return refuse(service, EXIT_CONFIG, &why);
    result = serve(service, lastid, &why);
    service_stop_ship(service, SHIP_AT_END_MS);
    if (result < 0)
        return refuse(service, EXIT_OS, &why);
    log_info("waybilld ends");
    return EXIT_SUCCESS;
}

static int check_rules(const struct settings *settings, struct error *why)
{
    struct phrasebook *book;

    if (phrasebook_open(&book, settings->rules_directory, why) < 0)
        return -1;
    phrasebook_close(&book);
    return 0;
}

static int run(struct service *service)
{
    static struct lastid lastid;
    struct error why;
    int status;

    if (directories_make(service->at_start, &why) < 0 ||
        daemon_drop_root(service->at_start->user, &why) < 0 ||
        directories_check(service->at_start, &why) < 0 ||
        settings_check_files(service->at_start, &why) < 0 ||
        outcomes_open(&service->outcomes, service->at_start->rules_directory, &why) < 0)
        return refuse(service, EXIT_CONFIG, &why);
    if (!takeover_claim(service, &status, &why)) {
        status = refuse(service, status, &why);
    } else if (open_journal(service, &lastid, &why) < 0) {
        status = refuse(service, EXIT_OS, &why);
    } else {
        status = run_with_journal(service, &lastid);
        journal_close(&service->journal);
    }
    outcomes_close(&service->outcomes);
    return status;
}

static int start(const char *file, const struct starter *starter)
{
    struct service service = {.file = file, .starter = *starter, .started = clock_now()};
    struct settings *settings;
    struct error why;
    int status;

    if (settings_read(&settings, file, &why) < 0) {
        if (starter->word < 0)
            fprintf(stderr, "%s\n", why.text);
        takeover_tell(&service.starter, EXIT_CONFIG, why.text);
        return EXIT_CONFIG;
    }
    service.at_start = settings;
    if (service_take(&service, settings) < 0) {
        settings_free(&settings);
        return EXIT_OS;
    }
    service_log(&service, settings);
    daemon_block_signals();
    status = run(&service);
    service_forget_settings(&service);
    return status;
}

static int take_over(const char *file)
{
    struct starter starter;
    int status = takeover_fork(&starter, &file);

    return status >= 0 ? status : start(file, &starter);
}

/* Whether the store's addresses, certificates and passwords go together; it is not asked. */
static int check_store(const struct settings *settings, struct error *why)
{
    struct store *store;

    if (store_open(&store, settings, why) != 0)
        return -1;
    store_close(&store);
    return 0;
}

static int check(const char *file)
{
    struct settings *settings;
    struct error why;
    int status = EXIT_CONFIG;

    if (settings_read(&settings, file, &why) < 0) {
        fprintf(stderr, "%s\n", why.text);
        return EXIT_CONFIG;
    }
    if (settings_check_files(settings, &why) < 0 || check_store(settings, &why) < 0) {
        fprintf(stderr, "%s: %s\n", file, why.text);
    } else if (check_rules(settings, &why) < 0) {
        fprintf(stderr, "%s\n", why.text);
    } else {
        printf("%s: good\n", file);
        status = EXIT_SUCCESS;
    }
    settings_free(&settings);
    return status;
}

static void print_rules(void)
{
    struct slice rules = phrasebook_shipped();

    (void)fwrite(rules.at, 1, rules.size, stdout);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct error why;

    if (daemon_keep_standard_fds(&why) < 0)
        return EXIT_OS;
    arguments_read(&arguments, argc, argv);
    switch (arguments.request) {
    case REQUEST_RUN:
        return start(arguments.file, &(struct starter){.word = -1});
    case REQUEST_TAKE_OVER:
        return take_over(arguments.file);
    case REQUEST_CHECK:
        return check(arguments.file);
    case REQUEST_PRINT_CONFIG:
        settings_print_example(stdout);
        break;
    case REQUEST_PRINT_MANUAL:
        settings_print_manual(stdout);
        break;
    case REQUEST_PRINT_RULES:
        print_rules();
        break;
    case REQUEST_PRINT_METRICS:
        metrics_print_manual(stdout, families, FAMILY_COUNT);
        break;
    case REQUEST_VERSION:
        puts("waybilld " PACKAGE_VERSION);
        break;
    case REQUEST_HELP:
        arguments_help();
        break;
    case REQUEST_WRONG:
        return EXIT_USAGE;
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_OS;
}
