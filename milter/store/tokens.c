/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokens: see tokens.h.
 *
 *     tokens        NAME = HASH
 *     token:HASH    name= role= domains= addresses= logins= subjects= created= expires=
 *
 * The name comes first and goes last, so that there is never a token that no list shows.
 */
#include "waybill/tokens.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"

#define TOKENS_MAX 10000u

/* ---- reading ---- */

struct token_reading {
    store_token_seen *seen;
    void *context;
    bool found;
};

static void take_value(struct store_token *token, struct slice field, struct slice value)
{
    const struct {
        const char *field;
        struct slice *value;
    } words[] = {{"name", &token->name},
                 {"role", &token->role},
                 {"domains", &token->domains},
                 {"addresses", &token->addresses},
                 {"logins", &token->logins}};
    uint64_t number = 0;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_is(field, words[i].field))
            *words[i].value = value;
    if (slice_is(field, "subjects"))
        token->subjects = slice_is(value, "1");
    if (slice_is(field, "created") && text_number(value, 0, INT64_MAX, &number))
        token->created = (int64_t)number;
    if (slice_is(field, "expires") && text_number(value, 0, INT64_MAX, &number))
        token->expires = (int64_t)number;
}

static enum got token_got(void *context, size_t index, const struct reply *reply)
{
    struct token_reading *reading = context;
    struct store_token token = {.expires = 0};

    (void)index;
    if (reply->type != REPLY_LIST || reply->count % 2 != 0)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i += 2)
        take_value(&token, reply->items[i]->text, reply->items[i + 1]->text);
    /* One without an end was not written by us, or only in part. */
    if (token.name.size == 0 || token.role.size == 0 || token.expires == 0)
        return GOT_FINE;
    reading->found = true;
    if (reading->seen != NULL)
        reading->seen(reading->context, &token);
    return GOT_FINE;
}

int store_get_token(struct store *store, const char *hash, store_token_seen *seen, void *context,
                    struct error *why)
{
    struct token_reading reading = {seen, context, false};
    struct replies replies = {.context = &reading, .got = token_got};
    struct key key;

    key_token(&key, store->prefix, slice_of(hash));
    PIPELINE_ADD(&store->pipeline, WORD("HGETALL"), key_slice(&key));
    if (store_run(store, &replies, "read a token", why))
        return -1;
    return reading.found ? 1 : 0;
}

/* ---- names ---- */

static enum got hash_got(void *context, size_t index, const struct reply *reply)
{
    (void)index;
    if (reply->type != REPLY_LIST || reply->count != 1)
        return GOT_ODD;
    slice_copy(reply->items[0]->text, context, STORE_TOKEN_HASH_ROOM);
    return GOT_FINE;
}

int store_find_token(struct store *store, struct slice name,
                     char hash[static STORE_TOKEN_HASH_ROOM], struct error *why)
{
    struct replies replies = {.context = hash, .got = hash_got};
    struct key key;

    hash[0] = '\0';
    key_tokens(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HMGET"), key_slice(&key), name);
    if (store_run(store, &replies, "look for the token of a name", why))
        return -1;
    return hash[0] != '\0' ? 1 : 0;
}

static enum got number_got(void *context, size_t index, const struct reply *reply)
{
    (void)index;
    if (reply->type != REPLY_NUMBER)
        return GOT_ODD;
    *(int64_t *)context = reply->number;
    return GOT_FINE;
}

static int drop_name(struct store *store, struct slice name, struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    struct key key;

    key_tokens(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HDEL"), key_slice(&key), name);
    return store_run(store, &replies, "take a token's name away", why);
}

/* 1: it is ours now; 0: somebody has it; -1. */
static int take_name(struct store *store, struct slice name, const char *hash, struct error *why)
{
    int64_t taken = 0;
    struct replies replies = {.context = &taken, .got = number_got};
    char before[STORE_TOKEN_HASH_ROOM];
    struct key key;
    int named = store_find_token(store, name, before, why);
    int there = named > 0 ? store_get_token(store, before, NULL, NULL, why) : named;

    if (there != 0)
        return there < 0 ? -1 : 0;
    if (named > 0 && drop_name(store, name, why)) /* its token has ended */
        return -1;
    key_tokens(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HSETNX"), key_slice(&key), name, slice_of(hash));
    if (store_run(store, &replies, "give a token its name", why))
        return -1;
    return taken == 1 ? 1 : 0;
}

int store_put_token(struct store *store, const char *hash, const struct store_token *token,
                    struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    char created[24], expires[24], end[24];
    struct key key;
    int result = take_name(store, token->name, hash, why);

    if (result <= 0)
        return result;
    snprintf(created, sizeof created, "%" PRId64, token->created);
    snprintf(expires, sizeof expires, "%" PRId64, token->expires);
    snprintf(end, sizeof end, "%" PRId64, token->expires / SECOND_MS);
    key_token(&key, store->prefix, slice_of(hash));
    PIPELINE_ADD(&store->pipeline, WORD("HSET"), key_slice(&key), WORD("name"), token->name,
                 WORD("role"), token->role, WORD("domains"), token->domains, WORD("addresses"),
                 token->addresses, WORD("logins"), token->logins, WORD("subjects"),
                 token->subjects ? WORD("1") : WORD("0"), WORD("created"), slice_of(created),
                 WORD("expires"), slice_of(expires));
    PIPELINE_ADD(&store->pipeline, WORD("EXPIREAT"), key_slice(&key), slice_of(end));
    return store_run(store, &replies, "write a token", why) == 0 ? 1 : -1;
}

int store_drop_token(struct store *store, struct slice name, struct error *why)
{
    int64_t number;
    struct replies replies = {.context = &number, .got = number_got};
    char hash[STORE_TOKEN_HASH_ROOM];
    struct key key;
    int named = store_find_token(store, name, hash, why);

    if (named <= 0)
        return named;
    key_token(&key, store->prefix, slice_of(hash));
    /* All that store_put_token wrote: an empty hash is no key, and no more rights are needed. */
    PIPELINE_ADD(&store->pipeline, WORD("HDEL"), key_slice(&key), WORD("name"), WORD("role"),
                 WORD("domains"), WORD("addresses"), WORD("logins"), WORD("subjects"),
                 WORD("created"), WORD("expires"));
    if (store_run(store, &replies, "take a token away", why) || drop_name(store, name, why))
        return -1;
    return number > 0 ? 1 : 0;
}

/* ---- all of them ---- */

static enum got names_got(void *context, size_t index, const struct reply *reply)
{
    struct buffer *names = context; /* NAME\nHASH\n ... */

    (void)index;
    if (reply->type != REPLY_LIST || reply->count % 2 != 0 || reply->count / 2 > TOKENS_MAX)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++) {
        buffer_add(names, reply->items[i]->text.at, reply->items[i]->text.size);
        buffer_add_char(names, '\n');
    }
    return names->failed ? GOT_NO_MEMORY : GOT_FINE;
}

static int each_name(struct store *store, struct slice names, store_token_seen *seen,
                     void *context, struct error *why)
{
    struct slice name, hash;

    while (text_take_until(&names, '\n', &name) && text_take_until(&names, '\n', &hash)) {
        char words[STORE_TOKEN_HASH_ROOM];
        int found;

        slice_copy(hash, words, sizeof words);
        found = store_get_token(store, words, seen, context, why);
        if (found < 0 || (found == 0 && drop_name(store, name, why) != 0))
            return -1;
    }
    return 0;
}

int store_each_token(struct store *store, store_token_seen *seen, void *context, struct error *why)
{
    struct buffer names;
    struct replies replies = {.context = &names, .got = names_got};
    struct key key;
    int result;

    buffer_init(&names, (size_t)TOKENS_MAX * 256);
    key_tokens(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HGETALL"), key_slice(&key));
    result = store_run(store, &replies, "read the names of the tokens", why);
    if (result == 0)
        result = each_name(store, slice_make(names.data, names.size), seen, context, why);
    buffer_free(&names);
    return result;
}
