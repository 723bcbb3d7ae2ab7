/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdjournal: the mail server's lines out of the systemd journal.
 *
 * Anybody on the machine may write to the journal under any identifier (`logger -t postfix/smtp`),
 * so an entry counts only by the fields that journald itself fills in: the writer was root (as
 * journald is, when it tells what it dropped) or a mail server's own user; or it ran in a unit of
 * a mail server under a system's uid. The unit alone proves nothing: commands out of a .forward
 * run in it too, as their owner.
 *
 * libsystemd wants one thread for all of a journal's life, so it is opened by the first next().
 */
#include "source.h"

#include <stdio.h>
#include <string.h>

#include "waybill/digest.h"

void sdjournal_note(const char *directory, char note[static JOURNAL_NOTE_NAME_MAX + 1])
{
    int size = snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "journal:%s", directory ? directory : "");
    if (size < 0 || (unsigned)size > JOURNAL_NOTE_NAME_MAX)
        snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "journal#%016llx",
                 (unsigned long long)digest_64(directory, strlen(directory)));
}

#ifdef HAVE_SYSTEMD

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>

#include "waybill/buffer.h"
#include "waybill/clock.h"
#include "waybill/log.h"
#include "waybill/unit.h"

#define ENTRY_MAX ((size_t)64 << 10)
#define WINDOW 64          /* entries before the cursor that are counted again, see occurrence.h */
#define SYSTEM_UID_MOST 999 /* the usual border between the system's and people's uids */

/* Postfix's; Sendmail's server and its submission queue, on Debian (both) and Fedora (the latter:
 * its server runs as root). */
static const char *const users[] = {"postfix", "smmta", "smmsp"};
#define USERS (sizeof users / sizeof users[0])

struct sdjournal {
    struct source source; /* first: a source is cast to it */
    char *directory;      /* NULL: this machine's journal */
    sd_journal *journal;  /* NULL: not open */
    char *cursor;         /* of the last entry told; NULL: none */
    int64_t time;         /* of that entry; without one: of the first start */
    bool fresh;
    int window;           /* entries still to be told as seen */
    struct buffer raw;
    uint64_t place;
    int64_t covered;
    uint64_t users[USERS]; /* uids of those that there are */
    size_t user_count;
    bool has_gap;
    struct source_gap gap;
    struct log_trouble trouble;
};

/* A field's value; absent if the entry has none. Valid until the next field is asked for. */
static struct slice field(sd_journal *journal, const char *name)
{
    const void *data;
    size_t size, prefix = strlen(name) + 1;
    if (sd_journal_get_data(journal, name, &data, &size) < 0 || size < prefix)
        return SLICE_ABSENT;
    return slice_make((const char *)data + prefix, size - prefix);
}

static bool is_mta_user(const struct sdjournal *self, uint64_t uid)
{
    for (size_t i = 0; i < self->user_count; i++)
        if (self->users[i] == uid)
            return true;
    return false;
}

static bool is_trusted(const struct sdjournal *self)
{
    uint64_t uid;
    if (!text_number(field(self->journal, "_UID"), 0, UINT32_MAX, &uid))
        return false;
    return uid == 0 || is_mta_user(self, uid) ||
           (uid <= SYSTEM_UID_MOST && unit_is_mta(field(self->journal, "_SYSTEMD_UNIT")));
}

static void find_users(struct sdjournal *self)
{
    self->user_count = 0;
    for (size_t i = 0; i < USERS; i++) {
        char room[4096];
        struct passwd entry, *found = NULL;
        if (getpwnam_r(users[i], &entry, room, sizeof room, &found) == 0 && found != NULL)
            self->users[self->user_count++] = found->pw_uid;
    }
}

/* Append a field to `raw` and remember where it stands; the views are made when all is there. */
static struct slice keep(struct sdjournal *self, struct slice value)
{
    size_t at = self->raw.size;
    buffer_add(&self->raw, value.at, value.size);
    return slice_make((const char *)(uintptr_t)at, value.size);
}

static struct slice kept(const struct sdjournal *self, struct slice value)
{
    return slice_make(self->raw.data + (uintptr_t)value.at, value.size);
}

/* raw: "usec pid identifier message host"; the host is not part of what the id is made from. */
static bool read_entry(struct sdjournal *self, uint64_t usec, struct logline *line)
{
    sd_journal *journal = self->journal;
    buffer_clear(&self->raw);
    buffer_addf(&self->raw, "%" PRIu64 " ", usec);
    logline_begin(line);
    line->time = (int64_t)(usec / 1000);
    struct slice pid = keep(self, field(journal, "_PID"));
    buffer_add_char(&self->raw, ' ');
    struct slice program = keep(self, field(journal, "SYSLOG_IDENTIFIER"));
    buffer_add_char(&self->raw, ' ');
    struct slice message = keep(self, field(journal, "MESSAGE"));
    size_t size = self->raw.size;
    struct slice host = keep(self, field(journal, "_HOSTNAME"));
    if (self->raw.failed || program.size == 0)
        return false;
    line->raw = slice_make(self->raw.data, size);
    line_set(line, LINE_PID, kept(self, pid));
    line_set(line, LINE_PROGRAM, kept(self, program));
    line->body = kept(self, message);
    line_set(line, LINE_HOST, kept(self, host));
    return true;
}

static void add_gap(struct sdjournal *self, int64_t until)
{
    self->has_gap = true;
    self->gap = (struct source_gap){
        .from = self->time < until ? self->time : until, .until = until, .cause = "unread"};
}

/* Stand on the entry before the first one to be told. */
static int seek(struct sdjournal *self)
{
    sd_journal *journal = self->journal;
    uint64_t usec;
    int result;
    if (self->fresh) {
        if ((result = sd_journal_seek_tail(journal)) < 0 ||
            (result = sd_journal_previous(journal)) < 0)
            return result;
        self->fresh = false;
        self->time = clock_now();
        return result == 0 ? 0 : sd_journal_get_cursor(journal, &self->cursor);
    }
    if (self->cursor == NULL)
        return sd_journal_seek_realtime_usec(journal, (uint64_t)self->time * 1000);
    if ((result = sd_journal_seek_cursor(journal, self->cursor)) < 0 ||
        (result = sd_journal_next(journal)) < 0)
        return result;
    if (result > 0 && sd_journal_test_cursor(journal, self->cursor) > 0) {
        result = sd_journal_previous_skip(journal, WINDOW);
        self->window = result > 0 ? result : 0;
        return result < 0 ? result : 0;
    }
    /* Vacuumed away meanwhile: what lay between is lost, and the entry found is the next one. */
    bool found = result > 0 && sd_journal_get_realtime_usec(journal, &usec) >= 0;
    add_gap(self, found ? (int64_t)(usec / 1000) : clock_now());
    result = sd_journal_seek_cursor(journal, self->cursor);
    return result;
}

static bool open_journal(struct sdjournal *self)
{
    sd_journal *journal = NULL;
    int result = self->directory == NULL
                     ? sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY)
                     : sd_journal_open_directory(&journal, self->directory, 0);
    self->journal = journal;
    if (result >= 0 && (result = sd_journal_set_data_threshold(journal, ENTRY_MAX)) >= 0 &&
        (result = sd_journal_add_match(journal, "_TRANSPORT=syslog", 0)) >= 0 &&
        (result = sd_journal_add_match(journal, "_TRANSPORT=stdout", 0)) >= 0 &&
        (result = sd_journal_add_match(journal, "_TRANSPORT=journal", 0)) >= 0 &&
        (result = sd_journal_add_match(journal, "_TRANSPORT=driver", 0)) >= 0 && /* journald */
        (result = sd_journal_get_fd(journal)) >= 0 && (result = seek(self)) >= 0) {
        find_users(self);
        log_trouble_off(&self->trouble, "the systemd journal can be read");
        return true;
    }
    log_trouble_on(&self->trouble, "cannot open the systemd journal%s%s: %s",
                   self->directory ? " in " : "", self->directory ? self->directory : "",
                   strerror(-result));
    if (result != 0 || journal != NULL)
        sd_journal_close(journal);
    self->journal = NULL;
    return false;
}

static enum source_event tell(struct sdjournal *self, struct source_news *news)
{
    uint64_t usec;
    char *cursor = NULL;
    bool seen = self->window > 0;
    if (seen) {
        self->window--;
    } else if (sd_journal_get_cursor(self->journal, &cursor) >= 0) {
        free(self->cursor);
        self->cursor = cursor;
    }
    if (sd_journal_get_realtime_usec(self->journal, &usec) < 0)
        return SOURCE_FOREIGN;
    if (!seen)
        self->time = (int64_t)(usec / 1000);
    if (!is_trusted(self) || !read_entry(self, usec, &news->line))
        return SOURCE_FOREIGN;
    self->place += self->raw.size;
    news->place = self->place;
    return seen ? SOURCE_SEEN : SOURCE_LINE;
}

/* The next entry: 1, or 0: none. An invalidated journal (files came or went) goes on like one
 * that was appended to. */
static int step(struct sdjournal *self)
{
    int result = sd_journal_next(self->journal);
    if (result == 0 && (result = sd_journal_process(self->journal)) >= 0)
        result = result == SD_JOURNAL_NOP ? 0 : sd_journal_next(self->journal);
    if (result < 0)
        log_trouble_on(&self->trouble, "cannot read the systemd journal: %s", strerror(-result));
    else
        log_trouble_off(&self->trouble, "the systemd journal can be read again");
    return result;
}

static enum source_event sdjournal_next(struct source *source, struct logline_reader *reader,
                                        struct source_news *news)
{
    (void)reader; /* the journal has the header in fields */
    struct sdjournal *self = (struct sdjournal *)source;
    if (self->journal == NULL && !open_journal(self))
        return SOURCE_IDLE;
    if (self->has_gap) {
        self->has_gap = false;
        news->gap = self->gap;
        return SOURCE_GAP;
    }
    int64_t now = clock_now();
    int result = step(self);
    if (result > 0)
        return tell(self, news);
    if (result == 0)
        self->covered = now;
    return SOURCE_IDLE;
}

/* "1 TIME CURSOR", the cursor "-" where the journal was empty. */
static void sdjournal_position(const struct source *source,
                               char value[static JOURNAL_NOTE_VALUE_MAX])
{
    const struct sdjournal *self = (const struct sdjournal *)source;
    int size = self->fresh ? -1
                           : snprintf(value, JOURNAL_NOTE_VALUE_MAX, "1 %" PRId64 " %s",
                                      self->time, self->cursor == NULL ? "-" : self->cursor);
    if (size < 0 || (unsigned)size >= JOURNAL_NOTE_VALUE_MAX)
        value[0] = '\0';
}

static bool read_position(struct sdjournal *self, const char *position)
{
    struct slice text = slice_of(position);
    uint64_t time;
    if (!text_take(&text, "1 ") || !text_take_number(&text, &time) || time > INT64_MAX / 1000 ||
        !text_take_char(&text, ' ') || text.size == 0)
        return false;
    self->time = (int64_t)time;
    if (!slice_is(text, "-"))
        self->cursor = strndup(text.at, text.size);
    return slice_is(text, "-") || self->cursor != NULL;
}

static int64_t sdjournal_covered(const struct source *source)
{
    const struct sdjournal *self = (const struct sdjournal *)source;
    int64_t now = clock_now();
    int64_t told = self->covered > self->time ? self->covered : self->time;
    return self->journal == NULL ? 0 : told < now ? told : now;
}

static int sdjournal_fd(const struct source *source)
{
    const struct sdjournal *self = (const struct sdjournal *)source;
    return self->journal == NULL ? -1 : sd_journal_get_fd(self->journal);
}

static void sdjournal_close(struct source *source)
{
    struct sdjournal *self = (struct sdjournal *)source;
    if (self->journal != NULL)
        sd_journal_close(self->journal);
    buffer_free(&self->raw);
    free(self->directory);
    free(self->cursor);
    free(self);
}

static const struct source_calls calls = {
    .next = sdjournal_next,
    .position = sdjournal_position,
    .covered = sdjournal_covered,
    .fd = sdjournal_fd,
    .close = sdjournal_close,
};

int sdjournal_open(struct source **source, const char *directory, const char *position,
                   struct error *why)
{
    struct sdjournal *self = calloc(1, sizeof *self);
    if (self == NULL || (directory != NULL && (self->directory = strdup(directory)) == NULL)) {
        free(self);
        return error_set(why, "no memory to read the systemd journal");
    }
    self->source.calls = &calls;
    sdjournal_note(directory, self->source.name);
    buffer_init(&self->raw, 4 * ENTRY_MAX);
    self->fresh = position == NULL || !read_position(self, position);
    if (self->fresh && position != NULL && position[0] != '\0')
        log_warning("the position in the systemd journal cannot be read and is begun anew: '%s'",
                    position);
    if (self->fresh)
        (void)open_journal(self); /* where the first start begins is known from here on */
    *source = &self->source;
    return 0;
}

#else

int sdjournal_open(struct source **source, const char *directory, const char *position,
                   struct error *why)
{
    (void)source;
    (void)directory;
    (void)position;
    return error_set(why, "cannot read the systemd journal: this waybilld was built without it");
}

#endif
