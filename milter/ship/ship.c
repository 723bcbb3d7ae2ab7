/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ship: the thread, and what the rest of the program may ask of it. See room.h for its round.
 */
#include "waybill/ship.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "room.h"
#include "waybill/clock.h"
#include "waybill/thread.h"

#define LEAD_MS 500
#define COMMIT_MS 1000 /* without new facts: the log's position alone */
#define STACK_SIZE (1u << 20)
#define NOTED_MS 1000 /* longest wait for the journal at the end */
#define TRIED_S 5 /* so long may a start wait for the leadership and for what begins with it */

/* ---- waiting ---- */

static struct timespec moment_of(int64_t monotonic)
{
    return (struct timespec){.tv_sec = (time_t)(monotonic / SECOND_MS),
                             .tv_nsec = (long)(monotonic % SECOND_MS) * 1000000L};
}

/* True: go on; false: the end has come. */
static bool ship_pause(struct ship *ship, int64_t ms)
{
    int64_t end = clock_monotonic() + ms, now;
    pthread_mutex_lock(&ship->lock);
    while ((now = clock_monotonic()) < end && !(ship->stopping && now >= ship->stop_at)) {
        struct timespec until =
            moment_of(ship->stopping && ship->stop_at < end ? ship->stop_at : end);
        pthread_cond_timedwait(&ship->wake, &ship->lock, &until);
    }
    bool go_on = !ship->stopping || now < ship->stop_at;
    pthread_mutex_unlock(&ship->lock);
    return go_on;
}

static bool ship_stopping(struct ship *ship, bool *in_time)
{
    pthread_mutex_lock(&ship->lock);
    bool stopping = ship->stopping;
    *in_time = clock_monotonic() < ship->stop_at;
    ship->limits = ship->wanted;
    store_compress(ship->store, ship->limits.compress);
    if (ship->sheet_first)
        ship->heart_at = 0;
    ship->sheet_first = false;
    pthread_mutex_unlock(&ship->lock);
    return stopping;
}

/* ---- the round ---- */

static void ship_commit(struct ship *ship)
{
    int64_t now = clock_monotonic();
    if (ship->batch.count == 0 && now < ship->commit_at)
        return;
    rewind_commit(ship);
    ship->commit_at = now + COMMIT_MS;
}

static void ship_show(struct ship *ship)
{
    struct ship_stats *stats = &ship->stats;
    stats->held = ship->hold.count + ship->refusals.waiting + ship->reports.count;
    journal_backlog(ship->reader, &stats->backlog_bytes);
    stats->leading = true;
    stats->oldest_unshipped = ship->batch.count > 0 ? ship->batch.first
                              : ship->at_end        ? 0
                                                    : ship->read_until;
    pthread_mutex_lock(&ship->lock);
    ship->shown = *stats;
    pthread_mutex_unlock(&ship->lock);
}

static bool ship_has_work(const struct ship *ship, int64_t now, bool counters)
{
    const struct live *live = &ship->live;
    return live->list[ENTRY_DIRTY].first != NULL || live->list[ENTRY_WAITING].first != NULL ||
           watch_waits(&ship->watch) || now >= ship->heart_at || forget_due(ship, now) ||
           counters || ship->batch.count > 0;
}

static int ship_step(struct ship *ship, bool counters)
{
    int64_t now = clock_monotonic();
    if (fold_batch(ship) != 0 || release_due(ship) != 0)
        return -1;
    if (ship_has_work(ship, now, counters) &&
        (write_all(ship, counters) != 0 || forget_answer(ship) != 0))
        return -1;
    if (counters)
        ship->count_at = now + COUNT_MS;
    return 0;
}

/* All of the batch is in the store. True: there is nothing left to do now. */
static bool ship_done(struct ship *ship)
{
    struct batch *batch = &ship->batch;
    bool again = rewind_needed(ship); /* what went well may rest on what is lost */
    if (!again)
        ship_commit(ship);
    ship->stats.facts += batch->count - batch->again;
    ship->stats.batches += batch->count > 0;
    if (batch->count > 0)
        ship->stats.lag_ms = clock_now() - batch->first;
    if (batch->latest > ship->stats.shipped_until)
        ship->stats.shipped_until = batch->latest;
    bool idle = !again && batch->count == 0 && ship->live.list[ENTRY_DIRTY].first == NULL;
    rewind_count(ship);
    harvest_clear(batch);
    if (again)
        rewind_all(ship);
    return idle;
}

/* True: there is nothing left to do now. */
static bool ship_round(struct ship *ship)
{
    struct batch *batch = &ship->batch;
    bool counters = clock_monotonic() >= ship->count_at;
    if (batch->count == 0)
        harvest_gather(ship);
    ship->reached = false;
    if (ship_step(ship, counters) != 0) {
        int64_t pause = trouble_met(ship);
        if (rewind_needed(ship))
            rewind_all(ship);
        rewind_make_room(ship);
        shed_if_full(ship);
        ship_show(ship);
        ship_pause(ship, pause);
        return false;
    }
    trouble_over(ship);
    shed_over(ship);
    bool idle = ship_done(ship);
    live_trim(&ship->live, clock_monotonic());
    ship_show(ship);
    return idle;
}

/* ---- the thread ---- */

static void ship_tried(struct ship *ship)
{
    pthread_mutex_lock(&ship->lock);
    ship->tried = true;
    pthread_cond_broadcast(&ship->wake);
    pthread_mutex_unlock(&ship->lock);
}

static bool ship_lead(struct ship *ship)
{
    struct error why;
    for (;;) {
        int lead = journal_lead(&ship->reader, &ship->options, &why);
        if (lead < 0)
            log_trouble_on(&ship->trouble.journal, "%s; facts stay in the journal", why.text);
        if (lead > 0)
            log_trouble_off(&ship->trouble.journal, "the journal can be read again");
        if (lead > 0)
            return true;
        ship_tried(ship);
        bool in_time;
        if (ship_stopping(ship, &in_time) || !ship_pause(ship, LEAD_MS) ||
            ship_stopping(ship, &in_time)) /* who is to stop leaves it to the others */
            return false;
    }
}

/* Who leads next may do so before this process ends, and looks for notes at once. */
static void ship_leave_counters(struct ship *ship)
{
    uint64_t ticket = write_note_counters(ship);
    if (ticket != 0 && !journal_wait(ship->journal, ticket, NOTED_MS))
        log_warning("the counters of the last minute may be lost: the journal is slow");
}

static void ship_run(struct ship *ship)
{
    bool in_time, idle = false;
    pthread_mutex_lock(&ship->lock);
    counters_recall(&ship->counters, ship->reader);
    pthread_mutex_unlock(&ship->lock);
    ship->started = clock_now();
    if (ship->leading != NULL)
        ship->leading(ship->context, ship->reader);
    ship_tried(ship);
    ship->count_at = clock_monotonic() + COUNT_MS;
    while (!ship_stopping(ship, &in_time) || (in_time && !idle))
        idle = ship_round(ship);
    /* What is not written by now stays in the journal: the cursor does not move any more. */
    if (!idle || !in_time || !ship->stats.connected || ship_step(ship, true) != 0)
        ship_leave_counters(ship);
    ship_show(ship);
}

static void *ship_thread(void *context)
{
    struct ship *ship = context;
    if (ship_lead(ship)) {
        ship_run(ship);
        live_clear(&ship->live, &ship->pins);
        hold_clear(&ship->hold, &ship->pins);
        refusals_clear(&ship->refusals, &ship->pins);
        reports_clear(&ship->reports, &ship->pins);
        match_forget(&ship->match);
        journal_reader_close(&ship->reader);
    }
    return NULL;
}

/* ---- start and stop ---- */

static struct limits limits_of(const struct settings *settings)
{
    return (struct limits){
        .batch_facts = settings->batch_facts,
        .batch_ms = settings->batch_ms,
        .hold_ms = settings->hold_seconds * SECOND_MS,
        .shed = settings->when_full == WHEN_FULL_SHED,
        .shed_keep_days = settings->shed_keep_days,
        .rewind_ms = settings->redis_rewind_seconds * SECOND_MS,
        .refused_per_client = settings->refused_per_client,
        .compress = settings->compression == COMPRESSION_ZSTD,
        .lifetime_days = settings->queue_lifetime_hours / 24 + 1,
    };
}

static void ship_free(struct ship *ship)
{
    harvest_free(&ship->batch);
    if (ship->live.by_id != NULL)
        live_clear(&ship->live, &ship->pins);
    if (ship->hold.by_queue != NULL)
        hold_clear(&ship->hold, &ship->pins);
    if (ship->refusals.clients != NULL)
        refusals_clear(&ship->refusals, &ship->pins);
    free(ship->watch.gaps);
    forget_clear(&ship->forgets);
    buffer_free(&ship->scratch);
    buffer_free(&ship->text);
    store_close(&ship->store);
    pthread_cond_destroy(&ship->wake);
    pthread_mutex_destroy(&ship->lock);
    free(ship->host);
    free(ship);
}

/* So that a line can always be decoded: what cannot be decoded is given up, and want of memory is
 * no reason for that. */
static int scratch_reserve(struct buffer *scratch)
{
    static const char zeros[FACT_LINE_MAX];
    buffer_init(scratch, FACT_LINE_MAX * 2);
    int result = buffer_add(scratch, zeros, sizeof zeros);
    buffer_clear(scratch);
    return result;
}

static int ship_prepare(struct ship *ship, const struct settings *settings, struct error *why)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&ship->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ship->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    buffer_init(&ship->text, RECORD_MAX * 2);
    ship->limits = ship->wanted = limits_of(settings);
    journal_options_of(&ship->options, settings, ship->directory);
    ship->host = settings->host != NULL ? strdup(settings->host) : NULL;
    if (scratch_reserve(&ship->scratch) != 0 || (settings->host != NULL && ship->host == NULL) ||
        harvest_init(&ship->batch) != 0 || live_init(&ship->live) != 0 ||
        hold_init(&ship->hold) != 0 || refusals_init(&ship->refusals) != 0)
        return error_set(why, "cannot start to ship: no memory");
    return store_open(&ship->store, settings, why);
}

static int ship_spawn(struct ship *ship, struct error *why)
{
    int result = thread_start(&ship->thread, STACK_SIZE, ship_thread, ship);
    if (result != 0)
        return error_set(why, "cannot start to ship: %s", strerror(result));
    return 0;
}

static void ship_await(struct ship *ship)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += TRIED_S;
    pthread_mutex_lock(&ship->lock);
    while (!ship->tried && pthread_cond_timedwait(&ship->wake, &ship->lock, &end) == 0)
        continue;
    pthread_mutex_unlock(&ship->lock);
}

int ship_start(struct ship **started, const struct settings *settings, struct journal *journal,
               unsigned node, void (*leading)(void *context, struct journal_reader *reader),
               void *context, const struct ship_watcher *watcher, struct error *why)
{
    struct ship *ship = calloc(1, sizeof *ship);
    if (ship == NULL)
        return error_set(why, "cannot start to ship: no memory");
    ship->journal = journal;
    ship->node = node;
    ship->leading = leading;
    ship->context = context;
    if (watcher != NULL)
        ship->watcher = *watcher;
    if (ship_prepare(ship, settings, why) != 0 || ship_spawn(ship, why) != 0) {
        ship_free(ship);
        return -1;
    }
    ship_await(ship);
    *started = ship;
    return 0;
}

void ship_stop(struct ship **stopped, int64_t ms)
{
    struct ship *ship = *stopped;
    if (ship == NULL)
        return;
    *stopped = NULL;
    pthread_mutex_lock(&ship->lock);
    ship->stopping = true;
    ship->stop_at = clock_monotonic() + ms;
    pthread_cond_signal(&ship->wake);
    pthread_mutex_unlock(&ship->lock);
    pthread_join(ship->thread, NULL);
    ship_free(ship);
}

void ship_reload(struct ship *ship, const struct settings *settings)
{
    pthread_mutex_lock(&ship->lock);
    ship->wanted = limits_of(settings);
    pthread_mutex_unlock(&ship->lock);
}

void ship_read_stats(struct ship *ship, struct ship_stats *stats)
{
    pthread_mutex_lock(&ship->lock);
    *stats = ship->shown;
    pthread_mutex_unlock(&ship->lock);
}

void ship_sheet(struct ship *ship, const struct sheet *sheet)
{
    pthread_mutex_lock(&ship->lock);
    ship->sheet_first = ship->sheet_first || ship->sheet.version[0] == '\0';
    ship->sheet = *sheet;
    pthread_mutex_unlock(&ship->lock);
}

void ship_count(struct ship *ship, const char *name, uint64_t value)
{
    pthread_mutex_lock(&ship->lock);
    counters_tell(&ship->counters, name, value);
    pthread_mutex_unlock(&ship->lock);
}
