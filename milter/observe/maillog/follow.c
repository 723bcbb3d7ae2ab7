/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow: lines out of a file that grows, is rotated, or is truncated.
 *
 * The position always stands at the beginning of a line that was not yet told, so half a line at
 * the end is read again when it is whole, and after a restart no byte is missed. Bytes count as
 * read only when a look at the file afterwards shows that it still is the one they were read
 * from. inotify only saves waiting: each second the file is looked at anyway. A compressed file
 * grows no more: its lines are read one by one.
 */
#include "follow.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "waybill/clock.h"
#include "waybill/digest.h"

int follow_fill(struct follow *follow)
{
    struct stat status;
    if (follow->packed != NULL)
        return 0; /* whoever asked it for a line has seen its end */
    if (follow->start > 0) {
        memmove(follow->buffer, follow->buffer + follow->start, follow->end - follow->start);
        follow->end -= follow->start;
        follow->start = 0;
    }
    ssize_t n = pread(follow->fd, follow->buffer + follow->end, FOLLOW_BUFFER - follow->end,
                      (off_t)(follow->cursor + follow->end));
    if (n < 0 || fstat(follow->fd, &status) != 0) {
        if (errno != EINTR)
            log_trouble_on(&follow->trouble, "cannot read '%s': %s", follow->path,
                           strerror(errno));
        return -2;
    }
    if ((uint64_t)status.st_size < follow->cursor + follow->end + (size_t)n ||
        position_learn(&follow->at, follow->fd) != 0)
        return -1;
    follow->end += (size_t)n;
    return n > 0;
}

/* Take the next line out of the buffer. False: there is no whole one. A line that is too long
 * gives *event SOURCE_TOO_LONG once its end is found; till then the position stays before it, so
 * that a restart cannot take its rest for a line. The rest of a line that reading began in gives
 * SOURCE_IDLE. */
static bool take_line(struct follow *follow, struct slice *line, enum source_event *event)
{
    if (follow->skip == SKIP_NOTHING) /* NULs are left by a crash, or by a writer that is unaware
                                         that its file was truncated */
        while (follow->start < follow->end && follow->buffer[follow->start] == '\0') {
            follow->start++;
            follow->cursor++;
        }
    char *from = follow->buffer + follow->start;
    size_t have = follow->end - follow->start;
    const char *newline = memchr(from, '\n', have);
    size_t size = newline == NULL ? have : (size_t)(newline - from);
    if (newline == NULL && size <= FOLLOW_LINE_MAX && follow->skip == SKIP_NOTHING)
        return false;
    bool too_long = follow->skip == SKIP_LONG || (follow->skip == SKIP_NOTHING &&
                                                  size > FOLLOW_LINE_MAX);
    size_t eaten = newline == NULL ? size : size + 1;
    follow->start += eaten;
    follow->cursor += eaten;
    if (newline == NULL) {
        follow->skip = too_long ? SKIP_LONG : SKIP_FIRST;
        return false;
    }
    *line = slice_make(from, size);
    *event = follow->skip == SKIP_FIRST ? SOURCE_IDLE : too_long ? SOURCE_TOO_LONG : SOURCE_LINE;
    follow->skip = SKIP_NOTHING;
    return true;
}

/* As take_line, out of a compressed file. */
static bool take_packed(struct follow *follow, struct slice *line, enum source_event *event)
{
    struct logfile_place place;
    struct error why;
    enum logfile_news news = logfile_next(follow->packed, line, &why);
    if (news == LOGFILE_FAILED) {
        log_warning("the rest of a rotated log is lost: %s", why.text);
        follow_lost(follow, follow->at.time, "unread");
    }
    if (news == LOGFILE_FAILED || news == LOGFILE_END)
        return false;
    logfile_where(follow->packed, &place);
    follow->cursor = place.bytes;
    *event = follow->skip == SKIP_FIRST  ? SOURCE_IDLE
             : news == LOGFILE_TOO_LONG ? SOURCE_TOO_LONG
             : news == LOGFILE_CUT      ? SOURCE_CUT
                                        : SOURCE_LINE;
    follow->skip = SKIP_NOTHING;
    return true;
}

/* What a wrong clock dates ahead was written by now; else what follows would seem older. */
static void set_time(struct follow *follow, int64_t time)
{
    int64_t now = clock_now();
    if (time > 0)
        follow->at.time = time < now ? time : now;
}

/* What the next line is; SOURCE_IDLE: there is none. */
static enum source_event next_line(struct follow *follow, struct logline_reader *reader,
                                   struct source_news *news)
{
    struct slice text;
    enum source_event event = SOURCE_IDLE;
    while (follow->packed != NULL ? take_packed(follow, &text, &event)
                                  : take_line(follow, &text, &event)) {
        bool seen = follow->cursor <= follow->at.offset;
        bool line = event == SOURCE_LINE && logline_header(reader, text, &news->line);
        news->place = follow->base + follow->cursor;
        if (seen && line)
            return SOURCE_SEEN;
        if (seen || event == SOURCE_IDLE)
            continue;
        follow->at.offset = follow->cursor;
        if (line)
            set_time(follow, news->line.time);
        return event == SOURCE_LINE && !line ? SOURCE_FOREIGN : event;
    }
    return SOURCE_IDLE;
}

static enum source_event tell_pending(struct follow *follow, struct source_news *news)
{
    if (follow->has_cut) {
        follow->has_cut = false;
        return SOURCE_CUT;
    }
    if (follow->has_gap) {
        follow->has_gap = false;
        news->gap = follow->gap;
        return SOURCE_GAP;
    }
    return SOURCE_IDLE;
}

static void drain(struct follow *follow)
{
    char events[4096];
    while (follow->notify >= 0 && read(follow->notify, events, sizeof events) > 0)
        continue;
}

/* More bytes, or another file to take them from. False: nothing now. */
static bool go_on(struct follow *follow)
{
    /* Woken again by whatever comes after this look. */
    drain(follow);
    if (follow->fd < 0)
        return follow_find(follow);
    int64_t now = clock_now();
    int got = follow_fill(follow);
    if (got == -1)
        follow_truncated(follow);
    if (got != 0)
        return got != -2;
    if (follow_turn(follow))
        return true;
    if (!follow->kept_out) {
        log_trouble_off(&follow->trouble, "'%s' can be read again", follow->path);
        follow->covered = now;
    }
    return false;
}

static enum source_event follow_next(struct source *source, struct logline_reader *reader,
                                     struct source_news *news)
{
    struct follow *follow = (struct follow *)source;
    for (;;) {
        enum source_event event = tell_pending(follow, news);
        if (event == SOURCE_IDLE && follow->fd >= 0)
            event = next_line(follow, reader, news);
        if (event != SOURCE_IDLE)
            return event;
        if (!go_on(follow))
            return tell_pending(follow, news);
    }
}

static void follow_position(const struct source *source, char value[static JOURNAL_NOTE_VALUE_MAX])
{
    const struct follow *follow = (const struct follow *)source;
    static_assert(POSITION_TEXT_SIZE <= JOURNAL_NOTE_VALUE_MAX, "a position fits into a note");
    if (follow->fresh)
        value[0] = '\0'; /* nothing is known yet */
    else
        position_format(&follow->at, value);
}

static int64_t follow_covered(const struct source *source)
{
    const struct follow *follow = (const struct follow *)source;
    int64_t now = clock_now();
    int64_t told = follow->at.time > follow->covered ? follow->at.time : follow->covered;
    return follow->fd < 0 ? 0 : told < now ? told : now;
}

/* Of a compressed file nobody knows how many there will be. */
static int64_t follow_behind(const struct source *source)
{
    const struct follow *follow = (const struct follow *)source;
    struct stat status;
    if (follow->fd < 0 || follow->packed != NULL || fstat(follow->fd, &status) < 0)
        return -1;
    return (uint64_t)status.st_size > follow->at.offset
               ? status.st_size - (int64_t)follow->at.offset
               : 0;
}

static int follow_fd(const struct source *source)
{
    return ((const struct follow *)source)->notify;
}

void follow_watch(struct follow *follow)
{
    char path[64];
    if (follow->notify < 0)
        return;
    if (follow->file_watch >= 0)
        inotify_rm_watch(follow->notify, follow->file_watch);
    /* By descriptor: the name may be another file's by now. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", follow->fd);
    follow->file_watch = inotify_add_watch(follow->notify, path, IN_MODIFY);
}

static void watch_folder(struct follow *follow)
{
    const char *slash = strrchr(follow->path, '/');
    char *folder = slash == NULL ? strdup(".")
                                 : strndup(follow->path, slash == follow->path
                                                             ? 1
                                                             : (size_t)(slash - follow->path));
    follow->file_watch = -1;
    follow->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (follow->notify >= 0 && folder != NULL)
        inotify_add_watch(follow->notify, folder, IN_CREATE | IN_MOVED_TO);
    free(folder);
}

static void follow_close(struct source *source)
{
    struct follow *follow = (struct follow *)source;
    if (follow->fd >= 0)
        close(follow->fd);
    if (follow->notify >= 0)
        close(follow->notify);
    logfile_close(&follow->packed);
    free(follow->buffer);
    free(follow->path);
    free(follow);
}

static const struct source_calls calls = {
    .next = follow_next,
    .position = follow_position,
    .covered = follow_covered,
    .behind = follow_behind,
    .fd = follow_fd,
    .close = follow_close,
};

void follow_note(const char *path, char note[static JOURNAL_NOTE_NAME_MAX + 1])
{
    int size = snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "log:%s", path);
    if (size < 0 || (unsigned)size > JOURNAL_NOTE_NAME_MAX)
        snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "log#%016llx",
                 (unsigned long long)digest_64(path, strlen(path)));
}

int follow_open(struct source **source, const char *path, const char *position, struct error *why)
{
    struct follow *follow = calloc(1, sizeof *follow);
    if (follow != NULL) {
        follow->path = strdup(path);
        follow->buffer = malloc(FOLLOW_BUFFER);
    }
    if (follow == NULL || follow->path == NULL || follow->buffer == NULL) {
        if (follow != NULL) {
            free(follow->path);
            free(follow->buffer);
        }
        free(follow);
        return error_set(why, "no memory to follow '%s'", path);
    }
    follow->source.calls = &calls;
    follow_note(path, follow->source.name);
    follow->fd = -1;
    follow->fresh = position == NULL || !position_parse(&follow->at, slice_of(position));
    if (follow->fresh && position != NULL && position[0] != '\0')
        log_warning("the position in '%s' cannot be read and is begun anew: '%s'", path, position);
    watch_folder(follow);
    if (follow->fresh)
        (void)follow_find(follow); /* where the first start begins is known from here on */
    *source = &follow->source;
    return 0;
}
