/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unknown: what servers said that no rule knows, counted by what it has in common: numbers and
 * addresses, which differ from mail to mail, count as equal. Bounded: beyond UNKNOWN_MAX kinds of
 * words the rest is only counted.
 */
#ifndef WAYBILL_ANSWER_UNKNOWN_H
#define WAYBILL_ANSWER_UNKNOWN_H

#include "waybill/buffer.h"
#include "waybill/error.h"
#include "waybill/text.h"

#define UNKNOWN_MAX 2000
#define UNKNOWN_KEY_MAX 300     /* bytes of the common form that tell two apart */
#define UNKNOWN_EXAMPLE_MAX 600 /* bytes of the example that are kept */

struct unknown_words {
    char *key;     /* "550 # <@> no such thing" */
    char *example; /* the first as it came */
    uint64_t count;
};
struct unknown;

int unknown_new(struct unknown **unknown, struct error *why);
void unknown_free(struct unknown **unknown);
/* -1: no memory; the words are counted among the rest. */
int unknown_add(struct unknown *unknown, struct slice words);
/* The most frequent first. Nothing may be added after that. */
const struct unknown_words *unknown_sorted(struct unknown *unknown, size_t *count);
/* Words counted, and those of them that found no place. */
uint64_t unknown_total(const struct unknown *unknown);
uint64_t unknown_rest(const struct unknown *unknown);
/* The common form: words with an '@' become @, others with a digit #, but for a leading reply code
 * and status. */
int unknown_form(struct slice words, struct buffer *to);

#endif
