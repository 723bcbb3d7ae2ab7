/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scrub: what is shipped goes, although no new facts push it out.
 *
 * The newest segment of a generation is never removed, since it has the notes. So one that nobody
 * writes any more gets an empty segment behind it, with the same notes, and then loses the others.
 */
#include "stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"
#include "segment.h"

#include "waybill/clock.h"
#include "waybill/log.h"

uint64_t stream_newest(const struct stream *stream)
{
    struct segment_list list;
    uint64_t newest = 0;

    if (stream->directory >= 0 && segment_list_read(&list, stream->directory) == 0) {
        newest = list.highest;
        segment_list_clear(&list);
    }
    return newest;
}

/* All of the segment behind the durable cursor, if that stands in it? */
static bool segment_shipped(const struct stream *stream, uint64_t segment)
{
    char name[SEGMENT_NAME_SIZE];
    struct stat stat;

    if (segment != stream->cursor.kept_segment)
        return segment < stream->cursor.kept_segment;
    segment_name(segment, name);
    return fstatat(stream->directory, name, &stat, 0) == 0 &&
           stream->cursor.kept_offset >= (uint64_t)stat.st_size;
}

/* A generation that nobody writes gets a segment with nothing but its notes. */
static void stream_renew(struct stream *stream, uint64_t newest, bool sync)
{
    struct segment segment = {.fd = -1};
    struct notes *notes;
    int lock = directory_lock(stream->directory, "lock");

    if (lock < 0)
        return; /* its writer lives, and begins a new one himself */
    notes = calloc(1, sizeof *notes);
    if (notes) {
        notes_gather(notes, stream->directory, stream->generation);
        if (segment_begin(&segment, stream->directory,
                          (struct place){stream->generation, newest + 1}, notes,
                          (uint64_t)clock_now() * 1000, sync) == 0)
            segment_close(&segment);
    }
    free(notes);
    close(lock);
}

/* Segments that were damaged were kept for a person to look at. */
static void remove_broken(const struct stream *stream, uint64_t until)
{
    char name[SEGMENT_NAME_SIZE];
    uint64_t segment;
    int copy = openat(stream->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *each;

    if (!directory && copy >= 0)
        close(copy);
    while (directory && (each = readdir(directory)) != NULL) {
        struct slice left = slice_of(each->d_name);

        if (!text_take_number(&left, &segment) || !slice_is(left, ".broken") || segment > until)
            continue;
        segment_name_broken(segment, name);
        if (unlinkat(stream->directory, name, 0) == 0)
            log_warning("the damaged journal segment '%u/%s' is removed: somebody is to be "
                        "forgotten, and it may name him",
                        stream->generation, name);
    }
    if (directory)
        closedir(directory);
}

size_t stream_scrub(struct stream *stream, uint64_t until, bool sync)
{
    struct segment_list list;
    struct error why;
    size_t left = 0;
    uint64_t newest = stream_newest(stream), next = 0;

    if (stream->directory < 0 || newest == 0)
        return 0;
    remove_broken(stream, until);
    if (newest <= until && segment_shipped(stream, newest))
        stream_renew(stream, newest, sync);
    if (segment_list_read(&list, stream->directory) < 0)
        return 1;
    for (size_t i = 0; i < list.count; i++) {
        left += list.numbers[i] <= until;
        if (next == 0 && list.numbers[i] > stream->cursor.kept_segment)
            next = list.numbers[i];
    }
    segment_list_clear(&list);
    if (left > 0 && next != 0 && segment_shipped(stream, stream->cursor.kept_segment)) {
        struct cursor_view cursor = stream->cursor;
        cursor.segment = cursor.kept_segment = next;
        cursor.offset = cursor.kept_offset = 0;
        if (stream_commit(stream, cursor, sync, &why) < 0)
            log_debug("%s", why.text);
    }
    return left;
}
