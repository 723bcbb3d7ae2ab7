/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * access_token: who somebody is, by his token. What stands in the store is read as strictly as what
 * a person types: a token that cannot be understood in full is good for nothing.
 */
#include "waybill/access.h"
#include "waybill/token.h"
#include "waybill/tokens.h"

int access_put(struct store *store, const struct access *access, const char *hash,
               struct error *why)
{
    const struct store_token token = {
        .name = slice_of(access->name),
        .role = slice_of(access_role_word(access->role)),
        .domains = slice_of(access->domains.text),
        .addresses = slice_of(access->addresses.text),
        .logins = slice_of(access->logins.text),
        .subjects = access->subjects,
        .created = access->created,
        .expires = access->expires,
    };

    return store_put_token(store, hash, &token, why);
}

typedef int access_add(struct access *access, struct slice word, struct error *why);

static bool read_words(struct access *access, struct slice words, access_add *add)
{
    struct slice word;

    while (text_take_part(&words, ' ', &word))
        if (add(access, word, NULL) != 0)
            return false;
    return true;
}

static bool read_token(struct access *access, const struct store_token *token)
{
    int role = access_role_of(token->role);

    *access = (struct access){.created = token->created,
                              .expires = token->expires,
                              .subjects = token->subjects};
    if (role < 0 || !access_name_fits(token->name))
        return false;
    access->role = (enum access_role)role;
    return slice_copy(token->name, access->name, sizeof access->name) &&
           read_words(access, token->domains, access_add_domain) &&
           read_words(access, token->addresses, access_add_address) &&
           read_words(access, token->logins, access_add_login) && access_check(access, NULL) == 0;
}

struct token_taking {
    struct access *access;
    bool good;
};

static void take_token(void *context, const struct store_token *token)
{
    struct token_taking *taking = context;

    taking->good = read_token(taking->access, token);
}

int access_get(struct store *store, const char *hash, int64_t now, struct access *access,
               struct error *why)
{
    struct token_taking taking = {access, false};

    if (store_get_token(store, hash, take_token, &taking, why) < 0)
        return -1;
    return taking.good && access->expires > now ? 1 : 0;
}

int access_named(struct store *store, struct slice name, int64_t now, struct access *access,
                 struct error *why)
{
    char hash[STORE_TOKEN_HASH_ROOM];
    int found = store_find_token(store, name, hash, why);

    if (found > 0)
        found = access_get(store, hash, now, access, why);
    return found > 0 && !slice_is(name, access->name) ? 0 : found;
}

struct token_listing {
    void (*seen)(void *context, const struct access *access);
    void *context;
};

static void list_token(void *context, const struct store_token *token)
{
    struct token_listing *listing = context;
    struct access access;

    if (read_token(&access, token))
        listing->seen(listing->context, &access);
}

int access_each(struct store *store, void (*seen)(void *context, const struct access *access),
                void *context, struct error *why)
{
    struct token_listing listing = {seen, context};

    return store_each_token(store, list_token, &listing, why);
}

int access_drop(struct store *store, struct slice name, struct error *why)
{
    return store_drop_token(store, name, why);
}
