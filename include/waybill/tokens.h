/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokens: who may ask over HTTP, as it stands in the store. A token stands there by a keyed hash
 * (token_api_hash), so that who reads the store cannot ask in its name, and goes at its end by
 * itself. What role and words mean is access.h's.
 *
 * All talk to the store at once; nothing is queued. As store.h: one thread.
 */
#ifndef WAYBILL_TOKENS_H
#define WAYBILL_TOKENS_H

#include "waybill/store.h"

struct store_token {
    struct slice name;                       /* unique */
    struct slice role;
    struct slice domains, addresses, logins; /* words, a blank between two; empty: none */
    bool subjects;
    int64_t created, expires; /* ms */
};
/* The slices live as long as the call. */
typedef void store_token_seen(void *context, const struct store_token *token);

/* 1: it stands there; 0: there is another one of this name; -1. */
int store_put_token(struct store *store, const char *hash, const struct store_token *token,
                    struct error *why);
/* 1: `seen` was called; 0: there is no such token, or it cannot be read; -1. */
int store_get_token(struct store *store, const char *hash, store_token_seen *seen, void *context,
                    struct error *why);
/* The hash of whose name it is; as little is promised of it as of anything in the store. 1; 0:
 * nobody has this name; -1. */
#define STORE_TOKEN_HASH_ROOM 128
int store_find_token(struct store *store, struct slice name,
                     char hash[static STORE_TOKEN_HASH_ROOM], struct error *why);
/* All that are good, in no order; names whose token has ended are taken away. */
int store_each_token(struct store *store, store_token_seen *seen, void *context,
                     struct error *why);
/* 1: it is gone; 0: there was none of this name; -1. */
int store_drop_token(struct store *store, struct slice name, struct error *why);

#endif
