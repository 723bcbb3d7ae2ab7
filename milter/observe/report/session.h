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
/* The same out of a transcript of the whole session (">>> DATA", "<<< 552 too big"): the command
 * that names the address, or whose answer the words are. */
struct slice session_transcript(struct slice text, struct slice address, struct slice words);

#endif
