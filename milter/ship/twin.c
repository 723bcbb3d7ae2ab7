/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * twin: two ids for one mail. It happens when the log is read long before the milter's facts: a
 * journal that waited, a slow client with a large mail. The milter's id stays.
 */
#include "room.h"

#include "turn.h"
#include "waybill/clock.h"
#include "waybill/host.h"

#define TWIN_SLACK_MS (5 * SECOND_MS)

/* Did the log make `minted` of the mail that the milter knows as `entry`? */
static bool twin_fits(const struct entry *minted, const struct entry *entry)
{
    const struct record *a = entry_record(minted), *b = entry_record(entry);
    if (minted == entry || !entry_minted(minted) || minted->see != 0 || minted->broken ||
        a->queue_id == NULL || !slice_is(slice_of(a->queue_id), b->queue_id))
        return false;
    if (!host_same(slice_of(a->host), slice_of(b->host)) ||
        (a->instance && b->instance && !slice_is(slice_of(a->instance), b->instance)))
        return false;
    if (minted->arrived < entry->arrived - TWIN_SLACK_MS ||
        (entry->gone != 0 && minted->arrived > entry->gone + TWIN_SLACK_MS) ||
        (minted->gone != 0 && entry->arrived > minted->gone + TWIN_SLACK_MS) ||
        (minted->gone != 0 && entry->gone != 0 && minted->gone != entry->gone))
        return false;
    if (minted->message_id != 0 && entry->message_id != 0)
        return minted->message_id == entry->message_id;
    return minted->gone == 0 || minted->gone >= turn_second(entry->arrived);
}

/* The milter sees a mail first. */
static bool twin_follows(const struct entry *minted, const struct entry *entry)
{
    return minted->arrived >= turn_second(entry->arrived);
}

/* Of several the first after the milter's arrival: later ones are other mails; then the last
 * before it. */
static bool twin_better(const struct entry *a, const struct entry *b, const struct entry *entry)
{
    bool follows_a = twin_follows(a, entry), follows_b = twin_follows(b, entry);
    if (follows_a != follows_b)
        return follows_a;
    if (a->arrived == b->arrived)
        return a->id < b->id;
    return follows_a == (a->arrived < b->arrived);
}

static struct entry *twin_live(const struct ship *ship, const struct entry *entry)
{
    struct slice queue_id = slice_of(entry_record(entry)->queue_id);
    struct entry *best = NULL;
    struct entry *other = live_queue(&ship->live, queue_id);
    for (; other != NULL; other = other->by_queue)
        if (twin_fits(other, entry) && (best == NULL || twin_better(other, best, entry)))
            best = other;
    return best;
}

/* The pointer is written after the record that it points to; until then both hold the cursor. */
static int twin_pin(struct ship *ship, struct entry *from, struct entry *to)
{
    while (from->pins != NULL) {
        struct pin *pin = from->pins;
        from->pins = pin->more;
        pins_gather(&ship->pins, &to->pins, pin);
    }
    for (struct pin *pin = to->pins; pin != NULL; pin = pin->more) {
        struct pin *copy = pins_copy(&ship->pins, pin);
        if (copy == NULL)
            return -1;
        pins_gather(&ship->pins, &from->pins, copy);
    }
    return 0;
}

int twin_move(struct ship *ship, struct entry *from, struct entry *to)
{
    struct buffer scratch;
    struct fact fact;
    struct error why;
    int result = 0;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    for (size_t i = 0; i < from->own.count && result == 0; i++) {
        if (record_fact(&from->own, i, &fact, &scratch) == 0)
            result = entry_add(to, &fact, &why) == ENTRY_AGAIN ? -1 : 0;
        else if (scratch.failed)
            result = -1;
    }
    buffer_free(&scratch);
    if (result != 0 || twin_pin(ship, from, to) != 0) {
        trouble_memory(ship);
        return -1;
    }
    live_unindex(&ship->live, from);
    record_clear(&from->own);
    from->own.see = from->see = to->id;
    live_index(&ship->live, to);
    write_later(ship, to);
    write_later(ship, from);
    return 0;
}

/* A minted waybill that is not live was made by an earlier process, or was let go for room. */
static bool twin_may_be_stored(const struct ship *ship, const struct entry *entry)
{
    return entry->arrived < ship->started || entry->arrived <= ship->live.minted_until;
}

int twin_settle(struct ship *ship, struct entry *entry)
{
    if (entry_minted(entry))
        return 0;
    struct entry *twin = twin_live(ship, entry);
    if (twin == NULL && twin_may_be_stored(ship, entry)) {
        struct fact fact;
        fact_init(&fact, WITNESS_LOG, FACT_UNKNOWN, entry->arrived);
        fact_set(&fact, KEY_QUEUE, slice_of(entry_record(entry)->queue_id));
        if (join_ask(ship, &fact, false) != 0)
            return -1;
        twin = twin_live(ship, entry);
    }
    return twin != NULL ? twin_move(ship, twin, entry) : 0;
}
