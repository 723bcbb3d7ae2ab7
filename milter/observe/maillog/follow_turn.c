/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow_turn: which file a log goes on in, at the start and when it was rotated.
 *
 *     path.2  path.1  path        by the time of the last write
 *        |       |      ^
 *        `-> end `-> end, quiet, and `path` has a line: turn
 *
 * Files between are read to their end without waiting: their writer is gone. Whatever cannot be
 * found again shows as a gap. If in doubt a file is read again from its start, for its lines give
 * the same facts.
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "waybill/occurrence.h"
#include "siblings.h"
#include "waybill/clock.h"

#define QUIET_MS 1000 /* a writer that did not yet see the rotation is done by then */
#define MS_NS INT64_C(1000000)
#define LOOKS 10 /* a quarter of a second for a rotation that is under way */
#define LOOK_AGAIN_MS 25

enum { LOST = -1, UNLISTED = -2 };

static void add_gap(struct follow *follow, int64_t from, const char *cause)
{
    int64_t until = clock_now();
    if (from > until)
        from = until;
    if (follow->has_gap && follow->gap.from < from)
        from = follow->gap.from;
    follow->has_gap = true;
    follow->gap = (struct source_gap){.from = from, .until = until, .cause = cause};
}

/* Open a file that was listed; -1 if it is another one by now. */
static int open_sibling(const struct sibling *sibling, struct stat *status)
{
    int fd = open(sibling->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, status) != 0 || !S_ISREG(status->st_mode) || status->st_ino != sibling->inode ||
        status->st_dev != sibling->device) {
        close(fd);
        errno = ESTALE;
        return -1;
    }
    return fd;
}

/* Read on in `fd`, from the offset of `at`. Lines of the window before it are only counted. */
static void take_file(struct follow *follow, int fd, const struct stat *status, bool count_window)
{
    if (follow->fd >= 0 && follow->fd != fd)
        close(follow->fd);
    follow->fd = fd;
    follow->at.device = status->st_dev;
    follow->at.inode = status->st_ino;
    follow->start = follow->end = 0;
    follow->cursor = follow->at.offset;
    follow->skip = SKIP_NOTHING;
    if (count_window) {
        follow->cursor = follow->at.offset > OCCURRENCE_WINDOW
                             ? follow->at.offset - OCCURRENCE_WINDOW - 1
                             : 0;
        follow->skip = follow->cursor > 0 ? SKIP_FIRST : SKIP_NOTHING;
    }
    follow_watch(follow);
}

/* Begin a file at its first byte. */
static void begin_file(struct follow *follow, int fd, const struct stat *status)
{
    follow->base += follow->cursor;
    follow->at.offset = 0;
    follow->at.headed = 0;
    follow->at.head = 0;
    take_file(follow, fd, status, false);
}

/* The end of the last whole line. */
static uint64_t last_line_end(struct follow *follow, int fd, off_t size)
{
    size_t want = size < (off_t)FOLLOW_LINE_MAX ? (size_t)size : FOLLOW_LINE_MAX;
    ssize_t n = pread(fd, follow->buffer, want, size - (off_t)want);
    const char *newline = n > 0 ? memrchr(follow->buffer, '\n', (size_t)n) : NULL;
    return newline == NULL ? (uint64_t)size
                           : (uint64_t)(size - (off_t)want + (newline - follow->buffer) + 1);
}

/* The first start ever: what the file holds already was before our time. */
static bool find_fresh(struct follow *follow)
{
    struct stat status;
    follow->at.time = clock_now();
    int fd = open(follow->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        follow->fresh = errno != ENOENT; /* a file that is made later is read from its start */
        log_trouble_on(&follow->trouble, "cannot open '%s': %s", follow->path, strerror(errno));
        return false;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        log_trouble_on(&follow->trouble, "cannot follow '%s': not a regular file", follow->path);
        close(fd);
        return false;
    }
    follow->fresh = false;
    follow->at.offset = last_line_end(follow, fd, status.st_size);
    take_file(follow, fd, &status, true);
    return true;
}

/* The file that the position speaks of, or else a copy of it. */
static int find_known(struct follow *follow, const struct siblings *siblings, struct stat *status)
{
    if (follow->at.inode == 0)
        return -1;
    for (int copies = 0; copies < 2; copies++)
        for (size_t i = 0; i < siblings->count; i++) {
            const struct sibling *sibling = &siblings->list[i];
            int fd = sibling->compressed ? -1 : open_sibling(sibling, status);
            if (fd < 0)
                continue;
            if (copies ? position_in_copy(&follow->at, fd) &&
                             (uint64_t)status->st_size >= follow->at.offset
                       : position_in(&follow->at, fd, status))
                return fd;
            close(fd);
        }
    return -1;
}

/* The oldest file written to since the moment of the position. */
static int find_newer(struct follow *follow, const struct siblings *siblings, struct stat *status)
{
    for (size_t i = 0; i < siblings->count; i++) {
        const struct sibling *sibling = &siblings->list[i];
        if (sibling->compressed ||
            (!sibling->current && sibling->changed < follow->at.time * MS_NS))
            continue;
        int fd = open_sibling(sibling, status);
        if (fd >= 0)
            return fd;
        log_trouble_on(&follow->trouble, "cannot open '%s': %s", sibling->path, strerror(errno));
        return -1;
    }
    log_trouble_on(&follow->trouble, "there is no log file '%s' to follow", follow->path);
    return -1;
}

/* Names move while a rotation is under way, and a file may be under none of those that were
 * listed; only what stays away is lost. The descriptor; LOST, with what is there in *siblings; or
 * UNLISTED. */
static int find_in_motion(struct follow *follow, struct siblings *siblings, struct stat *status)
{
    for (int look = 1;; look++) {
        struct error why;
        if (siblings_read(siblings, follow->path, &why) != 0) {
            log_trouble_on(&follow->trouble, "%s", why.text);
            return UNLISTED;
        }
        int fd = find_known(follow, siblings, status);
        if (fd >= 0)
            return fd;
        if (follow->at.inode == 0 || look == LOOKS)
            return LOST;
        siblings_clear(siblings);
        clock_sleep(LOOK_AGAIN_MS);
    }
}

bool follow_find(struct follow *follow)
{
    struct siblings siblings;
    struct stat status;
    if (follow->fresh)
        return find_fresh(follow);
    int fd = find_in_motion(follow, &siblings, &status);
    if (fd == UNLISTED)
        return false;
    if (fd >= 0) {
        take_file(follow, fd, &status, (uint64_t)status.st_size >= follow->at.offset);
    } else if ((fd = find_newer(follow, &siblings, &status)) >= 0) {
        if (follow->at.inode != 0)
            add_gap(follow, follow->at.time, "unread");
        begin_file(follow, fd, &status);
    }
    siblings_clear(&siblings);
    return fd >= 0;
}

static bool is_open_file(const struct follow *follow, const struct sibling *sibling)
{
    return follow->at.inode == (uint64_t)sibling->inode &&
           follow->at.device == (uint64_t)sibling->device;
}

/* Place in the list of the file after the open one; count: none. */
static size_t find_next(const struct follow *follow, const struct siblings *siblings,
                        const struct stat *mine)
{
    int64_t changed = (int64_t)mine->st_mtim.tv_sec * 1000000000 + mine->st_mtim.tv_nsec;
    for (size_t i = 0; i < siblings->count; i++)
        if (is_open_file(follow, &siblings->list[i]))
            return i + 1;
    for (size_t i = 0; i < siblings->count; i++) /* it was removed */
        if (siblings->list[i].current || siblings->list[i].changed >= changed)
            return i;
    return siblings->count;
}

static bool is_quiet(const struct stat *status)
{
    int64_t changed = (int64_t)status->st_mtim.tv_sec * SECOND_MS + status->st_mtim.tv_nsec / MS_NS;
    int64_t age = clock_now() - changed;
    return age >= QUIET_MS || age <= -QUIET_MS; /* a clock that was set back must not stop us */
}

static bool turn_to(struct follow *follow, const struct siblings *siblings, size_t next,
                    const struct stat *mine)
{
    struct stat status;
    /* It was removed, and yet others that came after it were not: rotation was faster than we,
     * and may have removed more. */
    bool unread = mine->st_nlink == 0 && next < siblings->count && !siblings->list[next].current;
    while (next < siblings->count && siblings->list[next].compressed) {
        unread = true;
        next++;
    }
    if (next >= siblings->count)
        return false;
    const struct sibling *sibling = &siblings->list[next];
    if (sibling->current && (sibling->size == 0 || !is_quiet(mine)))
        return false;
    int got = follow_fill(follow); /* what came between our sight of its end and now */
    if (got != 0)
        return got == 1;
    int fd = open_sibling(sibling, &status);
    if (fd < 0) {
        follow->kept_out = errno != ENOENT && errno != ESTALE;
        if (follow->kept_out)
            log_trouble_on(&follow->trouble, "the log goes on in '%s', which cannot be opened: %s",
                           sibling->path, strerror(errno));
        return false;
    }
    if (unread)
        add_gap(follow, follow->at.time, "unread");
    follow->has_cut = follow->end > follow->start || follow->skip == SKIP_LONG;
    follow->cursor += follow->end - follow->start;
    begin_file(follow, fd, &status);
    return true;
}

bool follow_turn(struct follow *follow)
{
    struct siblings siblings;
    struct stat named, mine;
    struct error why;
    follow->kept_out = false;
    if (stat(follow->path, &named) != 0 ||
        (follow->at.inode == (uint64_t)named.st_ino && follow->at.device == (uint64_t)named.st_dev))
        return false;
    if (fstat(follow->fd, &mine) != 0 || siblings_read(&siblings, follow->path, &why) != 0)
        return false;
    bool turned = turn_to(follow, &siblings, find_next(follow, &siblings, &mine), &mine);
    siblings_clear(&siblings);
    return turned;
}

/* A copy that was made before the truncation may have what we had not read yet. What was written
 * between copy and truncation is lost, and nobody can tell whether there was anything. */
void follow_truncated(struct follow *follow)
{
    struct siblings siblings;
    struct stat status;
    struct error why;
    int fd = -1;
    int64_t from = follow->at.time > follow->covered ? follow->at.time : follow->covered;
    add_gap(follow, from, "truncated");
    if (siblings_read(&siblings, follow->path, &why) == 0) {
        for (size_t i = 0; i < siblings.count && fd < 0; i++) {
            fd = siblings.list[i].compressed ? -1 : open_sibling(&siblings.list[i], &status);
            if (fd >= 0 && (!position_in_copy(&follow->at, fd) ||
                            (uint64_t)status.st_size < follow->at.offset)) {
                close(fd);
                fd = -1;
            }
        }
        siblings_clear(&siblings);
    }
    if (fd >= 0) {
        uint64_t place = follow->base + follow->cursor;
        take_file(follow, fd, &status, false);
        follow->base = place - follow->cursor;
    } else if (fstat(follow->fd, &status) == 0) {
        begin_file(follow, follow->fd, &status);
    }
}
