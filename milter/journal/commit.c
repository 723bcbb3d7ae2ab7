/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commit: first the cursor is durable, then segments go. A crash between the two leaves segments
 * that the cursor says are shipped; the next commit removes them.
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

int stream_commit(struct stream *stream, uint64_t segment, uint64_t offset, bool sync,
                  struct error *why)
{
    struct cursor_view cursor = {stream->cursor.counter, segment, offset};
    uint64_t before = stream->cursor.segment;

    if (segment < before || (segment == before && offset <= stream->cursor.offset))
        return 0;
    int result = cursor_write(stream->directory, stream->generation, &cursor, sync, why);
    stream->cursor.counter =
        cursor.counter; /* the next write goes to another slot, come what may */
    if (result < 0)
        return -1;
    stream->cursor = cursor;
    if (segment != before || !stream->swept)
        remove_before(stream, segment);
    stream->swept = true;
    return 0;
}
