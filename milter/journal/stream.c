/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: a segment is over when a later one is there; until then a record that is not whole is
 * not there yet. The writer of the generation may be another process; nothing is asked of it.
 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"
#include "newer.h"

#include "waybill/clock.h"
#include "waybill/log.h"

#define STUCK_MS (2 * SECOND_MS)

void stream_init(struct stream *stream, unsigned generation)
{
    *stream = (struct stream){.generation = generation, .directory = -1, .fd = -1};
}

void stream_leave(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
    stream->ready = false;
    stream->stuck_since = 0;
}

void stream_clear(struct stream *stream)
{
    stream_leave(stream);
    scan_clear(&stream->scan);
    if (stream->directory >= 0)
        close(stream->directory);
    stream->directory = -1;
}

/* Once. Who wrote it will ship it. */
static void tell_newer(struct stream *stream, uint32_t format)
{
    if (!stream->newer)
        log_warning("journal generation %u is of format %u, which only a later version of this "
                    "program reads (this one reads %u): it is left as it is",
                    stream->generation, format, FORMAT_VERSION);
    stream->newer = true;
}

bool stream_attach(struct stream *stream, int root)
{
    if (stream->directory >= 0)
        return true;
    if (stream->newer)
        return false;
    stream->directory = directory_generation(root, stream->generation, false);
    if (stream->directory < 0)
        return false;
    uint32_t format = generation_newer(stream->directory);
    if (format > 0) {
        tell_newer(stream, format);
        close(stream->directory);
        stream->directory = -1;
        return false;
    }
    if (cursor_read(stream->directory, stream->generation, &stream->cursor) < 0 ||
        scan_init(&stream->scan) < 0) {
        close(stream->directory);
        stream->directory = -1;
        return false;
    }
    stream->segment = stream->cursor.segment;
    return true;
}

/* The least segment from `least` on. 0: none. */
static uint64_t segment_from(const struct stream *stream, uint64_t least)
{
    struct segment_list list;
    uint64_t found = 0;

    if (segment_list_read(&list, stream->directory) == 0)
        for (size_t i = 0; i < list.count && found == 0; i++)
            if (list.numbers[i] >= least)
                found = list.numbers[i];
    segment_list_clear(&list);
    return found;
}

static int note_damage(struct stream *stream, uint64_t offset, struct error *why)
{
    if (stream->damaged_count < STREAM_DAMAGED_MAX &&
        (stream->damaged_count == 0 ||
         stream->damaged[stream->damaged_count - 1] != stream->segment))
        stream->damaged[stream->damaged_count++] = stream->segment;
    return error_set(
        why, "journal segment '%u/%020llu' is damaged at byte %llu; records are missing",
        stream->generation, (unsigned long long)stream->segment, (unsigned long long)offset);
}

/* Open the segment that is to be read next. 1, 0: there is none, -1: it cannot be read. */
static int open_segment(struct stream *stream, struct error *why)
{
    char name[SEGMENT_NAME_SIZE];
    uint64_t segment = segment_from(stream, stream->segment);

    if (segment == 0)
        return 0;
    segment_name(segment, name);
    stream->fd = openat(stream->directory, name, O_RDONLY | O_CLOEXEC);
    if (stream->fd < 0) {
        if (errno == ENOENT || errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            return 0;
        stream->segment = segment + 1;
        return error_set(why, "cannot open journal segment '%u/%s': %s", stream->generation, name,
                         strerror(errno));
    }
    uint32_t format = segment_newer(stream->fd);
    if (format > 0) { /* it goes on in this generation while we lead */
        tell_newer(stream, format);
        stream_leave(stream);
        return 0;
    }
    stream->segment = segment;
    scan_start(&stream->scan, stream->fd, (struct place){stream->generation, segment});
    if (segment == stream->cursor.segment && stream->cursor.offset > stream->scan.offset)
        scan_seek(&stream->scan, stream->cursor.offset);
    return 1;
}

/* Nothing fits at the end of the newest segment: most likely it is being written. Only if whole
 * records follow and it stays so for a while, it is damage. */
static int live_tail(struct stream *stream, struct error *why)
{
    int64_t now = clock_monotonic();
    uint64_t offset = stream->scan.offset;
    struct stat stat;

    if (fstat(stream->fd, &stat) < 0)
        return 0;
    uint64_t size = (uint64_t)stat.st_size;
    if (stream->stuck_since == 0 || stream->stuck_at != offset) {
        stream->stuck_since = now;
        stream->stuck_at = offset;
        stream->stuck_size = 0;
    }
    if (now < stream->stuck_since + STUCK_MS || size == stream->stuck_size)
        return 0;
    stream->stuck_size = size;
    if (!scan_resync(&stream->scan)) {
        scan_seek(&stream->scan, offset);
        return 0;
    }
    return note_damage(stream, offset, why);
}

/* No record fits where the scan stands. 1: try again; 0: nothing more now; -1 as stream_peek. */
static int pass_end(struct stream *stream, struct error *why)
{
    uint64_t offset = stream->scan.offset;
    bool over = segment_from(stream, stream->segment + 1) != 0;

    /* What is in the window may be half written; and a segment that is over may have grown until
     * it was. So look once more, after the question. */
    scan_seek(&stream->scan, offset);
    enum scan_result result = scan_next(&stream->scan, &stream->record);
    if (result == SCAN_RECORD) {
        stream->ready = true;
        return 1;
    }
    if (!over)
        return result == SCAN_BAD ? live_tail(stream, why) : 0;
    if (result == SCAN_BAD && scan_resync(&stream->scan))
        return note_damage(stream, offset, why);
    int passed = stream->scan.unreadable ? note_damage(stream, offset, why) : 1;
    stream_leave(stream);
    stream->segment++;
    return passed;
}

int stream_peek(struct stream *stream, struct error *why)
{
    while (!stream->ready) {
        int result = stream->fd >= 0 ? 1 : open_segment(stream, why);
        if (result <= 0)
            return result;
        stream->ready = scan_next(&stream->scan, &stream->record) == SCAN_RECORD;
        if (!stream->ready && (result = pass_end(stream, why)) <= 0)
            return result;
    }
    return 1;
}

uint64_t stream_backlog(const struct stream *stream)
{
    return directory_backlog(stream->directory, stream->cursor.segment, stream->cursor.offset);
}
