/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: the thread that brings the queue to the disk, in batches, and waits out a disk that
 * refuses. What it cannot write stays in the queue; the queue is bounded; what the queue does not
 * take is counted and told by a gap.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "directory.h"

#include "waybill/clock.h"

#define BATCH_RECORDS 1024u
#define BATCH_BYTES (256u * 1024u)
#define LINGER_MS 5         /* how long a fact that nobody waits for may stay in memory */
#define RETRY_LATE_MS 2000 /* for a disk with errors, after FAILURES_MAX tries */
#define FAILURES_MAX 5u    /* then the segment is given up */
#define CLOSE_MS SECOND_MS /* how long a refusing disk is waited for at the end */
#define HELD_MS SECOND_MS  /* how long a sum of all generations is believed */

void wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t moment)
{
    struct timespec until = {.tv_sec = moment / 1000, .tv_nsec = moment % 1000 * 1000000};

    if (moment == INT64_MAX)
        pthread_cond_wait(condition, lock);
    else
        pthread_cond_timedwait(condition, lock, &until);
}

/* When is the queue to be written? A mail's facts come within a few milliseconds, and only its
 * last is waited for: woken for each, the thread would cost more than the writing. */
static int64_t queue_moment(const struct journal *journal)
{
    if (journal->stop || journal->hurried > 0 || journal->queue.count >= journal->worth_writing)
        return 0;
    return journal->queued_at + LINGER_MS;
}

/* When is there something to do? Under the lock. */
static int64_t next_moment(const struct journal *journal)
{
    int64_t moment = INT64_MAX;

    if (journal->sync_failed || journal->synced_length > 0)
        return 0;
    if (journal->retry_at > 0)
        return journal->retry_at;
    if (journal->queue.first)
        return queue_moment(journal);
    if (journal->loss.count > 0)
        moment = journal->stop ? 0 : journal->last_gap + GAP_MS;
    if (sync_needed(journal) && journal->sync == SYNC_INTERVAL && !journal->sync_asked) {
        int64_t due = journal->stop ? 0 : journal->last_sync + journal->sync_ms;
        moment = due < moment ? due : moment;
    }
    return moment;
}

static bool only_loss_left(const struct journal *journal)
{
    return !journal->queue.first && !sync_needed(journal) && !journal->sync_asked;
}

/* Wait for work. False: the journal is to be closed and nothing is left that could be done. */
static bool writer_wait(struct journal *journal)
{
    for (;;) {
        int64_t now = clock_monotonic(), moment = next_moment(journal);
        int64_t end = journal->stop ? journal->stop_at + CLOSE_MS : INT64_MAX;
        if (now >= end && (journal->retry_at > 0 || only_loss_left(journal)))
            return false;
        if (moment <= now)
            return true;
        if (journal->stop && moment == INT64_MAX && !journal->sync_asked)
            return false;
        journal->writer_waits = true;
        wait_until(&journal->work, &journal->lock, moment < end || now >= end ? moment : end);
        journal->writer_waits = false;
    }
}

int writer_begin(struct journal *journal)
{
    struct timespec now;
    struct place place = {journal->generation, journal->next_segment++};

    clock_gettime(CLOCK_REALTIME, &now);
    if (segment_begin(&journal->segment, journal->directory, place, &journal->heads,
                      (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
                      journal->sync != SYNC_NEVER) < 0)
        return -1;
    journal->segment_over = false;
    journal->durable = journal->segment.length;
    journal->held += journal->segment.length;
    return 0;
}

/* End the segment that is there, if any, and begin the next. */
static int rotate(struct journal *journal)
{
    if (journal->segment.fd >= 0) {
        (void)sync_now(journal); /* on failure its records are in the queue again */
        segment_close(&journal->segment);
    }
    return writer_begin(journal);
}

/* Is there place for a batch within the bound of all generations? */
static bool has_room(struct journal *journal, size_t bytes)
{
    int64_t now = clock_monotonic();

    if (journal->held + bytes > journal->total_size || now > journal->held_at + HELD_MS) {
        journal->held = directory_bytes(journal->root);
        journal->held_at = now;
    }
    return journal->held + bytes <= journal->total_size;
}

static bool means_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static const char *cause_of(int error)
{
    return means_full(error) ? "disk-full" : "disk-error";
}

/* Make sure that there is a segment that may take a batch. NULL or the cause why not. */
static const char *prepare(struct journal *journal, size_t bytes, int *error)
{
    struct segment *segment = &journal->segment;

    sync_collect(journal);
    *error = 0;
    if (segment->fd < 0 || journal->segment_over || segment->length >= journal->segment_size) {
        if (rotate(journal) < 0) {
            *error = errno;
            return cause_of(errno);
        }
    }
    if (has_room(journal, bytes))
        return NULL;
    /* The newest segment cannot be freed; so let the newest be an empty one. */
    if (segment->length > segment->head && rotate(journal) < 0)
        *error = errno;
    return "journal-full";
}

/* The disk took nothing or not all: wait. Under the lock, but for the log. */
static void refuse(struct journal *journal, const char *cause, int error)
{
    bool broken = error != 0 && !means_full(error);
    bool too_large = error == EFBIG && journal->segment.length > journal->segment.head;
    int64_t pause = broken && journal->failures >= FAILURES_MAX ? RETRY_LATE_MS : RETRY_MS;

    journal->failures++;
    journal->segment_over |= too_large; /* a limit of the process: another segment has place */
    if (broken && journal->failures % FAILURES_MAX == 0)
        journal->segment_over = true;
    journal->stats.write_failures += error != 0;
    journal->refused = cause;
    journal->retry_at = clock_monotonic() + (too_large ? 1 : pause);
    pthread_mutex_unlock(&journal->lock);
    log_trouble_on(&journal->trouble,
                   "cannot append to the journal '%s/%u': %s; facts wait in memory", journal->path,
                   journal->generation,
                   error ? strerror(error) : "it is as large as it may be (journal_max_mb)");
    pthread_mutex_lock(&journal->lock);
}

static void accept_again(struct journal *journal)
{
    if (journal->retry_at == 0)
        return;
    journal->retry_at = 0;
    journal->failures = 0;
    journal->refused = NULL;
    pthread_mutex_unlock(&journal->lock);
    log_trouble_off(&journal->trouble, "the journal '%s/%u' takes facts again", journal->path,
                    journal->generation);
    pthread_mutex_lock(&journal->lock);
}

/* Take the next records, a gap before them if one is to be told. Under the lock. */
static struct pending *take(struct journal *journal, struct queue *batch, struct loss *told)
{
    struct pending *gap = NULL;
    int64_t now = clock_monotonic();

    *told = journal->loss;
    if (told->count > 0 && (journal->stop || now >= journal->last_gap + GAP_MS) &&
        (gap = gap_make(journal, told)) != NULL) {
        journal->loss = (struct loss){0};
        queue_push(batch, gap);
    }
    queue_move(batch, &journal->queue, BATCH_RECORDS, BATCH_BYTES);
    journal->moving = batch->count;
    journal->moving_bytes = batch->bytes;
    return gap;
}

/* Tell those who wait what is written; put back what is not. Under the lock. */
static void settle(struct journal *journal, struct queue *batch, struct queue *done)
{
    for (struct pending *each = done->first; each; each = each->next) {
        if (each->ticket > journal->written) {
            journal->stats.written += each->ticket - journal->written;
            journal->written = each->ticket;
        }
        if (!each->silent) {
            journal->stats.bytes_written += each->size;
            journal->held += each->size;
        }
    }
    queue_prepend(&journal->queue, batch);
    journal->moving = journal->moving_bytes = 0;
    if (journal->waiters > 0 && journal->sync != SYNC_ALWAYS)
        pthread_cond_broadcast(&journal->done);
}

/* Write one batch. Under the lock, which is let go while the disk works. */
static void write_batch(struct journal *journal)
{
    struct queue batch = {0}, done = {0};
    struct loss told;
    struct pending *gap = take(journal, &batch, &told);

    pthread_mutex_unlock(&journal->lock);
    int error = segment_write(&journal->segment, &batch, &done) < 0 ? errno : 0;
    pthread_mutex_lock(&journal->lock);
    if (gap && batch.first == gap) {
        free(queue_pop(&batch));
        loss_add(&journal->loss, &told);
    } else if (gap) {
        journal->last_gap = clock_monotonic();
    }
    settle(journal, &batch, &done);
    while (done.first)
        queue_push(&journal->unsynced, queue_pop(&done));
    if (error)
        refuse(journal, cause_of(error), error);
    else
        accept_again(journal);
}

static bool writer_must_sync(const struct journal *journal)
{
    return sync_needed(journal) &&
           (journal->sync == SYNC_ALWAYS || journal->unsynced.bytes > journal->ring_bytes ||
            journal->unsynced.count > journal->ring);
}

static void writer_step(struct journal *journal)
{
    bool work = journal->queue.first || journal->loss.count > 0;
    size_t bytes = journal->queue.bytes < BATCH_BYTES ? journal->queue.bytes : BATCH_BYTES;
    const char *cause = NULL;
    int error = 0;

    journal->segment_over |= work && journal->roll;
    journal->roll = journal->roll && !work;
    pthread_mutex_unlock(&journal->lock);
    if (work)
        cause = prepare(journal, bytes + RECORD_SIZE_MAX, &error);
    else
        sync_collect(journal);
    pthread_mutex_lock(&journal->lock);
    if (cause) {
        refuse(journal, cause, error);
        return;
    }
    if (work)
        write_batch(journal);
    if (writer_must_sync(journal)) {
        pthread_mutex_unlock(&journal->lock);
        (void)sync_now(journal);
        pthread_mutex_lock(&journal->lock);
    }
    sync_ask(journal, clock_monotonic());
}

void *writer_run(void *argument)
{
    struct journal *journal = argument;

    pthread_mutex_lock(&journal->lock);
    while (writer_wait(journal))
        writer_step(journal);
    pthread_mutex_unlock(&journal->lock);
    return NULL;
}
