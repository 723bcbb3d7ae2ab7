/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phrases: which of many phrases does a text say? All are looked for in one pass, so that a
 * dialect more costs next to nothing.
 *
 * As in page_says, ASCII letters fold and a blank stands for any run of blanks, tabs and line
 * breaks. A phrase may have alternatives: "one|another". One that begins with a letter is found
 * only where a word begins.
 */
#ifndef REPORT_PHRASES_H
#define REPORT_PHRASES_H

#include <stdbool.h>
#include <stdint.h>

#include "waybill/text.h"

#define PHRASES_MAX 640
#define PHRASES_BUCKETS 1024

struct phrases {
    struct phrase {
        const char *words; /* to its end or to a | */
        uint16_t next;     /* in its bucket, from 1 */
        uint16_t number;   /* as its owner numbers it */
    } of[PHRASES_MAX];
    uint16_t count;
    uint16_t first[PHRASES_BUCKETS]; /* by the first bytes; from 1 */
};

void phrases_init(struct phrases *phrases);
/* Add all alternatives in `words`. False: no room, or one has less than three bytes in front of
 * its first blank and its end; it would not be found. */
bool phrases_add(struct phrases *phrases, const char *words, uint16_t number);
/* Set said[number] for each phrase that is there. */
void phrases_seek(const struct phrases *phrases, struct slice where, bool *said);

/* Bytes of `from` that the first alternative which stands at the front covers; 0: none does. */
size_t phrase_at(struct slice from, const char *words);
/* The first place in `where` where one of the alternatives stands; absent: nowhere. */
struct slice phrase_find(struct slice where, const char *words);

#endif
