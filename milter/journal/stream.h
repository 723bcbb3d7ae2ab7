/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: the records of one generation, segment by segment, while it may still be written.
 */
#ifndef WAYBILL_JOURNAL_STREAM_H
#define WAYBILL_JOURNAL_STREAM_H

#include "cursor.h"
#include "scan.h"

#include "waybill/error.h"

#define STREAM_DAMAGED_MAX 32

struct stream {
    unsigned generation;
    int directory; /* -1: the generation is not there (yet) */
    int fd;        /* -1: no segment is open */
    struct scan scan;
    uint64_t segment; /* the one that is open, or the least one to open next */
    bool ready;       /* `record` is read and not taken */
    struct record_view record;
    struct cursor_view cursor; /* durable */
    bool newer;                /* some of it is left alone: newer.h */
    bool swept;                /* what a crash between cursor and unlink left is removed */
    /* A live tail that does not fit: how long has it stood so? */
    uint64_t stuck_at, stuck_size;
    int64_t stuck_since;
    /* Segments with damage, to be put aside and not removed. */
    uint64_t damaged[STREAM_DAMAGED_MAX];
    size_t damaged_count;
};

void stream_init(struct stream *stream, unsigned generation);
void stream_clear(struct stream *stream);
/* Take the generation up if its directory is there by now. */
bool stream_attach(struct stream *stream, int root);
/* Make the next record ready. 1: it is; 0: there is none now; -1: something was stepped over. */
int stream_peek(struct stream *stream, struct error *why);
/* Close the segment that is open. */
void stream_leave(struct stream *stream);
/* What is kept counts as not shipped, and is read again. */
void stream_rewind(struct stream *stream, uint64_t store, bool sync);
/* Is something kept that another run of the store was given? */
bool stream_foreign(const struct stream *stream, uint64_t store);
/* Make the cursor durable and remove what lies before what it keeps. Neither goes back. */
int stream_commit(struct stream *stream, struct cursor_view cursor, bool sync, struct error *why);
/* Bytes that are not shipped. */
uint64_t stream_backlog(const struct stream *stream);
/* The number of its newest segment; 0: there is none. */
uint64_t stream_newest(const struct stream *stream);
/* Remove the segments up to `until`, as far as they are shipped, and damaged ones. How many of them
 * were still there. */
size_t stream_scrub(struct stream *stream, uint64_t until, bool sync);

#endif
