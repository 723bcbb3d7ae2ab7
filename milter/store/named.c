/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * named: keys whose name holds a term: the parts of one with many mails, and the list of its parts.
 *
 * How the term was spelled is known while the value that led to it stands in a record. So what a
 * value leaves behind is dropped at once (store_drop_hot), and at the end all such keys are looked
 * at by their names (store_drop_named): of a mail that moved to another id, or of one whose words
 * went in a run that was killed, nobody could say the term any more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/id.h"

/* One term of one day. */
struct named {
    uint32_t day;
    enum term_kind kind;
    struct slice term;
    bool refused;
};

struct parts {
    uint64_t *list;
    size_t count;
    bool *empty; /* which of them have no member */
};

static void parts_free(struct parts *parts)
{
    free(parts->list);
    free(parts->empty);
    *parts = (struct parts){.list = NULL};
}

static enum got parts_got(void *context, size_t index, const struct reply *reply)
{
    struct parts *parts = context;
    uint64_t number;

    (void)index;
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    parts_free(parts);
    parts->list = calloc(reply->count + 1, sizeof *parts->list);
    parts->empty = calloc(reply->count + 1, sizeof *parts->empty);
    if (!parts->list || !parts->empty)
        return GOT_NO_MEMORY;
    for (size_t i = 0; i < reply->count; i++)
        if (reply_number(reply->items[i], ID_REF, &number))
            parts->list[parts->count++] = number;
    return GOT_FINE;
}

/* The members of a set of numbers. */
static int set_read(struct store *store, const struct key *key, struct parts *parts,
                    struct error *why)
{
    struct replies replies = {.context = parts, .got = parts_got, .refused = pipeline_foreign};

    PIPELINE_ADD(&store->pipeline, WORD("SMEMBERS"), key_slice(key));
    return store_run(store, &replies, "look at a term", why);
}

static int change(struct store *store, struct error *why)
{
    struct replies replies = {.got = pipeline_number, .refused = pipeline_foreign};

    return store->pipeline.count == 0 ? 0 : store_run(store, &replies, "drop a term", why);
}

/* ---- the list of the parts ---- */

struct asking {
    struct parts *parts;
    size_t from;
};

static enum got members_got(void *context, size_t index, const struct reply *reply)
{
    const struct asking *asking = context;

    if (reply->type != REPLY_NUMBER || reply->number < 0)
        return GOT_ODD;
    asking->parts->empty[asking->from + index] = reply->number == 0;
    return GOT_FINE;
}

static int count_members(struct store *store, const struct named *named, struct parts *parts,
                         struct error *why)
{
    for (size_t i = 0; i < parts->count;) {
        struct asking asking = {parts, i};
        struct replies replies = {
            .context = &asking, .got = members_got, .refused = pipeline_foreign};
        struct key key;

        for (; i < parts->count && i < asking.from + PIPELINE_COMMANDS; i++) {
            key_hot_part(&key, store->prefix, named->day, (uint32_t)parts->list[i], named->kind,
                         named->term, named->refused);
            PIPELINE_ADD(&store->pipeline, WORD("SCARD"), key_slice(&key));
        }
        if (store_run(store, &replies, "look at the parts of a term", why))
            return -1;
    }
    return 0;
}

/* The empty ones go, or come back; the list goes with its last one. */
static int list_change(struct store *store, const struct key *key, const char *verb,
                       const struct parts *parts, bool empty, struct error *why)
{
    for (size_t i = 0; i < parts->count; i++) {
        char number[TEXT_DIGITS_MAX];

        if (parts->empty[i] != empty)
            continue;
        PIPELINE_ADD(&store->pipeline, slice_of(verb), key_slice(key),
                     slice_make(number, text_digits(parts->list[i], number)));
        if (store->pipeline.count == PIPELINE_COMMANDS && change(store, why))
            return -1;
    }
    return change(store, why);
}

static int list_end(struct store *store, const struct named *named, const struct key *key,
                    struct error *why)
{
    char second[TEXT_DIGITS_MAX];
    int64_t ends = expiry_of(key_slice(key), named->day, store_days(store, named->refused));

    PIPELINE_ADD(&store->pipeline, WORD("EXPIREAT"), key_slice(key),
                 slice_make(second, text_digits((uint64_t)ends, second)));
    return change(store, why);
}

/* A mail of today may fill a part while it is dropped: whoever fills it names it but once, so we
 * look again. */
static int list_drop(struct store *store, const struct named *named, struct parts *parts,
                     struct error *why)
{
    struct parts gone = {.list = NULL};
    struct key key;
    int result;

    key_hot(&key, store->prefix, named->day, named->kind, named->term, named->refused);
    if (set_read(store, &key, parts, why))
        return -1;
    if (parts->count == 0)
        return 0;
    if (count_members(store, named, parts, why) ||
        list_change(store, &key, "SREM", parts, true, why))
        return -1;
    gone.list = calloc(parts->count, sizeof *gone.list);
    gone.empty = calloc(parts->count, sizeof *gone.empty);
    if (!gone.list || !gone.empty)
        result = error_set(why, "no memory for the parts of a term");
    else {
        for (size_t i = 0; i < parts->count; i++)
            if (parts->empty[i])
                gone.list[gone.count++] = parts->list[i];
        result = count_members(store, named, &gone, why);
        if (result == 0)
            result = list_change(store, &key, "SADD", &gone, false, why);
        if (result == 0) /* it may have gone meanwhile, and its end with it */
            result = list_end(store, named, &key, why);
    }
    parts_free(&gone);
    return result;
}

static int named_drop(struct store *store, const struct named *named, struct error *why)
{
    struct parts parts = {.list = NULL};
    int result = list_drop(store, named, &parts, why);

    parts_free(&parts);
    return result;
}

int store_drop_hot(struct store *store, uint32_t day, enum term_kind kind, struct slice term,
                   struct error *why)
{
    char room[48];
    struct named named = {.day = day, .kind = kind, .term = index_term(term, room)};

    for (int refused = 0; refused < 2 && named.term.size > 0; refused++) {
        named.refused = refused == 1;
        if (named_drop(store, &named, why))
            return -1;
    }
    return 0;
}

/* ---- by the names of all of them ---- */

struct dropping {
    struct store *store;
    int64_t until;
    bool (*names)(void *context, struct slice term);
    void *context;
};

/* "PREFIX h:YYMMDD:KIND:TERM" or "PREFIX hp:YYMMDD:PART:KIND:TERM" */
static bool key_read(const struct store *store, struct slice key, struct named *named,
                     uint64_t *part)
{
    uint64_t day;

    *named = (struct named){.day = 0};
    *part = 0;
    if (!text_take(&key, store->prefix))
        return false;
    named->refused = text_take(&key, "r");
    if (!text_take(&key, "h"))
        return false;
    bool is_part = text_take(&key, "p");
    if (!text_take_char(&key, ':') || !text_take_number(&key, &day) || day > 999999 ||
        !text_take_char(&key, ':') ||
        (is_part && (!text_take_number(&key, part) || *part == 0 || *part > UINT32_MAX ||
                     !text_take_char(&key, ':'))) ||
        key.size < 2 || key.at[1] != ':')
        return false;
    named->day = (uint32_t)day;
    named->kind = (enum term_kind)key.at[0];
    named->term = slice_make(key.at + 2, key.size - 2);
    return true;
}

/* Mails that came until then were gone over, so they do not name him any more. */
static int part_empty(const struct dropping *dropping, const struct named *named, uint32_t part,
                      struct error *why)
{
    struct parts refs = {.list = NULL};
    struct key key;
    int result;

    key_hot_part(&key, dropping->store->prefix, named->day, part, named->kind, named->term,
                 named->refused);
    result = set_read(dropping->store, &key, &refs, why);
    for (size_t i = 0; i < refs.count; i++)
        refs.empty[i] = refs.list[i] < ID_REF &&
                        id_time(id_make(named->day, refs.list[i])) <= dropping->until;
    if (result == 0)
        result = list_change(dropping->store, &key, "SREM", &refs, true, why);
    parts_free(&refs);
    return result;
}

static int parts_empty(const struct dropping *dropping, const struct named *named,
                       struct error *why)
{
    struct parts parts = {.list = NULL};
    struct key key;
    int result;

    key_hot(&key, dropping->store->prefix, named->day, named->kind, named->term, named->refused);
    result = set_read(dropping->store, &key, &parts, why);
    for (size_t i = 0; i < parts.count && result == 0; i++)
        result = part_empty(dropping, named, (uint32_t)parts.list[i], why);
    parts_free(&parts);
    return result;
}

/* A login or a client without a mail is dropped whomever it names: which were his nobody knows any
 * more. */
static int key_seen(void *context, struct slice key, struct error *why)
{
    const struct dropping *dropping = context;
    struct named named;
    uint64_t part;
    bool his;

    if (!key_read(dropping->store, key, &named, &part))
        return 0;
    his = dropping->names(dropping->context, named.term);
    if (part != 0)
        return his ? part_empty(dropping, &named, (uint32_t)part, why) : 0;
    if (his && parts_empty(dropping, &named, why))
        return -1;
    return his || named.kind == TERM_LOGIN || named.kind == TERM_CLIENT_IP
               ? named_drop(dropping->store, &named, why)
               : 0;
}

int store_drop_named(struct store *store, int64_t until,
                     bool (*names)(void *context, struct slice term), void *context,
                     struct error *why)
{
    struct dropping dropping = {store, until, names, context};
    static const char *const families[] = {"h", "rh"};

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        char begin[KEY_PREFIX_MAX + 8];

        snprintf(begin, sizeof begin, "%s%s", store->prefix, families[i]);
        if (store_each_key(store, begin, key_seen, &dropping, why))
            return -1;
    }
    return 0;
}
