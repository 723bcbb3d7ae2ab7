/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * append: the side of the journal that witnesses see. Appending costs a copy and a lock; the disk
 * is the writer's business.
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "directory.h"

#include "waybill/clock.h"

#define LOOK_MS SECOND_MS /* how long a sum of all files is good enough for the statistics */

void journal_roll(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    journal->roll = true;
    pthread_mutex_unlock(&journal->lock);
}

uint64_t journal_moment(struct journal *journal)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t moment = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    if (moment <= journal->last_time)
        moment = journal->last_time + 1;
    journal->last_time = moment;
    return moment;
}

static bool is_full(const struct journal *journal, size_t size)
{
    return journal->queue.count + journal->moving >= journal->ring ||
           journal->queue.bytes + journal->moving_bytes + size > journal->ring_bytes;
}

static void lose(struct journal *journal, const char *cause)
{
    uint64_t now = journal_moment(journal);

    loss_add(&journal->loss, &(struct loss){1, now, now, cause});
    journal->stats.lost++;
    if (journal->writer_waits && journal->loss.count == 1)
        pthread_cond_signal(&journal->work);
}

/* Under the lock. */
static void enqueue(struct journal *journal, struct pending *pending)
{
    queue_push(&journal->queue, pending);
    if (journal->queue.count == 1)
        journal->queued_at = clock_monotonic();
    if (journal->writer_waits &&
        (journal->queue.count == 1 || journal->queue.count == journal->worth_writing))
        pthread_cond_signal(&journal->work);
}

static uint64_t append_fact(struct journal *journal, const void *payload, size_t size)
{
    bool fits = size <= JOURNAL_RECORD_MAX;
    struct pending *pending = fits ? pending_new(JOURNAL_FACT, 0, payload, size) : NULL;
    uint64_t ticket = 0;

    pthread_mutex_lock(&journal->lock);
    if (!pending) {
        lose(journal, fits ? "no-memory" : "too-long");
    } else if (is_full(journal, pending->size)) {
        lose(journal, journal->refused ? journal->refused : "overload");
    } else {
        record_set_time(pending->bytes, journal_moment(journal));
        ticket = pending->ticket = ++journal->tickets;
        journal->stats.appended++;
        enqueue(journal, pending);
        pending = NULL;
    }
    pthread_mutex_unlock(&journal->lock);
    free(pending);
    return ticket;
}

/* A note that waits at the end of the queue and is for the heads only: a newer value may take its
 * place. Under the lock. */
static bool replace_silent(struct journal *journal, struct pending *pending, struct slice name)
{
    struct pending *last = journal->queue.last;
    struct slice last_name, value;

    if (!last || !last->silent || last->size != pending->size ||
        !journal_note_read(pending_payload(last), &last_name, &value) ||
        !slice_equal(last_name, name))
        return false;
    memcpy(last->bytes, pending->bytes, pending->size);
    return true;
}

static uint64_t append_note(struct journal *journal, struct slice name, struct slice value,
                            bool silent)
{
    unsigned char payload[NOTE_PAYLOAD_MAX];
    size_t size = note_make(payload, name, value);
    struct pending *pending = size ? pending_new(JOURNAL_NOTE, 0, payload, size) : NULL;
    uint64_t ticket = 0;

    if (!pending)
        return 0;
    pending->silent = silent;
    pthread_mutex_lock(&journal->lock);
    if (notes_room(&journal->live, name) && !is_full(journal, pending->size)) {
        uint64_t moment = journal_moment(journal);
        record_set_time(pending->bytes, moment);
        notes_set(&journal->live, name, value, moment);
        notes_find(&journal->live, name)->unwritten = silent;
        if (!silent) {
            ticket = pending->ticket = ++journal->tickets;
            journal->stats.appended++;
        }
        if (!silent || !replace_silent(journal, pending, name)) {
            enqueue(journal, pending);
            pending = NULL;
        }
    }
    pthread_mutex_unlock(&journal->lock);
    free(pending);
    return ticket;
}

uint64_t journal_append(struct journal *journal, enum journal_type type, const void *payload,
                        size_t size)
{
    struct slice name, value;

    if (type == JOURNAL_FACT)
        return append_fact(journal, payload, size);
    if (!journal_note_read(slice_make(payload, size), &name, &value))
        return 0;
    return append_note(journal, name, value, false);
}

uint64_t journal_note(struct journal *journal, const char *name, struct slice value)
{
    return append_note(journal, slice_of(name), value, false);
}

void journal_remember(struct journal *journal, const char *name, struct slice value)
{
    (void)append_note(journal, slice_of(name), value, true);
}

void journal_write_remembered(struct journal *journal)
{
    for (size_t i = 0; i < journal->live.count; i++) {
        struct note copy = journal->live.note[i]; /* append_note changes the table */
        if (copy.unwritten)
            (void)append_note(journal, slice_make(copy.name, copy.name_size),
                              slice_make(copy.value, copy.value_size), false);
    }
}

int journal_recall(struct journal *journal, const char *name, char *value, size_t room)
{
    pthread_mutex_lock(&journal->lock);
    int result = notes_copy(&journal->live, name, value, room);
    pthread_mutex_unlock(&journal->lock);
    return result;
}

bool journal_wait(struct journal *journal, uint64_t ticket, int64_t ms)
{
    const uint64_t *reached = journal->sync == SYNC_ALWAYS ? &journal->synced : &journal->written;

    if (ticket == 0)
        return false;
    pthread_mutex_lock(&journal->lock);
    int64_t end = clock_monotonic() + ms;
    journal->waiters++;
    journal->hurried++;
    if (*reached < ticket && journal->writer_waits)
        pthread_cond_signal(&journal->work);
    while (*reached < ticket && clock_monotonic() < end)
        wait_until(&journal->done, &journal->lock, end);
    journal->hurried--;
    journal->waiters--;
    bool there = *reached >= ticket;
    pthread_mutex_unlock(&journal->lock);
    return there;
}

bool journal_wait_more(struct journal *journal, uint64_t *seen, int64_t ms)
{
    pthread_mutex_lock(&journal->lock);
    int64_t end = clock_monotonic() + ms;
    journal->waiters++;
    while (journal->written <= *seen && clock_monotonic() < end)
        wait_until(&journal->done, &journal->lock, end);
    journal->waiters--;
    bool more = journal->written > *seen;
    *seen = journal->written;
    pthread_mutex_unlock(&journal->lock);
    return more;
}

void journal_read_stats(struct journal *journal, struct journal_stats *stats)
{
    int64_t now = clock_monotonic();

    pthread_mutex_lock(&journal->lock);
    bool look = now >= journal->looked + LOOK_MS;
    if (look)
        journal->looked = now;
    *stats = journal->stats;
    stats->waiting = journal->queue.count + journal->moving;
    pthread_mutex_unlock(&journal->lock);
    if (look) { /* removed segments are the reader's doing: nobody tells us */
        stats->bytes_held = directory_bytes(journal->root);
        pthread_mutex_lock(&journal->lock);
        journal->stats.bytes_held = stats->bytes_held;
        pthread_mutex_unlock(&journal->lock);
    }
}

unsigned journal_generation(const struct journal *journal)
{
    return journal->generation;
}
