/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: the table of waybills in memory, found by id and by queue id. Bounded: those that the
 * store has go first, the longest untouched of them before the others.
 */
#ifndef SHIP_LIVE_H
#define SHIP_LIVE_H

#include "entry.h"

#define LIVE_RECORDS_MAX 50000u
#define LIVE_BYTES_MAX (UINT64_C(256) << 20)
#define LIVE_GRACE_MS (60 * INT64_C(1000)) /* a finished waybill stays this long */
#define LIVE_BUCKETS 65536u

struct live {
    struct entry **by_id, **by_queue; /* LIVE_BUCKETS each */
    struct list {
        struct entry *first, *last;
    } list[ENTRY_PLACES];
    size_t count, bytes;
    size_t records_max, bytes_max;
    int64_t minted_until; /* arrival of the latest minted waybill that was let go */
};

int live_init(struct live *live); /* -1: no memory */
/* Forget every waybill; pins are released. The tables stay: this cannot fail. */
void live_empty(struct live *live, struct pins *pins);
/* The same, and the tables go. */
void live_clear(struct live *live, struct pins *pins);

struct entry *live_find(const struct live *live, uint64_t id);
/* A new, empty entry in place OPEN. NULL: no memory. */
struct entry *live_make(struct live *live, uint64_t id, int64_t now);
/* Move to the end of the list of `place`. */
void live_move(struct live *live, struct entry *entry, enum entry_place place);
/* Note how large it is now, and that it was used. */
void live_touch(struct live *live, struct entry *entry, int64_t now);
/* Make it found, or no longer found, by its queue id. */
void live_index(struct live *live, struct entry *entry);
void live_unindex(struct live *live, struct entry *entry);
/* Entries whose queue id has the same hash: walk ->by_queue and compare. */
struct entry *live_queue(const struct live *live, struct slice queue_id);
/* Over its bounds? */
bool live_full(const struct live *live);
/* Let go what is finished for long enough, and what is over the bounds. */
void live_trim(struct live *live, int64_t now);

#endif
