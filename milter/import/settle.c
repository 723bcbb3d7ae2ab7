/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settle: candidates come from the set of delayed recipients and, for those that nobody ever
 * tried, from the last hours' mails. What is young, or was heard of lately, is left alone: its
 * facts may be on their way, and the listing may have been begun before it came.
 */
#include "settle.h"

#include <stdlib.h>

#include "sighting.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/host.h"

#define GRACE_MS (5 * MINUTE_MS)
#define SLICE_MS (10 * MINUTE_MS)
#define PAGE 500u

/* ---- what is in the queue ---- */

int present_add(struct present *present, struct slice queue_id, int64_t arrival, struct error *why)
{
    if (present->count == present->room) {
        size_t room = present->room ? present->room * 2 : 1024;
        struct present_mail *mails =
            room <= PRESENT_MAX ? realloc(present->mails, room * sizeof *mails) : NULL;

        if (mails == NULL)
            return error_set(why, "no memory for more than %zu mails", present->count);
        present->mails = mails;
        present->room = room;
    }
    present->mails[present->count++] =
        (struct present_mail){digest_64(queue_id.at, queue_id.size), arrival};
    return 0;
}

static int present_order(const void *left, const void *right)
{
    const struct present_mail *a = left, *b = right;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

void present_sort(struct present *present)
{
    if (present->count > 0)
        qsort(present->mails, present->count, sizeof *present->mails, present_order);
}

/* Whoever has the same queue id and came later is another mail. A mail may have come earlier than
 * we know. */
bool present_has(const struct present *present, struct slice queue_id, int64_t arrived)
{
    uint64_t hash = digest_64(queue_id.at, queue_id.size);
    size_t low = 0, high = present->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (present->mails[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < present->count && present->mails[low].hash == hash &&
           present->mails[low].arrival <= arrived + PRESENT_NEAR_MS;
}

/* ---- one mail ---- */

static bool is_open(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        if (recipient->taken && !state_final(recipient->state))
            return true;
        /* The log said that it left the queue, and no more. */
        if (recipient->state == STATE_UNRESOLVED && sighting_settled(waybill) == 0)
            return true;
    }
    return false;
}

bool settle_ours(const struct settle *settle, const struct waybill *waybill)
{
    return host_same(waybill->host, settle->host) &&
           (waybill->instance.at == NULL || slice_equal(waybill->instance, settle->instance));
}

bool settle_due(const struct settle *settle, const struct waybill *waybill)
{
    int64_t last =
        waybill->fact_count > 0 ? waybill->facts[waybill->fact_count - 1].time : waybill->arrived;

    return waybill->queued && settle_ours(settle, waybill) &&
           (waybill->instance.at != NULL || !settle->strict) && is_open(waybill) &&
           last < settle->taken - GRACE_MS;
}

enum import_result settle_one(struct settle *settle, const struct waybill *waybill, int64_t since,
                              struct error *why)
{
    struct sighted mail = {.host = waybill->host.at != NULL ? waybill->host : settle->host,
                           .instance = settle->instance,
                           .queue_id = waybill->queue_id,
                           .arrival = waybill->arrived,
                           .waybill = waybill->id,
                           .settled = sighting_settled(waybill)};
    struct fact fact;

    if (sighting_fact(&fact, &mail, FACT_REMOVED, since, SLICE_ABSENT, SLICE_ABSENT) != 0) {
        error_set(why, "no memory for a fact");
        return IMPORT_UNREACHABLE;
    }
    fact_set(&fact, KEY_CAUSE, slice_of("reconciled"));
    settle->settled++;
    return import_mail(settle->import, &fact, 1, why);
}

/* ---- all of them ---- */

struct page {
    struct settle *settle;
    struct error *why;
    enum import_result result;
};

static bool is_gone(const struct settle *settle, const struct waybill *waybill)
{
    return waybill->queue_id.size > 0 && settle_due(settle, waybill) &&
           !present_has(settle->present, waybill->queue_id, waybill->arrived);
}

static void take_record(void *context, uint64_t id, const struct record *record,
                        const char *why_not)
{
    struct page *page = context;
    struct waybill waybill;

    (void)id;
    if (page->result != IMPORT_DONE || why_not != NULL || record->see != 0 || record->count == 0)
        return;
    if (waybill_read(&waybill, record, clock_now(), 0, page->why) != 0) {
        page->result = IMPORT_UNREACHABLE;
        return;
    }
    if (is_gone(page->settle, &waybill))
        page->result = settle_one(page->settle, &waybill, page->settle->taken, page->why);
    waybill_clear(&waybill);
}

static enum import_result settle_ids(struct settle *settle, const uint64_t *ids, size_t count,
                                     struct error *why)
{
    struct page page = {.settle = settle, .why = why, .result = IMPORT_DONE};

    for (size_t at = 0; at < count && page.result == IMPORT_DONE; at += PAGE)
        if (store_get_records(settle->store, ids + at, count - at < PAGE ? count - at : PAGE,
                              take_record, &page, why) != 0)
            return IMPORT_UNREACHABLE;
    return page.result;
}

struct ids {
    uint64_t *list; /* highest first */
    size_t count;
};

static int highest_first(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a > *b ? -1 : *a < *b;
}

static void leave_out(struct ids *ids, const struct ids *others)
{
    size_t kept = 0;

    for (size_t i = 0; others->count > 0 && i < ids->count; i++)
        if (bsearch(&ids->list[i], others->list, others->count, sizeof *others->list,
                    highest_first) == NULL)
            ids->list[kept++] = ids->list[i];
    ids->count = others->count > 0 ? kept : ids->count;
}

static enum import_result settle_slice(struct settle *settle, int64_t at,
                                       const struct ids *delayed, struct error *why)
{
    struct ids ids = {0};
    enum import_result result;

    if (store_find_slice(settle->store, at, false, &ids.list, &ids.count, why) != 0)
        return IMPORT_UNREACHABLE;
    leave_out(&ids, delayed);
    result = settle_ids(settle, ids.list, ids.count, why);
    free(ids.list);
    return result;
}

enum import_result settle_all(struct settle *settle, struct error *why)
{
    struct ids delayed = {0};
    enum import_result result;

    if (store_find_delayed(settle->store, &delayed.list, &delayed.count, why) != 0)
        return IMPORT_UNREACHABLE;
    result = settle_ids(settle, delayed.list, delayed.count, why);
    for (int64_t at = settle->since; at < settle->taken && result == IMPORT_DONE; at += SLICE_MS)
        result = settle_slice(settle, at, &delayed, why);
    free(delayed.list);
    return result;
}
