/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer: undoes the content transfer encodings of RFC 2045. The result is never longer than
 * what goes in, but for the line end of a quoted-printable line.
 */
#ifndef REPORT_TRANSFER_H
#define REPORT_TRANSFER_H

#include "lines.h"

enum transfer { TRANSFER_PLAIN, TRANSFER_BASE64, TRANSFER_QUOTED, TRANSFER_UNKNOWN };

/* By the field's value; absent: plain. */
enum transfer transfer_of(struct slice value);

struct base64 {
    uint32_t bits;
    unsigned count; /* sextets in `bits` */
};
/* Bytes outside the alphabet are passed over; "=" ends a group. Returns the size. */
size_t base64_decode(struct base64 *state, struct slice from, char *to);
/* A piece of a line; an escape is never cut. `underscore` stands for a blank in header fields.
 * An escape that is none stays as it is. Returns the size. */
size_t quoted_decode(struct slice from, bool underscore, char *to);
/* The same for a piece of a body's line, with its blanks at the end and its soft line end. */
size_t quoted_decode_line(const struct piece *piece, char *to);

#endif
