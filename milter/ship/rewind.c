/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rewind: what the store acknowledged it may lose, by a failover, or by a restart without its last
 * second. So the cursor keeps what was shipped a while longer, and when another run of the store
 * answers all of that is shipped again. Each write may be repeated, so what was not lost stays as
 * it is.
 */
#include "room.h"

#include <string.h>

#include "waybill/clock.h"

/* Nearly all of the journal's room is taken: what waits needs it more than what is shipped. */
static bool rewind_tight(struct ship *ship)
{
    bool tight = ship->limits.rewind_ms > 0 && journal_tight(ship->reader);
    if (tight)
        log_trouble_on(&ship->trouble.tight,
                       "the journal is nearly full: what is shipped is not kept for a rewind");
    else
        log_trouble_off(&ship->trouble.tight, "what is shipped is kept for a rewind again");
    return tight;
}

static void commit_one(struct ship *ship, unsigned number, const struct journal_position *shipped,
                       bool tight)
{
    struct trail *trail = &ship->trails[number];
    struct journal_position kept = {.generation = number};
    struct error why;
    int64_t now = clock_monotonic(), window = tight ? 0 : ship->limits.rewind_ms;
    trail_add(trail, shipped, now, window);
    if (window == 0)
        kept = *shipped;
    else
        (void)trail_keep(trail, now, window, &kept); /* all zero: what is kept stays so */
    if (journal_commit(ship->reader, shipped, &kept, &why) != 0)
        log_trouble_on(&ship->trouble.journal, "%s; facts will be shipped again", why.text);
    else
        log_trouble_off(&ship->trouble.journal, "the journal's cursor moves again");
}

void rewind_commit(struct ship *ship)
{
    struct journal_position shipped;
    bool tight = rewind_tight(ship);
    for (unsigned i = 0; i < ID_GENERATIONS; i++)
        if (pins_commit(&ship->pins, i, &shipped) || journal_shipped(ship->reader, i, &shipped))
            commit_one(ship, i, &shipped, tight);
}

void rewind_make_room(struct ship *ship)
{
    struct journal_position shipped;
    bool tight = rewind_tight(ship);
    for (unsigned i = 0; tight && i < ID_GENERATIONS; i++)
        if (journal_shipped(ship->reader, i, &shipped))
            commit_one(ship, i, &shipped, true);
}

/* Only the running totals of this process go on. */
static void forget_all(struct ship *ship)
{
    live_empty(&ship->live, &ship->pins);
    hold_empty(&ship->hold, &ship->pins);
    refusals_empty(&ship->refusals, &ship->pins);
    reports_clear(&ship->reports, &ship->pins);
    match_forget(&ship->match);
    watch_forget(&ship->watch);
    harvest_clear(&ship->batch);
    memset(&ship->pins, 0, sizeof ship->pins);
    memset(ship->trails, 0, sizeof ship->trails);
    pthread_mutex_lock(&ship->lock);
    counters_forget_sent(&ship->counters);
    pthread_mutex_unlock(&ship->lock);
}

static bool is_behind(const struct journal_position *position, const struct journal_position *other)
{
    return position->segment > other->segment ||
           (position->segment == other->segment && position->offset > other->offset);
}

void rewind_count(struct ship *ship)
{
    for (unsigned i = 0; i < ID_GENERATIONS; i++)
        if (ship->pins.of[i].is_read && is_behind(&ship->pins.of[i].read, &ship->counted[i]))
            ship->counted[i] = ship->pins.of[i].read;
}

/* What a process before us shipped it has counted, too. */
static void count_shipped(struct ship *ship)
{
    struct journal_position shipped;
    for (unsigned i = 0; i < ID_GENERATIONS; i++)
        if (journal_shipped(ship->reader, i, &shipped) && is_behind(&shipped, &ship->counted[i]))
            ship->counted[i] = shipped;
}

bool rewind_counted(const struct ship *ship, const struct journal_position *position)
{
    return !is_behind(position, &ship->counted[position->generation % ID_GENERATIONS]);
}

bool rewind_needed(struct ship *ship)
{
    uint64_t epoch = store_epoch(ship->store);
    if (epoch == ship->epoch)
        return false;
    bool first = ship->epoch == 0;
    bool foreign = journal_name_store(ship->reader, store_run_digest(ship->store));
    ship->epoch = epoch;
    return foreign || !first;
}

void rewind_all(struct ship *ship)
{
    if (ship->limits.rewind_ms > 0)
        log_warning("another run of the store answers now; what it was sent in the last %lld seconds "
                    "is sent again",
                    (long long)(ship->limits.rewind_ms / SECOND_MS));
    else
        log_warning("another run of the store answers now; what it lost is not sent again, since "
                    "redis_rewind_seconds is 0");
    count_shipped(ship);
    forget_all(ship);
    journal_rewind(ship->reader);
    ship->stats.rewinds++;
    ship->started = clock_now(); /* until then all was told once */
    ship->past_old = false;
    ship->old_until = 0;
    ship->at_end = false;
    ship->heart_at = 0;
}
