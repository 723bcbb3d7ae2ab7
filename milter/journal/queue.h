/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue: records on their way to the disk, in order, each in a piece of memory of its own.
 * Not locked: whoever owns the queue is alone with it.
 */
#ifndef WAYBILL_JOURNAL_QUEUE_H
#define WAYBILL_JOURNAL_QUEUE_H

#include "layout.h"

struct pending {
    struct pending *next;
    uint64_t ticket; /* 0: nobody waits for it (a gap, a remembered note) */
    uint64_t end;    /* offset in the segment after it, once written */
    uint64_t lost;   /* a gap: how many losses it tells */
    bool silent;     /* a remembered note: for the heads, not for the segment */
    size_t size;     /* of the record in `bytes`, with head and checksum */
    unsigned char bytes[];
};

/* With room for a payload of `size` bytes, copied if not NULL. NULL: no memory. */
struct pending *pending_new(enum journal_type type, uint64_t time, const void *payload,
                            size_t size);
struct slice pending_payload(const struct pending *pending);
uint64_t pending_time(const struct pending *pending);
enum journal_type pending_type(const struct pending *pending);

struct queue {
    struct pending *first, *last;
    size_t count, bytes;
};

void queue_push(struct queue *queue, struct pending *pending);
struct pending *queue_pop(struct queue *queue); /* NULL: empty */
/* Put all of `front` before what is there; `front` is empty then. */
void queue_prepend(struct queue *queue, struct queue *front);
/* Move records from the front of `from` to the end of `to`, at most so many. */
void queue_move(struct queue *to, struct queue *from, size_t count, size_t bytes);
void queue_clear(struct queue *queue);

#endif
