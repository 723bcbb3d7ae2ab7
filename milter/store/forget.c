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

bool store_value_term(const struct fact *fact, enum fact_key key, enum term_kind *kind,
                      char term[static TERM_MAX], size_t *size)
{
    static const struct {
        enum fact_key key;
        enum term_kind kind;
        bool address;
    } terms[] = {{KEY_TO, TERM_RECIPIENT, true},          {KEY_ORIGINAL, TERM_RECIPIENT, true},
                 {KEY_FROM, TERM_SENDER, true},           {KEY_MESSAGE_ID, TERM_MESSAGE_ID, false},
                 {KEY_LOGIN, TERM_LOGIN, false},          {KEY_IP, TERM_CLIENT_IP, false}};

    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
        if (terms[i].key == key) {
            *kind = terms[i].kind;
            *size = terms[i].address ? address_normal(fact->value[key], term)
                                     : term_fold(fact->value[key], term);
            return *size > 0;
        }
    return false;
}

/* The domain's postings stay: they name no person, and other recipients may need them. */
void store_forget_value(struct store *store, uint64_t id, const struct fact *fact,
                        enum fact_key key)
{
    char term[TERM_MAX];
    enum term_kind kind;
    size_t size;

    if (key == KEY_TO)
        store_mark_state(store, id, recipient_hash(fact->value[key]), STATE_ACCEPTED, fact->time);
    if (store_value_term(fact, key, &kind, term, &size))
        store_unpost_term(store, id, kind, slice_make(term, size));
}
