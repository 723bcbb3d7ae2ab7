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

/* The mail of a group: from its first fact to the one that ends it; what comes later under the
 * same queue id is another mail. */
struct span {
    int64_t first, until;
};

static struct span group_span(const struct group *group)
{
    struct span span = {.first = INT64_MAX, .until = INT64_MAX};
    for (const struct held *held = group->first; held != NULL; held = held->next)
        if (held->kind != FACT_CLIENT && held->time < span.first)
            span.first = held->time;
    for (const struct held *held = group->first; held != NULL; held = held->next)
        if ((held->kind == FACT_REMOVED || held->kind == FACT_CANCELED) &&
            held->time + 2 * SECOND_MS < span.until)
            span.until = held->time + 2 * SECOND_MS;
    return span;
}

static bool key_is(const char *known, const char *word)
{
    return known == NULL || strcmp(known, word) == 0;
}

/* 1: *entry is the group's waybill, perhaps new; 0: the number is another mail's; -1: again. */
static int mint_try(struct ship *ship, const struct group *group, uint64_t id, struct entry **entry)
{
    if (load_entry(ship, id, entry) != 0)
        return -1;
    if ((*entry)->broken)
        return 0;
    const struct record *record = entry_record(*entry);
    if (record->count == 0)
        return 1;
    return record->queue_id != NULL && key_is(record->queue_id, group->queue_id) &&
           key_is(record->instance, group->instance) &&
           host_same(slice_of(record->host), slice_of(group->host));
}

static int group_mint(struct ship *ship, const struct group *group, struct span span,
                      struct entry **entry)
{
    for (unsigned attempt = 0; attempt < MINT_ATTEMPTS; attempt++) {
        uint64_t id = id_from_log(ship->node, slice_of(group->host), slice_of(group->instance),
                                  slice_of(group->queue_id), span.first, attempt);
        int fits = mint_try(ship, group, id, entry);
        if (fits != 0)
            return fits < 0 ? -1 : 0;
    }
    *entry = NULL;
    return 0;
}

/* All facts of the span go into the entry; without one they are given up. */
static int group_move(struct ship *ship, struct group *group, struct span span, struct entry *entry)
{
    struct fact fact;
    for (struct held **at = &group->first; *at != NULL;) {
        struct held *held = *at;
        if (held->time > span.until) {
            at = &held->next;
            continue;
        }
        bool readable = harvest_fact(ship, slice_make(held->line, held->size), &fact);
        if (entry == NULL || !readable)
            ship->stats.orphans++;
        else if (fold_into(ship, entry, &fact, &held->pin) != 0)
            return -1;
        hold_remove(&ship->hold, &ship->pins, group, at);
    }
    if (entry != NULL)
        entry->learned = false;
    hold_drop_empty(&ship->hold, group);
    return 0;
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
        join_ask(ship, &fact, !group->asked && !group_newborn(group)) != 0)
        return -1;
    group->asked = true;
    if (join_live(ship, &fact) != NULL)
        return fold_group(ship, group);
    struct span span = group_span(group);
    if (group_mint(ship, group, span, &entry) != 0)
        return -1;
    return group_move(ship, group, span, entry);
}

static int release_groups(struct ship *ship, int64_t now)
{
    struct group *next;
    for (struct group *group = ship->hold.first; group != NULL; group = next) {
        next = group->next;
        if (group_due(group, ship->limits.hold_ms) > now && !hold_full(&ship->hold))
            continue;
        if (!group_lone(group)) {
            if (group_resolve(ship, group) != 0)
                return -1;
            continue;
        }
        ship->stats.orphans += group->count;
        while (group->first != NULL)
            hold_remove(&ship->hold, &ship->pins, group, &group->first);
        hold_drop_empty(&ship->hold, group);
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

static bool record_knows(const struct record *record, uint64_t fact)
{
    for (size_t i = 0; i < record->count; i++)
        if (record->lines[i].fact == fact)
            return true;
    return false;
}

/* Over its client's share: not even a question to the store. */
static bool refusal_spent(const struct ship *ship, const struct fact *fact)
{
    char ip[64];
    slice_copy(fact->value[KEY_IP], ip, sizeof ip);
    return refusals_spent(&ship->refusals, ip, fact->time, ship->limits.refused_per_client);
}

/* Does the record say that the milter saw this refusal? */
static bool record_tells(struct ship *ship, const struct entry *entry, uint64_t what, int64_t time)
{
    const struct record *record = entry_record(entry);
    struct buffer scratch;
    bool tells = false;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    for (size_t i = 0; i < record->count && !tells; i++) {
        struct fact fact;
        tells = record->lines[i].witness == WITNESS_MILTER &&
                record_fact(record, i, &fact, &scratch) == 0 && fact.kind == FACT_REFUSED &&
                refusal_of(&ship->refusals, &fact, slice_of(entry->ip)) == what &&
                fact.time - time <= REFUSED_NEAR_MS && time - fact.time <= REFUSED_NEAR_MS;
    }
    buffer_free(&scratch);
    return tells;
}

/* Around a restart the milter's fact may be in the store already, and forgotten here. 1: it is
 * told; 0: not; -1: the store failed. */
static int refusal_stored(struct ship *ship, const struct fact *fact)
{
    uint64_t *ids = NULL, what = refusal_of(&ship->refusals, fact, SLICE_ABSENT);
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
        result = entry != NULL && record_tells(ship, entry, what, fact->time);
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
        if (entry->broken || (record->count > 0 && !record_knows(record, fact->id)))
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
