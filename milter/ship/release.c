/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * release: held facts whose wait is over. A last question to the store, since another node or an
 * earlier process may know the mail; else the log alone makes the waybill.
 */
#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/host.h"
#include "waybill/id.h"

#define RELEASE_MS 250       /* so often are the held facts looked at */
#define RELEASE_REFUSALS 256 /* at a time */
#define RELEASE_IDS_MAX 64u  /* refused mails of one client that are looked at, the newest first */
#define MINT_ATTEMPTS 32

/* ---- a mail that only the log knows ---- */

/* The moment that the number follows from. A client= line alone keeps no cursor back, so it may
 * be missing the next time. */
static int64_t group_began(const struct group *group)
{
    int64_t first = INT64_MAX;
    for (const struct held *held = group->first; held != NULL; held = held->next)
        if (held->kind != FACT_CLIENT && held->time < first)
            first = held->time;
    return first;
}

/* 1: *entry is the group's waybill, perhaps new; 0: the number is another mail's; -1: again. */
static int mint_try(struct ship *ship, const struct group *group, uint64_t id, struct entry **entry)
{
    if (load_entry(ship, id, entry) != 0)
        return -1;
    if ((*entry)->broken)
        return 0;
    return entry_record(*entry)->count == 0 || join_group_fits(ship, group, *entry);
}

static int group_mint(struct ship *ship, const struct group *group, struct entry **entry)
{
    int64_t began = group_began(group);
    for (unsigned attempt = 0; attempt < MINT_ATTEMPTS; attempt++) {
        uint64_t id = id_from_log(ship->node, slice_of(group->host), slice_of(group->instance),
                                  slice_of(group->queue_id), began, attempt);
        int fits = mint_try(ship, group, id, entry);
        if (fits != 0)
            return fits < 0 ? -1 : 0;
    }
    *entry = NULL;
    return 0;
}

/* No number is free for it. */
static void group_give_up(struct ship *ship, struct group *group)
{
    ship->stats.orphans += group->count;
    while (group->first != NULL)
        hold_remove(&ship->hold, &ship->pins, group, &group->first);
    hold_drop_empty(&ship->hold, group);
}

/* The first fact that tells more than the client's name. */
static const struct held *group_firm(const struct group *group)
{
    const struct held *held = group->first;
    while (held->kind == FACT_CLIENT)
        held = held->next;
    return held;
}

static int group_resolve(struct ship *ship, struct group *group)
{
    const struct held *firm = group_firm(group);
    struct fact fact;
    struct entry *entry;
    if (!harvest_fact(ship, slice_make(firm->line, firm->size), &fact) ||
        join_ask(ship, &fact, !group->asked && !group->opened) != 0)
        return -1;
    group->asked = true;
    entry = join_group(ship, group, false);
    if (entry == NULL && group_mint(ship, group, &entry) != 0)
        return -1;
    if (entry == NULL) {
        group_give_up(ship, group);
        return 0;
    }
    if (fold_group_into(ship, group, entry) != 0)
        return -1;
    entry->learned = entry->learned && !entry_minted(entry);
    return 0;
}

/* Nothing followed the client= line. The milter may know of a mail that came no further; else
 * one may still come. */
static int group_lone_due(struct ship *ship, struct group *group, int64_t now)
{
    struct entry *entry = group->tried ? NULL : join_group(ship, group, false);
    group->tried = true;
    if (entry != NULL)
        return fold_group_into(ship, group, entry);
    /* It must not keep the cursor back any longer; until now it did, since what follows it soon
     * needs it again if we end before both are in the store. */
    pins_release(&ship->pins, group->first->pin);
    group->first->pin = NULL;
    if (group->first->read_at + HOLD_CLIENT_MS <= now || hold_full(&ship->hold))
        group_give_up(ship, group);
    return 0;
}

static int release_groups(struct ship *ship, int64_t now)
{
    struct group *next;
    for (struct group *group = ship->hold.first; group != NULL; group = next) {
        next = group->next;
        if (group_due(group, ship->limits.hold_ms) > now && !hold_full(&ship->hold))
            continue;
        if ((group_lone(group) ? group_lone_due(ship, group, now) : group_resolve(ship, group)) != 0)
            return -1;
    }
    return 0;
}

/* ---- refusals that only the log knows ---- */

static uint64_t refusal_id(const struct ship *ship, const struct fact *fact, unsigned attempt)
{
    char name[32], text[FACT_ID_SIZE];
    fact_id_text(fact->id, text);
    int size = snprintf(name, sizeof name, "NOQUEUE%s", text);
    return id_from_log(ship->node, fact->value[KEY_HOST], fact->value[KEY_INSTANCE],
                       slice_make(name, (size_t)size), fact->time, attempt);
}

/* Over its client's share: not even a question to the store. */
static bool refusal_spent(const struct ship *ship, const struct fact *fact)
{
    char ip[64];
    slice_copy(fact->value[KEY_IP], ip, sizeof ip);
    return refusals_spent(&ship->refusals, ip, fact->time, ship->limits.refused_per_client);
}

/* Does the record say that the milter saw this refusal? */
static bool record_tells(const struct entry *entry, uint64_t what, int64_t time)
{
    const struct record *record = entry_record(entry);
    struct buffer scratch;
    bool tells = false;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    for (size_t i = 0; i < record->count && !tells; i++) {
        struct fact fact;
        tells = record->lines[i].witness == WITNESS_MILTER &&
                record_fact(record, i, &fact, &scratch) == 0 && fact.kind == FACT_REFUSED &&
                refusal_of(&fact, slice_of(entry->ip)) == what &&
                fact.time - time <= REFUSED_NEAR_MS && time - fact.time <= REFUSED_NEAR_MS;
    }
    buffer_free(&scratch);
    return tells;
}

/* Around a restart the milter's fact may be in the store already, and forgotten here. 1: it is
 * told; 0: not; -1: the store failed. */
static int refusal_stored(struct ship *ship, const struct fact *fact)
{
    uint64_t *ids = NULL, what = refusal_of(fact, SLICE_ABSENT);
    size_t count = 0;
    char term[TERM_MAX];
    struct slice ip = slice_make(term, term_fold(fact->value[KEY_IP], term));
    if (fact->time > ship->started + ship->limits.hold_ms || ip.size == 0)
        return 0;
    if (store_find_term(ship->store, clock_day(fact->time, NULL), TERM_CLIENT_IP, ip, &ids, &count,
                        &ship->trouble.why) != 0)
        return -1;
    count = count < RELEASE_IDS_MAX ? count : RELEASE_IDS_MAX;
    int result = load_entries(ship, ids, count, false);
    for (size_t i = 0; i < count && result == 0; i++) {
        const struct entry *entry = live_find(&ship->live, ids[i]);
        result = entry != NULL && record_tells(entry, what, fact->time);
    }
    free(ids);
    return result;
}

static int refusal_fold(struct ship *ship, struct fact *fact, struct pin **pin)
{
    int stored = refusal_stored(ship, fact);
    if (stored != 0)
        return stored < 0 ? -1 : 0;
    for (unsigned attempt = 0; attempt < MINT_ATTEMPTS; attempt++) {
        struct entry *entry;
        if (load_entry(ship, refusal_id(ship, fact, attempt), &entry) != 0)
            return -1;
        const struct record *record = entry_record(entry);
        if (entry->broken || (record->count > 0 && !record_knows(record, fact)))
            continue;
        entry->ended = true;
        return fold_into(ship, entry, fact, pin);
    }
    ship->stats.orphans++;
    return 0;
}

/* One question to the store for many of them. */
static int refusals_fetch(struct ship *ship, int64_t until)
{
    uint64_t ids[RELEASE_REFUSALS];
    size_t count = 0;
    const struct refusal *refusal = ship->refusals.first;
    for (; refusal != NULL && refusal->read_at <= until && count < RELEASE_REFUSALS;
         refusal = refusal->next) {
        struct fact fact;
        if (harvest_fact(ship, slice_make(refusal->line, refusal->size), &fact) &&
            !refusal_spent(ship, &fact))
            ids[count++] = refusal_id(ship, &fact, 0);
    }
    return load_entries(ship, ids, count, true);
}

static int release_refusals(struct ship *ship, int64_t now)
{
    int64_t until = now - ship->limits.hold_ms;
    struct refusal *refusal = refusals_due(&ship->refusals, until);
    if (refusal == NULL || refusals_fetch(ship, until) != 0)
        return refusal == NULL ? 0 : -1;
    for (int i = 0; i < RELEASE_REFUSALS && refusal != NULL; i++) {
        struct fact fact;
        bool readable = harvest_fact(ship, slice_make(refusal->line, refusal->size), &fact);
        if (readable && refusal_spent(ship, &fact))
            ship->stats.refused_over++;
        else if (readable && refusal_fold(ship, &fact, &refusal->pin) != 0)
            return -1;
        refusals_take(&ship->refusals);
        pins_release(&ship->pins, refusal->pin);
        free(refusal);
        refusal = refusals_due(&ship->refusals, until);
    }
    return 0;
}

int release_due(struct ship *ship)
{
    int64_t now = clock_monotonic();
    if (now < ship->release_at && !hold_full(&ship->hold) &&
        ship->refusals.waiting <= REFUSED_WAITING_MAX)
        return 0;
    if (release_groups(ship, now) != 0 || release_refusals(ship, now) != 0 ||
        release_reports(ship, now) != 0)
        return -1;
    ship->release_at = now + RELEASE_MS;
    return 0;
}
