/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open: a generation of our own, what is in it, a fresh segment, the threads; and the way back.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cursor.h"
#include "directory.h"
#include "newer.h"

#include "waybill/clock.h"
#include "waybill/thread.h"

#define SEGMENTS_LEAST 16 /* newest segments of all generations take at most half of the total */
#define SEGMENT_LEAST 4096
#define BATCH_WORTH 256
#define RING_RECORD_BYTES 1024 /* what a record in the ring may take on average */
#define RING_BYTES_LEAST (4u * RECORD_SIZE_MAX)

/* The lowest generation that nobody writes, and no later version of the program has written. */
static int take_generation(struct journal *journal, struct error *why)
{
    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        journal->generation = generation;
        journal->directory = directory_generation(journal->root, generation, true);
        if (journal->directory < 0)
            return error_set(why, "cannot open journal '%s/%u': %s", journal->path, generation,
                             strerror(errno));
        journal->lock_file = directory_lock(journal->directory, "lock");
        if (journal->lock_file < 0 && errno != EWOULDBLOCK)
            return error_set(why, "cannot lock journal '%s/%u': %s", journal->path, generation,
                             strerror(errno));
        if (journal->lock_file >= 0 && generation_newer(journal->directory) == 0)
            return 0;
        if (journal->lock_file >= 0)
            close(journal->lock_file);
        close(journal->directory);
        journal->lock_file = journal->directory = -1;
    }
    return error_set(why,
                     "all %u generations of the journal '%s' are taken, by running processes or a "
                     "later version of this program",
                     GENERATIONS, journal->path);
}

static void init_sync(struct journal *journal)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->work, &monotonic);
    pthread_cond_init(&journal->done, &monotonic);
    pthread_cond_init(&journal->ask, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static struct journal *make(const struct journal_options *options)
{
    struct journal *journal = calloc(1, sizeof *journal);
    char *path = strdup(options->directory);

    if (!journal || !path) {
        free(journal);
        free(path);
        return NULL;
    }
    uint64_t total =
        options->total_size > TOTAL_LEAST ? (uint64_t)options->total_size : TOTAL_LEAST;
    uint64_t segment =
        options->segment_size > SEGMENT_LEAST ? (uint64_t)options->segment_size : SEGMENT_LEAST;
    journal->path = path;
    journal->sync = options->sync;
    journal->sync_ms = options->sync_ms;
    journal->total_size = total;
    journal->segment_size = segment > total / SEGMENTS_LEAST ? total / SEGMENTS_LEAST : segment;
    journal->ring = options->ring > 0 ? options->ring : 1;
    journal->worth_writing = journal->ring / 4 < BATCH_WORTH ? journal->ring / 4 + 1 : BATCH_WORTH;
    journal->ring_bytes = journal->ring * RING_RECORD_BYTES;
    if (journal->ring_bytes < RING_BYTES_LEAST)
        journal->ring_bytes = RING_BYTES_LEAST;
    journal->root = journal->directory = journal->lock_file = journal->segment.fd = -1;
    journal->last_gap = journal->looked = -GAP_MS;
    init_sync(journal);
    return journal;
}

static void discard(struct journal *journal)
{
    int files[] = {journal->segment.fd, journal->directory, journal->root, journal->lock_file};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]); /* the lock is the last to go */
    queue_clear(&journal->queue);
    queue_clear(&journal->unsynced);
    pthread_cond_destroy(&journal->ask);
    pthread_cond_destroy(&journal->done);
    pthread_cond_destroy(&journal->work);
    pthread_mutex_destroy(&journal->lock);
    free(journal->path);
    free(journal);
}

/* The first segment. A disk that is full or ill is no reason not to start: the writer tries again;
 * one that may not be written is. */
static int begin(struct journal *journal, uint64_t empty, struct error *why)
{
    char name[SEGMENT_NAME_SIZE];

    journal->held = directory_bytes(journal->root);
    journal->held_at = clock_monotonic();
    if (cursor_prepare(journal->directory, journal->generation) < 0 || writer_begin(journal) < 0) {
        if (errno != ENOSPC && errno != EDQUOT && errno != EIO && errno != EFBIG)
            return error_set(why, "cannot write into journal '%s/%u': %s", journal->path,
                             journal->generation, strerror(errno));
        log_warning("cannot begin a segment in journal '%s/%u' yet: %s", journal->path,
                    journal->generation, strerror(errno));
        return 0;
    }
    if (empty) { /* the new head says all that it said; restarts shall not leave a heap of these */
        segment_name(empty, name);
        (void)unlinkat(journal->directory, name, 0);
    }
    return 0;
}

static int start_threads(struct journal *journal, struct error *why)
{
    int cause = thread_start(&journal->syncer_thread, 0, syncer_run, journal);
    if (cause == 0) {
        cause = thread_start(&journal->writer_thread, 0, writer_run, journal);
        if (cause != 0) {
            pthread_mutex_lock(&journal->lock);
            journal->syncer_stop = true;
            pthread_cond_signal(&journal->ask);
            pthread_mutex_unlock(&journal->lock);
            pthread_join(journal->syncer_thread, NULL);
        }
    }
    return cause == 0 ? 0
                      : error_set(why, "cannot start the journal's threads: %s", strerror(cause));
}

int journal_open(struct journal **result, const struct journal_options *options,
                 void (*recovered)(void *context, enum journal_type type, struct slice payload),
                 void *context, struct error *why)
{
    struct journal *journal = make(options);
    uint64_t empty;

    *result = NULL;
    if (!journal)
        return error_set(why, "cannot open the journal '%s': no memory", options->directory);
    journal->root = directory_open(journal->path, why);
    if (journal->root < 0 || take_generation(journal, why) < 0) {
        discard(journal);
        return -1;
    }
    recover(journal, recovered, context, &empty);
    if (begin(journal, empty, why) < 0 || start_threads(journal, why) < 0) {
        discard(journal);
        return -1;
    }
    *result = journal;
    return 0;
}

void journal_close(struct journal **where)
{
    struct journal *journal = *where;

    if (!journal)
        return;
    *where = NULL;
    journal_write_remembered(journal);
    pthread_mutex_lock(&journal->lock);
    journal->stop = true;
    journal->stop_at = clock_monotonic();
    pthread_cond_signal(&journal->work);
    pthread_mutex_unlock(&journal->lock);
    pthread_join(journal->writer_thread, NULL);
    pthread_mutex_lock(&journal->lock);
    journal->syncer_stop = true;
    pthread_cond_signal(&journal->ask);
    pthread_mutex_unlock(&journal->lock);
    pthread_join(journal->syncer_thread, NULL);
    if (journal->queue.count > 0 || journal->loss.count > 0)
        log_error("the journal '%s/%u' is closed with %zu facts that the disk did not take and "
                  "%llu lost ones that no gap tells of",
                  journal->path, journal->generation, journal->queue.count,
                  (unsigned long long)journal->loss.count);
    discard(journal);
}
