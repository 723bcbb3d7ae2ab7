/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: what is kept between the lines of one log; private to this room.
 */
#ifndef LOGLINE_READER_H
#define LOGLINE_READER_H

#include "wallclock.h"
#include "waybill/buffer.h"
#include "waybill/logline.h"

#define SECOND_SIZE 16 /* "Oct  1 08:00:00 " */

struct logline_reader {
    struct wallclock clock;
    struct {
        char words[SECOND_SIZE]; /* of the last line's time; no blank at the end: of no use */
        int64_t time;            /* ... as the clock read it */
    } second;
    struct buffer scratch; /* values that do not stand in the line as they are; the dialects' */
    char *entry;           /* the same of a journal's entry, see entry.c */
    size_t entry_room;

    /* of the line that was last read, if it is Sendmail's */
    struct buffer recipients; /* its list of recipients as one value */
    struct slice named;       /* those of them of which no fact was made yet */
    unsigned named_next;      /* number of the fact that the next one of them gives */
    char relay[300], delay[24]; /* as the facts write them */
};

/* Read an entry of a journal: all lines of one of `journalctl -o export`, or the one line of one
 * of -o json. False: it is none, or it lacks time or identifier, or there is no memory. */
bool entry_header(struct logline_reader *reader, struct slice text, struct logline *line);
/* Read what Docker's json-file driver wrote of one line: the line, and when it was passed on
 * (absent where it is not told). False: it is none, or there is no memory. */
bool entry_passed(struct logline_reader *reader, struct slice text, struct slice *passed,
                  struct slice *time);
bool entry_is_export(struct slice text);
bool entry_is_json(struct slice text);

/* What the log's own programs say of lines that were lost. False: `line` says nothing like it, and
 * is as it was. */
bool losses_body(struct logline_reader *reader, struct logline *line);

#endif
