/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: which server was spoken to, and which command it answered, out of the words in which
 * mail servers tell it.
 */
#ifndef REPORT_SESSION_H
#define REPORT_SESSION_H

#include "arena.h"

/* The name (or address) of the remote server; absent: the words name none. */
struct slice session_remote(struct arena *arena, struct slice words);
/* "CONN", "EHLO", "MAIL", "RCPT", "DATA", ...: a constant; absent: not told. */
struct slice session_command(struct slice words);
/* A transcript of the whole session (">>> DATA", "<<< 552 too big") in a text. */
struct transcript {
    struct slice text; /* from the first command to the last answer */
    size_t left;       /* bytes that may still be compared, for all recipients */
};
struct transcript session_transcript(struct slice text);
/* The same as session_command out of a transcript: the command that was refused with these words,
 * or for that address. Absent, too: very many recipients have used up what may be compared. */
struct slice session_refused(struct transcript *transcript, struct slice address,
                             struct slice words);

#endif
