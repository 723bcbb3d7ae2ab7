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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record, again;
    struct buffer first, second;
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
