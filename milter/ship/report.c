/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: a fact that a report told goes into the mail that it speaks of, and a fact `report` into
 * the waybill of the report itself, so that each shows the other.
 *
 * A report of which no mail is found waits, since its mail may be on its way here; then it is
 * unmatched, and its own waybill says so.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "waybill/clock.h"
#include "waybill/id.h"

#define WAIT_TIMES 3 /* as long as others, where the log's lines of that mail wait too */

/* ---- what is written ---- */

/* What led here has done its work; what trust rests on stays. */
static struct fact fact_for_mail(const struct fact *fact, const struct entry *entry, bool by_token)
{
    static const enum fact_key spent[] = {KEY_HOST,       KEY_INSTANCE, KEY_QUEUE,  KEY_FROM,
                                          KEY_MESSAGE_ID, KEY_ENVID,    KEY_ARRIVED};
    struct fact kept = *fact;
    kept.waybill = entry->id;
    for (size_t i = 0; i < sizeof spent / sizeof *spent; i++)
        fact_set(&kept, spent[i], SLICE_ABSENT);
    if (!by_token)
        fact_set(&kept, KEY_TOKEN, SLICE_ABSENT); /* it is another mail's */
    return kept;
}

/* Into the report's own waybill. */
static int fold_link(struct ship *ship, const struct fact *fact, uint64_t about, struct pin **pin)
{
    char about_text[24], words[64];
    struct entry *entry;
    struct fact link;
    uint64_t by;
    if (!text_number(fact->value[KEY_BY_WAYBILL], 1, UINT64_MAX, &by) || !id_valid(by))
        return 0;
    if (load_entry(ship, by, &entry) != 0)
        return -1;
    int about_size = snprintf(about_text, sizeof about_text, "%llu", (unsigned long long)about);
    int size = snprintf(words, sizeof words, "%llu %llu", (unsigned long long)fact->id,
                        (unsigned long long)about);
    fact_init(&link, WITNESS_REPORT, FACT_REPORT, fact->time);
    link.id = fact_id_report(fact->value[KEY_TO], FACT_REPORT, slice_make(words, (size_t)size));
    link.waybill = by;
    fact_set(&link, KEY_TO, fact->value[KEY_TO]);
    fact_set(&link, KEY_REPORT_KIND, fact->value[KEY_REPORT_KIND]);
    fact_set(&link, KEY_ABOUT, slice_make(about_text, (size_t)about_size));
    return fold_into(ship, entry, &link, pin);
}

/* `entry` NULL: no mail was found. */
static int fold_both(struct ship *ship, const struct fact *fact, struct entry *entry, bool by_token,
                     struct pin **pin)
{
    struct pin *second = pins_copy(&ship->pins, *pin);
    int result = 0;
    if (second == NULL) {
        trouble_memory(ship);
        return -1;
    }
    if (entry != NULL) {
        struct fact kept = fact_for_mail(fact, entry, by_token);
        result = fold_into(ship, entry, &kept, &second);
    }
    if (result == 0)
        result = fold_link(ship, fact, entry != NULL ? entry->id : 0, pin);
    pins_release(&ship->pins, second);
    if (result == 0 && entry != NULL)
        ship->stats.reports_matched++;
    return result;
}

static int fold_unmatched(struct ship *ship, const struct fact *fact, struct pin **pin)
{
    if (fold_both(ship, fact, NULL, false, pin) != 0)
        return -1;
    ship->stats.reports_unmatched++;
    return 0;
}

/* ---- those that wait ---- */

static bool may_wait(const struct reports *reports, const struct fact *fact, size_t size)
{
    size_t share = slice_is(fact->value[KEY_SIDE], "smtp") ? 2 : 1;
    return match_possible(fact) && reports->count < REPORT_WAITING_MAX / share &&
           reports->bytes + size <= REPORT_BYTES_MAX / share;
}

static int report_wait(struct ship *ship, struct slice line, struct pin **pin)
{
    struct report *report = malloc(sizeof *report + line.size);
    struct reports *reports = &ship->reports;
    if (report == NULL) {
        trouble_memory(ship);
        return -1;
    }
    *report = (struct report){.pin = *pin, .read_at = clock_monotonic(), .size = line.size};
    memcpy(report->line, line.at, line.size);
    *pin = NULL;
    if (reports->last != NULL)
        reports->last->next = report;
    else
        reports->first = report;
    reports->last = report;
    reports->count++;
    reports->bytes += sizeof *report + line.size;
    return 0;
}

/* Its pin, if it is still there, is released. */
static void report_drop(struct reports *reports, struct pins *pins, struct report **at)
{
    struct report *report = *at;
    *at = report->next;
    reports->count--;
    reports->bytes -= sizeof *report + report->size;
    pins_release(pins, report->pin);
    free(report);
}

void reports_clear(struct reports *reports, struct pins *pins)
{
    while (reports->first != NULL)
        report_drop(reports, pins, &reports->first);
    *reports = (struct reports){0};
}

/* ---- one fact ---- */

int fold_report(struct ship *ship, const struct fact *fact, struct slice line, struct pin **pin)
{
    struct entry *entry;
    bool by_token;
    switch (match_find(ship, fact, false, &entry, &by_token)) {
    case FOUND:
        /* A day about to go takes nothing more. */
        if (!store_takes(ship->store, entry->id, false))
            return fold_unmatched(ship, fact, pin);
        return fold_both(ship, fact, entry, by_token, pin);
    case FOUND_NONE:
        if (may_wait(&ship->reports, fact, line.size))
            return report_wait(ship, line, pin);
        return fold_unmatched(ship, fact, pin);
    case FOUND_UNASKED:
        if (fold_unmatched(ship, fact, pin) != 0)
            return -1;
        ship->stats.reports_unasked++;
        return 0;
    case FOUND_AGAIN:
        break;
    }
    return -1;
}

/* Do lines of the log wait that may make the mail known? */
static bool log_waits(const struct ship *ship, const struct fact *fact)
{
    const struct group *group = hold_queue(&ship->hold, fact->value[KEY_QUEUE]);
    while (group != NULL && !slice_is(fact->value[KEY_QUEUE], group->queue_id))
        group = group->by_queue;
    return group != NULL;
}

/* 1: its wait is over; 0: not yet; -1: as load.c. */
static int report_ask_again(struct ship *ship, struct report *report, int64_t now)
{
    struct entry *entry;
    struct fact fact;
    bool by_token;
    if (!harvest_fact(ship, slice_make(report->line, report->size), &fact))
        return 1;
    if (log_waits(ship, &fact) && now < report->read_at + WAIT_TIMES * ship->limits.hold_ms)
        return 0;
    enum found found = match_find(ship, &fact, true, &entry, &by_token);
    if (found == FOUND_AGAIN)
        return -1;
    if (found != FOUND || !store_takes(ship->store, entry->id, false))
        entry = NULL;
    int result = entry != NULL ? fold_both(ship, &fact, entry, by_token, &report->pin)
                               : fold_unmatched(ship, &fact, &report->pin);
    return result != 0 ? -1 : 1;
}

int release_reports(struct ship *ship, int64_t now)
{
    struct report **at = &ship->reports.first, *last = NULL;
    if (*at != NULL && (*at)->read_at + ship->limits.hold_ms <= now)
        match_forget(&ship->match);
    while (*at != NULL && (*at)->read_at + ship->limits.hold_ms <= now) {
        int over = report_ask_again(ship, *at, now);
        if (over < 0)
            return -1;
        if (over > 0) {
            if ((*at)->next == NULL)
                ship->reports.last = last;
            report_drop(&ship->reports, &ship->pins, at);
        } else {
            last = *at;
            at = &last->next;
        }
    }
    return 0;
}
