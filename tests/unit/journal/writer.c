/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer DIRECTORY MODE FIRST COUNT [RING]: a daemon in small, to be killed or given errors from
 * outside.
 *
 * Appends the facts "r FIRST" and following, one at a time. When journal_wait says that one is
 * kept, its number goes to DIRECTORY/acknowledged. Each 25 it ships: what the reader gives goes to
 * DIRECTORY/shipped, then the cursor moves. The segments are small, so there is much rotation.
 * With RING it does not wait and ships nothing, so that a disk that refuses costs facts.
 * Prints its sync failures and how many facts are lost. MODE: 0, 1, 2 as enum sync_mode.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "waybill/clock.h"
#include "waybill/journal.h"
#include "waybill/log.h"

#define SHIP_EACH 25

static int open_list(const char *directory, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void ship(struct journal_reader *reader, int shipped)
{
    struct journal_entry entry;
    struct journal_position position;
    struct error why;
    bool any = false;
    int result;

    while ((result = journal_next(reader, &entry, &why)) != 0) {
        if (result < 0) {
            fprintf(stderr, "%s\n", why.text);
            continue;
        }
        any = true;
        position = entry.position;
        if (entry.type == JOURNAL_FACT)
            dprintf(shipped, "%.*s\n", SLICE_ARGS(entry.payload));
    }
    if (any && journal_commit(reader, &position, NULL, &why) < 0)
        fprintf(stderr, "%s\n", why.text);
}

static int number(const char *text)
{
    uint64_t value = 0;

    return text_number(slice_of(text), 0, INT32_MAX, &value) ? (int)value : -1;
}

int main(int count, char **argument)
{
    struct journal *journal;
    struct journal_reader *reader;
    struct journal_stats stats;
    struct error why;

    if (count < 5)
        return 64;
    bool burst = count > 5;
    struct journal_options options = {.directory = argument[1],
                                      .sync = (enum sync_mode)number(argument[2]),
                                      .sync_ms = 5,
                                      .segment_size = 4096,
                                      .total_size = 1 << 20,
                                      .ring = burst ? (size_t)number(argument[5]) : 1000};
    int first = number(argument[3]), end = first + number(argument[4]);
    log_start("writer", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    /* before anything that may be made to fail */
    int acknowledged = open_list(argument[1], "acknowledged");
    int shipped = open_list(argument[1], "shipped");
    if (acknowledged < 0 || shipped < 0)
        return 1;
    if (journal_open(&journal, &options, NULL, NULL, &why) < 0 ||
        journal_lead(&reader, &options, &why) != 1) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    for (int i = first; i < end; i++) {
        char text[160];
        int size = snprintf(text, sizeof text, "r %d %0120d", i, i);
        uint64_t ticket = journal_append(journal, JOURNAL_FACT, text, (size_t)size);
        journal_remember(journal, "last", slice_make(text, 8));
        if (burst) {
            clock_sleep(2);
            continue;
        }
        if (journal_wait(journal, ticket, 10000))
            dprintf(acknowledged, "r %d %0120d\n", i, i);
        if (i % SHIP_EACH == SHIP_EACH - 1)
            ship(reader, shipped);
    }
    journal_read_stats(journal, &stats);
    printf("%llu %llu\n", (unsigned long long)stats.sync_failures, (unsigned long long)stats.lost);
    journal_reader_close(&reader);
    journal_close(&journal);
    return 0;
}
