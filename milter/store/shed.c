/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shed: a whole day is given up, because the server is full and nothing new would be recorded.
 *
 * Keys that can be named are named: records by slice and node, shards by their exponents. Those of
 * hot terms bear the term, so they are looked for. The list of exponents (d:, rd:) goes last: what
 * was not finished is found, and gone on with, the next time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"


struct shedding {
    struct store *store;
    uint32_t day;
    bool refused;
    uint64_t keys;      /* that were there */
    uint32_t exponents; /* bit K: 2^K shards */
    bool (*go_on)(void *context);
    void *context;
};

/* ---- which day ---- */

struct days {
    uint64_t found[PIPELINE_COMMANDS / 64 + 1];
};

static enum got days_got(void *context, size_t index, const struct reply *reply)
{
    struct days *days = context;

    if (reply->type != REPLY_NUMBER)
        return GOT_ODD;
    if (reply->number > 0)
        days->found[index / 64] |= UINT64_C(1) << index % 64;
    return GOT_FINE;
}

/* 1: *day is the oldest of its kind; 0: none is old enough; -1: the store failed. */
static int oldest_day(struct store *store, bool refused, int64_t keep_days, uint32_t *day,
                      struct error *why)
{
    struct days days = {{0}};
    struct replies replies = {.context = &days, .got = days_got};
    int64_t now = clock_now(), oldest = store_days(store, refused) + 1;
    size_t count = 0;
    struct key key;

    if (oldest > keep_days + (int64_t)PIPELINE_COMMANDS)
        oldest = keep_days + (int64_t)PIPELINE_COMMANDS;
    for (int64_t age = oldest; age > keep_days; age--, count++) {
        key_shards(&key, store->prefix, clock_day(now - age * DAY_MS, NULL), refused);
        PIPELINE_ADD(&store->pipeline, WORD("SCARD"), key_slice(&key));
    }
    if (count == 0)
        return 0;
    if (store_run(store, &replies, "look for the oldest day", why))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (days.found[i / 64] >> i % 64 & 1) {
            *day = clock_day(now - (oldest - (int64_t)i) * DAY_MS, NULL);
            return 1;
        }
    return 0;
}

/* ---- its keys ---- */

static enum got gone_got(void *context, size_t index, const struct reply *reply)
{
    struct shedding *shedding = context;

    (void)index;
    if (reply->type != REPLY_NUMBER)
        return GOT_ODD;
    shedding->keys += reply->number > 0;
    return GOT_FINE;
}

static int unlink_flush(struct shedding *shedding, struct error *why)
{
    struct replies replies = {.context = shedding, .got = gone_got};

    if (shedding->store->pipeline.count == 0)
        return 0;
    if (store_run(shedding->store, &replies, "give up a day", why))
        return -1;
    return shedding->go_on(shedding->context) ? 0 : error_set(why, "stopped");
}

static int unlink_key(struct shedding *shedding, const struct key *key, struct error *why)
{
    PIPELINE_ADD(&shedding->store->pipeline, WORD("UNLINK"), key_slice(key));
    return shedding->store->pipeline.count < PIPELINE_COMMANDS ? 0 : unlink_flush(shedding, why);
}

/* The records of ten minutes, and what stands apart of them. */
static int shed_slice(struct shedding *shedding, unsigned slice, unsigned node, struct error *why)
{
    const struct store *store = shedding->store;
    struct key key;

    key_records_of(&key, store->prefix, shedding->day, slice, node, shedding->refused);
    if (unlink_key(shedding, &key, why))
        return -1;
    for (unsigned kind = 0; kind < APART_COUNT; kind++) {
        if (!apart_asked(store, kind))
            continue;
        key_apart_of(&key, store->prefix, shedding->day, slice, node, kind, shedding->refused);
        if (unlink_key(shedding, &key, why))
            return -1;
    }
    return 0;
}

static int shed_records(struct shedding *shedding, struct error *why)
{
    if (store_know_nodes(shedding->store, why))
        return -1;
    for (unsigned node = 0; node < ID_NODES; node++)
        for (unsigned slice = 0; shedding->store->nodes[node] && slice < SLICES; slice++)
            if (shed_slice(shedding, slice, node, why))
                return -1;
    return unlink_flush(shedding, why);
}

static enum got exponents_got(void *context, size_t index, const struct reply *reply)
{
    struct shedding *shedding = context;
    uint64_t exponent;

    (void)index;
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++)
        if (reply_number(reply->items[i], SPLIT_MOST, &exponent))
            shedding->exponents |= UINT32_C(1) << exponent;
    return GOT_FINE;
}

static int shed_shards(struct shedding *shedding, struct error *why)
{
    struct replies replies = {.context = shedding, .got = exponents_got};
    struct key key;

    key_shards(&key, shedding->store->prefix, shedding->day, shedding->refused);
    PIPELINE_ADD(&shedding->store->pipeline, WORD("SMEMBERS"), key_slice(&key));
    if (store_run(shedding->store, &replies, "give up a day", why))
        return -1;
    for (unsigned exponent = 0; exponent <= SPLIT_MOST; exponent++)
        for (uint32_t part = 0;
             shedding->exponents >> exponent & 1 && part < UINT32_C(1) << exponent; part++) {
            key_shard(&key, shedding->store->prefix, shedding->day, exponent, part,
                      shedding->refused);
            if (unlink_key(shedding, &key, why))
                return -1;
        }
    return unlink_flush(shedding, why);
}

/* ---- those that bear a term ---- */

static int key_found(void *context, struct slice key, struct error *why)
{
    struct shedding *shedding = context;

    PIPELINE_ADD(&shedding->store->pipeline, WORD("UNLINK"), key);
    return unlink_flush(shedding, why);
}

static int shed_pattern(struct shedding *shedding, const char *form, struct error *why)
{
    char begin[KEY_PREFIX_MAX + 16];

    snprintf(begin, sizeof begin, "%s%s%s:%06" PRIu32 ":", shedding->store->prefix,
             shedding->refused ? "r" : "", form, shedding->day);
    return store_each_key(shedding->store, begin, key_found, shedding, why);
}

/* ---- all of it ---- */

/* There is room by now; who asks for that day is told before its last trace goes. */
static int shed_end(struct shedding *shedding, unsigned node, struct error *why)
{
    int64_t from = clock_of_day(shedding->day, 0);
    struct key key;

    if (!shedding->refused) {
        store_put_gap(shedding->store, node, WORD("store"), from, from + DAY_MS - 1, WORD("shed"),
                      0);
        if (store_flush(shedding->store, why))
            return -1;
    }
    key_shards(&key, shedding->store->prefix, shedding->day, shedding->refused);
    return unlink_key(shedding, &key, why) || unlink_flush(shedding, why) ? -1 : 0;
}

static int shed_all(struct shedding *shedding, unsigned node, struct error *why)
{
    if (shed_records(shedding, why) || shed_shards(shedding, why) ||
        shed_pattern(shedding, "h", why) || shed_pattern(shedding, "hp", why))
        return -1;
    return shed_end(shedding, node, why);
}

int store_shed_day(struct store *store, unsigned node, int64_t keep_days,
                   bool (*go_on)(void *context), void *context, struct store_shed *shed,
                   struct error *why)
{
    struct shedding shedding = {.store = store, .go_on = go_on, .context = context};
    int found = oldest_day(store, true, keep_days, &shedding.day, why);

    shedding.refused = found > 0;
    if (found == 0)
        found = oldest_day(store, false, keep_days, &shedding.day, why);
    if (found <= 0)
        return found;
    found = shed_all(&shedding, node, why) ? -1 : 1;
    *shed = (struct store_shed){
        .day = shedding.day, .refused = shedding.refused, .keys = shedding.keys};
    return found;
}
