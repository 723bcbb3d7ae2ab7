/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: beats and gaps of the witnesses, on their way to the store.
 *
 * Nobody writes down how long a daemon was down; two beats that lie far apart tell it. Only the
 * milter's: a log is read later, what it said meanwhile is not lost.
 */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define BEATS (sizeof((struct watch *)NULL)->beats / sizeof(struct beat))

#define SILENT_MS (30 * SECOND_MS) /* three beats of waybilld */

static struct gap *add_gap(struct watch *watch)
{
    if (watch->count == watch->room) {
        size_t room = watch->room ? watch->room * 2 : 8;
        struct gap *gaps = realloc(watch->gaps, room * sizeof *gaps);
        if (gaps == NULL)
            return NULL;
        watch->gaps = gaps;
        watch->room = room;
    }
    return &watch->gaps[watch->count++];
}

static int add_silence(struct watch *watch, int64_t from, int64_t until)
{
    if (from == 0 || until - from <= SILENT_MS)
        return 0;
    struct gap *gap = add_gap(watch);
    if (gap == NULL)
        return -1;
    *gap = (struct gap){
        .witness = WITNESS_MILTER, .from = from, .until = until, .cause = "not running"};
    return 0;
}

int watch_gap(struct watch *watch, const struct fact *fact)
{
    struct gap *gap = add_gap(watch);
    uint64_t number;
    if (gap == NULL)
        return -1;
    *gap = (struct gap){.witness = fact->witness, .from = fact->time, .until = fact->time};
    if (text_number(fact->value[KEY_UNTIL], 0, INT64_MAX, &number))
        gap->until = (int64_t)number;
    if (text_number(fact->value[KEY_COUNT], 0, UINT64_MAX, &number))
        gap->count = number;
    slice_copy(fact->value[KEY_CAUSE], gap->cause, sizeof gap->cause);
    return 0;
}

int watch_beat(struct watch *watch, const struct fact *fact)
{
    for (size_t i = 0; i < BEATS; i++) {
        struct beat *beat = &watch->beats[i];
        if (beat->time == 0)
            *beat = (struct beat){.witness = fact->witness, .first = fact->time};
        if (beat->witness != fact->witness)
            continue;
        if (fact->time <= beat->time)
            return 0;
        if (fact->witness == WITNESS_MILTER &&
            add_silence(watch, beat->time, fact->time) != 0)
            return -1;
        beat->time = fact->time;
        beat->fresh = true;
        return 0;
    }
    return 0;
}

struct recall {
    unsigned node;
    int64_t milter;
};

static void take_node(void *context, const struct store_node *node)
{
    struct recall *recall = context;
    if (node->node == recall->node)
        recall->milter = node->milter;
}

int watch_recall(struct ship *ship)
{
    struct watch *watch = &ship->watch;
    struct recall recall = {.node = ship->node};
    int64_t first = 0;
    for (size_t i = 0; i < BEATS; i++)
        if (watch->beats[i].time != 0 && watch->beats[i].witness == WITNESS_MILTER)
            first = watch->beats[i].first;
    if (watch->recalled || first == 0)
        return 0;
    if (store_get_nodes(ship->store, take_node, &recall, &ship->trouble.why) != 0)
        return -1;
    if (add_silence(watch, recall.milter, first) != 0) {
        trouble_memory(ship);
        return -1;
    }
    watch->recalled = true;
    return 0;
}

bool watch_waits(const struct watch *watch)
{
    bool waits = watch->count > 0;
    for (size_t i = 0; i < BEATS; i++)
        waits = waits || watch->beats[i].fresh;
    return waits;
}

void watch_put(const struct watch *watch, struct store *store, unsigned node)
{
    for (size_t i = 0; i < watch->count; i++) {
        const struct gap *gap = &watch->gaps[i];
        struct event event;
        store_put_gap(store, node, slice_of(witness_name(gap->witness)), gap->from, gap->until,
                      slice_of(gap->cause), gap->count);
        event_of_gap(&event, node, gap->witness, gap->from);
        store_emit_event(store, &event);
    }
    for (size_t i = 0; i < BEATS; i++)
        if (watch->beats[i].fresh)
            store_put_beat(store, node, witness_name(watch->beats[i].witness),
                           watch->beats[i].time);
}

void watch_sent(struct watch *watch)
{
    watch->count = 0;
    for (size_t i = 0; i < BEATS; i++)
        watch->beats[i].fresh = false;
}

void watch_forget(struct watch *watch)
{
    watch->count = 0;
    memset(watch->beats, 0, sizeof watch->beats);
}
