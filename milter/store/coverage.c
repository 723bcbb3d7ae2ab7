/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: when a witness was blind, and what was counted.
 *
 * A gap stands under every day that it touches, so that whoever asks for a day finds it; the
 * same gap written again is the same field. A counter is an absolute value with one writer.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"

#define GAP_DAYS_MAX 62
#define COUNTER_NAMES_MAX 1024u
#define COUNTER_NAME_SIZE 64u

/* ---- gaps ---- */

/* Blanks part the words of a field; a word of a witness has none. */
static void word_copy(struct slice from, char *to, size_t room)
{
    slice_copy(from, to, room);
    for (char *at = to; *at; at++)
        if ((unsigned char)*at <= ' ')
            *at = '_';
}

void store_put_gap(struct store *store, unsigned node, struct slice witness, int64_t from,
                   int64_t until, struct slice cause, uint64_t count)
{
    int64_t last = until > from ? until : from;
    char name[16], reason[64], field[64], value[160];
    struct key key;

    word_copy(witness, name, sizeof name);
    slice_copy(cause, reason, sizeof reason);
    snprintf(field, sizeof field, "%02u %s %" PRId64, node % ID_NODES, name, from);
    snprintf(value, sizeof value, "%" PRId64 " %" PRIu64 " %s", last, count, reason);
    if (last - from > GAP_DAYS_MAX * DAY_MS)
        last = from + GAP_DAYS_MAX * DAY_MS;
    store_note_node(store, node);
    for (int64_t at = from; at - at % DAY_MS <= last; at += DAY_MS) {
        uint32_t day = clock_day(at, NULL);

        if (!store_day_open(store, day, false))
            continue;
        key_gaps(&key, store->prefix, day);
        BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), store_life(store, day, false),
                  slice_of(field), slice_of(value));
    }
}

static bool gap_read(struct slice field, struct slice value, struct store_gap *gap)
{
    uint64_t node, from, until;
    struct slice witness;

    *gap = (struct store_gap){0};
    if (!text_take_number(&field, &node) || node >= ID_NODES || !text_take_char(&field, ' ') ||
        !text_take_until(&field, ' ', &witness) || !text_number(field, 0, INT64_MAX, &from) ||
        !text_take_number(&value, &until) || until > INT64_MAX || !text_take_char(&value, ' ') ||
        !text_take_number(&value, &gap->count) || !text_take_char(&value, ' '))
        return false;
    gap->node = (unsigned)node;
    gap->from = (int64_t)from;
    gap->until = (int64_t)until;
    slice_copy(witness, gap->witness, sizeof gap->witness);
    slice_copy(value, gap->cause, sizeof gap->cause);
    return true;
}

struct gaps_reading {
    int64_t from, until;
    struct marks told; /* it stands under each of its days, and is told once */
    void (*seen)(void *context, const struct store_gap *gap);
    void *context;
};

static enum got gaps_got(void *context, size_t index, const struct reply *reply)
{
    struct gaps_reading *reading = context;
    struct store_gap gap;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count % 2)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i += 2) {
        if (reply->items[i]->type != REPLY_TEXT || reply->items[i + 1]->type != REPLY_TEXT)
            return GOT_ODD;
        if (gap_read(reply->items[i]->text, reply->items[i + 1]->text, &gap) &&
            gap.until >= reading->from && gap.from <= reading->until &&
            marks_first(&reading->told, reply->items[i]->text))
            reading->seen(reading->context, &gap);
    }
    return GOT_FINE;
}

/* No farther back than anything is kept, nor ahead of the clock. */
static void clamp_span(const struct store *store, int64_t *from, int64_t *until)
{
    int64_t now = clock_now(), oldest = now - (store_days(store, false) + 2) * DAY_MS;

    if (*from < oldest)
        *from = oldest;
    if (*until > now + DAY_MS)
        *until = now + DAY_MS;
}

int store_get_gaps(struct store *store, int64_t from, int64_t until,
                   void (*seen)(void *context, const struct store_gap *gap), void *context,
                   struct error *why)
{
    struct gaps_reading reading = {.seen = seen, .context = context};
    struct replies replies = {.context = &reading, .got = gaps_got, .missed = pipeline_miss};
    struct key key;
    int result;

    clamp_span(store, &from, &until);
    reading.from = from;
    reading.until = until;
    for (int64_t at = from - from % DAY_MS; at <= until; at += DAY_MS) {
        key_gaps(&key, store->prefix, clock_day(at, NULL));
        PIPELINE_ADD(&store->pipeline, WORD("HGETALL"), key_slice(&key));
    }
    result = store_run(store, &replies, "read the gaps", why);
    marks_free(&reading.told);
    return result;
}

/* ---- counters ---- */

void store_put_counter(struct store *store, unsigned node, int64_t hour, const char *name,
                       uint64_t value)
{
    uint32_t second, day = clock_day(hour, &second);
    char text[24];
    struct key key;

    if (!store_day_open(store, day, false))
        return;
    store_note_node(store, node);
    key_counters(&key, store->prefix, day, second / 3600, node % ID_NODES);
    snprintf(text, sizeof text, "%" PRIu64, value);
    BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), store_life(store, day, false),
              slice_of(name), slice_of(text));
}

bool store_counter_is_highest(struct slice name)
{
    return slice_ends(name, "_slowest_us");
}

struct counter {
    char name[COUNTER_NAME_SIZE];
    uint64_t value;
};

struct counters {
    struct counter *list; /* COUNTER_NAMES_MAX */
    size_t count;
};

static void counters_add(struct counters *counters, struct slice name, uint64_t value)
{
    size_t i;

    if (name.size >= COUNTER_NAME_SIZE)
        return;
    for (i = 0; i < counters->count && !slice_is(name, counters->list[i].name); i++)
        ;
    if (i == COUNTER_NAMES_MAX)
        return;
    if (i == counters->count) {
        slice_copy(name, counters->list[i].name, COUNTER_NAME_SIZE);
        counters->list[i].value = 0;
        counters->count++;
    }
    if (!store_counter_is_highest(name))
        counters->list[i].value += value;
    else if (value > counters->list[i].value)
        counters->list[i].value = value;
}

static enum got counters_got(void *context, size_t index, const struct reply *reply)
{
    uint64_t value;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count % 2)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i += 2) {
        if (reply->items[i]->type != REPLY_TEXT)
            return GOT_ODD;
        if (reply_number(reply->items[i + 1], UINT64_MAX, &value))
            counters_add(context, reply->items[i]->text, value);
    }
    return GOT_FINE;
}

static int counters_read(struct store *store, int64_t from, int64_t until,
                         struct counters *counters, struct error *why)
{
    struct replies replies = {.context = counters, .got = counters_got, .missed = pipeline_miss};
    struct key key;

    for (int64_t at = from - from % HOUR_MS; at <= until; at += HOUR_MS) {
        uint32_t second, day = clock_day(at, &second);

        for (unsigned node = 0; node < ID_NODES; node++) {
            if (!store->nodes[node])
                continue;
            key_counters(&key, store->prefix, day, second / 3600, node);
            PIPELINE_ADD(&store->pipeline, WORD("HGETALL"), key_slice(&key));
            if (store->pipeline.count == PIPELINE_COMMANDS &&
                store_run(store, &replies, "read the counters", why))
                return -1;
        }
    }
    return store->pipeline.count ? store_run(store, &replies, "read the counters", why) : 0;
}

int store_get_counters(struct store *store, int64_t from, int64_t until,
                       void (*seen)(void *context, const char *name, uint64_t value), void *context,
                       struct error *why)
{
    struct counters counters = {calloc(COUNTER_NAMES_MAX, sizeof *counters.list), 0};
    int result;

    if (!counters.list)
        return store_fail(store, STORE_UNREACHABLE, why, "no memory to read the counters");
    clamp_span(store, &from, &until);
    result = store_know_nodes(store, why);
    if (result == 0)
        result = counters_read(store, from, until, &counters, why);
    for (size_t i = 0; i < counters.count && result == 0; i++)
        seen(context, counters.list[i].name, counters.list[i].value);
    free(counters.list);
    return result;
}
