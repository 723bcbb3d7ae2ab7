/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maillog: the witness of the MTA's log. A thread follows the sources, one dialect reads the
 * lines, facts and the position go into the journal in one run: facts first, then the position,
 * so that a crash in between reads lines again (their fact ids are the same) and loses none.
 *
 * A source is "auto", "journal", "journal:DIRECTORY" (journal files in a place of their own), a
 * file, a pattern for files, or "socket:PATH". What a source holds at the very first start is left
 * alone; a file that is made later is read from its first byte. Positions are the notes
 * `log:PATH`, `journal:DIRECTORY`, `socket:PATH`; `glob:PATTERN` is the time of the last look, and
 * `glob#NUMBER` the position in a file that a pattern found, and its path.
 *
 * What may be lost becomes a GAP fact: truncated (a log was cut short and begun anew), unread (a
 * log, or entries of the journal, were gone before they were read), not-listening (nobody was at
 * the socket), suppressed (the log itself tells of lines that it dropped). A BEAT fact, every ten
 * seconds, has the time up to which all sources were read; a source that cannot be read stops it.
 *
 * The thread leaves half of the journal's ring to others, and waits instead of losing a fact.
 */
#ifndef WAYBILL_MAILLOG_H
#define WAYBILL_MAILLOG_H

#include "waybill/error.h"
#include "waybill/fact.h"
#include "waybill/journal.h"
#include "waybill/settings.h"

struct maillog_stats {
    uint64_t lines;        /* read */
    uint64_t facts;        /* made of lines */
    uint64_t not_ours;     /* other programs' lines, and lines that say nothing of a mail */
    uint64_t not_understood; /* an MTA's line that names a mail and was not understood, or half
                                a line at the end of a file that was left */
    uint64_t too_long;     /* over 64 KiB: skipped */
    uint64_t gaps;
    int64_t read_until;    /* time of the last line */
    int64_t covered;       /* up to this moment all sources were read; 0: one is blind */
    const char *mta;       /* whose line was read last: "postfix", "sendmail"; NULL: nobody's yet */
};

struct maillog;
/* Start following. `start` gives the value of the note `name` from an earlier run (may be NULL:
 * none), so that reading resumes at the exact byte. Facts carry `settings->host` unless the line
 * names another host: neither that nor the machine's own name. */
int maillog_start(struct maillog **maillog, const struct settings *settings,
                  struct journal *journal,
                  int (*recall)(void *context, const char *name, char *value, size_t room),
                  void *context, struct error *why);
/* Stop the thread; the last position is in the journal when this returns. */
void maillog_stop(struct maillog **maillog);
void maillog_read_stats(struct maillog *maillog, struct maillog_stats *stats);
/* The names of the sources that are followed, a line each, as many as `room` holds; at most ten
 * seconds old. Any thread. */
void maillog_read_sources(struct maillog *maillog, char *text, size_t room);

#endif
