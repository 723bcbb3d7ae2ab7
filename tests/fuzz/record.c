/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz the record: a value out of the store is parsed, judged, written and parsed again.
 * What was taken must come out as the same bytes, and its events must not depend on the round.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/waybill.h"

#define ID UINT64_C(251121576320300412)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition)
        abort();
}

static size_t count_events(const struct record *record)
{
    struct waybill waybill;
    struct event *events;
    size_t count;
    must(waybill_read(&waybill, record, INT64_C(1763740832000), 5 * DAY_MS, NULL) == 0);
    must(waybill_events(&waybill, &events, &count) == 0);
    must(waybill_state(&waybill) < STATE_COUNT);
    free(events);
    waybill_clear(&waybill);
    return count;
}

static void compare(const struct fact *one, const struct fact *other)
{
    must(one->kind == other->kind && one->witness == other->witness && one->id == other->id &&
         one->time == other->time);
    for (int key = KEY_QUEUE + 1; key < FACT_KEY_COUNT; key++)
        must((one->value[key].at == NULL) == (other->value[key].at == NULL) &&
             slice_equal(one->value[key], other->value[key]));
}

/* The short way to the facts says the same, or nothing. */
static void read_short(struct slice text)
{
    struct record_facts read;
    struct record record;
    struct buffer scratch;
    struct fact fact;
    if (record_read(&read, ID, text) == 0)
        return;
    record_init(&record, ID);
    buffer_init(&scratch, FACT_LINE_MAX + 1);
    must(record_parse(&record, text, NULL) == 0 && record.count == read.count);
    for (size_t i = 0; i < read.count; i++) {
        must(record_fact(&record, i, &fact, &scratch) == 0);
        compare(&read.facts[i], &fact);
    }
    buffer_free(&scratch);
    record_clear(&record);
    free(read.facts);
    free(read.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record, again;
    struct buffer first, second;
    read_short(slice_make((const char *)data, size));
    record_init(&record, ID);
    record_init(&again, ID);
    buffer_init(&first, RECORD_MAX * 2);
    buffer_init(&second, RECORD_MAX * 2);
    if (record_parse(&record, slice_make((const char *)data, size), NULL) == 0) {
        must(record_format(&record, UINT64_MAX, &first) == 0);
        must(record_parse(&again, slice_make(first.data, first.size), NULL) == 0);
        must(record_format(&again, UINT64_MAX, &second) == 0);
        must(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
        must(count_events(&record) == count_events(&again));
    }
    buffer_free(&first);
    buffer_free(&second);
    record_clear(&record);
    record_clear(&again);
    return 0;
}
