/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tomb: who is forgotten.
 *
 *     tomb        key = 64 hexadecimal digits, told = ms, HASH = "until told"
 *     tomb:HASH   what was done about it, for the receipt
 *
 * An address cannot be read out of its hash, nor, without the key, be tried; who may read the key
 * may read everything else here, too. One hash, so that who reads it sees one state of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define FIELDS_MAX (STORE_TOMBS_MAX + 1000u) /* with those that two commands added at once */
#define HEX_SIZE 65

static bool hex_take(struct slice text, unsigned char *to, size_t count)
{
    if (text.size != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        int high = text_hex(text.at[2 * i]), low = text_hex(text.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

void store_tombs_free(struct store_tombs *tombs)
{
    free(tombs->list);
    *tombs = (struct store_tombs){.list = NULL};
}

static bool tomb_take(struct store_tomb *tomb, struct slice field, struct slice value)
{
    unsigned char bytes[16];
    uint64_t until;

    if (!hex_take(field, bytes, sizeof bytes) || !text_take_number(&value, &until) ||
        until > INT64_MAX || !text_take_char(&value, ' ') ||
        !text_number(value, 0, UINT64_MAX, &tomb->told))
        return false;
    text_put_hex(bytes, sizeof bytes, tomb->hash);
    tomb->until = (int64_t)until;
    return true;
}

static int tomb_order(const void *a, const void *b)
{
    return strcmp(((const struct store_tomb *)a)->hash, ((const struct store_tomb *)b)->hash);
}

/* What cannot be read was written by a later version, which knows its own. */
static enum got tombs_got(void *context, size_t index, const struct reply *reply)
{
    struct store_tombs *tombs = context;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count % 2 != 0 || reply->count / 2 > FIELDS_MAX)
        return GOT_ODD;
    store_tombs_free(tombs);
    tombs->list = calloc(reply->count / 2 + 1, sizeof *tombs->list);
    if (!tombs->list)
        return GOT_NO_MEMORY;
    for (size_t i = 0; i < reply->count; i += 2) {
        struct slice field = reply->items[i]->text, value = reply->items[i + 1]->text;

        if (slice_is(field, "key"))
            (void)hex_take(value, tombs->key, sizeof tombs->key);
        else if (slice_is(field, "told"))
            (void)text_number(value, 0, UINT64_MAX, &tombs->told);
        else if (tomb_take(&tombs->list[tombs->count], field, value))
            tombs->count++;
    }
    qsort(tombs->list, tombs->count, sizeof *tombs->list, tomb_order);
    return GOT_FINE;
}

static int tombs_put_key(struct store *store, const unsigned char bytes[static 32],
                         struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    char text[HEX_SIZE];
    struct key key;

    text_put_hex(bytes, 32, text);
    key_tombs(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HSETNX"), key_slice(&key), WORD("key"), slice_of(text));
    return store_run(store, &replies, "make the key of the forgotten", why);
}

int store_keep_tombs_key(struct store *store, const struct store_tombs *tombs, struct error *why)
{
    return tombs_put_key(store, tombs->key, why);
}

int store_get_tombs(struct store *store, struct store_tombs *tombs, bool make, struct error *why)
{
    struct replies replies = {.context = tombs, .got = tombs_got};
    unsigned char bytes[32];
    struct key key;

    digest_random(bytes, sizeof bytes);
    if (make && tombs_put_key(store, bytes, why))
        return -1;
    key_tombs(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HGETALL"), key_slice(&key));
    return store_run(store, &replies, "read who is forgotten", why);
}

static enum got told_got(void *context, size_t index, const struct reply *reply)
{
    (void)index;
    if (reply->type != REPLY_TEXT && reply->type != REPLY_NIL)
        return GOT_ODD;
    if (!text_number(reply->text, 0, UINT64_MAX, context))
        *(uint64_t *)context = 0;
    return GOT_FINE;
}

int store_tombs_told(struct store *store, uint64_t *told, struct error *why)
{
    struct replies replies = {.context = told, .got = told_got};
    struct key key;

    key_tombs(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HGET"), key_slice(&key), WORD("told"));
    return store_run(store, &replies, "ask who is forgotten", why);
}

void store_tomb_hash(const struct store_tombs *tombs, struct slice canonical,
                     char hash[static TOMB_HASH_SIZE])
{
    unsigned char bytes[32];

    digest_hmac(tombs->key, sizeof tombs->key, canonical.at, canonical.size, bytes);
    text_put_hex(bytes, (TOMB_HASH_SIZE - 1) / 2, hash);
}

const struct store_tomb *store_tombs_find(const struct store_tombs *tombs, const char *hash)
{
    struct store_tomb wanted;

    if (tombs->count == 0)
        return NULL;
    slice_copy(slice_of(hash), wanted.hash, sizeof wanted.hash);
    return bsearch(&wanted, tombs->list, tombs->count, sizeof wanted, tomb_order);
}

/* ---- writing ---- */

void store_put_tomb(struct store *store, const struct store_tomb *tomb)
{
    char value[64], told[24];
    struct key key;

    snprintf(value, sizeof value, "%" PRId64 " %" PRIu64, tomb->until, tomb->told);
    snprintf(told, sizeof told, "%" PRIu64, tomb->told);
    key_tombs(&key, store->prefix);
    BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), LIFE_ENDLESS, slice_of(tomb->hash),
              slice_of(value), WORD("told"), slice_of(told));
}

void store_note_tomb(struct store *store, const char *hash, const char *field, const char *value)
{
    struct key key;

    key_tomb(&key, store->prefix, hash);
    BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), LIFE_ENDLESS, slice_of(field),
              slice_of(value));
}

struct notes_seen {
    void (*seen)(void *context, struct slice field, struct slice value);
    void *context;
};

static enum got notes_got(void *context, size_t index, const struct reply *reply)
{
    struct notes_seen *notes = context;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count % 2 != 0)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i += 2)
        notes->seen(notes->context, reply->items[i]->text, reply->items[i + 1]->text);
    return GOT_FINE;
}

int store_get_tomb_notes(struct store *store, const char *hash,
                         void (*seen)(void *context, struct slice field, struct slice value),
                         void *context, struct error *why)
{
    struct notes_seen notes = {seen, context};
    struct replies replies = {.context = &notes, .got = notes_got};
    struct key key;

    key_tomb(&key, store->prefix, hash);
    PIPELINE_ADD(&store->pipeline, WORD("HGETALL"), key_slice(&key));
    return store_run(store, &replies, "read what was done about the forgotten", why);
}
