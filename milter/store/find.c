/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find: which mails of some days have a term, or stand in a slice, or are delayed: all of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "idlist.h"
#include "internal.h"
#include "walk.h"
#include "waybill/clock.h"

#define STATE_PAGE 20000u

/* ---- a term ---- */

static int ids_append(uint64_t **ids, size_t *count, uint64_t *more, size_t more_count)
{
    uint64_t *larger = reallocarray(*ids, *count + more_count, sizeof **ids);

    if (larger) {
        memcpy(larger + *count, more, more_count * sizeof *more);
        *ids = larger;
        *count += more_count;
    }
    free(more);
    return larger ? 0 : -1;
}

static int walk_to_end(struct store_walk *walk, struct store *store, uint64_t **ids, size_t *count,
                       struct error *why)
{
    uint64_t *more;
    size_t more_count;
    int result;

    while ((result = store_walk_next(walk, &more, &more_count, why)) > 0) {
        if (*count + more_count > IDLIST_MAX)
            free(more);
        else if (ids_append(ids, count, more, more_count) == 0)
            continue;
        return store_fail(store, STORE_UNREACHABLE, why, "no memory to read the index");
    }
    return result;
}

int store_find_days(struct store *store, uint32_t last, unsigned days, enum term_kind kind,
                    struct slice term, uint64_t **ids, size_t *count, struct error *why)
{
    const struct store_term of = {kind, term};
    struct store_walk *walk;
    int result;

    *ids = NULL;
    *count = 0;
    if (days == 0)
        return 0;
    days = days < STORE_DAYS_MAX ? days : STORE_DAYS_MAX;
    if (walk_days(&walk, store, &of, clock_day_add(last, 1 - (int)days), last, why))
        return -1;
    result = walk_to_end(walk, store, ids, count, why);
    store_walk_close(&walk);
    if (result) {
        free(*ids);
        *ids = NULL;
        *count = 0;
    }
    return result;
}

int store_find_term(struct store *store, uint32_t day, enum term_kind kind, struct slice term,
                    uint64_t **ids, size_t *count, struct error *why)
{
    return store_find_days(store, day, 1, kind, term, ids, count, why);
}

/* ---- a slice of time ---- */

struct slice_find {
    uint32_t day;
    struct idlist found;
};

/* A field of a bucket: 12 digits, or these and "+NN". */
static bool field_ref(struct slice field, uint64_t *ref)
{
    struct slice digits = slice_make(field.at, 12), rest;
    uint64_t node;

    if (field.size != 12 && (field.size != 15 || field.at[12] != '+'))
        return false;
    rest = slice_make(field.at + 13, field.size == 15 ? 2 : 0);
    return text_number(digits, 0, ID_REF - 1, ref) &&
           (field.size == 12 || text_number(rest, 0, ID_NODES - 1, &node));
}

static enum got slice_got(void *context, size_t index, const struct reply *reply)
{
    struct slice_find *find = context;
    uint64_t ref;

    (void)index;
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++) {
        if (reply->items[i]->type != REPLY_TEXT)
            return GOT_ODD;
        if (!field_ref(reply->items[i]->text, &ref))
            continue; /* not ours; there is nothing that it could answer */
        if (idlist_add(&find->found, id_make(find->day, ref)))
            return GOT_NO_MEMORY;
    }
    return GOT_FINE;
}

int store_find_slice(struct store *store, int64_t at, bool refused, uint64_t **ids, size_t *count,
                     struct error *why)
{
    struct slice_find find = {0};
    struct replies replies = {.context = &find, .got = slice_got};
    uint32_t second;
    struct key key;
    int result;

    *ids = NULL;
    *count = 0;
    if (store_know_nodes(store, why))
        return -1;
    find.day = clock_day(at, &second);
    for (unsigned node = 0; node < ID_NODES; node++) {
        if (!store->nodes[node])
            continue;
        key_records_of(&key, store->prefix, find.day, second / 600, node, refused);
        PIPELINE_ADD(&store->pipeline, WORD("HKEYS"), key_slice(&key));
    }
    result = store_run(store, &replies, "read a slice of records", why);
    if (result == 0)
        idlist_give(&find.found, ids, count);
    idlist_free(&find.found);
    return result;
}

/* ---- a state ---- */

struct state_find {
    struct idlist found;
    size_t got; /* members of this page */
};

static enum got state_got(void *context, size_t index, const struct reply *reply)
{
    struct state_find *find = context;

    (void)index;
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    find->got = reply->count;
    for (size_t i = 0; i < reply->count; i++) {
        struct slice member = reply->items[i]->text;
        uint64_t id;

        if (reply->items[i]->type != REPLY_TEXT)
            return GOT_ODD;
        if (!text_take_number(&member, &id) || !text_take_char(&member, ':') || !id_valid(id))
            continue;
        if (idlist_add(&find->found, id))
            return GOT_NO_MEMORY;
    }
    return GOT_FINE;
}

static int state_page(struct store *store, struct state_find *find, const struct key *key,
                      size_t from, struct error *why)
{
    struct replies replies = {.context = find, .got = state_got};
    char first[24], last[24];

    snprintf(first, sizeof first, "%zu", from);
    snprintf(last, sizeof last, "%zu", from + STATE_PAGE - 1);
    find->got = 0;
    PIPELINE_ADD(&store->pipeline, WORD("ZREVRANGE"), key_slice(key), slice_of(first),
                 slice_of(last));
    return store_run(store, &replies, "read what is delayed", why);
}

int store_find_delayed(struct store *store, uint64_t **ids, size_t *count, struct error *why)
{
    struct state_find find = {0};
    size_t from = 0;
    struct key key;
    int result;

    *ids = NULL;
    *count = 0;
    key_delayed(&key, store->prefix);
    do {
        result = state_page(store, &find, &key, from, why);
        from += STATE_PAGE;
    } while (result == 0 && find.got >= STATE_PAGE);
    if (result == 0)
        idlist_give(&find.found, ids, count);
    idlist_free(&find.found);
    return result;
}
