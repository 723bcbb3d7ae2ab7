/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold: each fact of the batch to where it belongs.
 *
 *     gap, beat             the watch
 *     of a report           the mail that it speaks of
 *     w=                    that waybill
 *     q= (log)              the waybill that fits, else held
 *     refused, no q= (log)  the milter may have told of it: waits
 */
#include "room.h"

#include "turn.h"
#include "waybill/clock.h"

/* ---- into a waybill ---- */

int fold_into(struct ship *ship, struct entry *entry, struct fact *fact, struct pin **pin)
{
    struct error why;
    if (entry->broken) {
        ship->stats.over_limit++;
        return 0;
    }
    bool named = fact->value[KEY_QUEUE].at != NULL;
    if (fact->witness == WITNESS_LOG && (entry->order == 0 || turn_opens(fact)))
        entry->order = ++ship->order;
    enum entry_added added = entry_add(entry, fact, &why);
    if (added == ENTRY_AGAIN) {
        trouble_memory(ship);
        return -1;
    }
    if (added == ENTRY_FULL) {
        ship->stats.over_limit++;
        log_trouble_on(&ship->trouble.record, "a waybill takes no more: %s", why.text);
    }
    if (added == ENTRY_FULL ||
        (added == ENTRY_KNOWN && (!entry->loaded || !harvest_replays(ship))))
        return 0;
    entry->replayed = entry->replayed || added == ENTRY_KNOWN;
    /* An earlier process may have died between the two records of a twin. */
    if (added == ENTRY_KNOWN && fact->witness == WITNESS_MILTER && named)
        entry->learned = true;
    pins_gather(&ship->pins, &entry->pins, *pin);
    *pin = NULL;
    entry->news = entry->news || !ship->again;
    live_index(&ship->live, entry);
    write_later(ship, entry);
    return 0;
}

/* Of the mails that wait under this queue id the one that the log began first. */
static struct group *fold_first(struct ship *ship, struct slice queue_id, uint64_t after)
{
    struct group *first = NULL;
    struct group *group = hold_queue(&ship->hold, queue_id);
    for (; group != NULL; group = group->by_queue)
        if (slice_is(queue_id, group->queue_id) && group->order > after &&
            (first == NULL || group->order < first->order))
            first = group;
    return first;
}

static int fold_groups(struct ship *ship, struct slice queue_id)
{
    struct group *group;
    uint64_t order = 0;
    for (int i = 0; i < HOLD_LIVES_MAX && (group = fold_first(ship, queue_id, order)); i++) {
        order = group->order;
        if (fold_group(ship, group) != 0)
            return -1;
    }
    return 0;
}

/* Its queue id is known from now on: what waited for it comes in, what was made of it goes in. */
static int fold_learned(struct ship *ship, struct entry *entry)
{
    if (fold_groups(ship, slice_of(entry_record(entry)->queue_id)) != 0)
        return -1;
    if (twin_settle(ship, entry) != 0)
        return -1;
    entry->learned = false;
    return 0;
}

static int fold_known(struct ship *ship, struct fact *fact, struct pin **pin)
{
    struct entry *entry;
    if (!id_valid(fact->waybill)) {
        ship->stats.orphans++;
        return 0;
    }
    if (load_entry(ship, fact->waybill, &entry) != 0)
        return -1;
    if (fact->value[KEY_HOST].at == NULL && fact->witness == WITNESS_MILTER)
        fact_set(fact, KEY_HOST, slice_of(ship->host));
    bool refused = fact->kind == FACT_REFUSED && fact->witness == WITNESS_MILTER;
    if (fold_into(ship, entry, fact, pin) != 0)
        return -1;
    if (refused) {
        uint64_t what = refusal_of(fact, slice_of(entry->ip));
        refusals_told(&ship->refusals, &ship->pins, what, fact->time);
    }
    return entry->learned ? fold_learned(ship, entry) : 0;
}

/* ---- the log's lines ---- */

/* What was read from the store, for whatever reason, may not be all that it has of the queue id. */
static bool may_have_others(const struct entry *entry)
{
    return entry != NULL && (entry->loaded || entry->gone != 0);
}

/* A mail's first lines come before the milter can know its queue id, and the store cannot know
 * them either: they wait, unless an old mail fits, which is not theirs if the store has a better
 * one. Any other line of an unknown mail is worth one question. */
static int fold_unknown(struct ship *ship, struct fact *fact, struct slice line,
                        struct group *group, const struct entry *entry)
{
    char queue_id[HOLD_KEY_MAX];
    if ((turn_opens(fact) && !may_have_others(entry)) || (group != NULL && group->asked))
        return 0;
    if (join_ask(ship, fact, group == NULL || !group->opened) != 0)
        return -1;
    if (group != NULL)
        group->asked = true;
    slice_copy(fact->value[KEY_QUEUE], queue_id, sizeof queue_id);
    if (fold_groups(ship, slice_of(queue_id)) != 0)
        return -1;
    if (harvest_fact(ship, line, fact)) /* others were decoded in its place */
        return 0;
    trouble_memory(ship);
    return -1;
}

static int fold_hold(struct ship *ship, struct group *group, const struct fact *fact,
                     struct slice line, struct pin **pin)
{
    bool lone = fact->kind == FACT_CLIENT;
    if (group == NULL)
        ship->order++;
    group = hold_add(&ship->hold, group, ship->order, fact, line, *pin, clock_monotonic());
    if (group == NULL) {
        trouble_memory(ship);
        return -1;
    }
    *pin = NULL;
    group->asked = group->asked || !turn_opens(fact);
    return lone ? 0 : fold_group(ship, group);
}

/* The held mail that the fact may be of: the last one of its key, or NULL: it would begin one. */
static struct group *fold_held(struct ship *ship, const struct fact *fact)
{
    struct group *group = hold_find(&ship->hold, fact);
    return group != NULL && group_takes(group, fact) ? group : NULL;
}

/* A client= line tells nothing new of a mail that the milter saw. It waits for what follows, which
 * may show that it is of another mail. */
static bool fold_waits(const struct group *group, const struct entry *entry,
                       const struct fact *fact)
{
    if (group != NULL && join_group_leads(group, entry, fact))
        return true;
    return fact->kind == FACT_CLIENT && !entry_minted(entry) && !entry_knows(entry, fact);
}

/* A mail that is gone may not be the last that had the queue id, nor one that this process has not
 * seen begin: the store may know of others. After a restart it may know of the fact itself,
 * whatever else the fact fits. */
static bool fold_asks(const struct ship *ship, const struct group *group,
                      const struct entry *entry, const struct fact *fact)
{
    if (entry == NULL)
        return true;
    if (entry_knows(entry, fact))
        return false;
    if (group != NULL)
        return !group->asked && harvest_replays(ship);
    return entry->gone != 0 || entry->order == 0;
}

static int fold_log(struct ship *ship, struct fact *fact, struct slice line, struct pin **pin)
{
    struct group *group = fold_held(ship, fact);
    struct entry *entry = join_live(ship, fact);
    struct group *known = hold_known(&ship->hold, fact);
    if (known != NULL) { /* the log was read twice; the first of them keeps the cursor back */
        if (!turn_trails(fact->kind))
            hold_resume(&ship->hold, known, ++ship->order);
        return 0;
    }
    if (fold_asks(ship, group, entry, fact)) {
        if (fold_unknown(ship, fact, line, group, entry) != 0)
            return -1;
        group = fold_held(ship, fact);
        entry = join_live(ship, fact);
    }
    if (entry == NULL || fold_waits(group, entry, fact))
        return fold_hold(ship, group, fact, line, pin);
    return fold_into(ship, entry, fact, pin);
}

int fold_group_into(struct ship *ship, struct group *group, struct entry *entry)
{
    struct fact fact;
    uint64_t order = group->order;
    while (group->first != NULL) {
        struct held *held = group->first;
        if (!harvest_fact(ship, slice_make(held->line, held->size), &fact))
            ship->stats.orphans++;
        else if (fold_into(ship, entry, &fact, &held->pin) != 0)
            return -1;
        hold_remove(&ship->hold, &ship->pins, group, &group->first);
    }
    entry->order = order;
    hold_drop_empty(&ship->hold, group);
    return 0;
}

/* A lone client= line fits any mail of that client: it waits for what follows, which tells whose it
 * is. */
int fold_group(struct ship *ship, struct group *group)
{
    struct entry *entry = group_lone(group) ? NULL : join_group(ship, group, true);
    return entry != NULL ? fold_group_into(ship, group, entry) : 0;
}

/* A line of the log about a mail that never had a queue id. */
static int fold_refusal(struct ship *ship, const struct fact *fact, struct slice line,
                        struct pin **pin)
{
    uint64_t what = refusal_of(fact, SLICE_ABSENT);
    if (refusals_known(&ship->refusals, what, fact->time))
        return 0;
    if (refusals_wait(&ship->refusals, fact, line, *pin, what, clock_monotonic()) != 0) {
        trouble_memory(ship);
        return -1;
    }
    *pin = NULL;
    return 0;
}

/* ---- the batch ---- */

static int fold_fact(struct ship *ship, struct slice line, struct pin **pin)
{
    struct fact fact;
    if (!harvest_fact(ship, line, &fact) || fact.kind == FACT_UNKNOWN) {
        ship->stats.unread++;
        log_trouble_on(&ship->trouble.line, "the journal holds a line that this version cannot "
                                            "read; it is left out and counted");
        return 0;
    }
    if (fact.time > ship->batch.latest)
        ship->batch.latest = fact.time;
    if ((fact.kind == FACT_GAP && watch_gap(&ship->watch, &fact) != 0) ||
        (fact.kind == FACT_BEAT && watch_beat(&ship->watch, &fact) != 0)) {
        trouble_memory(ship);
        return -1;
    }
    if (fact.kind == FACT_GAP || fact.kind == FACT_BEAT)
        return 0;
    if (fact.witness == WITNESS_REPORT)
        return fold_report(ship, &fact, line, pin);
    if (fact.waybill != 0)
        return fold_known(ship, &fact, pin);
    if (fact.value[KEY_QUEUE].size > 0)
        return fold_log(ship, &fact, line, pin);
    if (fact.kind == FACT_REFUSED)
        return fold_refusal(ship, &fact, line, pin);
    ship->stats.orphans++;
    return 0;
}

/* One question to the store for all waybills of the batch that are not live. */
static int fold_fetch(struct ship *ship)
{
    struct batch *batch = &ship->batch;
    uint64_t ids[256];
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct fact fact;
        if (harvest_fact(ship, harvest_line(batch, i), &fact) && fact.witness != WITNESS_REPORT &&
            id_valid(fact.waybill) && live_find(&ship->live, fact.waybill) == NULL &&
            (count == 0 || ids[count - 1] != fact.waybill))
            ids[count++] = fact.waybill;
        if (count < sizeof ids / sizeof *ids && i + 1 < batch->count)
            continue;
        if (load_entries(ship, ids, count, true) != 0)
            return -1;
        count = 0;
    }
    batch->fetched = true;
    return 0;
}

int fold_batch(struct ship *ship)
{
    struct batch *batch = &ship->batch;
    if (!batch->fetched && fold_fetch(ship) != 0)
        return -1;
    while (batch->folded < batch->count) {
        const struct item *item = &batch->items[batch->folded];
        struct pin *pin = pins_set(&ship->pins, &item->place);
        ship->again = item->again;
        if (pin == NULL) {
            trouble_memory(ship);
            return -1;
        }
        int result = fold_fact(ship, harvest_line(batch, batch->folded), &pin);
        pins_release(&ship->pins, pin);
        if (result != 0)
            return -1;
        batch->folded++;
    }
    ship->again = false;
    return 0;
}
