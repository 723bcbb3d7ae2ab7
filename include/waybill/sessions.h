/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sessions: who is logged in at the page, as it stands in the store: by a keyed hash of what his
 * browser holds (token_session_hash), with the hash of the token by which he logged in. It goes at
 * its end by itself.
 *
 * All talk to the store at once; nothing is queued. As store.h: one thread.
 */
#ifndef WAYBILL_SESSIONS_H
#define WAYBILL_SESSIONS_H

#include "waybill/store.h"

#define STORE_SESSION_TOKEN_ROOM 65
struct store_session {
    char token[STORE_SESSION_TOKEN_ROOM]; /* hash */
    int64_t began, used;                  /* ms */
};

/* Write it, or only when it was `used`; it is gone at `end` (ms). -1. */
int store_put_session(struct store *store, const char *hash, const struct store_session *session,
                      int64_t end, struct error *why);
int store_use_session(struct store *store, const char *hash, int64_t used, int64_t end,
                      struct error *why);
/* 1; 0: there is none, or it cannot be read; -1. */
int store_get_session(struct store *store, const char *hash, struct store_session *session,
                      struct error *why);
/* It is gone at once, whether it was there or not. -1. */
int store_end_session(struct store *store, const char *hash, struct error *why);

#endif
