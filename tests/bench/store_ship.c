/* SPDX-License-Identifier: BSD-2-Clause */
/* store_ship: see the header. */
#include "store_ship.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "waybill/clock.h"
#include "waybill/journal.h"
#include "waybill/ship.h"

#define PATIENCE_MS (600 * SECOND_MS)

static _Noreturn void ship_fail(const char *what)
{
    fprintf(stderr, "store_load: ship: %s\n", what);
    exit(1);
}

static double process_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static struct journal *journal_start(const struct settings *settings)
{
    struct journal_options options;
    struct journal *journal;
    char directory[PATH_MAX];
    struct error why;
    journal_options_of(&options, settings, directory);
    if (mkdir(directory, 0700) != 0 || journal_open(&journal, &options, NULL, NULL, &why) != 0)
        ship_fail("no journal");
    return journal;
}

/* Wait until the disk has it now and then: the journal drops what comes faster. */
static void tell(struct journal *journal, const struct fact *fact, struct buffer *line, bool wait)
{
    buffer_clear(line);
    if (fact_encode(fact, line) != 0)
        ship_fail("no memory");
    uint64_t ticket = journal_append(journal, JOURNAL_FACT, line->data, line->size);
    if (ticket == 0 || (wait && !journal_wait(journal, ticket, 10 * SECOND_MS)))
        ship_fail("the journal is full");
}

static void fill(struct journal *journal, struct shipped *shipped, uint64_t mails, uint64_t seed)
{
    struct mails maker;
    struct mails_mail *mail = malloc(sizeof *mail);
    struct buffer line;
    if (mail == NULL)
        ship_fail("no memory");
    buffer_init(&line, FACT_LINE_MAX * 2);
    mails_init(&maker, seed, 0, clock_now() - 2 * DAY_MS, (double)DAY_MS / (double)mails);
    for (; shipped->mails < mails; shipped->mails++) {
        mails_next(&maker, mail);
        for (size_t i = 0; i < mail->count; i++)
            tell(journal, &mail->facts[i], &line, i == 0 && shipped->mails % 100 == 0);
        shipped->facts += mail->count;
    }
    buffer_free(&line);
    free(mail);
}

static void settle(struct ship *ship, const struct shipped *shipped)
{
    int64_t until = clock_monotonic() + PATIENCE_MS;
    struct ship_stats stats;
    do {
        ship_read_stats(ship, &stats);
        if (stats.facts >= shipped->facts && stats.held == 0 && stats.backlog_bytes == 0)
            return;
        clock_sleep(20);
    } while (clock_monotonic() < until);
    ship_fail("not all was shipped in time");
}

struct shipped ship_all(const struct settings *settings, uint64_t mails, uint64_t seed)
{
    struct shipped shipped = {0};
    struct journal *journal = journal_start(settings);
    struct ship *ship;
    struct error why;
    fill(journal, &shipped, mails, seed);
    double begin = process_cpu();
    if (ship_start(&ship, settings, journal, 0, NULL, NULL, NULL, &why) != 0)
        ship_fail(why.text);
    settle(ship, &shipped);
    shipped.client = process_cpu() - begin;
    ship_stop(&ship, 1000);
    journal_close(&journal);
    return shipped;
}
