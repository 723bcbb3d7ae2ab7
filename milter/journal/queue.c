/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue: a list; what it holds is counted, so that whoever adds can see the bound.
 */
#include "queue.h"

#include <stdlib.h>

struct pending *pending_new(enum journal_type type, uint64_t time, const void *payload, size_t size)
{
    struct pending *pending = malloc(sizeof *pending + RECORD_OVERHEAD + size);

    if (!pending)
        return NULL;
    *pending = (struct pending){.next = NULL};
    pending->size = record_make(pending->bytes, type, time, payload, size);
    return pending;
}

struct slice pending_payload(const struct pending *pending)
{
    return slice_make((const char *)pending->bytes + RECORD_HEAD, pending->size - RECORD_OVERHEAD);
}

uint64_t pending_time(const struct pending *pending)
{
    return record_time(pending->bytes);
}

enum journal_type pending_type(const struct pending *pending)
{
    return (enum journal_type)pending->bytes[4];
}

void queue_push(struct queue *queue, struct pending *pending)
{
    pending->next = NULL;
    if (queue->last)
        queue->last->next = pending;
    else
        queue->first = pending;
    queue->last = pending;
    queue->count++;
    queue->bytes += pending->size;
}

struct pending *queue_pop(struct queue *queue)
{
    struct pending *pending = queue->first;

    if (!pending)
        return NULL;
    queue->first = pending->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    queue->bytes -= pending->size;
    pending->next = NULL;
    return pending;
}

void queue_prepend(struct queue *queue, struct queue *front)
{
    if (!front->first)
        return;
    front->last->next = queue->first;
    queue->first = front->first;
    if (!queue->last)
        queue->last = front->last;
    queue->count += front->count;
    queue->bytes += front->bytes;
    *front = (struct queue){0};
}

void queue_move(struct queue *to, struct queue *from, size_t count, size_t bytes)
{
    size_t moved = 0;

    for (size_t i = 0; i < count && from->first && (i == 0 || moved < bytes); i++) {
        moved += from->first->size;
        queue_push(to, queue_pop(from));
    }
}

void queue_clear(struct queue *queue)
{
    struct pending *pending;

    while ((pending = queue_pop(queue)) != NULL)
        free(pending);
}
