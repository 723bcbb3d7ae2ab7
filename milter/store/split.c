/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split: how far a family of sets is split.
 *
 * The look costs one round trip, at most a command per few hundred postings, and a second one
 * only when another writer (or we, before a restart) had split the family further.
 */
#include "split.h"

#include <stdlib.h>

#include "internal.h"

#define SAMPLES 8u
#define GROWTH 64u /* members a set that all writers together may add between two looks */

bool split_wants_look(const struct split *split, unsigned nodes)
{
    uint64_t share = ((uint64_t)GROWTH << split->exponent) / (nodes ? nodes : 1);

    return !split->looked || split->since + split->pending > share;
}

static unsigned look_most(const struct look *look)
{
    return look->hot ? SPLIT_HOT_MOST : SPLIT_INDEX_MOST;
}

static uint32_t look_samples(const struct look *look)
{
    uint32_t parts = UINT32_C(1) << look->split->exponent;

    return parts < SAMPLES ? parts : SAMPLES;
}

/* ---- one round ---- */

struct round {
    struct look **of; /* the look behind each command */
    bool *exponents;  /* is the command the one for the exponents? */
};

static enum got round_got(void *context, size_t index, const struct reply *reply)
{
    struct round *round = context;
    struct look *look = round->of[index];
    uint64_t number;

    if (!round->exponents[index]) {
        if (!reply_number(reply, UINT32_MAX, &number))
            return GOT_ODD;
        look->sum += number;
        look->sampled++;
        return GOT_FINE;
    }
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++)
        if (reply_number(reply->items[i], look_most(look), &number) && number > look->most)
            look->most = (unsigned)number;
    return GOT_FINE;
}

/* A key that holds something else is told when it is written; here it counts as empty. */
static bool round_refused(void *context, size_t index, enum store_trouble trouble,
                          struct slice words)
{
    (void)context, (void)index, (void)words;
    return trouble == STORE_FOREIGN;
}

static void look_key(const struct store *store, const struct look *look, struct key *key)
{
    if (look->hot)
        key_hot(key, store->prefix, look->day, look->kind, look->term, look->refused);
    else
        key_shards(key, store->prefix, look->day, look->refused);
}

static void look_part_key(const struct store *store, const struct look *look, uint32_t part,
                          struct key *key)
{
    if (look->hot)
        key_hot_part(key, store->prefix, look->day, look->split->exponent, part, look->kind,
                     look->term, look->refused);
    else
        key_shard(key, store->prefix, look->day, look->split->exponent, part, look->refused);
}

static void round_ask(struct store *store, struct round *round, struct look *look, size_t *count)
{
    uint32_t samples = look_samples(look);
    uint32_t step = (UINT32_C(1) << look->split->exponent) / samples;
    struct key key;

    look->sum = look->sampled = 0;
    look_key(store, look, &key);
    round->of[*count] = look;
    round->exponents[(*count)++] = true;
    PIPELINE_ADD(&store->pipeline, WORD("SMEMBERS"), key_slice(&key));
    for (uint32_t i = 0; i < samples; i++) {
        look_part_key(store, look, i * step, &key);
        round->of[(*count)++] = look;
        PIPELINE_ADD(&store->pipeline, WORD("SCARD"), key_slice(&key));
    }
}

/* Ask about the first `count` looks. */
static int round_run(struct store *store, struct look **looks, size_t count, struct error *why)
{
    struct round round = {calloc(count * (SAMPLES + 1), sizeof *round.of),
                          calloc(count * (SAMPLES + 1), sizeof *round.exponents)};
    struct replies replies = {.context = &round, .got = round_got, .refused = round_refused};
    size_t commands = 0;
    int result = -1;

    if (round.of && round.exponents) {
        for (size_t i = 0; i < count; i++)
            round_ask(store, &round, looks[i], &commands);
        result = store_run(store, &replies, "measure the index", why);
    } else {
        store_fail(store, STORE_UNREACHABLE, why, "no memory to measure the index");
    }
    free(round.of);
    free(round.exponents);
    return result;
}

/* ---- choosing ---- */

static void split_choose(struct look *look)
{
    struct split *split = look->split;
    uint64_t members = look->sampled ? (look->sum << split->exponent) / look->sampled : 0;

    /* What stands at one exponent stays there: the sets of the next one are empty. */
    while (members + split->pending > (uint64_t)SPLIT_FILL << split->exponent &&
           split->exponent + SPLIT_STEP <= look_most(look)) {
        split->exponent = (uint8_t)(split->exponent + SPLIT_STEP);
        members = 0;
    }
    split->since = 0;
    split->looked = true;
}

int split_look(struct store *store, struct look *looks, size_t count, struct error *why)
{
    struct look **now = reallocarray(NULL, count ? count : 1, sizeof(struct look *));
    size_t again = count;
    int result = now ? 0 : store_fail(store, STORE_UNREACHABLE, why, "no memory");

    for (size_t i = 0; now && i < count; i++)
        now[i] = &looks[i];
    for (int round = 0; round < 2 && again > 0 && result == 0; round++) {
        size_t asked = again;

        result = round_run(store, now, asked, why);
        again = 0;
        for (size_t i = 0; i < asked && result == 0; i++) {
            struct look *look = now[i];

            if (look->most <= look->split->exponent)
                continue;
            look->split->exponent = (uint8_t)look->most;
            now[again++] = look;
        }
    }
    free(now);
    for (size_t i = 0; i < count && result == 0; i++)
        split_choose(&looks[i]);
    return result;
}
