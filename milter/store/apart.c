/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apart: what lives shorter than its record stands beside it, in a hash of its own that expires
 * as a whole; so nothing is ever rewritten because it got old.
 *
 * That there is any such hash at all stands in the set `apart`, and readers ask for what it names
 * only: who keeps everything for one time pays nothing.
 */
#include "apart.h"

#include <stdio.h>

#include "internal.h"
#include "waybill/clock.h"

static const struct {
    const char *name; /* member of the set `apart` */
    uint64_t keys;
} kinds[APART_COUNT] = {
    [APART_REPLY] = {"t", KEY_BIT(REPLY)},
    [APART_SUBJECT] = {"u", KEY_BIT(SUBJECT) | KEY_BIT(SUBJECT_HASH)},
};

/* 0: as long as the record. */
static int64_t apart_days(const struct store *store, enum apart kind, bool refused)
{
    int64_t days = kind == APART_REPLY ? store->settings->reply_retention_days
                                       : store->settings->subject_retention_days;

    return days < store_days(store, refused) ? days : 0;
}

uint64_t store_apart_keys(const struct store *store, enum apart kind, bool refused)
{
    return apart_days(store, kind, refused) != 0 ? kinds[kind].keys : 0;
}

uint64_t apart_keys(enum apart kind)
{
    return kinds[kind].keys;
}

bool apart_asked(const struct store *store, enum apart kind)
{
    return store->apart[kind] || apart_days(store, kind, false) != 0 ||
           apart_days(store, kind, true) != 0;
}

static void apart_note(struct store *store, enum apart kind)
{
    char mark[16];
    struct key key;

    snprintf(mark, sizeof mark, "apart %s", kinds[kind].name);
    if (!marks_first(&store->marks, slice_of(mark)))
        return;
    key_apart(&key, store->prefix);
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), LIFE_ENDLESS,
              slice_of(kinds[kind].name));
    store->nodes_changed = true;
}

void store_put_apart(struct store *store, unsigned node, uint64_t id, enum apart kind,
                     struct slice text, bool refused)
{
    int64_t days = apart_days(store, kind, refused);
    char field[FIELD_SIZE];
    struct key key;

    if (days == 0 || !expiry_open(id_day(id), days, clock_now()))
        return;
    apart_note(store, kind);
    key_records_apart(&key, store->prefix, id, kind, refused);
    BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key),
              ((struct life){.day = id_day(id), .days = days}),
              record_field(id, node, field), store_pack(store, text));
}

void store_drop_apart(struct store *store, unsigned node, uint64_t id, enum apart kind,
                      bool refused)
{
    char field[FIELD_SIZE];
    struct key key;

    if (!apart_asked(store, kind))
        return;
    key_records_apart(&key, store->prefix, id, kind, refused);
    BATCH_ADD(&store->writes, VERB_HDEL, key_slice(&key), LIFE_ENDLESS,
              record_field(id, node, field));
}

void apart_drop(struct store *store, unsigned node, uint64_t id, bool refused)
{
    for (unsigned kind = 0; kind < APART_COUNT; kind++)
        store_drop_apart(store, node, id, kind, refused);
}

int apart_take(struct store *store, const struct reply *members)
{
    if (members->type != REPLY_LIST)
        return -1;
    for (unsigned kind = 0; kind < APART_COUNT; kind++) {
        store->apart[kind] = false;
        for (size_t i = 0; i < members->count; i++)
            if (slice_is(members->items[i]->text, kinds[kind].name))
                store->apart[kind] = true;
    }
    return 0;
}
