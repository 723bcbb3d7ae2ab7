/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source: where lines come from. One thread uses a source.
 */
#ifndef MAILLOG_SOURCE_H
#define MAILLOG_SOURCE_H

#include "waybill/error.h"
#include "waybill/journal.h"
#include "waybill/logline.h"

/* A span of which lines may be lost. */
struct source_gap {
    int64_t from, until; /* ms */
    const char *cause;   /* lives for ever */
    uint64_t count;      /* of lines; 0: nobody knows */
};

enum source_event {
    SOURCE_IDLE,      /* nothing more now */
    SOURCE_LINE,      /* `line` is filled in */
    SOURCE_SEEN,      /* `line` was told before the last restart: only count it */
    SOURCE_FOREIGN,   /* there was a line, but its header is none, or it is not trusted */
    SOURCE_TOO_LONG,  /* a line was skipped */
    SOURCE_CUT,       /* a file was left whose last line has no end */
    SOURCE_GAP,       /* `gap` is filled in */
};

struct source_news {
    struct logline line; /* its header; valid until the next call */
    uint64_t place;   /* of the line: see occurrence.h */
    struct source_gap gap;
};

struct source;

struct source_calls {
    /* What comes next. Trouble is logged by the source itself and shows as SOURCE_IDLE. `reader`
     * is the one of this source's lines. */
    enum source_event (*next)(struct source *source, struct logline_reader *reader,
                              struct source_news *news);
    /* Where to go on after all that next() has told; the value of the note. */
    void (*position)(const struct source *source, char value[static JOURNAL_NOTE_VALUE_MAX]);
    /* Every line written up to this moment (ms) was told; 0: the source is blind. */
    int64_t (*covered)(const struct source *source);
    /* Bytes that are there and were not told yet; -1: not known. NULL: it never is. */
    int64_t (*behind)(const struct source *source);
    /* Readable when next() should be asked again; -1: ask once a second. */
    int (*fd)(const struct source *source);
    void (*close)(struct source *source);
};

struct source {
    const struct source_calls *calls;
    char name[JOURNAL_NOTE_NAME_MAX + 1]; /* kind and place, for the operator and for gaps; where
                                             the settings name it, also its note's name */
};

/* A source without a position begins while it is opened, if it can: position() tells where, so
 * that this can be noted before anything is read.
 *
 * Follow the file at `path`; `position` is the value of its note, NULL: there is none. A file that
 * is not there, or may not be read, is no error: it is waited for. */
int follow_open(struct source **source, const char *path, const char *position, struct error *why);
/* The name of the note for `path`. */
void follow_note(const char *path, char note[static JOURNAL_NOTE_NAME_MAX + 1]);

/* Read the systemd journal: that of this machine, or the files in `directory`. -1 also where we
 * were built without it. */
int sdjournal_open(struct source **source, const char *directory, const char *position,
                   struct error *why);
void sdjournal_note(const char *directory, char note[static JOURNAL_NOTE_NAME_MAX + 1]);

/* Make a datagram socket at `path`, mode 0600, and take what the machine's syslog sends to it. What
 * was sent while nobody listened is a gap. A living socket of somebody else is waited for. */
int socket_open(struct source **source, const char *path, const char *position,
                struct error *why);
void socket_note(const char *path, char note[static JOURNAL_NOTE_NAME_MAX + 1]);

#endif
