/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: heeds who is forgotten (store.h, store_tomb).
 *
 * A record is blanked when it comes out of the store and again before it goes there, so it does not
 * count by which way a fact got into it. What was live when the word came is written anew; so it
 * is, too, when the command says that it went over all records: it may have written one while we
 * wrote it. Then the journal's old segments go, and when the last of them is gone that is said.
 */
#include "waybill/forget.h"

#include "room.h"

#include <inttypes.h>
#include <stdio.h>

#include "waybill/clock.h"
#include "waybill/id.h"

#define LOOK_MS (2 * SECOND_MS)
#define ROLL_MS (5 * SECOND_MS)

struct asked {
    struct ship *ship;
    uint64_t id;
};

static bool is_forgotten(void *context, struct slice canonical)
{
    const struct asked *asked = context;
    const struct store_tombs *tombs = &asked->ship->forgets.tombs;
    char hash[TOMB_HASH_SIZE];
    store_tomb_hash(tombs, canonical, hash);
    const struct store_tomb *tomb = store_tombs_find(tombs, hash);
    return tomb != NULL && id_time(asked->id) <= tomb->until;
}

static void value_gone(void *context, const struct fact *fact, enum fact_key key)
{
    const struct asked *asked = context;
    asked->ship->forgets.seen_again = true;
    asked->ship->forgets.blanked++;
    store_forget_value(asked->ship->store, asked->id, fact, key);
}

static bool may_name(const struct ship *ship, const struct entry *entry)
{
    return ship->forgets.tombs.count > 0 && id_time(entry->id) <= ship->forgets.latest;
}

int forget_entry(struct ship *ship, struct entry *entry)
{
    struct asked asked = {ship, entry->id};
    struct forgetting forgetting = {is_forgotten, value_gone, &asked};
    if (!may_name(ship, entry))
        return 0;
    if (record_forget(&entry->own, &forgetting) < 0 ||
        (entry->all != NULL && record_forget(entry->all, &forgetting) < 0))
        return -1;
    return 0;
}

/* In the store already, so what follows from it was told, of all but the forgotten. */
static int sweep_entry(struct ship *ship, struct entry *entry)
{
    struct asked asked = {ship, entry->id};
    struct forgetting forgetting = {is_forgotten, value_gone, &asked};
    if (!may_name(ship, entry) || (!entry->in_normal && !entry->in_refused))
        return 0;
    int names = record_names(entry_record(entry), &forgetting);
    if (names < 0)
        return -1;
    if (names == 0 && !record_was_forgotten(&entry->own))
        return 0;
    if (forget_entry(ship, entry) != 0 || tell_recall(ship, entry) != 0)
        return -1;
    entry->told.count = 0; /* the status sets know nobody of that name yet */
    write_later(ship, entry);
    return 0;
}

static int sweep(struct ship *ship)
{
    static const enum entry_place places[] = {ENTRY_OPEN, ENTRY_DONE};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct entry *next;
        for (struct entry *entry = ship->live.list[places[i]].first; entry != NULL; entry = next) {
            next = entry->next;
            if (sweep_entry(ship, entry) != 0) {
                trouble_memory(ship);
                return -1;
            }
        }
    }
    return 0;
}

/* What is appended from here on stands in a new segment; the note makes it begin, and lets the
 * cursor leave the old one although no fact may come. */
static void begin_segment(struct ship *ship)
{
    char now[24];
    snprintf(now, sizeof now, "%" PRId64, clock_now());
    journal_roll(ship->journal);
    journal_note(ship->journal, "forgotten", slice_of(now));
}

/* The words of a forgotten mail's next attempt stand in the journal until it is shipped, and no
 * longer than that. */
static void roll(struct ship *ship, int64_t now)
{
    struct forgets *forgets = &ship->forgets;
    if (!forgets->seen_again || now < forgets->roll_at)
        return;
    begin_segment(ship);
    forgets->seen_again = false;
    forgets->roll_at = now + ROLL_MS;
}

bool forget_due(const struct ship *ship, int64_t now)
{
    return now >= ship->forgets.look_at;
}

int forget_look(struct ship *ship)
{
    struct forgets *forgets = &ship->forgets;
    int64_t now = clock_monotonic();
    uint64_t told;
    if (!forget_due(ship, now))
        return 0;
    if (store_tombs_told(ship->store, &told, &ship->trouble.why) != 0)
        return -1;
    ship->reached = true;
    roll(ship, now);
    forgets->look_at = now + LOOK_MS;
    if (told == forgets->told)
        return 0;
    forgets->look_at = now; /* again, until all of this is done */
    if (store_get_tombs(ship->store, &forgets->tombs, false, &ship->trouble.why) != 0)
        return -1;
    forgets->latest = 0;
    for (size_t i = 0; i < forgets->tombs.count; i++)
        if (forgets->tombs.list[i].until > forgets->latest)
            forgets->latest = forgets->tombs.list[i].until;
    store_say_again(ship->store); /* keys that bear a forgotten address go */
    if (sweep(ship) != 0)
        return -1;
    journal_mark(ship->reader, &forgets->mark);
    begin_segment(ship);
    forgets->told = told;
    forgets->look_at = now + LOOK_MS;
    return 0;
}

int forget_answer(struct ship *ship)
{
    struct forgets *forgets = &ship->forgets;
    char field[16], value[64];
    if (forgets->answered == forgets->told || journal_scrub(ship->reader, &forgets->mark) > 0)
        return 0;
    snprintf(field, sizeof field, "node:%02u", ship->node);
    snprintf(value, sizeof value, "%" PRId64 " %" PRIu64, clock_now(), forgets->blanked);
    for (size_t i = 0; i < forgets->tombs.count; i++)
        if (forgets->tombs.list[i].told > forgets->answered)
            store_note_tomb(ship->store, forgets->tombs.list[i].hash, field, value);
    if (store_flush(ship->store, &ship->trouble.why) != 0)
        return -1;
    forgets->answered = forgets->told;
    forgets->blanked = 0;
    return 0;
}
