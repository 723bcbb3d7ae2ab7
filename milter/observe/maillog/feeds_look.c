/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds_look: which files fit a pattern, and are logs of their own.
 *
 * Not those that rotation made of another one that is followed or fits: its own feed reads them.
 * Not a file that another feed reads, or did read, under another name. Nothing compressed: it is
 * read only where a position leads into it.
 *
 * A name may be away for a moment while a rotation is under way, so a feed outlives its file.
 */
#include "feeds_look.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "position.h"
#include "siblings.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define LOOK_MS (2 * SECOND_MS)
#define GONE_MS MINUTE_MS
#define NOTE_MS (10 * MINUTE_MS)
#define FITS_MAX 1000   /* names that are looked at, of one pattern */
#define PATH_LIMIT 1024 /* a note has room for it */

bool feeds_is_pattern(const char *name)
{
    return name[0] == '/' && strpbrk(name, "*?[") != NULL;
}

static void pattern_note(const char *pattern, char note[static JOURNAL_NOTE_NAME_MAX + 1])
{
    int size = snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "glob:%s", pattern);
    if (size < 0 || (unsigned)size > JOURNAL_NOTE_NAME_MAX)
        snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "glob:#%016llx",
                 (unsigned long long)digest_64(pattern, strlen(pattern)));
}

static void slot_note(int slot, char note[static JOURNAL_NOTE_NAME_MAX + 1])
{
    snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "glob#%d", slot);
}

int feeds_add_pattern(struct feeds *feeds, const char *text, struct feeds_memory memory,
                      struct error *why)
{
    struct feeds_pattern *pattern = &feeds->pattern[feeds->patterns];
    char value[JOURNAL_NOTE_VALUE_MAX];
    pattern->text = strdup(text);
    if (pattern->text == NULL)
        return error_set(why, "no memory to follow '%s'", text);
    feeds->patterns++;
    pattern_note(text, pattern->note);
    uint64_t since;
    if (memory.recall != NULL &&
        memory.recall(memory.context, pattern->note, value, sizeof value) == 0 &&
        text_number(slice_of(value), 1, INT64_MAX, &since))
        pattern->since = (int64_t)since;
    log_info("reading the mail log from all files '%s', %s", text,
             pattern->since != 0 ? "where it was left"
                                 : "beginning with what is written from now on");
    return 0;
}

/* ---- what is known already ---- */

static struct feed *feed_of(const struct feeds *feeds, const char *path)
{
    for (size_t i = 0; i < feeds->count; i++)
        if (feeds->feed[i]->path != NULL && strcmp(feeds->feed[i]->path, path) == 0)
            return feeds->feed[i];
    return NULL;
}

static bool is_rotated_feed(const struct feeds *feeds, const char *path)
{
    for (size_t i = 0; i < feeds->count; i++)
        if (feeds->feed[i]->path != NULL && siblings_is_rotated(feeds->feed[i]->path, path))
            return true;
    return false;
}

static bool is_rotated_match(const glob_t *found, const char *path)
{
    for (size_t i = 0; i < found->gl_pathc && i < FITS_MAX; i++)
        if (siblings_is_rotated(found->gl_pathv[i], path))
            return true;
    return false;
}

/* Remember which files are read now. */
static void know_files(struct feeds *feeds)
{
    char value[JOURNAL_NOTE_VALUE_MAX];
    for (size_t i = 0; i < feeds->count; i++) {
        struct source *source = feeds->feed[i]->source;
        struct position at;
        size_t same = 0;
        if (feeds->feed[i]->path == NULL)
            continue;
        source->calls->position(source, value);
        if (!position_parse(&at, slice_of(value)) || at.inode == 0)
            continue;
        while (same < FEEDS_KNOWN_MAX && (feeds->known[same].inode != at.inode ||
                                          feeds->known[same].device != at.device))
            same++;
        if (same == FEEDS_KNOWN_MAX)
            same = feeds->known_next++ % FEEDS_KNOWN_MAX;
        feeds->known[same] = at;
    }
}

static bool is_known_file(const struct feeds *feeds, int fd, const struct stat *status)
{
    for (size_t i = 0; i < FEEDS_KNOWN_MAX; i++)
        if (feeds->known[i].inode != 0 && position_in(&feeds->known[i], fd, status))
            return true;
    return false;
}

/* Is it a file, and none that we read under another name? One that may not be opened is ours to
 * complain about. */
static bool is_new_file(const struct feeds *feeds, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return errno != ENOENT;
    bool is_new = fstat(fd, &status) == 0 && !is_known_file(feeds, fd, &status);
    close(fd);
    return is_new;
}

/* ---- files that came ---- */

static int free_slot(const struct feeds *feeds)
{
    for (int slot = 0; slot < FEEDS_FOUND_MAX; slot++) {
        bool taken = false;
        for (size_t i = 0; i < feeds->count; i++)
            taken = taken || feeds->feed[i]->slot == slot;
        if (!taken)
            return slot;
    }
    return -1;
}

static void add_found(struct feeds *feeds, const char *path, int slot, const char *position)
{
    char note[JOURNAL_NOTE_NAME_MAX + 1];
    struct error why;
    slot_note(slot, note);
    if (feeds_add(feeds, path, note, slot, position, &why) != 0)
        log_trouble_on(&feeds->blind, "%s", why.text);
    else
        log_info("following '%s'", path);
}

/* A file that was there before the first start is begun at its end, unless it was followed by its
 * name alone till now. */
static void follow_match(struct feeds *feeds, const struct feeds_pattern *pattern,
                         const char *path, int slot, struct feeds_memory memory)
{
    char value[JOURNAL_NOTE_VALUE_MAX], note[JOURNAL_NOTE_NAME_MAX + 1];
    const char *position = value;
    if (pattern->since != 0) {
        const struct position nowhere = {.time = pattern->since};
        position_format(&nowhere, value);
    } else {
        follow_note(path, note);
        if (memory.recall == NULL ||
            memory.recall(memory.context, note, value, sizeof value) != 0)
            position = NULL;
    }
    add_found(feeds, path, slot, position);
}

static int tell_blind(const char *path, int error)
{
    (void)path;
    errno = error;
    return error != ENOENT && error != ENOTDIR; /* stop */
}

/* False: not all is seen. */
static bool look_at(struct feeds *feeds, struct feeds_pattern *pattern,
                    struct feeds_memory memory, size_t *over)
{
    glob_t found = {0};
    int64_t now = clock_now(), monotonic = clock_monotonic();
    int result = glob(pattern->text, 0, tell_blind, &found);
    if (result != 0 && result != GLOB_NOMATCH) {
        log_trouble_on(&feeds->blind, "cannot look for '%s': %s", pattern->text,
                       result == GLOB_NOSPACE ? "no memory" : strerror(errno));
        globfree(&found);
        return false;
    }
    for (size_t i = 0; i < found.gl_pathc && i < FITS_MAX; i++) {
        const char *path = found.gl_pathv[i];
        struct feed *feed = feed_of(feeds, path);
        if (feed != NULL)
            feed->busy = monotonic;
        else if (strlen(path) <= PATH_LIMIT && !siblings_is_compressed(path) &&
                 !is_rotated_feed(feeds, path) && !is_rotated_match(&found, path) &&
                 is_new_file(feeds, path)) {
            int slot = free_slot(feeds);
            if (slot < 0) {
                ++*over;
                continue;
            }
            follow_match(feeds, pattern, path, slot, memory);
            know_files(feeds);
        }
    }
    *over += found.gl_pathc > FITS_MAX ? found.gl_pathc - FITS_MAX : 0;
    globfree(&found);
    pattern->since = now;
    return true;
}

/* ---- files that went ---- */

static void mark_gone(struct feeds *feeds)
{
    int64_t now = clock_monotonic();
    for (size_t i = 0; i < feeds->count; i++) {
        struct feed *feed = feeds->feed[i];
        if (feed->slot >= 0)
            feed->gone = now - feed->busy >= GONE_MS || is_rotated_feed(feeds, feed->path);
    }
}

/* ---- both ---- */

static void look(struct feeds *feeds, struct feeds_memory memory)
{
    size_t over = 0;
    bool all = true;
    int64_t now = clock_now();
    if (feeds->patterns == 0 || clock_monotonic() < feeds->next_look)
        return;
    feeds->next_look = clock_monotonic() + LOOK_MS;
    know_files(feeds);
    for (size_t i = 0; i < feeds->patterns; i++)
        all = look_at(feeds, &feeds->pattern[i], memory, &over) && all;
    mark_gone(feeds);
    if (over > 0)
        log_trouble_on(&feeds->over, "%zu more files than the %d that are followed at once fit "
                       "log_source, and are not read: write a narrower pattern", over,
                       FEEDS_FOUND_MAX);
    else
        log_trouble_off(&feeds->over, "all files that fit log_source are followed");
    if (all)
        log_trouble_off(&feeds->blind, "log_source can be looked for again");
    feeds->covered = !all || over > 0 ? 0 : now;
}

uint64_t feeds_note_patterns(struct feeds *feeds, struct journal *journal)
{
    uint64_t last = 0;
    feeds->next_note = clock_monotonic() + NOTE_MS;
    for (size_t i = 0; i < feeds->patterns; i++) {
        char since[24];
        snprintf(since, sizeof since, "%" PRId64, feeds->pattern[i].since);
        if (feeds->pattern[i].since == 0)
            continue;
        uint64_t ticket = journal_note(journal, feeds->pattern[i].note, slice_of(since));
        last = ticket > last ? ticket : last;
    }
    return last;
}

void feeds_look(struct feeds *feeds, struct journal *journal)
{
    look(feeds, (struct feeds_memory){NULL, NULL});
    if (clock_monotonic() < feeds->next_note)
        return;
    (void)feeds_note_patterns(feeds, journal);
}

static bool fits_a_pattern(const struct feeds *feeds, const char *path)
{
    for (size_t i = 0; i < feeds->patterns; i++)
        if (feeds->pattern[i].since != 0 &&
            fnmatch(feeds->pattern[i].text, path, FNM_PATHNAME | FNM_PERIOD) == 0)
            return true;
    return false;
}

void feeds_look_first(struct feeds *feeds, struct feeds_memory memory)
{
    for (int slot = 0; slot < FEEDS_FOUND_MAX && feeds->patterns > 0; slot++) {
        char note[JOURNAL_NOTE_NAME_MAX + 1], value[JOURNAL_NOTE_VALUE_MAX];
        slot_note(slot, note);
        char *path = NULL;
        if (memory.recall != NULL &&
            memory.recall(memory.context, note, value, sizeof value) == 0)
            path = strstr(value, " /");
        if (path == NULL)
            continue;
        *path++ = '\0';
        if (fits_a_pattern(feeds, path) && feed_of(feeds, path) == NULL)
            add_found(feeds, path, slot, value);
    }
    look(feeds, memory);
}
