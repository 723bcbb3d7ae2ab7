/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * streams: what happened, in sixteen bounded streams, by waybill.
 *
 * An entry names the waybill, the recipient's hash and the action: no address, so that the
 * streams need not be searched when somebody is to be forgotten. A replay adds entries again;
 * the event's id tells readers which they know.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "position.h"
#include "waybill/clock.h"

#define PATIENCE_MAX HOUR_MS
#define ASK_AGAIN_MS 100

void store_emit_event(struct store *store, const struct event *event)
{
    char id[FACT_ID_SIZE], recipient[FACT_ID_SIZE];
    char waybill[24], time[24], sequence[16], kept[24];
    struct key key;

    key_events(&key, store->prefix, (unsigned)(event->waybill % STORE_STREAMS));
    fact_id_text(event->id, id);
    fact_id_text(event->recipient, recipient);
    snprintf(waybill, sizeof waybill, "%" PRIu64, event->waybill);
    snprintf(time, sizeof time, "%" PRId64, event->time);
    snprintf(sequence, sizeof sequence, "%u", event->sequence);
    snprintf(kept, sizeof kept, "%" PRId64, store->settings->events_kept);
    BATCH_ADD(&store->events, VERB_XADD, key_slice(&key), LIFE_ENDLESS, WORD("MAXLEN"), WORD("~"),
              slice_of(kept), WORD("*"), WORD("e"), slice_of(id), WORD("w"), slice_of(waybill),
              WORD("r"), slice_of(recipient), WORD("a"), slice_of(event_word(event->action)),
              WORD("t"), slice_of(time), WORD("n"), slice_of(sequence));
}

/* ---- reading ---- */

static bool event_action_of(struct slice word, enum event_action *action)
{
    for (int i = 0; i < EVENT_ACTION_COUNT; i++) {
        if (slice_is(word, event_word((enum event_action)i))) {
            *action = (enum event_action)i;
            return true;
        }
    }
    return false;
}

/* False: not whole, or an action that a newer writer made up. */
static bool event_read(const struct reply *fields, struct event *event)
{
    unsigned seen = 0;

    *event = (struct event){0};
    for (size_t i = 0; i + 1 < fields->count; i += 2) {
        struct slice name = fields->items[i]->text, value = fields->items[i + 1]->text;
        uint64_t number = 0;

        if (slice_is(name, "e") && fact_id_parse(value, &event->id))
            seen |= 1;
        else if (slice_is(name, "w") && text_number(value, 0, UINT64_MAX, &event->waybill))
            seen |= 2;
        else if (slice_is(name, "r") && fact_id_parse(value, &event->recipient))
            seen |= 4;
        else if (slice_is(name, "a") && event_action_of(value, &event->action))
            seen |= 8;
        else if (slice_is(name, "t") && text_number(value, 0, INT64_MAX, &number))
            seen |= 16, event->time = (int64_t)number;
        else if (slice_is(name, "n") && text_number(value, 0, UINT32_MAX, &number))
            seen |= 32, event->sequence = (unsigned)number;
    }
    return seen == 63 && (event->waybill != 0 || event->action == EVENT_TRACE_GAP);
}

struct following {
    const struct store *store;
    struct store_cursor *cursor;
    void (*seen)(void *context, const struct event *event);
    void *context;
    bool any; /* something came */
};

static bool is_entry(const struct reply *reply)
{
    return reply->type == REPLY_LIST && reply->count == 2 && reply->items[0]->type == REPLY_TEXT &&
           reply->items[1]->type == REPLY_LIST;
}

static enum got stream_take(struct following *following, unsigned stream,
                            const struct reply *entries)
{
    struct event event;

    following->cursor->at = stream;
    for (size_t i = 0; i < entries->count; i++) {
        if (!is_entry(entries->items[i]) ||
            !position_read(entries->items[i]->items[0], &following->cursor->last[stream]))
            return GOT_ODD;
        following->cursor->came[stream]++;
        if (event_read(entries->items[i]->items[1], &event))
            following->seen(following->context, &event);
    }
    return GOT_FINE;
}

static enum got streams_got(void *context, size_t index, const struct reply *reply)
{
    struct following *following = context;
    struct key key;

    (void)index;
    if (reply->type == REPLY_NIL)
        return GOT_FINE; /* nothing came */
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++) {
        const struct reply *stream = reply->items[i];
        unsigned number = 0;

        if (!is_entry(stream))
            return GOT_ODD;
        do
            key_events(&key, following->store->prefix, number);
        while (!slice_equal(key_slice(&key), stream->items[0]->text) && ++number < STORE_STREAMS);
        following->any = true;
        if (number == STORE_STREAMS || stream_take(following, number, stream->items[1]) != GOT_FINE)
            return GOT_ODD;
    }
    return GOT_FINE;
}

/* XREAD of the first `count` of `streams`. */
static void ask_streams(struct store *store, const struct store_cursor *cursor,
                        const unsigned *streams, size_t count, const char *wait)
{
    struct slice words[6 + 2 * STORE_STREAMS];
    struct key keys[STORE_STREAMS];
    char places[STORE_STREAMS][48], most[16];
    size_t used = 0;

    snprintf(most, sizeof most, "%u", STORE_EVENTS_AT_ONCE);

    words[used++] = WORD("XREAD");
    words[used++] = WORD("COUNT");
    words[used++] = slice_of(most);
    if (wait) {
        words[used++] = WORD("BLOCK");
        words[used++] = slice_of(wait);
    }
    words[used++] = WORD("STREAMS");
    for (size_t i = 0; i < count; i++) {
        key_events(&keys[i], store->prefix, streams[i]);
        words[used + i] = key_slice(&keys[i]);
        snprintf(places[i], sizeof places[i], "%" PRIu64 "-%" PRIu64,
                 cursor->last[streams[i]].ms, cursor->last[streams[i]].sequence);
        words[used + count + i] = slice_of(places[i]);
    }
    pipeline_add(&store->pipeline, words, used + 2 * count);
}

/* One server: it wakes us as soon as anything comes in any of them. */
static int follow_one(struct store *store, struct following *following, int64_t ms,
                      struct error *why)
{
    struct replies replies = {.context = following, .got = streams_got};
    unsigned placed[STORE_STREAMS], count = 0;
    char wait[24];

    for (unsigned i = 0; i < STORE_STREAMS; i++)
        if (following->cursor->last[i].known)
            placed[count++] = i;
    if (count == 0)
        return 0;
    if (ms > 0) /* BLOCK 0 would wait for ever */
        replies.patience = ms < PATIENCE_MAX ? ms : PATIENCE_MAX;
    snprintf(wait, sizeof wait, "%" PRId64, replies.patience);
    ask_streams(store, following->cursor, placed, count, ms > 0 ? wait : NULL);
    return store_run(store, &replies, "follow the events", why);
}

/* A Cluster takes one key a command, and a command that waits holds up all that come after it on
 * the same connection: so all are asked together, at short intervals. */
static int follow_many(struct store *store, struct following *following, int64_t ms,
                       struct error *why)
{
    struct replies replies = {
        .context = following, .got = streams_got, .missed = pipeline_miss};
    int64_t until = clock_monotonic() + (ms < PATIENCE_MAX ? ms : PATIENCE_MAX), left;

    for (;;) {
        for (unsigned i = 0; i < STORE_STREAMS; i++)
            if (following->cursor->last[i].known) /* else its master was away */
                ask_streams(store, following->cursor, &i, 1, NULL);
        if (store_run(store, &replies, "follow the events", why))
            return -1;
        left = until - clock_monotonic();
        if (following->any || left <= 0)
            return 0;
        poll(NULL, 0, left < ASK_AGAIN_MS ? (int)left : ASK_AGAIN_MS);
    }
}

int store_read_events(struct store *store, struct store_cursor *cursor, int64_t ms,
                      void (*seen)(void *context, const struct event *event), void *context,
                      struct error *why)
{
    struct following following = {
        .store = store, .cursor = cursor, .seen = seen, .context = context};

    memset(cursor->came, 0, sizeof cursor->came);
    return store->cluster ? follow_many(store, &following, ms, why)
                          : follow_one(store, &following, ms, why);
}
