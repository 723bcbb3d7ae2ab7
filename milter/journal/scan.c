/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: a window slides over the file; a record is judged only in the window.
 *
 * Facts are text, and a record's mark is no valid UTF-8, and its checksum covers its place: so the
 * search after damage finds records, never something that only looks like one.
 */
#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW (256u * 1024u)
#define BLOCK 4096u /* what a disk that cannot read a place leaves out */

int scan_init(struct scan *scan)
{
    *scan = (struct scan){.fd = -1, .buffer = malloc(WINDOW)};
    return scan->buffer ? 0 : -1;
}

void scan_clear(struct scan *scan)
{
    free(scan->buffer);
    *scan = (struct scan){.fd = -1};
}

/* Bring up to `need` bytes from `offset` into the window; returns how many there are. */
static size_t scan_fill(struct scan *scan, uint64_t offset, size_t need,
                        const unsigned char **bytes)
{
    scan->error = 0;
    if (offset < scan->base || offset > scan->base + scan->have) {
        scan->base = offset;
        scan->have = 0;
    }
    size_t skip = (size_t)(offset - scan->base);
    if (scan->have - skip < need) {
        memmove(scan->buffer, scan->buffer + skip, scan->have - skip);
        scan->base = offset;
        scan->have -= skip;
        skip = 0;
    }
    while (scan->have - skip < need) {
        ssize_t got = pread(scan->fd, scan->buffer + scan->have, WINDOW - scan->have,
                            (off_t)(scan->base + scan->have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            scan->error = errno;
            scan->unreadable = true;
        }
        if (got <= 0)
            break;
        scan->have += (size_t)got;
    }
    *bytes = scan->buffer + skip;
    return scan->have - skip;
}

void scan_seek(struct scan *scan, uint64_t offset)
{
    scan->offset = offset;
    scan->base = offset;
    scan->have = 0;
}

bool scan_start(struct scan *scan, int fd, struct place place)
{
    const unsigned char *bytes;

    scan->fd = fd;
    scan->place = place;
    scan->unreadable = false;
    scan_seek(scan, 0);
    if (scan_fill(scan, 0, SEGMENT_HEAD, &bytes) < SEGMENT_HEAD || !segment_head_good(bytes, place))
        return false;
    scan->offset = SEGMENT_HEAD;
    return true;
}

enum scan_result scan_next(struct scan *scan, struct record_view *view)
{
    const unsigned char *bytes;
    size_t have = scan_fill(scan, scan->offset, RECORD_OVERHEAD, &bytes);

    if (have == 0 && scan->error == 0)
        return SCAN_END;
    if (have >= RECORD_OVERHEAD && record_span(bytes) > have)
        have = scan_fill(scan, scan->offset, record_span(bytes), &bytes);
    if (scan->offset < SEGMENT_HEAD || !record_good(bytes, have, scan->place, scan->offset, view))
        return SCAN_BAD;
    scan->offset += view->size;
    return SCAN_RECORD;
}

bool scan_resync(struct scan *scan)
{
    uint64_t offset = scan->offset + 1;
    off_t end = lseek(scan->fd, 0, SEEK_END);

    while (end > 0 && offset + RECORD_OVERHEAD <= (uint64_t)end) {
        const unsigned char *bytes, *mark;
        struct record_view view;
        size_t have = scan_fill(scan, offset, RECORD_SIZE_MAX, &bytes);
        if (have < RECORD_OVERHEAD) {
            if (scan->error == 0)
                return false;
            offset = (offset + have) / BLOCK * BLOCK + BLOCK;
            continue;
        }
        mark = memchr(bytes + RECORD_MARK_AT, RECORD_MARK_FIRST, have - RECORD_OVERHEAD + 1);
        if (mark != bytes + RECORD_MARK_AT) {
            offset += mark ? (size_t)(mark - bytes) - RECORD_MARK_AT : have - RECORD_OVERHEAD + 1;
            continue;
        }
        if (record_good(bytes, have, scan->place, offset, &view)) {
            scan->offset = offset;
            return true;
        }
        offset++;
    }
    return false;
}
