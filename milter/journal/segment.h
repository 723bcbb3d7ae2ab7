/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segment: the file that is being written. The writer's thread only.
 */
#ifndef WAYBILL_JOURNAL_SEGMENT_H
#define WAYBILL_JOURNAL_SEGMENT_H

#include "notes.h"
#include "queue.h"

#include "waybill/error.h"

struct segment {
    int fd; /* -1: none */
    struct place place;
    uint64_t head;   /* bytes of the head and the notes in it */
    uint64_t length; /* whole records end here */
};

/* Begin a segment: head and notes are written under another name, made durable (if `sync`), then
 * the name is given; so a segment with half a head is never met. 0, or -1 with errno: the place is
 * as it was. `created` in microseconds. */
int segment_begin(struct segment *segment, int directory, struct place place,
                  const struct notes *notes, uint64_t created, bool sync);
/* Write records from the front of `batch`; those that are whole in the file go to the end of
 * `done`. 0: all of them; -1 with errno: the rest stays in `batch`, the file ends after the last
 * whole record. */
int segment_write(struct segment *segment, struct queue *batch, struct queue *done);
void segment_close(struct segment *segment);

#endif
