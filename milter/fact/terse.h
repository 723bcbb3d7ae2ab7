/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terse: a fact's kind and values as a record of format 2 writes them; see record.h.
 *
 * Both ways go through the values in the same order and learn the same names from them, so what
 * is written short is what the reader makes whole again; a value for which that does not hold is
 * written in full, behind "%=".
 */
#ifndef WAYBILL_FACT_TERSE_H
#define WAYBILL_FACT_TERSE_H

#include "body.h"

#define TERSE_NAMES 32 /* addresses that may be called by number */
#define TERSE_ROOM (8 * (FACT_VALUE_MAX + 256))

/* What the text has said so far. Values are views that live as long as the text is worked on. */
struct terse {
    int64_t base;       /* ms: the second in the waybill's id */
    struct slice host;  /* of the first line */
    struct slice from;  /* #0 */
    struct slice names[TERSE_NAMES]; /* #1, #2, ... */
    size_t count;
    size_t relay_size;
    char relay[256];    /* the one named last */
    size_t used;
    char room[TERSE_ROOM]; /* for the values of one line that are put together */
};

void terse_begin(struct terse *terse, int64_t base, struct slice host);
/* Does the first word tell the kind? */
bool terse_implies(const struct fact *fact);
/* Append " word word ...", without the kind; `more` are words of unknown keys. */
void terse_encode(struct terse *terse, const struct fact *fact, const struct slice *more,
                  size_t more_count, struct buffer *to);
/* Read the words, which are unescaped in place; the kind is known, or FACT_UNKNOWN with its word,
 * or to be told by the first word: then body->kind is absent. -1: it cannot be told. */
int terse_decode(struct terse *terse, char *words, size_t size, struct body *body);

#endif
