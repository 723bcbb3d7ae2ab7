/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: the ways by which a record is found, when it is not to be found by them any more.
 *
 * A posting may stand in the shard of any K, or in any part of the day of a hot term; SREM of what
 * is not there costs less than asking which there are, and cannot miss one that is written
 * meanwhile.
 */
#include "waybill/forget.h"

#include <inttypes.h>
#include <stdio.h>

#include "internal.h"
#include "waybill/address.h"

/* ---- postings ---- */

static void unpost(struct store *store, uint64_t id, enum term_kind kind, struct slice term,
                   bool refused)
{
    struct place place = index_place(kind, term);
    uint64_t ref = id_ref(id);
    char member[24];
    struct key key;

    snprintf(member, sizeof member, "%" PRIu64, place.fingerprint * ID_REF + ref);
    for (unsigned k = SPLIT_LEAST; k <= SPLIT_MOST; k++) {
        key_shard(&key, store->prefix, id_day(id), k, place.shard & ((UINT32_C(1) << k) - 1),
                  refused);
        BATCH_ADD(&store->writes, VERB_SREM, key_slice(&key), LIFE_ENDLESS, slice_of(member));
    }
    snprintf(member, sizeof member, "%" PRIu64, ref);
    for (unsigned level = 0; level <= PART_MOST; level++) {
        key_hot_part(&key, store->prefix, id_day(id), part_of(ref, level), kind, term, refused);
        BATCH_ADD(&store->writes, VERB_SREM, key_slice(&key), LIFE_ENDLESS, slice_of(member));
    }
}

void store_unpost_term(struct store *store, uint64_t id, enum term_kind kind, struct slice term)
{
    char room[48];
    struct slice kept = index_term(term, room);

    if (kept.size == 0)
        return;
    unpost(store, id, kind, kept, false);
    unpost(store, id, kind, kept, true);
}

static void unpost_address(struct store *store, uint64_t id, enum term_kind kind,
                           struct slice address)
{
    char normal[ADDRESS_MAX];

    store_unpost_term(store, id, kind, slice_make(normal, address_normal(address, normal)));
}

static void unpost_word(struct store *store, uint64_t id, enum term_kind kind, struct slice word)
{
    char term[TERM_MAX];

    store_unpost_term(store, id, kind, slice_make(term, term_fold(word, term)));
}

/* The domain's postings stay: they name no person, and other recipients may need them. */
void store_forget_value(struct store *store, uint64_t id, const struct fact *fact,
                        enum fact_key key)
{
    struct slice value = fact->value[key];

    switch (key) {
    case KEY_TO:
        store_mark_state(store, id, recipient_hash(value), STATE_ACCEPTED, fact->time);
        unpost_address(store, id, TERM_RECIPIENT, value);
        break;
    case KEY_ORIGINAL:
        unpost_address(store, id, TERM_RECIPIENT, value);
        break;
    case KEY_FROM:
        unpost_address(store, id, TERM_SENDER, value);
        break;
    case KEY_MESSAGE_ID:
        unpost_word(store, id, TERM_MESSAGE_ID, value);
        break;
    case KEY_LOGIN:
        unpost_word(store, id, TERM_LOGIN, value);
        break;
    case KEY_IP:
        unpost_word(store, id, TERM_CLIENT_IP, value);
        break;
    default:
        break;
    }
}

/* ---- keys whose name holds the term ---- */

struct hot {
    uint32_t parts[PIPELINE_COMMANDS];
    size_t count;
    bool more; /* parts than these: it is no term of one person */
    uint64_t members;
};

static enum got parts_got(void *context, size_t index, const struct reply *reply)
{
    struct hot *hot = context;
    uint64_t part;

    (void)index;
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    hot->more = reply->count > PIPELINE_COMMANDS;
    for (size_t i = 0; i < reply->count && !hot->more; i++)
        if (reply_number(reply->items[i], UINT32_MAX, &part))
            hot->parts[hot->count++] = (uint32_t)part;
    return GOT_FINE;
}

static enum got members_got(void *context, size_t index, const struct reply *reply)
{
    (void)index;
    if (reply->type != REPLY_NUMBER || reply->number < 0)
        return GOT_ODD;
    ((struct hot *)context)->members += (uint64_t)reply->number;
    return GOT_FINE;
}

static enum got unlinked_got(void *context, size_t index, const struct reply *reply)
{
    (void)context, (void)index;
    return reply->type == REPLY_NUMBER ? GOT_FINE : GOT_ODD;
}

static int count_members(struct store *store, uint32_t day, enum term_kind kind, struct slice term,
                         bool refused, struct hot *hot, struct error *why)
{
    struct replies replies = {.context = hot, .got = members_got};
    struct key key;

    for (size_t i = 0; i < hot->count; i++) {
        key_hot_part(&key, store->prefix, day, hot->parts[i], kind, term, refused);
        PIPELINE_ADD(&store->pipeline, WORD("SCARD"), key_slice(&key));
    }
    return store_run(store, &replies, "look at the parts of a term", why);
}

static int drop_hot(struct store *store, uint32_t day, enum term_kind kind, struct slice term,
                    bool refused, struct error *why)
{
    struct replies replies = {.got = parts_got}, unlinked = {.got = unlinked_got};
    struct hot hot = {0};
    struct key key;

    replies.context = &hot;
    key_hot(&key, store->prefix, day, kind, term, refused);
    PIPELINE_ADD(&store->pipeline, WORD("SMEMBERS"), key_slice(&key));
    if (store_run(store, &replies, "look at a term", why))
        return -1;
    if (hot.count == 0 || hot.more)
        return 0;
    if (count_members(store, day, kind, term, refused, &hot, why))
        return -1;
    if (hot.members > 0)
        return 0;
    PIPELINE_ADD(&store->pipeline, WORD("UNLINK"), key_slice(&key));
    return store_run(store, &unlinked, "drop a term", why);
}

int store_drop_hot(struct store *store, uint32_t day, enum term_kind kind, struct slice term,
                   struct error *why)
{
    char room[48];
    struct slice kept = index_term(term, room);

    return drop_hot(store, day, kind, kept, false, why) ||
                   drop_hot(store, day, kind, kept, true, why)
               ? -1
               : 0;
}
