/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * position: where the event streams begin and end, so that a reader learns whether it fell behind.
 *
 * XINFO STREAM costs the same however long a stream is. A stream that is not there is told as an
 * empty one.
 */
#include "position.h"

#include <string.h>

#include "internal.h"

int store_position_compare(struct store_position a, struct store_position b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return a.sequence < b.sequence ? -1 : a.sequence > b.sequence;
}

bool position_read(const struct reply *reply, struct store_position *position)
{
    struct slice rest = reply->text;
    struct store_position read = {.known = true};

    if (reply->type != REPLY_TEXT || !text_take_number(&rest, &read.ms) ||
        !text_take_char(&rest, '-') || !text_take_number(&rest, &read.sequence) || rest.size > 0)
        return false;
    *position = read;
    return true;
}

static bool take_first(const struct reply *entry, struct store_position *first)
{
    if (entry->type == REPLY_NIL)
        return true; /* it is empty */
    return entry->type == REPLY_LIST && entry->count == 2 && position_read(entry->items[0], first);
}

static enum got look_got(void *context, size_t index, const struct reply *reply)
{
    struct store_stream *stream = &((struct store_stream *)context)[index];
    bool fine = true;

    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i + 1 < reply->count && fine; i += 2) {
        struct slice name = reply->items[i]->text;
        const struct reply *value = reply->items[i + 1];

        if (slice_is(name, "length"))
            fine = reply_number(value, UINT64_MAX, &stream->length);
        else if (slice_is(name, "last-generated-id"))
            fine = position_read(value, &stream->last);
        else if (slice_is(name, "max-deleted-entry-id"))
            fine = position_read(value, &stream->deleted);
        else if (slice_is(name, "entries-added"))
            fine = stream->counts = reply_number(value, UINT64_MAX, &stream->added);
        else if (slice_is(name, "first-entry"))
            fine = take_first(value, &stream->first);
    }
    if (stream->deleted.ms == 0)
        stream->deleted.known = false;
    return fine && stream->last.known ? GOT_FINE : GOT_ODD;
}

static bool look_refused(void *context, size_t index, enum store_trouble trouble,
                         struct slice words)
{
    struct store_stream *stream = &((struct store_stream *)context)[index];

    if (trouble == STORE_FOREIGN || !slice_starts(words, "ERR no such key"))
        return false;
    stream->last.known = true;
    return true;
}

static void look_missed(void *context, size_t index, const char *why)
{
    (void)why;
    ((struct store_stream *)context)[index].answered = false;
}

int store_look_at_streams(struct store *store, struct store_stream streams[static STORE_STREAMS],
                          struct error *why)
{
    struct replies replies = {
        .context = streams, .got = look_got, .refused = look_refused, .missed = look_missed};
    struct key key;

    for (unsigned i = 0; i < STORE_STREAMS; i++) {
        streams[i] = (struct store_stream){.answered = true};
        key_events(&key, store->prefix, i);
        PIPELINE_ADD(&store->pipeline, WORD("XINFO"), WORD("STREAM"), key_slice(&key));
    }
    return store_run(store, &replies, "look at the event streams", why);
}

int store_cursor_now(struct store *store, struct store_cursor *cursor, struct error *why)
{
    struct store_stream streams[STORE_STREAMS];

    memset(cursor, 0, sizeof *cursor);
    if (store_look_at_streams(store, streams, why))
        return -1;
    for (unsigned i = 0; i < STORE_STREAMS; i++)
        cursor->last[i] = streams[i].last;
    return 0;
}
