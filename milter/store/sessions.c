/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sessions: see sessions.h.
 *
 *     session:HASH    token= began= used=
 */
#include "waybill/sessions.h"

#include <inttypes.h>
#include <stdio.h>

#include "internal.h"
#include "waybill/clock.h"

static void add_end(struct store *store, const struct key *key, int64_t end)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, end / SECOND_MS);
    PIPELINE_ADD(&store->pipeline, WORD("EXPIREAT"), key_slice(key), slice_of(text));
}

int store_put_session(struct store *store, const char *hash, const struct store_session *session,
                      int64_t end, struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    char began[24], used[24];
    struct key key;

    snprintf(began, sizeof began, "%" PRId64, session->began);
    snprintf(used, sizeof used, "%" PRId64, session->used);
    key_session(&key, store->prefix, slice_of(hash));
    PIPELINE_ADD(&store->pipeline, WORD("HSET"), key_slice(&key), WORD("token"),
                 slice_of(session->token), WORD("began"), slice_of(began), WORD("used"),
                 slice_of(used));
    add_end(store, &key, end);
    return store_run(store, &replies, "write a session", why);
}

/* One that was ended meanwhile comes back as this field alone, and is no session. */
int store_use_session(struct store *store, const char *hash, int64_t used, int64_t end,
                      struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    char text[24];
    struct key key;

    snprintf(text, sizeof text, "%" PRId64, used);
    key_session(&key, store->prefix, slice_of(hash));
    PIPELINE_ADD(&store->pipeline, WORD("HSET"), key_slice(&key), WORD("used"), slice_of(text));
    add_end(store, &key, end);
    return store_run(store, &replies, "note that a session is used", why);
}

/* By its end: the rights to let keys go at a time are enough for that. */
int store_end_session(struct store *store, const char *hash, struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    struct key key;

    key_session(&key, store->prefix, slice_of(hash));
    add_end(store, &key, SECOND_MS);
    return store_run(store, &replies, "end a session", why);
}

/* ---- reading ---- */

static bool take_time(struct slice words, int64_t *time)
{
    uint64_t number;

    if (!text_number(words, 1, INT64_MAX, &number))
        return false;
    *time = (int64_t)number;
    return true;
}

struct session_reading {
    struct store_session *session;
    bool token, began, used;
};

static enum got session_got(void *context, size_t index, const struct reply *reply)
{
    struct session_reading *reading = context;
    struct store_session *session = reading->session;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count != 3)
        return GOT_ODD;
    reading->token = reply->items[0]->text.size == sizeof session->token - 1 &&
                     slice_copy(reply->items[0]->text, session->token, sizeof session->token);
    reading->began = take_time(reply->items[1]->text, &session->began);
    reading->used = take_time(reply->items[2]->text, &session->used);
    return GOT_FINE;
}

int store_get_session(struct store *store, const char *hash, struct store_session *session,
                      struct error *why)
{
    struct session_reading reading = {.session = session};
    struct replies replies = {
        .context = &reading, .got = session_got, .missed = pipeline_miss};
    struct key key;

    key_session(&key, store->prefix, slice_of(hash));
    PIPELINE_ADD(&store->pipeline, WORD("HMGET"), key_slice(&key), WORD("token"), WORD("began"),
                 WORD("used"));
    if (store_run(store, &replies, "read a session", why))
        return -1;
    return reading.token && reading.began && reading.used ? 1 : 0;
}
