/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: one question to the index and one for each mail that it names, for each queue id that the
 * facts lead on to. Legs are followed in the order in which they were found, so a circle ends where
 * it meets a mail that is there already.
 */
#include "chain.h"

#include <stdlib.h>

#include "relay.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/host.h"
#include "waybill/query.h"

#define CLOCKS_MS (5 * SECOND_MS) /* a log may count whole seconds, and be written in any order */
#define IDS_MAX 16u               /* of one queue id that are looked at, the newest first */
#define BACK_DAYS 7u              /* a requeued mail may have waited so long */

const char *chain_way_word(enum chain_way way)
{
    static const char *const words[] = {"forward", "requeue", "filter"};
    return words[way];
}

static bool is_loopback(struct slice ip)
{
    return slice_starts(ip, "127.") || slice_is(ip, "::1");
}

/* Does this fact lead on to another queue id of this host? */
static bool leads_on(const struct fact *fact, enum chain_way *way)
{
    struct relay relay;

    if (fact->witness != WITNESS_LOG || fact->value[KEY_NEXT].size == 0)
        return false;
    if (fact->kind == FACT_EXPANDED)
        *way = CHAIN_FORWARDED;
    else if (fact->kind == FACT_REQUEUED)
        *way = CHAIN_REQUEUED;
    else if (fact->kind == FACT_DELIVERED && relay_read(fact->value[KEY_RELAY], &relay) &&
             is_loopback(relay.ip))
        *way = CHAIN_FILTERED;
    else
        return false;
    return true;
}

/* The queue id that it had before, as our own log names it. */
static struct slice previous_of(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].witness == WITNESS_LOG &&
            waybill->facts[i].value[KEY_PREVIOUS].size > 0)
            return waybill->facts[i].value[KEY_PREVIOUS];
    return SLICE_ABSENT;
}

static bool has_recipient(const struct waybill *waybill, struct slice address)
{
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (address_same(waybill->recipients[i].address, address))
            return true;
    return false;
}

/* Did the mail go on as `next`, by what this fact says? */
static bool goes_on_as(const struct waybill *waybill, const struct fact *fact, enum chain_way way,
                       const struct waybill *next)
{
    struct slice previous = previous_of(next);

    if (next->id == waybill->id || next->host.size == 0 || waybill->host.size == 0 ||
        !host_same(next->host, waybill->host) ||
        !slice_equal(next->queue_id, fact->value[KEY_NEXT]))
        return false;
    if (next->arrived > fact->time + CLOCKS_MS || next->arrived < waybill->arrived - CLOCKS_MS)
        return false;
    if (previous.size > 0 && !slice_equal(previous, waybill->queue_id))
        return false;
    return way != CHAIN_FILTERED ||
           (is_loopback(next->ip) && has_recipient(next, fact->value[KEY_TO]));
}

/* ---- forwards ---- */

static int find_ids(struct store *store, enum term_kind kind, struct slice term, int64_t last,
                    unsigned days, uint64_t **ids, size_t *count, struct error *why)
{
    char folded[1024];

    if (term.size == 0 || term.size >= sizeof folded) {
        *ids = NULL;
        *count = 0;
        return 0;
    }
    for (size_t i = 0; i < term.size; i++)
        folded[i] = text_lower(term.at[i]);
    if (store_find_days(store, clock_day(last, NULL), days, kind, slice_make(folded, term.size),
                        ids, count, why) != 0)
        return -1;
    *count = *count < IDS_MAX ? *count : IDS_MAX;
    return 0;
}

/* 1: *next is filled; 0: it is not known; -1. */
static int find_next(struct store *store, const struct waybill *waybill, const struct fact *fact,
                     enum chain_way way, int64_t queue_lifetime, struct waybill *next,
                     struct error *why)
{
    uint64_t *ids;
    size_t count;
    int result = 0;

    if (find_ids(store, TERM_QUEUE_ID, fact->value[KEY_NEXT], fact->time + CLOCKS_MS, 2, &ids,
                 &count, why) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        result = query_one(store, ids[i], queue_lifetime, next, why);
        if (result > 0 && !goes_on_as(waybill, fact, way, next)) {
            waybill_clear(next);
            result = 0;
        }
    }
    free(ids);
    return result;
}

/* One leg for each queue id, though many recipients may have gone there. */
static bool is_known(const struct chain *chain, const struct waybill *first, struct slice queue_id)
{
    if (slice_equal(first->queue_id, queue_id))
        return true;
    for (size_t i = 0; i < chain->count; i++)
        if (slice_equal(chain->legs[i].waybill.queue_id, queue_id))
            return true;
    return false;
}

static int follow_one(struct store *store, const struct waybill *first, size_t from,
                      int64_t queue_lifetime, struct chain *chain, struct error *why)
{
    const struct waybill *waybill = from == CHAIN_MAX ? first : &chain->legs[from].waybill;

    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        struct leg leg = {.from = from, .recipient = fact->value[KEY_TO]};
        int found;

        if (!leads_on(fact, &leg.way) || is_known(chain, first, fact->value[KEY_NEXT]))
            continue;
        if (chain->count == CHAIN_MAX) {
            chain->more = true;
            return 0;
        }
        found = find_next(store, waybill, fact, leg.way, queue_lifetime, &leg.waybill, why);
        if (found < 0)
            return -1;
        if (found > 0)
            chain->legs[chain->count++] = leg;
    }
    return 0;
}

int chain_follow(struct store *store, const struct waybill *waybill, int64_t queue_lifetime,
                 struct chain *chain, struct error *why)
{
    chain->count = 0;
    chain->more = false;
    int result = follow_one(store, waybill, CHAIN_MAX, queue_lifetime, chain, why);
    for (size_t i = 0; i < chain->count && result == 0; i++)
        result = follow_one(store, waybill, i, queue_lifetime, chain, why);
    if (result != 0)
        chain_clear(chain);
    return result;
}

void chain_clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        waybill_clear(&chain->legs[i].waybill);
    chain->count = 0;
}

/* ---- backwards ---- */

static bool went_on_as(const struct waybill *before, const struct waybill *waybill,
                       enum chain_way *way)
{
    for (size_t i = 0; i < before->fact_count; i++)
        if (leads_on(&before->facts[i], way) &&
            goes_on_as(before, &before->facts[i], *way, waybill))
            return true;
    return false;
}

int chain_back(struct store *store, const struct waybill *waybill, int64_t queue_lifetime,
               struct chain_before *before, struct error *why)
{
    struct slice previous = previous_of(waybill);
    bool named = previous.size > 0;
    uint64_t *ids;
    size_t count;
    int result = 0;

    /* A stranger's mail was never ours. */
    if (!named && waybill->ip.size > 0 && !is_loopback(waybill->ip))
        return 0;
    if (find_ids(store, named ? TERM_QUEUE_ID : TERM_MESSAGE_ID,
                 named ? previous : waybill->message_id, waybill->arrived + CLOCKS_MS,
                 named ? BACK_DAYS : 2, &ids, &count, why) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        struct waybill other;
        result = query_one(store, ids[i], queue_lifetime, &other, why);
        if (result <= 0)
            continue;
        before->id = other.id;
        result = went_on_as(&other, waybill, &before->way);
        waybill_clear(&other);
    }
    free(ids);
    return result;
}
