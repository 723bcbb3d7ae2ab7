/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * harvest: copies lines out of the journal, so that a batch can be folded again after a failure.
 * Bounded by facts, bytes and time since its first fact.
 */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define IDLE_MS 200 /* longest wait for something to do */
#define OLD_GRACE_MS (5 * SECOND_MS) /* held facts wait a little longer than they must */

int harvest_init(struct batch *batch)
{
    memset(batch, 0, sizeof *batch);
    batch->lines = malloc(BATCH_BYTES_MAX);
    batch->items = calloc(BATCH_FACTS_MAX, sizeof *batch->items);
    if (batch->lines != NULL && batch->items != NULL)
        return 0;
    harvest_free(batch);
    return -1;
}

void harvest_free(struct batch *batch)
{
    free(batch->lines);
    free(batch->items);
    memset(batch, 0, sizeof *batch);
}

void harvest_clear(struct batch *batch)
{
    batch->count = 0;
    batch->used = 0;
    batch->folded = 0;
    batch->again = 0;
    batch->fetched = false;
    batch->latest = 0;
    batch->first = 0;
}

struct slice harvest_line(const struct batch *batch, size_t index)
{
    return slice_make(batch->lines + batch->items[index].at, batch->items[index].size);
}

bool harvest_fact(struct ship *ship, struct slice line, struct fact *fact)
{
    buffer_clear(&ship->scratch);
    if (buffer_add(&ship->scratch, line.at, line.size) != 0)
        return false;
    return fact_decode(ship->scratch.data, ship->scratch.size, fact, NULL) == 0;
}

static void harvest_add(struct ship *ship, const struct journal_entry *entry,
                        const struct pin *place)
{
    struct batch *batch = &ship->batch;
    bool again = rewind_counted(ship, &entry->position);
    batch->again += again;
    if (batch->count == 0)
        batch->first = (int64_t)(entry->moment / 1000);
    memcpy(batch->lines + batch->used, entry->payload.at, entry->payload.size);
    batch->items[batch->count++] =
        (struct item){
            .at = batch->used, .size = entry->payload.size, .place = *place, .again = again};
    batch->used += entry->payload.size;
}

static bool harvest_full(const struct ship *ship)
{
    const struct batch *batch = &ship->batch;
    return batch->count >= (size_t)ship->limits.batch_facts || batch->count >= BATCH_FACTS_MAX ||
           batch->used + JOURNAL_RECORD_MAX > BATCH_BYTES_MAX;
}

static bool harvest_stopping(struct ship *ship)
{
    pthread_mutex_lock(&ship->lock);
    bool stopping = ship->stopping;
    pthread_mutex_unlock(&ship->lock);
    return stopping;
}

/* Nothing more to read now: wait for more, if the batch may wait. False: take what there is. */
static bool harvest_wait(struct ship *ship, int64_t began, bool *waited)
{
    int64_t left = began != 0 ? began + ship->limits.batch_ms - clock_monotonic() : IDLE_MS;
    if (left <= 0 || harvest_stopping(ship) || (began == 0 && *waited))
        return false;
    *waited = true;
    journal_reader_wait(ship->reader, ship->journal, left < IDLE_MS ? left : IDLE_MS);
    return true;
}

/* What was appended before we led may be half told; held facts of it come within the hold time. */
static void look_whether_old(struct ship *ship, const struct journal_entry *entry)
{
    if (ship->past_old)
        return;
    ship->past_old = entry == NULL || (int64_t)(entry->moment / 1000) >= ship->started;
    if (!ship->past_old && entry->type == JOURNAL_FACT)
        ship->old_until = clock_monotonic() + ship->limits.hold_ms + OLD_GRACE_MS;
}

bool harvest_replays(const struct ship *ship)
{
    return !ship->past_old || clock_monotonic() < ship->old_until;
}

void harvest_gather(struct ship *ship)
{
    struct journal_entry entry;
    struct error why;
    int64_t began = 0;
    bool waited = false;
    ship->at_end = false;
    while (!harvest_full(ship)) {
        int more = journal_next(ship->reader, &entry, &why);
        if (more < 0)
            log_error("%s", why.text);
        if (more < 0)
            continue;
        look_whether_old(ship, more > 0 ? &entry : NULL);
        ship->at_end = more == 0;
        if (more == 0 && !harvest_wait(ship, began, &waited))
            break;
        if (more == 0)
            continue;
        ship->read_until = (int64_t)(entry.moment / 1000);
        struct pin place = pins_read(&ship->pins, &entry.position);
        if (entry.type == JOURNAL_FACT && entry.payload.size <= JOURNAL_RECORD_MAX)
            harvest_add(ship, &entry, &place);
        if (began == 0)
            began = clock_monotonic();
    }
}
