/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: two chained tables over the same entries, and a list for each place. See live.h.
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/digest.h"

int live_init(struct live *live)
{
    memset(live, 0, sizeof *live);
    live->records_max = LIVE_RECORDS_MAX;
    live->bytes_max = LIVE_BYTES_MAX;
    live->by_id = calloc(LIVE_BUCKETS, sizeof(struct entry *));
    live->by_queue = calloc(LIVE_BUCKETS, sizeof(struct entry *));
    if (live->by_id != NULL && live->by_queue != NULL)
        return 0;
    free(live->by_id);
    free(live->by_queue);
    return -1;
}

static size_t id_bucket(uint64_t id)
{
    return (size_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % LIVE_BUCKETS;
}

struct entry *live_find(const struct live *live, uint64_t id)
{
    struct entry *entry = live->by_id[id_bucket(id)];
    while (entry != NULL && entry->id != id)
        entry = entry->by_id;
    return entry;
}

static void list_remove(struct list *list, struct entry *entry)
{
    if (entry->previous != NULL)
        entry->previous->next = entry->next;
    else
        list->first = entry->next;
    if (entry->next != NULL)
        entry->next->previous = entry->previous;
    else
        list->last = entry->previous;
}

static void list_append(struct list *list, struct entry *entry)
{
    entry->previous = list->last;
    entry->next = NULL;
    if (list->last != NULL)
        list->last->next = entry;
    else
        list->first = entry;
    list->last = entry;
}

void live_move(struct live *live, struct entry *entry, enum entry_place place)
{
    list_remove(&live->list[entry->place], entry);
    entry->place = place;
    list_append(&live->list[place], entry);
}

void live_touch(struct live *live, struct entry *entry, int64_t now)
{
    size_t cost = entry_cost(entry);
    live->bytes = live->bytes - entry->cost + cost;
    entry->cost = cost;
    entry->touched = now;
}

struct entry *live_make(struct live *live, uint64_t id, int64_t now)
{
    struct entry *entry = entry_new(id, now);
    if (entry == NULL)
        return NULL;
    struct entry **bucket = &live->by_id[id_bucket(id)];
    entry->by_id = *bucket;
    *bucket = entry;
    entry->place = ENTRY_OPEN;
    list_append(&live->list[ENTRY_OPEN], entry);
    live->count++;
    live_touch(live, entry, now);
    return entry;
}

static struct entry **queue_bucket(const struct live *live, struct slice queue_id)
{
    return &live->by_queue[digest_here(0, queue_id.at, queue_id.size) % LIVE_BUCKETS];
}

void live_index(struct live *live, struct entry *entry)
{
    const char *queue_id = entry_record(entry)->queue_id;
    if (entry->indexed || queue_id == NULL || entry->see != 0)
        return;
    struct entry **bucket = queue_bucket(live, slice_of(queue_id));
    entry->by_queue = *bucket;
    *bucket = entry;
    entry->indexed = true;
}

void live_unindex(struct live *live, struct entry *entry)
{
    if (!entry->indexed)
        return;
    struct entry **at = queue_bucket(live, slice_of(entry_record(entry)->queue_id));
    while (*at != entry)
        at = &(*at)->by_queue;
    *at = entry->by_queue;
    entry->indexed = false;
}

struct entry *live_queue(const struct live *live, struct slice queue_id)
{
    return *queue_bucket(live, queue_id);
}

static void live_drop(struct live *live, struct entry *entry)
{
    live_unindex(live, entry);
    struct entry **at = &live->by_id[id_bucket(entry->id)];
    while (*at != entry)
        at = &(*at)->by_id;
    *at = entry->by_id;
    list_remove(&live->list[entry->place], entry);
    live->count--;
    live->bytes -= entry->cost;
    if (entry_minted(entry) && entry->arrived != INT64_MAX && entry->arrived > live->minted_until)
        live->minted_until = entry->arrived;
    entry_free(entry);
}

bool live_full(const struct live *live)
{
    return live->count > live->records_max || live->bytes > live->bytes_max;
}

void live_trim(struct live *live, int64_t now)
{
    struct entry *entry;
    while ((entry = live->list[ENTRY_DONE].first) != NULL &&
           (live_full(live) || entry->touched + LIVE_GRACE_MS < now))
        live_drop(live, entry);
    while (live_full(live) && (entry = live->list[ENTRY_OPEN].first) != NULL)
        live_drop(live, entry);
}

void live_empty(struct live *live, struct pins *pins)
{
    for (int place = 0; place < ENTRY_PLACES; place++)
        while (live->list[place].first != NULL) {
            pins_release_chain(pins, &live->list[place].first->pins);
            live_drop(live, live->list[place].first);
        }
}

void live_clear(struct live *live, struct pins *pins)
{
    live_empty(live, pins);
    free(live->by_id);
    free(live->by_queue);
    memset(live, 0, sizeof *live);
}
