/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split: how far sets are split.
 *
 * A new day is laid out for what an earlier day held, so that readers mostly find one exponent a
 * day. A day that brings more goes on at the next exponent: what stands at one stays there.
 */
#include "split.h"

#include <stdlib.h>

#include "internal.h"

/* ---- asking ---- */

void questions_free(struct questions *questions)
{
    free(questions->list);
    *questions = (struct questions){0};
}

void questions_add(struct store *store, struct questions *questions, const struct key *key,
                   bool exponents, uint64_t *sum)
{
    if (questions->count == questions->room) {
        size_t room = questions->room ? questions->room * 2 : 64;
        struct question *list = reallocarray(questions->list, room, sizeof *list);

        if (!list) {
            questions->failed = true;
            return;
        }
        questions->list = list;
        questions->room = room;
    }
    questions->list[questions->count++] = (struct question){sum, exponents};
    PIPELINE_ADD(&store->pipeline, exponents ? WORD("SMEMBERS") : WORD("SCARD"), key_slice(key));
}

static enum got question_got(void *context, size_t index, const struct reply *reply)
{
    const struct questions *questions = context;
    const struct question *question = &questions->list[index];
    uint64_t number;

    if (!question->exponents) {
        if (!reply_number(reply, UINT32_MAX, &number))
            return GOT_ODD;
        *question->sum += number;
        return GOT_FINE;
    }
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++)
        if (reply_number(reply->items[i], SPLIT_MOST, &number))
            *question->sum |= UINT64_C(1) << number;
    return GOT_FINE;
}

int questions_run(struct store *store, struct questions *questions, struct error *why)
{
    struct replies replies = {
        .context = questions, .got = question_got, .refused = pipeline_foreign};
    int result;

    if (questions->failed) {
        pipeline_clear(&store->pipeline);
        return store_fail(store, STORE_UNREACHABLE, why, "no memory to measure the index");
    }
    result = store_run(store, &replies, "measure the index", why);
    questions->count = 0;
    return result;
}

/* ---- the layout of a day ---- */

static unsigned exponent_highest(uint64_t used)
{
    unsigned highest = 0;

    for (unsigned i = 0; i <= SPLIT_MOST; i++)
        if (used >> i & 1)
            highest = i;
    return highest;
}

static void layout_list(struct store *store, struct questions *questions, struct layout *layout,
                        unsigned of)
{
    static const int back[] = {0, -1, -7};
    struct key key;

    layout->of[of].used = 0;
    key_shards(&key, store->prefix, clock_day_add(layout->day, back[of]), layout->refused);
    questions_add(store, questions, &key, true, &layout->of[of].used);
}

static void layout_sample(struct store *store, struct questions *questions, struct layout *layout,
                          unsigned of, unsigned exponent)
{
    static const int back[] = {0, -1, -7};
    uint32_t parts = UINT32_C(1) << exponent;
    uint32_t samples = parts < SPLIT_SAMPLES ? parts : SPLIT_SAMPLES;
    struct key key;

    layout->of[of].sum = 0;
    layout->of[of].sampled = samples;
    for (uint32_t i = 0; i < samples; i++) {
        key_shard(&key, store->prefix, clock_day_add(layout->day, back[of]), exponent,
                  i * (parts / samples), layout->refused);
        questions_add(store, questions, &key, false, &layout->of[of].sum);
    }
}

/* Members of a day, by its samples at the highest exponent; those below are as good as full. */
static uint64_t layout_members(const struct layout *layout, unsigned of)
{
    uint64_t used = layout->of[of].used, members = 0;
    unsigned highest = exponent_highest(used);

    if (used == 0 || layout->of[of].sampled == 0)
        return 0;
    for (unsigned i = 0; i < highest; i++)
        if (used >> i & 1)
            members += (uint64_t)SPLIT_FILL << i;
    return members + (layout->of[of].sum << highest) / layout->of[of].sampled;
}

static void layout_begin(struct layout *layout)
{
    uint64_t day = layout_members(layout, 1), week = layout_members(layout, 2);
    uint64_t most = day > week ? day : week;

    layout->exponent = SPLIT_FIRST;
    if (most == 0)
        return;
    layout->exponent = SPLIT_LEAST;
    while (most > (uint64_t)SPLIT_BEGIN << layout->exponent && layout->exponent < SPLIT_MOST)
        layout->exponent++;
}

static void layout_choose(struct layout *layout)
{
    uint64_t members = 0;

    if (layout->of[0].used == 0)
        layout_begin(layout);
    else
        members = (layout->of[0].sum << layout->exponent) / layout->of[0].sampled;
    /* The sets of the next exponent are empty. */
    while (members + layout->pending > (uint64_t)SPLIT_FILL << layout->exponent &&
           layout->exponent + SPLIT_STEP <= SPLIT_MOST) {
        layout->exponent = (uint8_t)(layout->exponent + SPLIT_STEP);
        members = 0;
    }
    layout->since = 0;
    layout->stage = LAYOUT_READY;
}

bool layout_step(struct store *store, struct questions *questions, struct layout *layout,
                 unsigned nodes)
{
    uint64_t share = ((uint64_t)SPLIT_GROWTH << layout->exponent) / (nodes ? nodes : 1);
    bool own = layout->of[0].used != 0;

    switch (layout->stage) {
    case LAYOUT_NEW:
        for (unsigned of = 0; of < 3; of++)
            layout_list(store, questions, layout, of);
        layout->stage = LAYOUT_LISTED;
        return true;
    case LAYOUT_LISTED:
        if (own)
            layout->exponent = (uint8_t)exponent_highest(layout->of[0].used);
        for (unsigned of = own ? 0 : 1; of < (own ? 1 : 3); of++)
            layout_sample(store, questions, layout, of, exponent_highest(layout->of[of].used));
        layout->stage = LAYOUT_SAMPLED;
        return true;
    case LAYOUT_SAMPLED:
        if (own && exponent_highest(layout->of[0].used) > layout->exponent) {
            layout->stage = LAYOUT_LISTED; /* another writer went on */
            return layout_step(store, questions, layout, nodes);
        }
        layout_choose(layout);
        return false;
    case LAYOUT_READY:
        break;
    }
    if (layout->since == 0 || layout->since + layout->pending <= share)
        return false;
    layout_list(store, questions, layout, 0);
    layout_sample(store, questions, layout, 0, layout->exponent);
    layout->stage = LAYOUT_SAMPLED;
    return true;
}
