/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds: the sources that are read, each with what is kept for it, and the patterns by which more
 * of them are found.
 *
 * A source that the settings name has a note of its own. A file that a pattern found has one of
 * FEEDS_FOUND_MAX numbered notes, whose value begins with the position and ends with the path:
 * logs with a date in their name come and go, and the journal keeps few notes, and for ever.
 */
#ifndef MAILLOG_FEEDS_H
#define MAILLOG_FEEDS_H

#include <stdbool.h>

#include "source.h"
#include "waybill/log.h"
#include "waybill/occurrence.h"
#include "waybill/settings.h"

#define FEEDS_FOUND_MAX 24 /* so that all notes are less than JOURNAL_NOTES_MAX */
#define FEEDS_MAX (SETTINGS_LIST_MAX + FEEDS_FOUND_MAX)
#define FEEDS_KNOWN_MAX 128

struct feed {
    struct source *source;
    struct occurrence *occurrence;
    struct logline_reader *reader;
    char note[JOURNAL_NOTE_NAME_MAX + 1];
    char noted[JOURNAL_NOTE_VALUE_MAX]; /* the position that the journal has */
    char *path;     /* of the file; NULL: the source is none */
    int slot;       /* of a file that a pattern found; -1: the settings name it */
    bool gone;      /* the file is there no more, or is one that rotation made of another feed's */
    int64_t busy;   /* monotonic: when it last told something, or its path was last there */
    int64_t told;   /* ms: time of the last line of a mail server */
};

struct feeds_pattern {
    char *text;
    char note[JOURNAL_NOTE_NAME_MAX + 1];
    int64_t since; /* ms: what was made later is read from its first byte; 0: the first start */
};

struct feeds {
    struct feed *feed[FEEDS_MAX];
    size_t count;
    struct feeds_pattern pattern[SETTINGS_LIST_MAX];
    size_t patterns;
    struct position *known; /* ring of FEEDS_KNOWN_MAX files that are, or were, read */
    size_t known_next;
    int64_t next_look;      /* monotonic */
    int64_t covered;        /* ms: the last look that saw all; 0: none did */
    int64_t next_note;      /* monotonic: of the patterns */
    struct log_trouble over, blind;
};

/* As in maillog.h. */
struct feeds_memory {
    int (*recall)(void *context, const char *name, char *value, size_t room);
    void *context;
};

/* -1: feeds_close() is still to be called. */
int feeds_open(struct feeds **feeds, const struct settings *settings, struct feeds_memory memory,
               struct error *why);
void feeds_close(struct feeds **feeds);

/* Look for files that came or went, at most every two seconds. A feed whose file went is marked
 * as gone; it is for the caller to drop it, once it has read all that is in it. */
void feeds_look(struct feeds *feeds, struct journal *journal);
void feeds_drop(struct feeds *feeds, size_t number, struct journal *journal);
/* What its source told is in the journal: put the position behind it. */
void feeds_note(struct feed *feed, struct journal *journal);
/* Put down where all feeds and patterns begin; returns once the notes are with the kernel. A
 * daemon that is killed from then on goes on where it began. -1: they are not there in time. */
int feeds_note_all(struct feeds *feeds, struct journal *journal);
/* Every line written up to this moment (ms) was told; 0: something is blind. */
int64_t feeds_covered(const struct feeds *feeds);

#endif
