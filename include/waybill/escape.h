/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape: make foreign bytes safe for the place they go to.
 *
 * Each function appends to a buffer (see buffer.h for failure) and takes any bytes whatever.
 * Control characters, C1, bidirectional controls (U+202A..E, U+2066..9), zero-width characters,
 * line separators and bytes that are no UTF-8 never come out as themselves, but of escape_shell.
 */
#ifndef WAYBILL_ESCAPE_H
#define WAYBILL_ESCAPE_H

#include "waybill/buffer.h"
#include "waybill/text.h"

/* For a terminal or a log line: unsafe characters as \xHH or \u{HHHH}, backslash as itself. */
int escape_terminal(struct buffer *to, struct slice from);
/* The same for the one character at the front of `from`, which is not empty, without a buffer:
 * eats it, writes it terminated into `piece` and returns its length there. */
#define ESCAPE_PIECE_SIZE 16
size_t escape_piece(struct slice *from, char piece[static ESCAPE_PIECE_SIZE]);
/* A JSON string with its quotes; valid UTF-8 always, bad bytes become U+FFFD. */
int escape_json(struct buffer *to, struct slice from);
/* A CSV cell (RFC 4180), quoted when needed. A cell that a spreadsheet would take for a formula
 * gets a leading apostrophe. Line breaks become blanks. */
int escape_csv(struct buffer *to, struct slice from);
/* One word of a shell, in quotes where it needs them. Its bytes stay: what is shown is escaped
 * for the terminal besides. */
int escape_shell(struct buffer *to, struct slice from);
/* A value of a record line: %HH for bytes up to 0x20, for 0x7f, for '%', for the
 * characters named above and for bytes that are no valid UTF-8. Empty stays empty. */
int escape_value(struct buffer *to, struct slice from);
/* The same, with `blank` in the place of each blank: "%_", or " " where blanks may stay. */
int escape_value_as(struct buffer *to, struct slice from, const char *blank);
/* Undo escape_value in place. Returns the new size; a bad % sequence stays as it is. */
size_t unescape_value(char *data, size_t size);

#endif
