/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phrases: which of many phrases does a text say? All are looked for in one pass, so that a
 * dialect more costs next to nothing.
 *
 * As in page_says, ASCII letters fold and a blank stands for any run of blanks, tabs and line
 * breaks. A phrase may have alternatives: "one|another". One that begins with a letter or digit is
 * found only where a word begins.
 */
#ifndef REPORT_PHRASES_H
#define REPORT_PHRASES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "waybill/text.h"

/* Phrases that are known when the program is written, numbered from 0; compiled when they are
 * first looked for, and kept from then on. Any thread. */
struct lexicon {
    size_t count;
    const char *(*words)(size_t number); /* with alternatives; NULL: none */
    bool within_words;                   /* they are found there too */
    _Atomic(struct phrases *) compiled;
};

/* ends[number]: where the first occurrence of that phrase ends; 0: nowhere. False: no memory. */
bool phrases_seek(struct lexicon *lexicon, struct slice where, uint32_t *ends);
/* Is one of them there? */
bool phrases_any(struct lexicon *lexicon, struct slice where);
/* Will all of them be found: none is empty, begins with a blank, or has two in a row? */
bool phrases_fit(const struct lexicon *lexicon);

/* Bytes of `from` that the first alternative which stands at the front covers; 0: none does. */
size_t phrase_at(struct slice from, const char *words);
/* The first place in `where` where one of the alternatives stands; absent: nowhere. */
struct slice phrase_find(struct slice where, const char *words);

#endif
