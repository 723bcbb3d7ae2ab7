/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: see counters.h. Notes are "counters.0", "counters.1", ...: the hour's start, then
 * name=value with blanks between.
 */
#include "counters.h"

#include <stdio.h>
#include <string.h>

#include "waybill/buffer.h"
#include "waybill/clock.h"
#include "waybill/text.h"

#define NOTES_MAX 4u

/* Place of the name; made if there is room. COUNTERS_MAX: none. */
static size_t counter_place(struct counters *counters, struct slice name)
{
    for (size_t i = 0; i < counters->count; i++)
        if (slice_is(name, counters->of[i].name))
            return i;
    if (counters->count == COUNTERS_MAX || name.size == 0 || name.size >= COUNTER_NAME_SIZE)
        return COUNTERS_MAX;
    slice_copy(name, counters->of[counters->count].name, COUNTER_NAME_SIZE);
    return counters->count++;
}

void counters_tell(struct counters *counters, const char *name, uint64_t total)
{
    size_t place = counter_place(counters, slice_of(name));
    /* a highest value begins anew each time it is taken; a total only grows */
    if (place < COUNTERS_MAX && total > counters->of[place].total)
        counters->of[place].total = total;
}

static struct hour *hour_of(struct counters *counters, int64_t start)
{
    struct hour *hour = &counters->hours[(uint64_t)(start / HOUR_MS) % HOURS_KEPT];
    if (hour->start != start)
        *hour = (struct hour){.start = start, .sent = true};
    return hour;
}

static void counters_read_note(struct counters *counters, struct slice note)
{
    uint64_t start, value;
    struct slice name;
    if (!text_take_number(&note, &start) || start > INT64_MAX || start % HOUR_MS != 0)
        return;
    struct hour *hour = hour_of(counters, (int64_t)start);
    while (text_take_char(&note, ' ') && text_take_until(&note, '=', &name) &&
           text_take_number(&note, &value)) {
        size_t place = counter_place(counters, name);
        if (place < COUNTERS_MAX && value > hour->value[place]) {
            hour->value[place] = value;
            hour->sent = false;
        }
    }
}

void counters_recall(struct counters *counters, struct journal_reader *reader)
{
    char name[32], value[JOURNAL_NOTE_VALUE_MAX + 1];
    for (unsigned i = 0; i < NOTES_MAX; i++) {
        snprintf(name, sizeof name, "counters.%u", i);
        if (journal_find_note(reader, name, value, sizeof value) == 0)
            counters_read_note(counters, slice_of(value));
    }
}

static void counter_take_sum(struct counter *counter, struct hour *hour, size_t place)
{
    hour->value[place] += counter->total - counter->taken;
    counter->taken = counter->total;
    hour->sent = false;
}

static void counter_take_highest(struct counter *counter, struct hour *hour, size_t place)
{
    if (counter->total > hour->value[place]) {
        hour->value[place] = counter->total;
        hour->sent = false;
    }
    counter->total = 0;
}

void counters_take(struct counters *counters, int64_t now)
{
    struct hour *hour = hour_of(counters, now - now % HOUR_MS);
    for (size_t i = 0; i < counters->count; i++) {
        struct counter *counter = &counters->of[i];
        if (store_counter_is_highest(slice_of(counter->name)))
            counter_take_highest(counter, hour, i);
        else if (counter->total != counter->taken)
            counter_take_sum(counter, hour, i);
    }
}

uint64_t counters_note(const struct counters *counters, struct journal *journal, int64_t now)
{
    int64_t start = now - now % HOUR_MS;
    const struct hour *hour = &counters->hours[(uint64_t)(start / HOUR_MS) % HOURS_KEPT];
    size_t at = 0;
    uint64_t ticket = 0;
    if (hour->start != start || hour->sent)
        return 0;
    for (unsigned i = 0; i < NOTES_MAX && at < counters->count; i++) {
        struct buffer value;
        char name[32];
        buffer_init(&value, JOURNAL_NOTE_VALUE_MAX);
        buffer_addf(&value, "%lld", (long long)start);
        while (at < counters->count && !value.failed &&
               value.size + COUNTER_NAME_SIZE + 24 < JOURNAL_NOTE_VALUE_MAX) {
            buffer_addf(&value, " %s=%llu", counters->of[at].name,
                        (unsigned long long)hour->value[at]);
            at++;
        }
        snprintf(name, sizeof name, "counters.%u", i);
        ticket = journal_note(journal, name, slice_make(value.data, value.size));
        buffer_free(&value);
    }
    return ticket;
}

void counters_put(const struct counters *counters, struct store *store, unsigned node)
{
    for (size_t i = 0; i < HOURS_KEPT; i++) {
        const struct hour *hour = &counters->hours[i];
        for (size_t j = 0; hour->start != 0 && !hour->sent && j < counters->count; j++)
            if (hour->value[j] > 0)
                store_put_counter(store, node, hour->start, counters->of[j].name, hour->value[j]);
    }
}

void counters_sent(struct counters *counters)
{
    for (size_t i = 0; i < HOURS_KEPT; i++)
        counters->hours[i].sent = true;
}

void counters_forget_sent(struct counters *counters)
{
    for (size_t i = 0; i < HOURS_KEPT; i++)
        counters->hours[i].sent = counters->hours[i].start == 0;
}
