/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commit: first the cursor is durable, then segments go. A crash between the two leaves segments
 * that the cursor says nobody wants; the next commit removes them. And the way back: a rewind.
 */
#include "stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"

#include "waybill/log.h"

#define BROKEN_KEPT 8u /* segments that are put aside, per generation; later ones are removed */

static bool is_damaged(struct stream *stream, uint64_t segment)
{
    for (size_t i = 0; i < stream->damaged_count; i++)
        if (stream->damaged[i] == segment)
            return true;
    return false;
}

/* They are for a person to look at; but they take place that facts need. */
static void put_aside(int directory, const struct segment_list *list, uint64_t segment)
{
    char name[SEGMENT_NAME_SIZE], broken[SEGMENT_NAME_SIZE];

    segment_name(segment, name);
    segment_name_broken(segment, broken);
    if (list->broken_count >= BROKEN_KEPT || renameat(directory, name, directory, broken) < 0)
        (void)unlinkat(directory, name, 0);
}

/* Remove all segments before `segment` but never the newest: it has the notes. */
static void remove_before(struct stream *stream, uint64_t segment)
{
    struct segment_list list;
    bool removed = false;

    if (segment_list_read(&list, stream->directory) == 0)
        for (size_t i = 0; i + 1 < list.count && list.numbers[i] < segment; i++) {
            char name[SEGMENT_NAME_SIZE];
            segment_name(list.numbers[i], name);
            if (is_damaged(stream, list.numbers[i]))
                put_aside(stream->directory, &list, list.numbers[i]);
            else
                (void)unlinkat(stream->directory, name, 0);
            removed = true;
        }
    segment_list_clear(&list);
    while (stream->damaged_count > 0 && stream->damaged[0] < segment)
        memmove(stream->damaged, stream->damaged + 1,
                --stream->damaged_count * sizeof *stream->damaged);
    if (removed && directory_sync(stream->directory) < 0)
        log_debug("cannot sync the journal's directory: %s", strerror(errno));
}

static bool before(uint64_t segment, uint64_t offset, uint64_t other, uint64_t other_offset)
{
    return segment < other || (segment == other && offset < other_offset);
}

/* Neither what is shipped nor what is kept goes back, and nothing unshipped is let go. */
static void hold_back(struct cursor_view *cursor, const struct cursor_view *now)
{
    cursor->counter = now->counter;
    if (before(cursor->segment, cursor->offset, now->segment, now->offset)) {
        cursor->segment = now->segment;
        cursor->offset = now->offset;
    }
    if (before(cursor->segment, cursor->offset, cursor->kept_segment, cursor->kept_offset)) {
        cursor->kept_segment = cursor->segment;
        cursor->kept_offset = cursor->offset;
    }
    if (before(cursor->kept_segment, cursor->kept_offset, now->kept_segment, now->kept_offset)) {
        cursor->kept_segment = now->kept_segment;
        cursor->kept_offset = now->kept_offset;
    }
    if (cursor->kept_segment == 0) /* in the file this says something else */
        cursor->kept_segment = 1;
}

static bool moves(const struct cursor_view *cursor, const struct cursor_view *now)
{
    return cursor->segment != now->segment || cursor->offset != now->offset ||
           cursor->kept_segment != now->kept_segment || cursor->kept_offset != now->kept_offset;
}

int stream_commit(struct stream *stream, struct cursor_view cursor, bool sync, struct error *why)
{
    uint64_t from = stream->cursor.kept_segment;

    hold_back(&cursor, &stream->cursor);
    if (!moves(&cursor, &stream->cursor))
        return 0;
    int result = cursor_write(stream->directory, stream->generation, &cursor, sync, why);
    stream->cursor.counter =
        cursor.counter; /* the next write goes to another slot, come what may */
    if (result < 0)
        return -1;
    stream->cursor = cursor;
    if (cursor.kept_segment != from || !stream->swept)
        remove_before(stream, cursor.kept_segment);
    stream->swept = true;
    return 0;
}

bool stream_foreign(const struct stream *stream, uint64_t store)
{
    const struct cursor_view *cursor = &stream->cursor;

    return cursor->store != 0 && cursor->store != store &&
           before(cursor->kept_segment, cursor->kept_offset, cursor->segment, cursor->offset);
}

void stream_rewind(struct stream *stream, uint64_t store, bool sync)
{
    struct cursor_view *cursor = &stream->cursor;
    struct error why;

    stream_leave(stream);
    cursor->segment = cursor->kept_segment;
    cursor->offset = cursor->kept_offset;
    cursor->store = store;
    stream->segment = cursor->segment;
    /* As good as it goes: what stands there else names the old run, and leads to a rewind, too. */
    if (cursor_write(stream->directory, stream->generation, cursor, sync, &why) != 0)
        log_warning("%s", why.text);
}
