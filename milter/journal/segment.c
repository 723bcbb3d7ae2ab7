/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segment: half a step is undone before it is told; the reader never meets half a record that
 * stays.
 */
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "directory.h"

#define PIECES 64 /* records in one writev */

static size_t head_make(unsigned char *to, struct place place, const struct notes *notes,
                        uint64_t created)
{
    size_t size = SEGMENT_HEAD;

    segment_head_make(to, place, created);
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = &notes->note[i];
        unsigned char payload[NOTE_PAYLOAD_MAX];
        size_t length = note_make(payload, slice_make(note->name, note->name_size),
                                  slice_make(note->value, note->value_size));
        size_t record = record_make(to + size, JOURNAL_NOTE, note->time, payload, length);
        record_seal(to + size, record, place, size);
        size += record;
    }
    return size;
}

static int write_head(int fd, const unsigned char *head, size_t size, bool sync)
{
    for (size_t at = 0; at < size;) {
        ssize_t done = pwrite(fd, head + at, size - at, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        at += (size_t)done;
    }
    return sync ? fdatasync(fd) : 0;
}

/* Make the file under its other name. Returns its descriptor or -1 with errno. */
static int make_new(int directory, const unsigned char *head, size_t size, bool sync)
{
    int fd = openat(directory, SEGMENT_NEW, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    if (write_head(fd, head, size, sync) == 0)
        return fd;
    int cause = errno;
    close(fd);
    (void)unlinkat(directory, SEGMENT_NEW, 0);
    errno = cause;
    return -1;
}

int segment_begin(struct segment *segment, int directory, struct place place,
                  const struct notes *notes, uint64_t created, bool sync)
{
    char name[SEGMENT_NAME_SIZE];
    unsigned char *head =
        malloc(SEGMENT_HEAD + notes->count * (RECORD_OVERHEAD + NOTE_PAYLOAD_MAX));

    *segment = (struct segment){.fd = -1};
    if (!head)
        return -1;
    size_t size = head_make(head, place, notes, created);
    int fd = make_new(directory, head, size, sync);
    free(head);
    if (fd < 0)
        return -1;
    segment_name(place.segment, name);
    if (renameat(directory, SEGMENT_NEW, directory, name) < 0 ||
        (sync && directory_sync(directory) < 0)) {
        int cause = errno;
        close(fd);
        errno = cause;
        return -1;
    }
    *segment = (struct segment){fd, place, size, size};
    return 0;
}

/* Seal the first records of the batch for the place they will have; returns how many. */
static int gather(const struct segment *segment, const struct queue *batch,
                  struct iovec pieces[static PIECES])
{
    int count = 0;
    uint64_t offset = segment->length;

    for (struct pending *each = batch->first; each && count < PIECES; each = each->next) {
        if (each->silent)
            continue;
        record_seal(each->bytes, each->size, segment->place, offset);
        pieces[count++] = (struct iovec){each->bytes, each->size};
        offset += each->size;
    }
    return count;
}

/* Move what ends at or before `written` bytes after the old end. */
static void settle(struct segment *segment, struct queue *batch, struct queue *done, uint64_t end)
{
    while (batch->first) {
        size_t size = batch->first->silent ? 0 : batch->first->size;
        if (segment->length + size > end)
            return;
        segment->length += size;
        batch->first->end = segment->length;
        queue_push(done, queue_pop(batch));
    }
}

/* The kernel took only `part` bytes of the record at the end of the segment. The rest tells why;
 * a signal may be all. 0: the record is whole now; -1 with errno: it is cut off again. */
static int finish_record(const struct segment *segment, const struct pending *pending, size_t part)
{
    while (part < pending->size) {
        ssize_t wrote = pwrite(segment->fd, pending->bytes + part, pending->size - part,
                               (off_t)(segment->length + part));
        if (wrote > 0) {
            part += (size_t)wrote;
        } else if (wrote == 0 || errno != EINTR) {
            int cause = wrote == 0 ? ENOSPC : errno;
            /* If even that fails, the next write goes over it, or recovery cuts it. */
            (void)!ftruncate(segment->fd, (off_t)segment->length);
            errno = cause;
            return -1;
        }
    }
    return 0;
}

int segment_write(struct segment *segment, struct queue *batch, struct queue *done)
{
    settle(segment, batch, done, segment->length); /* silent ones at the front */
    while (batch->first) {
        struct iovec pieces[PIECES];
        int count = gather(segment, batch, pieces);
        ssize_t wrote = pwritev(segment->fd, pieces, count, (off_t)segment->length);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -1;
        uint64_t end = segment->length + (uint64_t)wrote;
        settle(segment, batch, done, end);
        if (!batch->first || (end == segment->length && wrote > 0))
            continue;
        if (finish_record(segment, batch->first, (size_t)(end - segment->length)) < 0)
            return -1;
        settle(segment, batch, done, segment->length + batch->first->size);
    }
    return 0;
}

void segment_close(struct segment *segment)
{
    if (segment->fd >= 0)
        close(segment->fd);
    segment->fd = -1;
}
