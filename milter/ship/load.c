/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: makes waybills live that the store has. Many at a time, since a round trip costs more
 * than a record.
 */
#include "room.h"

#include <stdlib.h>

#include "waybill/clock.h"
#include "waybill/id.h"

#define SEE_HOPS 4 /* from one id to the other; more is a circle */

struct load {
    struct ship *ship;
    bool make, failed;
};

static int load_take(struct ship *ship, struct entry *entry, const struct record *record)
{
    struct error why;
    if (record_merge(&entry->own, record, &why) < 0 || forget_entry(ship, entry) != 0 ||
        entry_review(entry) != 0)
        return -1;
    entry->loaded = true;
    return tell_recall(ship, entry);
}

static void load_found(void *context, uint64_t id, const struct record *record, const char *why_not)
{
    struct load *load = context;
    struct ship *ship = load->ship;
    bool there = why_not != NULL || record->count > 0 || record->see != 0;
    if (live_find(&ship->live, id) != NULL || (!there && !load->make))
        return;
    struct entry *entry = live_make(&ship->live, id, clock_monotonic());
    if (entry == NULL) {
        load->failed = true;
        return;
    }
    if (why_not != NULL) {
        entry->broken = true;
        log_trouble_on(&ship->trouble.record,
                       "cannot read the record of a waybill: %s; what is "
                       "new of it is left out, so that the record stays as it is",
                       why_not);
    } else if (there && load_take(ship, entry, record) != 0) {
        /* Half a record must not be written back. */
        entry->broken = true;
        load->failed = true;
    }
    live_index(&ship->live, entry);
    entry->learned = false;
    live_touch(&ship->live, entry, entry->touched);
}

int load_entries(struct ship *ship, const uint64_t *ids, size_t count, bool make)
{
    struct load load = {.ship = ship, .make = make};
    if (count == 0)
        return 0;
    if (store_get_records(ship->store, ids, count, load_found, &load, &ship->trouble.why) != 0)
        return -1;
    ship->reached = true;
    if (load.failed)
        trouble_memory(ship);
    return load.failed ? -1 : 0;
}

static int load_follow(struct ship *ship, uint64_t id, bool make, struct entry **found)
{
    *found = NULL;
    for (int hop = 0; hop < SEE_HOPS; hop++) {
        struct entry *entry = live_find(&ship->live, id);
        if (entry == NULL && load_entries(ship, &id, 1, make) != 0)
            return -1;
        if (entry == NULL)
            entry = live_find(&ship->live, id);
        *found = entry;
        if (entry == NULL || entry->see == 0)
            break;
        id = entry->see;
    }
    return 0;
}

int load_entry(struct ship *ship, uint64_t id, struct entry **found)
{
    return load_follow(ship, id, true, found) == 0 && *found != NULL ? 0 : -1;
}

/* One that was asked for before, or is new, may be live without a fact. */
int load_known(struct ship *ship, uint64_t id, struct entry **found)
{
    if (load_follow(ship, id, false, found) != 0)
        return -1;
    if (*found != NULL && entry_record(*found)->count == 0)
        *found = NULL;
    return 0;
}

/* ---- what other nodes wrote ---- */

static struct record *record_copy(const struct record *record)
{
    struct record *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return NULL;
    record_init(copy, record->id);
    if (record_merge(copy, record, NULL) >= 0)
        return copy;
    record_clear(copy);
    free(copy);
    return NULL;
}

static void news_found(void *context, uint64_t id, const struct record *record, const char *why_not)
{
    struct load *load = context;
    struct entry *entry = live_find(&load->ship->live, id);
    if (entry == NULL || why_not != NULL)
        return;
    entry->synced = clock_monotonic();
    if (entry->see == 0 && record->see != 0)
        entry->see = record->see;
    struct record *all = entry->all != NULL ? entry->all : record_copy(&entry->own);
    int more = all != NULL ? record_merge(all, record, NULL) : -1;
    if (all == NULL || more < 0) {
        load->failed = load->failed || all == NULL;
        if (all != entry->all) {
            record_clear(all);
            free(all);
        }
        return;
    }
    if (entry->all == NULL && all->count == entry->own.count) {
        record_clear(all);
        free(all);
        return;
    }
    entry->all = all;
    if (entry_review(entry) != 0)
        load->failed = true;
    live_touch(&load->ship->live, entry, entry->touched);
}

/* Another node says that this mail stands under another id: what we know goes there. */
static int news_follow(struct ship *ship, struct entry *entry)
{
    struct entry *target;
    if (load_entry(ship, entry->see, &target) != 0)
        return -1;
    return target != entry && target->see == 0 ? twin_move(ship, entry, target) : 0;
}

int load_others(struct ship *ship, const uint64_t *ids, size_t count)
{
    struct load load = {.ship = ship};
    if (count > 0 &&
        store_get_records(ship->store, ids, count, news_found, &load, &ship->trouble.why) != 0)
        return -1;
    if (load.failed)
        trouble_memory(ship);
    return load.failed ? -1 : 0;
}

int load_news(struct ship *ship)
{
    uint64_t ids[256];
    struct load load = {.ship = ship};
    int64_t before = clock_monotonic() - REFRESH_MS;
    size_t count = 0;
    struct list *dirty = &ship->live.list[ENTRY_DIRTY];
    for (struct entry *entry = dirty->first; entry != NULL; entry = entry->next) {
        if (entry->synced > before || (!entry->in_normal && !entry->in_refused))
            continue;
        ids[count++] = entry->id;
        if (count < sizeof ids / sizeof *ids && entry->next != NULL)
            continue;
        if (store_get_records(ship->store, ids, count, news_found, &load, &ship->trouble.why) != 0)
            return -1;
        count = 0;
    }
    if (count > 0 &&
        store_get_records(ship->store, ids, count, news_found, &load, &ship->trouble.why) != 0)
        return -1;
    for (struct entry *entry = dirty->first, *next; entry != NULL && !load.failed; entry = next) {
        next = entry->next;
        if (entry->see != 0 && entry->own.see == 0 && news_follow(ship, entry) != 0)
            return -1;
    }
    if (load.failed)
        trouble_memory(ship);
    return load.failed ? -1 : 0;
}
