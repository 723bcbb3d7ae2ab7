/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write: changed waybills into the store. What was sent counts as written only after a flush
 * whose every reply was good; until then it can be sent again.
 */
#include "waybill/forget.h"

#include "room.h"

#include "waybill/clock.h"
#include "waybill/id.h"

void write_later(struct ship *ship, struct entry *entry)
{
    if (entry->place != ENTRY_DIRTY)
        live_move(&ship->live, entry, ENTRY_DIRTY);
    live_touch(&ship->live, entry, clock_monotonic());
}

/* ---- the end of a flush ---- */

static void entry_written(struct ship *ship, struct entry *entry)
{
    tell_done(entry);
    entry->news = false;
    pins_release_chain(&ship->pins, &entry->pins);
    if (entry->own.see == 0) {
        entry->in_refused = entry->to_refused;
        entry->in_normal = !entry->to_refused;
    }
    live_move(&ship->live, entry, entry->finished ? ENTRY_DONE : ENTRY_OPEN);
    live_touch(&ship->live, entry, entry->touched);
    ship->stats.records++;
}

static int write_flush(struct ship *ship)
{
    struct list *sent = &ship->live.list[ENTRY_SENT];
    bool good = store_flush(ship->store, &ship->trouble.why) == 0;
    ship->queued_bytes = 0;
    ship->reached = ship->reached || good;
    if (ship->watcher.settled != NULL)
        ship->watcher.settled(ship->watcher.context, good);
    while (sent->first != NULL) {
        struct entry *entry = sent->first;
        if (good) {
            entry_written(ship, entry);
        } else {
            tell_failed(entry);
            live_move(&ship->live, entry, ENTRY_DIRTY);
        }
    }
    return good ? 0 : -1;
}

/* ---- one waybill ---- */

/* The host of another node's mail is that node's to name: two names in two fields of one record
 * would make it no record. */
static int entry_format(const struct ship *ship, const struct entry *entry, uint64_t keys,
                        struct buffer *text)
{
    struct record head = entry->own;
    if (id_node(entry->id) != ship->node)
        head.host = NULL;
    buffer_clear(text);
    return record_format(&head, keys, text);
}

/* The other id's record first: a pointer into nothing would lose what it points from. */
static bool target_waits(const struct ship *ship, const struct entry *entry)
{
    const struct entry *target = live_find(&ship->live, entry->own.see);
    return target != NULL && (target->place == ENTRY_DIRTY || target->place == ENTRY_SENT ||
                              target->place == ENTRY_WAITING);
}

static int write_see(struct ship *ship, struct entry *entry)
{
    if (target_waits(ship, entry)) {
        live_move(&ship->live, entry, ENTRY_DIRTY);
        return 0;
    }
    if (entry_format(ship, entry, UINT64_MAX, &ship->text) != 0)
        return -1;
    ship->queued_bytes += ship->text.size;
    store_put_record(ship->store, ship->node, entry->id,
                     slice_make(ship->text.data, ship->text.size), false);
    if (entry->in_refused)
        store_drop_record(ship->store, ship->node, entry->id, true);
    tell_nothing(ship, entry);
    entry->finished = true;
    live_move(&ship->live, entry, ENTRY_SENT);
    return 0;
}

/* Refused so far. Its transaction may go on to a recipient that is taken, so it waits for the
 * end of it; then its client's share decides. True: it is not to be written now. */
static bool write_not_yet(struct ship *ship, struct entry *entry)
{
    bool over = entry->ended || live_full(&ship->live) ||
                clock_monotonic() >= entry->read_at + ship->limits.hold_ms;
    if (entry->in_refused || entry->admitted)
        return false;
    if (!over) {
        live_move(&ship->live, entry, ENTRY_WAITING);
        return true;
    }
    if (!entry->over && refusals_admit(&ship->refusals, entry->ip, entry->arrived,
                                       ship->limits.refused_per_client)) {
        entry->admitted = true;
        return false;
    }
    ship->stats.refused_over += !entry->over;
    entry->over = true;
    pins_release_chain(&ship->pins, &entry->pins);
    live_move(&ship->live, entry, ENTRY_DONE);
    return true;
}

/* What lives shorter than the record stands beside it, if there is any. */
static int write_texts(struct ship *ship, const struct entry *entry, bool refused)
{
    uint64_t stays = UINT64_MAX;
    for (unsigned kind = 0; kind < APART_COUNT; kind++) {
        uint64_t keys = store_apart_keys(ship->store, kind, refused);
        stays &= ~keys;
        if (keys == 0)
            continue;
        if (entry_format(ship, entry, keys, &ship->text) != 0)
            return -1;
        struct slice text = slice_make(ship->text.data, ship->text.size);
        if (slice_find(text, '\n') >= 0)
            store_put_apart(ship->store, ship->node, entry->id, kind, text, refused);
        else if (record_was_forgotten(&entry->own))
            store_drop_apart(ship->store, ship->node, entry->id, kind, refused);
        ship->queued_bytes += text.size;
    }
    if (entry_format(ship, entry, stays, &ship->text) != 0)
        return -1;
    ship->queued_bytes += ship->text.size;
    store_put_record(ship->store, ship->node, entry->id,
                     slice_make(ship->text.data, ship->text.size), refused);
    return 0;
}

static int write_record(struct ship *ship, struct entry *entry, const struct waybill *waybill)
{
    bool refused = waybill_refused(waybill) && !entry->carried;
    if (refused && write_not_yet(ship, entry))
        return 0;
    if (!refused && entry->in_refused) {
        store_drop_record(ship->store, ship->node, entry->id, true);
        entry->replayed = true; /* its terms stand in the index of the refused */
    }
    if (write_texts(ship, entry, refused) != 0)
        return -1;
    entry->to_refused = refused;
    entry->finished = waybill_finished(waybill);
    if (tell_all(ship, entry, waybill, refused) != 0) {
        entry->replayed = true;
        return -1;
    }
    live_move(&ship->live, entry, ENTRY_SENT);
    return 0;
}

static int write_waybill(struct ship *ship, struct entry *entry)
{
    struct waybill waybill;
    if (waybill_read(&waybill, entry_record(entry), clock_now(), 0, NULL) != 0)
        return -1;
    int result = write_record(ship, entry, &waybill);
    waybill_clear(&waybill);
    return result;
}

static int write_entry(struct ship *ship, struct entry *entry)
{
    int result = forget_entry(ship, entry);
    if (result == 0)
        result = entry->own.see != 0 ? write_see(ship, entry) : write_waybill(ship, entry);
    if (result != 0)
        trouble_memory(ship);
    return result;
}

/* ---- all of them ---- */

static void write_waiting(struct ship *ship)
{
    struct list *waiting = &ship->live.list[ENTRY_WAITING];
    int64_t now = clock_monotonic();
    struct entry *next;
    for (struct entry *entry = waiting->first; entry != NULL; entry = next) {
        next = entry->next;
        if (entry->read_at + ship->limits.hold_ms <= now || live_full(&ship->live))
            live_move(&ship->live, entry, ENTRY_DIRTY);
    }
}

static int write_dirty(struct ship *ship)
{
    struct list *dirty = &ship->live.list[ENTRY_DIRTY];
    struct entry *last = dirty->last;
    while (dirty->first != NULL) {
        struct entry *entry = dirty->first;
        bool end = entry == last;
        if (write_entry(ship, entry) != 0) {
            write_flush(ship);
            return -1;
        }
        if (ship->queued_bytes > WRITE_BYTES_MAX && write_flush(ship) != 0)
            return -1;
        if (end)
            break;
    }
    return 0;
}

/* Under the lock. As counters_note. */
static uint64_t note_counters(struct ship *ship)
{
    int64_t now = clock_now();
    counters_tell(&ship->counters, "ship_facts", ship->stats.facts);
    counters_tell(&ship->counters, "ship_retries", ship->stats.retries);
    counters_tell(&ship->counters, "ship_rewinds", ship->stats.rewinds);
    counters_tell(&ship->counters, "ship_shed_days", ship->stats.shed_days);
    counters_tell(&ship->counters, "ship_orphans", ship->stats.orphans);
    counters_tell(&ship->counters, "ship_over_limit", ship->stats.over_limit);
    counters_tell(&ship->counters, "ship_refused_over", ship->stats.refused_over);
    counters_tell(&ship->counters, "ship_unread", ship->stats.unread);
    counters_tell(&ship->counters, "ship_reports_matched", ship->stats.reports_matched);
    counters_tell(&ship->counters, "ship_reports_unmatched", ship->stats.reports_unmatched);
    counters_tell(&ship->counters, "ship_reports_unasked", ship->stats.reports_unasked);
    counters_take(&ship->counters, now);
    return counters_note(&ship->counters, ship->journal, now);
}

uint64_t write_note_counters(struct ship *ship)
{
    pthread_mutex_lock(&ship->lock);
    uint64_t ticket = note_counters(ship);
    pthread_mutex_unlock(&ship->lock);
    return ticket;
}

static void write_counters(struct ship *ship)
{
    pthread_mutex_lock(&ship->lock);
    (void)note_counters(ship);
    counters_put(&ship->counters, ship->store, ship->node);
    pthread_mutex_unlock(&ship->lock);
}

static void counters_written(struct ship *ship)
{
    pthread_mutex_lock(&ship->lock);
    counters_sent(&ship->counters);
    pthread_mutex_unlock(&ship->lock);
}

int write_all(struct ship *ship, bool counters)
{
    int64_t now = clock_monotonic();
    bool heart = now >= ship->heart_at;
    /* Facts that are all known already: only if the store is the one that we know. */
    bool asks = ship->batch.count > 0;
    write_waiting(ship);
    if (forget_look(ship) != 0 || load_news(ship) != 0 || watch_recall(ship) != 0 ||
        write_dirty(ship) != 0)
        return -1;
    watch_put(&ship->watch, ship->store, ship->node);
    if (heart)
        sheet_put(ship);
    if (counters)
        write_counters(ship);
    if (heart || (asks && store_queued(ship->store) == 0))
        store_put_beat(ship->store, ship->node, "ship", clock_now());
    if (store_queued(ship->store) == 0)
        return 0;
    if (write_flush(ship) != 0)
        return -1;
    ship->stats.gaps += ship->watch.count;
    watch_sent(&ship->watch);
    if (heart)
        ship->heart_at = now + HEART_MS;
    if (counters)
        counters_written(ship);
    return 0;
}
