/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts facts into a journal and ships them, as waybilld does.
 *
 *     ship_facts CONFIGURATION NODE <LINES
 *
 * Each line of the standard input is a fact as it stands in a journal. The journal is in
 * `state_directory`/journal. Ends with 0 when all of them are in the store and nothing waits. Reasons
 * are found by the shipped rules, as waybilld does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../milter/programs/outcomes.h"
#include "waybill/clock.h"
#include "waybill/fact.h"
#include "waybill/log.h"
#include "waybill/ship.h"

#define REST_MS 300000

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "ship_facts: %s\n", what);
    exit(1);
}

static struct journal *open_journal(const struct settings *settings)
{
    static char path[4096];
    struct journal_options options = {.directory = path,
                                      .sync = SYNC_INTERVAL,
                                      .sync_ms = 1000,
                                      .segment_size = 16 << 20,
                                      .total_size = INT64_C(1) << 30,
                                      .ring = 20000};
    struct journal *journal;
    struct error why;

    snprintf(path, sizeof path, "%s/journal", settings->state_directory);
    mkdir(path, 0700);
    if (journal_open(&journal, &options, NULL, NULL, &why) != 0)
        fail(why.text);
    return journal;
}

static uint64_t append_all(struct journal *journal)
{
    static char line[FACT_LINE_MAX + 2];
    uint64_t count = 0;

    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t size = strcspn(line, "\n");

        while (journal_append(journal, JOURNAL_FACT, line, size) == 0)
            clock_sleep(1); /* the ring is full */
        count++;
    }
    return count;
}

static void wait_for_rest(struct ship *ship, uint64_t facts)
{
    int64_t until = clock_monotonic() + REST_MS;
    struct ship_stats stats;

    do {
        ship_read_stats(ship, &stats);
        if (stats.facts >= facts && stats.held == 0 && stats.backlog_bytes == 0)
            return;
        clock_sleep(20);
    } while (clock_monotonic() < until);
    fprintf(stderr, "ship_facts: %llu of %llu facts, %llu held, %llu orphans, %llu bytes left\n",
            (unsigned long long)stats.facts, (unsigned long long)facts,
            (unsigned long long)stats.held, (unsigned long long)stats.orphans,
            (unsigned long long)stats.backlog_bytes);
    fail("they do not come to rest");
}

int main(int argc, char **argv)
{
    struct outcomes outcomes = {0};
    struct ship_watcher watcher;
    struct settings *settings;
    struct journal *journal;
    struct ship *ship;
    struct error why;
    uint64_t facts;

    if (argc != 3)
        fail("usage: ship_facts CONFIGURATION NODE <LINES");
    log_start("ship_facts", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    if (settings_read(&settings, argv[1], &why) != 0)
        fail(why.text);
    if (outcomes_open(&outcomes, NULL, &why) != 0)
        fail(why.text);
    watcher = outcomes_watcher(&outcomes);
    journal = open_journal(settings);
    if (ship_start(&ship, settings, journal, (unsigned)atoi(argv[2]), NULL, NULL, &watcher, &why) != 0)
        fail(why.text);
    facts = append_all(journal);
    wait_for_rest(ship, facts);
    ship_stop(&ship, 10000);
    journal_close(&journal);
    outcomes_close(&outcomes);
    settings_free(&settings);
    return 0;
}
