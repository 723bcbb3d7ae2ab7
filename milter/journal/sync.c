/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sync: makes what is written durable, and does not believe a second answer.
 *
 * After a failed fdatasync the kernel may have dropped the pages and may say 0 the next time.
 * So the segment is given up, and all that was written since its last good sync is queued again,
 * for a new segment. Records may stand twice then; facts bear that.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "waybill/clock.h"

/* The records up to `length` are safe: their notes may stand in the next head. */
static void release(struct journal *journal, uint64_t length)
{
    while (journal->unsynced.first && journal->unsynced.first->end <= length) {
        struct pending *pending = queue_pop(&journal->unsynced);
        struct slice name, value;
        if (pending_type(pending) == JOURNAL_NOTE &&
            journal_note_read(pending_payload(pending), &name, &value))
            notes_set(&journal->heads, name, value, pending_time(pending));
        free(pending);
    }
}

static void give_up_segment(struct journal *journal, int cause)
{
    log_warning("cannot make journal '%s/%u' durable: %s; %zu records are written again",
                journal->path, journal->generation, strerror(cause), journal->unsynced.count);
    segment_close(&journal->segment);
    journal->durable = journal->segment.length;
    journal->retry_at = clock_monotonic() + RETRY_MS;
    pthread_mutex_lock(&journal->lock);
    journal->stats.sync_failures++;
    queue_prepend(&journal->queue, &journal->unsynced);
    pthread_mutex_unlock(&journal->lock);
}

void sync_collect(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool failed = journal->sync_failed;
    uint64_t length = journal->synced_length;
    journal->sync_failed = false;
    journal->synced_length = 0;
    pthread_mutex_unlock(&journal->lock);
    if (failed) {
        give_up_segment(journal, EIO);
        return;
    }
    if (length > 0)
        journal->durable = length;
    release(journal, journal->sync == SYNC_NEVER ? UINT64_MAX : journal->durable);
}

bool sync_needed(const struct journal *journal)
{
    return journal->sync != SYNC_NEVER && journal->segment.fd >= 0 &&
           journal->segment.length > journal->durable;
}

int sync_now(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    while (journal->sync_asked)
        pthread_cond_wait(&journal->done, &journal->lock);
    pthread_mutex_unlock(&journal->lock);
    sync_collect(journal);
    if (journal->segment.fd < 0)
        return -1;
    if (!sync_needed(journal))
        return 0;
    journal->last_sync = clock_monotonic();
    if (fdatasync(journal->segment.fd) < 0) {
        give_up_segment(journal, errno);
        return -1;
    }
    journal->durable = journal->segment.length;
    release(journal, journal->durable);
    pthread_mutex_lock(&journal->lock);
    journal->stats.syncs++;
    journal->synced = journal->written;
    if (journal->waiters > 0)
        pthread_cond_broadcast(&journal->done);
    pthread_mutex_unlock(&journal->lock);
    return 0;
}

void sync_ask(struct journal *journal, int64_t now)
{
    if (journal->sync != SYNC_INTERVAL || !sync_needed(journal) || journal->sync_asked ||
        journal->sync_failed || journal->synced_length > 0)
        return;
    if (now < journal->last_sync + journal->sync_ms && !journal->stop)
        return;
    journal->last_sync = now;
    journal->sync_fd = journal->segment.fd;
    journal->sync_length = journal->segment.length;
    journal->sync_asked = true;
    pthread_cond_signal(&journal->ask);
}

void *syncer_run(void *argument)
{
    struct journal *journal = argument;

    pthread_mutex_lock(&journal->lock);
    for (;;) {
        while (!journal->sync_asked && !journal->syncer_stop)
            pthread_cond_wait(&journal->ask, &journal->lock);
        if (!journal->sync_asked)
            break;
        int fd = journal->sync_fd;
        pthread_mutex_unlock(&journal->lock);
        bool failed = fdatasync(fd) < 0;
        pthread_mutex_lock(&journal->lock);
        journal->sync_asked = false;
        journal->sync_failed = failed;
        journal->synced_length = failed ? 0 : journal->sync_length;
        journal->stats.syncs += !failed;
        pthread_cond_broadcast(&journal->done);
        pthread_cond_signal(&journal->work);
    }
    pthread_mutex_unlock(&journal->lock);
    return NULL;
}
