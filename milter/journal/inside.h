/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside: what the writer's side of one journal is made of.
 *
 *     journal_append -> queue -> writer -> segment       (written: with the kernel)
 *                                  |           |
 *                                  |        syncer       (synced: on the disk)
 *                                  +-> unsynced: kept in memory until then
 *
 * One lock; no system call is made under it but waiting and waking.
 */
#ifndef WAYBILL_JOURNAL_INSIDE_H
#define WAYBILL_JOURNAL_INSIDE_H

#include <pthread.h>

#include "notes.h"
#include "queue.h"
#include "segment.h"

#include "waybill/journal.h"
#include "waybill/log.h"

#define RETRY_MS 200 /* between two tries while the disk refuses */
#define GAP_MS 1000  /* at most one gap fact in this time */

/* Facts that found no place; told by a gap fact when there is place again. */
struct loss {
    uint64_t count;
    uint64_t first, last; /* microseconds */
    const char *cause;
};

struct journal {
    /* set at the opening */
    char *path;
    enum sync_mode sync;
    int64_t sync_ms;
    uint64_t segment_size, total_size;
    size_t ring, ring_bytes;
    size_t worth_writing; /* so many queued records are written, whoever waits or not */
    int root, directory, lock_file;
    unsigned generation;
    pthread_t writer_thread, syncer_thread;

    pthread_mutex_t lock;
    pthread_cond_t work; /* the writer: there is something to do */
    pthread_cond_t done; /* who waits for a ticket, and the writer for the syncer */
    pthread_cond_t ask;  /* the syncer */
    /* under the lock */
    struct queue queue;
    size_t moving, moving_bytes; /* taken from the queue, not yet written */
    struct notes live;           /* what journal_recall tells */
    uint64_t last_time;          /* of a record; each is later than the one before */
    uint64_t tickets, written, synced;
    struct loss loss;
    const char *refused; /* cause in a gap's words while the disk takes nothing, else NULL */
    bool roll; /* the next record begins a segment */
    bool stop, syncer_stop;
    int64_t stop_at;
    unsigned waiters;  /* who wants to know what is written */
    unsigned hurried;  /* of them: who holds up a mail */
    int64_t queued_at; /* monotonic; since when the queue is not empty */
    bool writer_waits;
    struct journal_stats stats;
    int64_t looked; /* when stats.bytes_held was found out; monotonic */
    /* under the lock: the writer asks the syncer, who answers */
    bool sync_asked, sync_failed;
    int sync_fd;
    uint64_t sync_length, synced_length;

    /* the writer's thread alone (before it starts: the opener) */
    struct segment segment;
    uint64_t next_segment;
    bool segment_over;  /* it takes no more, whatever its size */
    uint64_t durable;   /* so much of the segment is on the disk */
    struct notes heads; /* notes as of the last record that is safe: for the next head */
    struct queue unsynced;
    int64_t last_sync, last_gap, retry_at; /* monotonic; retry_at 0: nothing is refused */
    unsigned failures;
    uint64_t held; /* bytes of all generations, as far as known */
    int64_t held_at;
    struct log_trouble trouble;
};

/* A moment for a record: the wall clock, but later than every record before. Under the lock. */
uint64_t journal_moment(struct journal *journal);
/* Append what was only remembered; at the close, when nobody else appends. */
void journal_write_remembered(struct journal *journal);
/* The fact that tells of `loss`. NULL: no memory. */
struct pending *gap_make(const struct journal *journal, const struct loss *loss);
void loss_add(struct loss *loss, const struct loss *more);

/* Find out what is there: notes, the last time, the next segment's number; cut a torn tail. A
 * segment that held nothing but notes is named in *empty (0: none). */
void recover(struct journal *journal,
             void (*recovered)(void *context, enum journal_type type, struct slice payload),
             void *context, uint64_t *empty);

/* Begin the next segment. -1 with errno. */
int writer_begin(struct journal *journal);
void *writer_run(void *journal);
/* Is something written that may not be on the disk? The writer's thread. */
bool sync_needed(const struct journal *journal);
/* Make all that is written durable, now; the writer's thread. -1: it is queued again. */
int sync_now(struct journal *journal);
/* Hand the work to the syncer if it is time; under the lock. */
void sync_ask(struct journal *journal, int64_t now);
/* Take what the syncer answered; the writer's thread, without the lock. */
void sync_collect(struct journal *journal);
void *syncer_run(void *journal);

/* Wait on a condition until this monotonic moment (INT64_MAX: for ever). */
void wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t moment);
/* Wait until more is written than *seen, at most `ms`; *seen is then what is written. */
bool journal_wait_more(struct journal *journal, uint64_t *seen, int64_t ms);

#endif
