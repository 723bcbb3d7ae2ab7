/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terms: what the parts of the query share: making terms, and the words that are known.
 */
#ifndef WAYBILL_ANSWER_TERMS_H
#define WAYBILL_ANSWER_TERMS_H

#include "waybill/query.h"

/* For "%.*s" in an error, which has no room for all. */
#define SLICE_SHOWN(s) (int)((s).size > 60 ? 60 : (s).size), ((s).at != NULL ? (s).at : "")

/* NULL: too many, or no memory. It has no value yet, and moves when the next one comes. */
struct query_term *query_new_term(struct query *query, enum query_field field, bool negated,
                                  struct error *why);
int term_add_value(struct query *query, struct query_term *term, struct slice words,
                   struct error *why);

/* The List-Id without its title. */
struct slice list_name(struct slice header);
/* The reason of a recipient; -1: its state has none to tell, or there is no book. */
int recipient_reason(const struct phrasebook *book, const struct waybill *waybill,
                     const struct recipient *recipient);

/* The words of a list, by their numbers. */
typedef const char *words_of(int number);
const char *words_state(int number);
const char *words_reason(int number);
const char *words_field(int number); /* the fields, then since, until, order, limit */
/* The state that logs of mail servers call so: failed for "bounced"; NULL: none. */
const char *words_state_of_log(struct slice word);
/* "or", "and", "not": what other languages put between terms. */
bool words_is_joint(struct slice word);
#define WORDS_FIELD_COUNT (QUERY_FIELD_COUNT + 4)
/* The number of the word; -1: it is not among them. Letters of any case. */
int query_find_word(struct slice word, words_of *of, int count);
/* The word that is most like it; -1: none is like it. */
int words_nearest(struct slice word, words_of *of, int count);
/* "there is no state 'faild'; did you mean failed?", or all that there are. Returns -1. */
int words_unknown(struct slice word, const char *what, words_of *of, int count,
                  struct error *why);

#endif
