/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find: which mails of a day have a term, or stand in a slice, or in a state: the reader's side.
 *
 * A term takes two round trips, for one day as for several: the exponents in use, then every set
 * that may hold it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "idlist.h"
#include "internal.h"
#include "waybill/clock.h"

#define FIND_CURSORS_MAX                                                                           \
    100000u /* SSCAN steps of one set: more is a server that runs in circles                       \
             */
#define STATE_PAGE 20000u

/* A set that is read step by step. */
struct scan {
    unsigned day; /* place in find's days */
    bool refused;
    unsigned exponent;
    uint64_t cursor;
};

struct find {
    struct store *store;
    struct error *why;
    enum term_kind kind;
    struct slice term;
    struct place place;
    struct idlist found;
    struct find_day {
        uint32_t day;
        bool index_used[2][SPLIT_INDEX_MOST + 1]; /* [refused][exponent] */
        bool hot_used[2][SPLIT_HOT_MOST + 1];
    } days[STORE_DAYS_MAX];
    unsigned day_count;
    struct { /* behind each command */
        unsigned day;
        bool is_scan;
        struct scan scan;
    } asked[PIPELINE_COMMANDS];
    struct scan rest[PIPELINE_COMMANDS]; /* sets that were not read in one go */
    size_t rest_count;
};

_Static_assert(STORE_DAYS_MAX * 2 * (SPLIT_INDEX_MOST + 1) <= PIPELINE_COMMANDS,
               "every set of the days is asked for at once");

/* ---- the exponents ---- */

static enum got exponents_got(void *context, size_t index, const struct reply *reply)
{
    struct find *find = context;
    bool refused = index & 1, hot = index & 2;
    struct find_day *day = &find->days[index / 4];
    bool *used = hot ? day->hot_used[refused] : day->index_used[refused];
    uint64_t exponent;

    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++) {
        if (!reply_number(reply->items[i], hot ? SPLIT_HOT_MOST : SPLIT_INDEX_MOST, &exponent))
            return GOT_ODD;
        used[exponent] = true;
    }
    return GOT_FINE;
}

static int find_exponents(struct find *find)
{
    struct store *store = find->store;
    struct replies replies = {.context = find, .got = exponents_got, .missed = pipeline_miss};
    struct key key;

    for (unsigned i = 0; i < 4 * find->day_count; i++) {
        uint32_t day = find->days[i / 4].day;
        if (i & 2)
            key_hot(&key, store->prefix, day, find->kind, find->term, i & 1);
        else
            key_shards(&key, store->prefix, day, i & 1);
        PIPELINE_ADD(&store->pipeline, WORD("SMEMBERS"), key_slice(&key));
    }
    return store_run(store, &replies, "read the index", find->why);
}

/* ---- the sets ---- */

static enum got members_take(struct find *find, uint32_t day, const struct reply *members,
                             bool fingerprinted)
{
    uint64_t number;

    if (members->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < members->count; i++) {
        if (!reply_number(members->items[i], INT64_MAX, &number))
            return GOT_ODD;
        if (fingerprinted && number / ID_REF != find->place.fingerprint)
            continue;
        if (!fingerprinted && number >= ID_REF)
            return GOT_ODD;
        if (idlist_add(&find->found, id_make(day, number % ID_REF)))
            return GOT_NO_MEMORY;
    }
    return GOT_FINE;
}

static enum got sets_got(void *context, size_t index, const struct reply *reply)
{
    struct find *find = context;
    uint32_t day = find->days[find->asked[index].day].day;
    uint64_t cursor;

    if (!find->asked[index].is_scan)
        return members_take(find, day, reply, false);
    if (reply->type != REPLY_LIST || reply->count != 2 ||
        !reply_number(reply->items[0], UINT64_MAX, &cursor))
        return GOT_ODD;
    if (cursor != 0) {
        struct scan *rest = &find->rest[find->rest_count++];
        *rest = find->asked[index].scan;
        rest->cursor = cursor;
    }
    return members_take(find, day, reply->items[1], true);
}

static int sets_run(struct find *find)
{
    struct replies replies = {.context = find, .got = sets_got, .missed = pipeline_miss};

    return store_run(find->store, &replies, "read the index", find->why);
}

static void sets_scan(struct find *find, struct scan scan)
{
    struct store *store = find->store;
    size_t index = store->pipeline.count;
    char from[24], match[24];
    struct key key;

    key_shard(&key, store->prefix, find->days[scan.day].day, scan.exponent,
              find->place.shard & ((UINT32_C(1) << scan.exponent) - 1), scan.refused);
    snprintf(from, sizeof from, "%" PRIu64, scan.cursor);
    snprintf(match, sizeof match, "%" PRIu32 "????????????", find->place.fingerprint);
    find->asked[index].day = scan.day;
    find->asked[index].is_scan = true;
    find->asked[index].scan = scan;
    PIPELINE_ADD(&store->pipeline, WORD("SSCAN"), key_slice(&key), slice_of(from), WORD("MATCH"),
                 slice_of(match), WORD("COUNT"), WORD("1000"));
}

static int find_shards(struct find *find)
{
    size_t steps = 0;

    for (unsigned day = 0; day < find->day_count; day++)
        for (unsigned i = 0; i < 2 * (SPLIT_INDEX_MOST + 1); i++)
            if (find->days[day].index_used[i & 1][i / 2])
                sets_scan(find, (struct scan){.day = day, .refused = i & 1, .exponent = i / 2});
    while (find->store->pipeline.count > 0) {
        find->rest_count = 0;
        if (sets_run(find))
            return -1;
        if (++steps > FIND_CURSORS_MAX)
            return store_fail(find->store, STORE_PROTOCOL, find->why,
                              "cannot read the index: SSCAN finds no end");
        for (size_t i = 0; i < find->rest_count; i++)
            sets_scan(find, find->rest[i]);
    }
    return 0;
}

static int find_hot_parts(struct find *find, unsigned day, bool refused, unsigned exponent)
{
    struct store *store = find->store;
    uint32_t parts = UINT32_C(1) << exponent;
    struct key key;

    for (uint32_t part = 0; part < parts; part++) {
        find->asked[store->pipeline.count].day = day;
        find->asked[store->pipeline.count].is_scan = false;
        key_hot_part(&key, store->prefix, find->days[day].day, exponent, part, find->kind,
                     find->term, refused);
        PIPELINE_ADD(&store->pipeline, WORD("SMEMBERS"), key_slice(&key));
        if ((part + 1 == parts || store->pipeline.count == PIPELINE_COMMANDS) && sets_run(find))
            return -1;
    }
    return 0;
}

static int find_all(struct find *find)
{
    if (find_exponents(find) || find_shards(find))
        return -1;
    for (unsigned day = 0; day < find->day_count; day++)
        for (unsigned i = 0; i < 2 * (SPLIT_HOT_MOST + 1); i++)
            if (find->days[day].hot_used[i & 1][i / 2] && find_hot_parts(find, day, i & 1, i / 2))
                return -1;
    return 0;
}

int store_find_days(struct store *store, uint32_t last, unsigned days, enum term_kind kind,
                    struct slice term, uint64_t **ids, size_t *count, struct error *why)
{
    struct find *find = calloc(1, sizeof *find);
    char room[48];
    int result;

    *ids = NULL;
    *count = 0;
    if (!find)
        return store_fail(store, STORE_UNREACHABLE, why, "no memory to read the index");
    find->store = store;
    find->why = why;
    find->day_count = days < STORE_DAYS_MAX ? days : STORE_DAYS_MAX;
    for (unsigned i = 0; i < find->day_count; i++)
        find->days[i].day = clock_day_add(last, -(int)i);
    find->kind = kind;
    find->term = index_term(term, room);
    find->place = index_place(kind, find->term);
    result = term.size == 0 ? 0 : find_all(find);
    if (result == 0)
        idlist_give(&find->found, ids, count);
    idlist_free(&find->found);
    free(find);
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
    struct replies replies = {.context = &find, .got = slice_got, .missed = pipeline_miss};
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
    struct replies replies = {.context = find, .got = state_got, .missed = pipeline_miss};
    char first[24], last[24];

    snprintf(first, sizeof first, "%zu", from);
    snprintf(last, sizeof last, "%zu", from + STATE_PAGE - 1);
    find->got = 0;
    PIPELINE_ADD(&store->pipeline, WORD("ZREVRANGE"), key_slice(key), slice_of(first),
                 slice_of(last));
    return store_run(store, &replies, "read a status set", why);
}

int store_find_state(struct store *store, enum recipient_state state, uint32_t day, uint64_t **ids,
                     size_t *count, struct error *why)
{
    struct state_find find = {0};
    size_t from = 0;
    struct key key;
    int result;

    *ids = NULL;
    *count = 0;
    if (state == STATE_DELAYED)
        key_delayed(&key, store->prefix);
    else if (state == STATE_FAILED || state == STATE_REJECTED || state == STATE_EXPIRED)
        key_ended(&key, store->prefix, day, state);
    else
        return store_fail(store, STORE_FINE, why, "no set is kept of the state '%s'",
                          state_word(state));
    do {
        result = state_page(store, &find, &key, from, why);
        from += STATE_PAGE;
    } while (result == 0 && find.got >= STATE_PAGE);
    if (result == 0)
        idlist_give(&find.found, ids, count);
    idlist_free(&find.found);
    return result;
}
