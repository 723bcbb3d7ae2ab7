/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds: opening and closing, notes and coverage; what patterns find is in feeds_look.c.
 */
#include "feeds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "feeds_look.h"
#include "position.h"
#include "waybill/clock.h"

#define NOTED_MS 2000 /* a disk that takes longer is in trouble, and the journal says so */

/* The source by its name; `note` and the position that it had. */
static int open_source(struct feed *feed, const char *name, const char *position,
                       struct error *why)
{
    struct slice rest = slice_of(name);
    if (text_take(&rest, "socket:"))
        return socket_open(&feed->source, rest.at, position, why);
    if (strcmp(name, "journal") == 0)
        return sdjournal_open(&feed->source, NULL, position, why);
    if (text_take(&rest, "journal:"))
        return sdjournal_open(&feed->source, rest.at, position, why);
    feed->path = strdup(name);
    if (feed->path == NULL)
        return error_set(why, "no memory to follow '%s'", name);
    return follow_open(&feed->source, name, position, why);
}

static void name_note(const char *name, char note[static JOURNAL_NOTE_NAME_MAX + 1])
{
    struct slice rest = slice_of(name);
    if (text_take(&rest, "socket:"))
        socket_note(rest.at, note);
    else if (text_take(&rest, "journal:"))
        sdjournal_note(rest.at, note);
    else if (strcmp(name, "journal") == 0)
        sdjournal_note(NULL, note);
    else
        follow_note(name, note);
}

static void close_feed(struct feed **feed)
{
    struct feed *self = *feed;
    if (self->source != NULL)
        self->source->calls->close(self->source);
    occurrence_close(&self->occurrence);
    logline_close(&self->reader);
    free(self->path);
    free(self);
    *feed = NULL;
}

int feeds_add(struct feeds *feeds, const char *name, const char *note, int slot,
              const char *position, struct error *why)
{
    struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        return error_set(why, "no memory to read '%s'", name);
    feed->slot = slot;
    feed->busy = clock_monotonic();
    snprintf(feed->note, sizeof feed->note, "%s", note);
    if (open_source(feed, name, position, why) != 0 ||
        occurrence_open(&feed->occurrence, why) != 0) {
        close_feed(&feed);
        return -1;
    }
    feed->reader = logline_open();
    if (feed->reader == NULL) {
        close_feed(&feed);
        return error_set(why, "no memory to read '%s'", name);
    }
    feeds->feed[feeds->count++] = feed;
    return 0;
}

static int open_named(struct feeds *feeds, const char *name, struct feeds_memory memory,
                      struct error *why)
{
    char note[JOURNAL_NOTE_NAME_MAX + 1], value[JOURNAL_NOTE_VALUE_MAX];
    name_note(name, note);
    bool known = memory.recall != NULL &&
                 memory.recall(memory.context, note, value, sizeof value) == 0;
    if (feeds_add(feeds, name, note, -1, known ? value : NULL, why) != 0)
        return -1;
    log_info("reading the mail log from '%s', %s", name,
             known ? "where it was left" : "beginning with what is written from now on");
    return 0;
}

int feeds_open(struct feeds **feeds, const struct settings *settings, struct feeds_memory memory,
               struct error *why)
{
    struct feeds *self = calloc(1, sizeof *self);
    *feeds = self;
    if (self == NULL || (self->known = calloc(FEEDS_KNOWN_MAX, sizeof *self->known)) == NULL)
        return error_set(why, "no memory to read the mail log");
    for (size_t i = 0; i < SETTINGS_LIST_MAX && settings->log_source[i] != NULL; i++) {
        const char *name = settings->log_source[i];
        if (strcmp(name, "auto") == 0)
            name = choose_source("", clock_now());
        if ((feeds_is_pattern(name) ? feeds_add_pattern(self, name, memory, why)
                                    : open_named(self, name, memory, why)) != 0)
            return -1;
    }
    feeds_look_first(self, memory);
    return 0;
}

void feeds_close(struct feeds **feeds)
{
    struct feeds *self = *feeds;
    if (self == NULL)
        return;
    for (size_t i = 0; i < self->count; i++)
        close_feed(&self->feed[i]);
    for (size_t i = 0; i < self->patterns; i++)
        free(self->pattern[i].text);
    free(self->known);
    free(self);
    *feeds = NULL;
}

void feeds_drop(struct feeds *feeds, size_t number, struct journal *journal)
{
    journal_note(journal, feeds->feed[number]->note, slice_of("-"));
    log_info("'%s' is no more followed: it is not there", feeds->feed[number]->path);
    close_feed(&feeds->feed[number]);
    feeds->feed[number] = feeds->feed[--feeds->count];
    feeds->feed[feeds->count] = NULL;
}

/* The note's ticket; 0: none was to be written, or it could not. */
static uint64_t note_feed(struct feed *feed, struct journal *journal)
{
    char value[JOURNAL_NOTE_VALUE_MAX];
    feed->source->calls->position(feed->source, value);
    size_t size = strlen(value);
    if (size == 0)
        return 0;
    if (feed->slot >= 0)
        snprintf(value + size, sizeof value - size, " %s", feed->path);
    if (strcmp(value, feed->noted) == 0)
        return 0;
    uint64_t ticket = journal_note(journal, feed->note, slice_of(value));
    if (ticket != 0)
        memcpy(feed->noted, value, sizeof value);
    return ticket;
}

void feeds_note(struct feed *feed, struct journal *journal)
{
    (void)note_feed(feed, journal);
}

int feeds_note_all(struct feeds *feeds, struct journal *journal)
{
    uint64_t last = feeds_note_patterns(feeds, journal);
    for (size_t i = 0; i < feeds->count; i++) {
        uint64_t ticket = note_feed(feeds->feed[i], journal);
        last = ticket > last ? ticket : last;
    }
    return last == 0 || journal_wait(journal, last, NOTED_MS) ? 0 : -1;
}

int64_t feeds_covered(const struct feeds *feeds)
{
    int64_t covered = feeds->patterns > 0 ? feeds->covered : INT64_MAX;
    for (size_t i = 0; i < feeds->count; i++) {
        int64_t one = feeds->feed[i]->source->calls->covered(feeds->feed[i]->source);
        covered = one < covered ? one : covered;
    }
    return covered == INT64_MAX ? 0 : covered;
}
