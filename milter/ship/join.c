/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join: which waybill does a line of the log belong to?
 *
 * The log names host, instance, queue id and time. Queue ids come again, short ones within
 * seconds, so the time decides: from the mail's arrival until the queue let it go.
 */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/host.h"

#define JOIN_BEFORE_MS (5 * SECOND_MS) /* log clocks have seconds, and two clocks differ */
#define JOIN_AFTER_MS (2 * SECOND_MS)
#define JOIN_IDS_MAX 64u /* of one queue id and day that are looked at, the newest first */

static bool instance_fits(const char *known, struct slice told)
{
    return known == NULL || told.at == NULL || slice_is(told, known);
}

/* Two Message-IDs that differ are two mails, whatever else fits. But until the milter saw the
 * transaction end, its queue id is nobody else's: a mail may have two of these headers, and the
 * log masks and cuts their bytes. */
static bool message_id_fits(const struct entry *entry, const struct fact *fact)
{
    struct slice told = fact->value[KEY_MESSAGE_ID];
    if (fact->kind != FACT_CLEANUP || told.size == 0 || entry->message_id == 0)
        return true;
    if (!entry_minted(entry) && (entry->closed == 0 || fact->time <= entry->closed))
        return true;
    return entry->message_id == digest_64(told.at, told.size);
}

static bool entry_fits(const struct entry *entry, const struct fact *fact)
{
    const struct record *record = entry_record(entry);
    if (entry->see != 0 || entry->broken || record->queue_id == NULL ||
        !slice_is(fact->value[KEY_QUEUE], record->queue_id))
        return false;
    if (!host_same(slice_of(record->host), fact->value[KEY_HOST]) ||
        !instance_fits(record->instance, fact->value[KEY_INSTANCE]))
        return false;
    if (fact->time < entry->arrived - JOIN_BEFORE_MS ||
        (entry->gone != 0 && fact->time > entry->gone + JOIN_AFTER_MS))
        return false;
    return message_id_fits(entry, fact);
}

/* The log may count whole seconds: within its second an arrival is not after the fact. */
static int64_t entry_second(const struct entry *entry)
{
    return entry->arrived - entry->arrived % SECOND_MS;
}

/* The latest that arrived before the fact; only if there is none, the first after it. Of two in
 * the same second the milter's, then the lower id, so that the order of reading does not count. */
static bool fits_better(const struct entry *a, const struct entry *b, int64_t time)
{
    int64_t at_a = entry_second(a), at_b = entry_second(b);
    bool before_a = at_a <= time, before_b = at_b <= time;
    if (before_a != before_b)
        return before_a;
    if (at_a != at_b)
        return before_a ? at_a > at_b : at_a < at_b;
    if (entry_minted(a) != entry_minted(b))
        return entry_minted(b);
    return a->id < b->id;
}

struct entry *join_live(const struct ship *ship, const struct fact *fact)
{
    struct entry *best = NULL;
    struct entry *entry = live_queue(&ship->live, fact->value[KEY_QUEUE]);
    for (; entry != NULL; entry = entry->by_queue)
        if (entry_fits(entry, fact) && (best == NULL || fits_better(entry, best, fact->time)))
            best = entry;
    return best;
}

static int join_ask_day(struct ship *ship, struct slice queue_id, uint32_t day)
{
    uint64_t *ids = NULL;
    size_t count = 0;
    char term[TERM_MAX];
    size_t size = term_fold(queue_id, term);
    if (store_find_term(ship->store, day, TERM_QUEUE_ID, slice_make(term, size), &ids, &count,
                        &ship->trouble.why) != 0)
        return -1;
    int result = load_entries(ship, ids, count < JOIN_IDS_MAX ? count : JOIN_IDS_MAX, false);
    free(ids);
    return result;
}

int join_ask(struct ship *ship, const struct fact *fact, bool deep)
{
    uint32_t second;
    uint32_t day = clock_day(fact->time, &second);
    int last = deep ? (int)ship->limits.lifetime_days + 1 : 1;
    if (second * SECOND_MS >= DAY_MS - JOIN_BEFORE_MS &&
        join_ask_day(ship, fact->value[KEY_QUEUE], clock_day_add(day, 1)) != 0)
        return -1;
    for (int back = 0; back <= last; back++) {
        if (join_ask_day(ship, fact->value[KEY_QUEUE], clock_day_add(day, -back)) != 0)
            return -1;
        if (join_live(ship, fact) != NULL)
            break;
    }
    return 0;
}
