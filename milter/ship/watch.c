/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: beats and gaps of the witnesses, on their way to the store.
 */
#include "room.h"

#include <stdlib.h>

#define BEATS (sizeof((struct watch *)NULL)->beats / sizeof(struct beat))

int watch_gap(struct watch *watch, const struct fact *fact)
{
    if (watch->count == watch->room) {
        size_t room = watch->room ? watch->room * 2 : 8;
        struct gap *gaps = realloc(watch->gaps, room * sizeof *gaps);
        if (gaps == NULL)
            return -1;
        watch->gaps = gaps;
        watch->room = room;
    }
    struct gap *gap = &watch->gaps[watch->count++];
    uint64_t number;
    *gap = (struct gap){.witness = fact->witness, .from = fact->time, .until = fact->time};
    if (text_number(fact->value[KEY_UNTIL], 0, INT64_MAX, &number))
        gap->until = (int64_t)number;
    if (text_number(fact->value[KEY_COUNT], 0, UINT64_MAX, &number))
        gap->count = number;
    slice_copy(fact->value[KEY_CAUSE], gap->cause, sizeof gap->cause);
    return 0;
}

void watch_beat(struct watch *watch, const struct fact *fact)
{
    for (size_t i = 0; i < BEATS; i++) {
        struct beat *beat = &watch->beats[i];
        if (beat->time != 0 && beat->witness != fact->witness)
            continue;
        if (fact->time > beat->time)
            *beat = (struct beat){.witness = fact->witness, .time = fact->time, .fresh = true};
        return;
    }
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
