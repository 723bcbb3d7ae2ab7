/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: heeds who is forgotten (store.h, store_tomb).
 *
 * A record is blanked when it comes out of the store and again before it goes there, so it does not
 * count by which way a fact got into it. What was live when the word came is written anew; so it
 * is, too, when the command says that it went over all records: it may have written one while we
 * wrote it. Then the journal's old segments go, and when the last of them is gone that is said.
 *
 * A store that failed over may have lost the word itself, and the journal is about to be read once
 * more: who knew it puts it back.
 */
#include "waybill/forget.h"

#include "room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/id.h"

#define LOOK_MS (2 * SECOND_MS)
#define ROLL_MS (5 * SECOND_MS)
#define TERMS_MAX 65536u

/* By which a mail of theirs was found; a key may bear it in its name. */
struct forgotten_term {
    uint32_t day;
    enum term_kind kind;
    uint16_t size;
    char text[];
};

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

/* ---- terms ---- */

static bool term_known(const struct forgets *forgets, const struct forgotten_term *term)
{
    for (size_t i = forgets->term_count; i-- > 0;) {
        const struct forgotten_term *other = forgets->terms[i];
        if (other->day == term->day && other->kind == term->kind && other->size == term->size &&
            memcmp(other->text, term->text, term->size) == 0)
            return true;
    }
    return false;
}

/* Without memory the key stays until its day goes, or the command looks at all keys again. */
static void term_keep(struct forgets *forgets, struct forgotten_term *term)
{
    if (forgets->term_count == forgets->term_room) {
        size_t room = forgets->term_room > 0 ? forgets->term_room * 2 : 64;
        void *terms = room > TERMS_MAX
                          ? NULL
                          : reallocarray(forgets->terms, room, sizeof *forgets->terms);
        if (terms == NULL) {
            free(term);
            return;
        }
        forgets->terms = terms;
        forgets->term_room = room;
    }
    forgets->terms[forgets->term_count++] = term;
}

static void term_note(struct forgets *forgets, uint64_t id, const struct fact *fact,
                      enum fact_key key)
{
    char text[TERM_MAX];
    enum term_kind kind;
    size_t size;
    if (!store_value_term(fact, key, &kind, text, &size) || kind == TERM_MESSAGE_ID)
        return;
    struct forgotten_term *term = malloc(sizeof *term + size);
    if (term == NULL)
        return;
    *term = (struct forgotten_term){.day = id_day(id), .kind = kind, .size = (uint16_t)size};
    memcpy(term->text, text, size);
    if (term_known(forgets, term))
        free(term);
    else
        term_keep(forgets, term);
}

void forget_clear(struct forgets *forgets)
{
    while (forgets->term_count > 0)
        free(forgets->terms[--forgets->term_count]);
    free(forgets->terms);
    forgets->terms = NULL;
    forgets->term_room = 0;
    store_tombs_free(&forgets->tombs);
}

/* Nothing is queued any more: what led to them is gone, and the keys may be empty. */
static int drop_terms(struct ship *ship)
{
    struct forgets *forgets = &ship->forgets;
    while (forgets->term_count > 0) {
        struct forgotten_term *term = forgets->terms[forgets->term_count - 1];
        if (store_drop_hot(ship->store, term->day, term->kind, slice_make(term->text, term->size),
                           &ship->trouble.why) != 0)
            return -1;
        free(term);
        forgets->term_count--;
    }
    return 0;
}

/* ---- entries ---- */

static void value_gone(void *context, const struct fact *fact, enum fact_key key)
{
    const struct asked *asked = context;
    asked->ship->forgets.seen_again = true;
    asked->ship->forgets.blanked++;
    store_forget_value(asked->ship->store, asked->id, fact, key);
    term_note(&asked->ship->forgets, asked->id, fact, key);
}

static bool may_name(const struct ship *ship, const struct entry *entry)
{
    return ship->forgets.tombs.count > 0 && id_time(entry->id) <= ship->forgets.latest;
}

/* By all that is known of the mail, ours and other nodes'. */
static int entry_named(const struct entry *entry, const struct forgetting *forgetting,
                       struct forget_named *named)
{
    *named = (struct forget_named){.any = false};
    return record_named(&entry->own, forgetting, named) != 0 ||
                   (entry->all != NULL && record_named(entry->all, forgetting, named) != 0)
               ? -1
               : 0;
}

static struct forgetting forgetting_of(struct asked *asked)
{
    return (struct forgetting){is_forgotten, value_gone, asked, asked->ship->forgets.tombs.key};
}

int forget_entry(struct ship *ship, struct entry *entry)
{
    struct asked asked = {ship, entry->id};
    struct forgetting forgetting = forgetting_of(&asked);
    struct forget_named named;
    if (!may_name(ship, entry))
        return 0;
    if (entry_named(entry, &forgetting, &named) != 0 ||
        record_forget(&entry->own, &forgetting, &named) < 0 ||
        (entry->all != NULL && record_forget(entry->all, &forgetting, &named) < 0))
        return -1;
    return 0;
}

static bool is_stored(const struct ship *ship, const struct entry *entry)
{
    return may_name(ship, entry) && (entry->in_normal || entry->in_refused);
}

/* In the store already, so what follows from it was told, of all but the forgotten. */
static int sweep_entry(struct ship *ship, struct entry *entry)
{
    struct asked asked = {ship, entry->id};
    struct forgetting forgetting = forgetting_of(&asked);
    struct forget_named named;
    if (!is_stored(ship, entry))
        return 0;
    if (entry_named(entry, &forgetting, &named) != 0)
        return -1;
    if (!named.any && !named.before)
        return 0;
    if (forget_entry(ship, entry) != 0 || tell_recall(ship, entry) != 0)
        return -1;
    entry->told.count = 0; /* the status sets know nobody of that name yet */
    write_later(ship, entry);
    return 0;
}

static const enum entry_place swept[] = {ENTRY_OPEN, ENTRY_DONE};
#define SWEPT (sizeof swept / sizeof *swept)

/* What other nodes wrote may name whom our own part does not. What is to be written anyway is read
 * then. */
static int sweep_news(struct ship *ship)
{
    static const enum entry_place later[] = {ENTRY_DIRTY, ENTRY_WAITING};
    uint64_t *ids = calloc(ship->live.count + 1, sizeof *ids);
    size_t count = 0;
    if (ids == NULL) {
        trouble_memory(ship);
        return -1;
    }
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        for (struct entry *entry = ship->live.list[later[i]].first; entry != NULL;
             entry = entry->next)
            entry->synced = INT64_MIN;
    for (size_t i = 0; i < SWEPT; i++)
        for (const struct entry *entry = ship->live.list[swept[i]].first; entry != NULL;
             entry = entry->next)
            if (is_stored(ship, entry))
                ids[count++] = entry->id;
    int result = load_others(ship, ids, count);
    free(ids);
    return result;
}

static int sweep(struct ship *ship)
{
    if (sweep_news(ship) != 0)
        return -1;
    for (size_t i = 0; i < SWEPT; i++) {
        struct entry *next;
        for (struct entry *entry = ship->live.list[swept[i]].first; entry != NULL; entry = next) {
            next = entry->next;
            if (sweep_entry(ship, entry) != 0) {
                trouble_memory(ship);
                return -1;
            }
        }
    }
    return 0;
}

/* ---- the journal ---- */

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

/* ---- the tombs ---- */

static bool has_key(const struct store_tombs *tombs)
{
    static const unsigned char none[sizeof tombs->key];
    return memcmp(tombs->key, none, sizeof none) != 0;
}

/* What `known` has and the store has not any more, or only of an earlier moment. A hash by another
 * key says nothing. 1: something was put back. */
static int put_back(struct ship *ship, const struct store_tombs *known,
                    const struct store_tombs *there, uint64_t told)
{
    size_t lost = 0;
    if (!has_key(known) ||
        (has_key(there) && memcmp(known->key, there->key, sizeof known->key) != 0))
        return 0;
    for (size_t i = 0; i < known->count; i++) {
        struct store_tomb tomb = known->list[i];
        const struct store_tomb *found = store_tombs_find(there, tomb.hash);
        uint64_t now = (uint64_t)clock_now();
        if (found != NULL && found->until >= tomb.until)
            continue;
        if (lost == 0 && store_keep_tombs_key(ship->store, known, &ship->trouble.why) != 0)
            return -1;
        tomb.told = told >= now ? told + 1 : now;
        store_put_tomb(ship->store, &tomb);
        lost++;
    }
    if (lost == 0)
        return 0;
    log_warning("the store lost the hashes of %zu forgotten addresses; they are put back", lost);
    return store_flush(ship->store, &ship->trouble.why) == 0 ? 1 : -1;
}

static int read_tombs(struct ship *ship, uint64_t told)
{
    struct forgets *forgets = &ship->forgets;
    struct store_tombs there = {.list = NULL};
    int result = store_get_tombs(ship->store, &there, false, &ship->trouble.why);
    if (result == 0)
        result = put_back(ship, &forgets->tombs, &there, told);
    if (result == 1) { /* not a moment without them */
        store_tombs_free(&there);
        result = store_get_tombs(ship->store, &there, false, &ship->trouble.why);
    }
    if (result != 0) {
        store_tombs_free(&there);
        return -1;
    }
    store_tombs_free(&forgets->tombs);
    forgets->tombs = there;
    forgets->latest = 0;
    for (size_t i = 0; i < there.count; i++)
        if (there.list[i].until > forgets->latest)
            forgets->latest = there.list[i].until;
    return 0;
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
    if (read_tombs(ship, told) != 0)
        return -1;
    store_say_again(ship->store); /* keys that bear a forgotten address go */
    if (sweep(ship) != 0)
        return -1;
    journal_mark(ship->reader, &forgets->mark);
    begin_segment(ship);
    forgets->told = told;
    if (told < forgets->answered) /* another store */
        forgets->answered = 0;
    forgets->look_at = now + LOOK_MS;
    return 0;
}

int forget_answer(struct ship *ship)
{
    struct forgets *forgets = &ship->forgets;
    char field[16], value[80];
    if (drop_terms(ship) != 0)
        return -1;
    if (forgets->answered == forgets->told || journal_scrub(ship->reader, &forgets->mark) > 0)
        return 0;
    snprintf(field, sizeof field, "node:%02u", ship->node);
    snprintf(value, sizeof value, "%" PRId64 " %" PRIu64 " %" PRIu64, clock_now(),
             forgets->blanked, forgets->told);
    for (size_t i = 0; i < forgets->tombs.count; i++)
        if (forgets->tombs.list[i].told > forgets->answered)
            store_note_tomb(ship->store, forgets->tombs.list[i].hash, field, value);
    if (store_flush(ship->store, &ship->trouble.why) != 0)
        return -1;
    forgets->answered = forgets->told;
    forgets->blanked = 0;
    return 0;
}
