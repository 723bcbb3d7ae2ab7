/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow_turn: which file a log goes on in, at the start and when it was rotated.
 *
 *     path.2  path.1  path        by the time of the last write
 *        |       |      ^
 *        `-> end `-> end, quiet, and `path` has a line: turn
 *
 * Files between are read to their end without waiting: their writer is gone. One of them may have
 * been compressed meanwhile, the one with our place in it, too. Whatever cannot be
 * found again shows as a gap. If in doubt a file is read again from its start, for its lines give
 * the same facts.
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "waybill/occurrence.h"
#include "packed.h"
#include "siblings.h"
#include "waybill/clock.h"

#define QUIET_MS 1000 /* a writer that did not yet see the rotation is done by then */
#define MS_NS INT64_C(1000000)
#define MOTION_MS 250 /* a rotation that is under way is done by then */

void follow_lost(struct follow *follow, int64_t from, const char *cause)
{
    int64_t until = clock_now();
    if (from > until)
        from = until;
    if (follow->has_gap && follow->gap.from < from)
        from = follow->gap.from;
    follow->has_gap = true;
    follow->gap = (struct source_gap){.from = from, .until = until, .cause = cause};
}

struct opened {
    int fd;
    struct stat status;
    struct logfile *packed; /* NULL: it is not compressed */
};

static void close_opened(struct opened *opened)
{
    close(opened->fd);
    logfile_close(&opened->packed);
}

/* Open a file that was listed; -1 if it is another one by now, or cannot be read. */
static int open_sibling(const struct sibling *sibling, struct opened *opened)
{
    struct error why;
    opened->packed = NULL;
    opened->fd = open(sibling->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (opened->fd < 0)
        return -1;
    if (fstat(opened->fd, &opened->status) != 0 || !S_ISREG(opened->status.st_mode) ||
        opened->status.st_ino != sibling->inode || opened->status.st_dev != sibling->device) {
        close(opened->fd);
        errno = ESTALE;
        return -1;
    }
    if (sibling->compressed &&
        (!packed_is_readable(sibling->path) ||
         logfile_open_fd(&opened->packed, opened->fd, sibling->path, &why) != 0)) {
        close(opened->fd);
        errno = ENOTSUP;
        return -1;
    }
    return 0;
}

/* Read on in the file, from the offset of `at`. Lines of the window before it are only counted. */
static void take_file(struct follow *follow, const struct opened *opened, bool count_window)
{
    struct error why;
    if (follow->fd >= 0 && follow->fd != opened->fd)
        close(follow->fd);
    if (follow->packed != opened->packed)
        logfile_close(&follow->packed);
    follow->fd = opened->fd;
    follow->packed = opened->packed;
    follow->missed = 0;
    follow->at.device = opened->status.st_dev;
    follow->at.inode = opened->status.st_ino;
    follow->start = follow->end = 0;
    follow->cursor = follow->at.offset;
    follow->skip = SKIP_NOTHING;
    if (count_window) {
        follow->cursor = follow->at.offset > OCCURRENCE_WINDOW
                             ? follow->at.offset - OCCURRENCE_WINDOW - 1
                             : 0;
        follow->skip = follow->cursor > 0 ? SKIP_FIRST : SKIP_NOTHING;
    }
    if (follow->packed != NULL && follow->cursor > 0 &&
        logfile_skip(follow->packed, follow->cursor, &why) != 0)
        follow_lost(follow, follow->at.time, "unread");
    follow_watch(follow);
}

/* Begin a file at its first byte. */
static void begin_file(struct follow *follow, const struct opened *opened, const char *path)
{
    struct error why;
    follow->base += follow->cursor;
    follow->at.offset = 0;
    follow->at.headed = 0;
    follow->at.head = 0;
    if (opened->packed != NULL)
        packed_learn(&follow->at, opened->fd, path, &why); /* if not, its inode finds it again */
    take_file(follow, opened, false);
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
    struct opened opened = {.packed = NULL};
    follow->at.time = clock_now();
    opened.fd = open(follow->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (opened.fd < 0) {
        follow->fresh = errno != ENOENT; /* a file that is made later is read from its start */
        log_trouble_on(&follow->trouble, "cannot open '%s': %s", follow->path, strerror(errno));
        return false;
    }
    if (fstat(opened.fd, &opened.status) != 0 || !S_ISREG(opened.status.st_mode)) {
        log_trouble_on(&follow->trouble, "cannot follow '%s': not a regular file", follow->path);
        close(opened.fd);
        return false;
    }
    follow->fresh = false;
    follow->at.offset = last_line_end(follow, opened.fd, opened.status.st_size);
    take_file(follow, &opened, true);
    return true;
}

/* Compression changes neither the time of the last write nor, so, that it comes after our last
 * line; a day is for clocks that differ. This saves looking into each old file. */
static bool may_be_packed(const struct follow *follow, const struct sibling *sibling)
{
    return sibling->compressed && sibling->changed >= (follow->at.time - DAY_MS) * MS_NS;
}

static bool is_copy(const struct follow *follow, const struct opened *opened)
{
    return position_in_copy(&follow->at, opened->fd) &&
           (uint64_t)opened->status.st_size >= follow->at.offset;
}

/* A copy of the file that the position speaks of, or what compression made of it. */
static int find_copy(const struct follow *follow, const struct siblings *siblings,
                     struct opened *opened)
{
    for (int packed = 0; packed < 2; packed++)
        for (size_t i = 0; i < siblings->count; i++) {
            const struct sibling *sibling = &siblings->list[i];
            if ((packed ? !may_be_packed(follow, sibling) : sibling->compressed) ||
                open_sibling(sibling, opened) != 0)
                continue;
            if (packed ? packed_holds(&follow->at, opened->fd, sibling->path)
                       : is_copy(follow, opened))
                return 0;
            close_opened(opened);
        }
    return -1;
}

/* The file that the position speaks of, or else a copy of it. */
static int find_known(const struct follow *follow, const struct siblings *siblings,
                      struct opened *opened)
{
    if (follow->at.inode == 0)
        return -1;
    for (size_t i = 0; i < siblings->count; i++) {
        const struct sibling *sibling = &siblings->list[i];
        if (sibling->compressed || open_sibling(sibling, opened) != 0)
            continue;
        if (position_in(&follow->at, opened->fd, &opened->status))
            return 0;
        close_opened(opened);
    }
    return find_copy(follow, siblings, opened);
}

/* The oldest file written to since the moment of the position. NULL: there is none. */
static const struct sibling *find_newer(struct follow *follow, const struct siblings *siblings,
                                        struct opened *opened)
{
    for (size_t i = 0; i < siblings->count; i++) {
        const struct sibling *sibling = &siblings->list[i];
        if (!sibling->current && (sibling->changed < follow->at.time * MS_NS ||
                                  !packed_is_readable(sibling->path)))
            continue;
        if (open_sibling(sibling, opened) == 0)
            return sibling;
        log_trouble_on(&follow->trouble, "cannot open '%s': %s", sibling->path, strerror(errno));
        return NULL;
    }
    log_trouble_on(&follow->trouble, "there is no log file '%s' to follow", follow->path);
    return NULL;
}

/* Names move while a rotation is under way, and a file may be under none of those that were
 * listed; only what stays away is lost. Each rename wakes us to look again. */
static bool is_lost(struct follow *follow)
{
    int64_t now = clock_monotonic();
    if (follow->missed == 0)
        follow->missed = now;
    return follow->at.inode == 0 || now - follow->missed >= MOTION_MS;
}

bool follow_find(struct follow *follow)
{
    struct siblings siblings;
    struct opened opened;
    struct error why;
    const struct sibling *newer;
    if (follow->fresh)
        return find_fresh(follow);
    if (siblings_read(&siblings, follow->path, &why) != 0) {
        log_trouble_on(&follow->trouble, "%s", why.text);
        return false;
    }
    if (find_known(follow, &siblings, &opened) == 0) {
        take_file(follow, &opened, opened.packed != NULL ||
                                       (uint64_t)opened.status.st_size >= follow->at.offset);
    } else if (is_lost(follow) && (newer = find_newer(follow, &siblings, &opened)) != NULL) {
        if (follow->at.inode != 0)
            follow_lost(follow, follow->at.time, "unread");
        begin_file(follow, &opened, newer->path);
    }
    siblings_clear(&siblings);
    return follow->fd >= 0;
}

static bool is_open_file(const struct follow *follow, const struct sibling *sibling)
{
    return follow->at.inode == (uint64_t)sibling->inode &&
           follow->at.device == (uint64_t)sibling->device;
}

/* Did compression make it of the open file? */
static bool is_packed_file(const struct follow *follow, const struct sibling *sibling)
{
    struct opened opened;
    if (!may_be_packed(follow, sibling) || open_sibling(sibling, &opened) != 0)
        return false;
    bool is = packed_holds(&follow->at, opened.fd, sibling->path);
    close_opened(&opened);
    return is;
}

/* Place in the list of the file after the open one; count: none. *unread: not all between them is
 * there any more. */
static size_t find_next(const struct follow *follow, const struct siblings *siblings,
                        const struct stat *mine, bool *unread)
{
    int64_t changed = (int64_t)mine->st_mtim.tv_sec * 1000000000 + mine->st_mtim.tv_nsec;
    *unread = false;
    for (size_t i = 0; i < siblings->count; i++)
        if (is_open_file(follow, &siblings->list[i]))
            return i + 1;
    for (size_t i = 0; i < siblings->count; i++) /* it was compressed */
        if (is_packed_file(follow, &siblings->list[i]))
            return i + 1;
    for (size_t i = 0; i < siblings->count; i++) /* it was removed */
        if (siblings->list[i].current || siblings->list[i].changed >= changed) {
            /* And yet others that came after it were not: rotation was faster than we, and may
             * have removed more. */
            *unread = mine->st_nlink == 0 && !siblings->list[i].current;
            return i;
        }
    return siblings->count;
}

static bool is_quiet(const struct stat *status)
{
    int64_t changed = (int64_t)status->st_mtim.tv_sec * SECOND_MS + status->st_mtim.tv_nsec / MS_NS;
    int64_t age = clock_now() - changed;
    return age >= QUIET_MS || age <= -QUIET_MS; /* a clock that was set back must not stop us */
}

static bool turn_to(struct follow *follow, const struct siblings *siblings,
                    const struct stat *mine)
{
    struct opened opened;
    bool unread;
    size_t next = find_next(follow, siblings, mine, &unread);
    while (next < siblings->count && !packed_is_readable(siblings->list[next].path)) {
        unread = true;
        next++;
    }
    if (next >= siblings->count)
        return false;
    const struct sibling *sibling = &siblings->list[next];
    if (sibling->current &&
        (sibling->size == 0 || (follow->packed == NULL && !is_quiet(mine))))
        return false;
    int got = follow_fill(follow); /* what came between our sight of its end and now */
    if (got != 0)
        return got == 1;
    if (open_sibling(sibling, &opened) != 0) {
        follow->kept_out = errno != ENOENT && errno != ESTALE;
        if (follow->kept_out)
            log_trouble_on(&follow->trouble, "the log goes on in '%s', which cannot be opened: %s",
                           sibling->path, strerror(errno));
        return false;
    }
    if (unread)
        follow_lost(follow, follow->at.time, "unread");
    follow->has_cut = follow->end > follow->start || follow->skip == SKIP_LONG;
    follow->cursor += follow->end - follow->start;
    begin_file(follow, &opened, sibling->path);
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
    bool turned = turn_to(follow, &siblings, &mine);
    siblings_clear(&siblings);
    return turned;
}

/* A copy that was made before the truncation may have what we had not read yet. What was written
 * between copy and truncation is lost, and nobody can tell whether there was anything. */
void follow_truncated(struct follow *follow)
{
    struct siblings siblings;
    struct opened opened = {.packed = NULL};
    struct error why;
    bool found = false;
    int64_t from = follow->at.time > follow->covered ? follow->at.time : follow->covered;
    follow_lost(follow, from, "truncated");
    if (siblings_read(&siblings, follow->path, &why) == 0) {
        found = find_copy(follow, &siblings, &opened) == 0;
        siblings_clear(&siblings);
    }
    if (found) {
        uint64_t place = follow->base + follow->cursor;
        take_file(follow, &opened, false);
        follow->base = place - follow->cursor;
        return;
    }
    opened.fd = follow->fd;
    if (fstat(opened.fd, &opened.status) == 0)
        begin_file(follow, &opened, follow->path);
}
