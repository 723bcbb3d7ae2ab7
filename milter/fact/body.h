/* SPDX-License-Identifier: BSD-2-Clause */
/* body: the part of a fact's line that journal and record share: "kind key=value ...". */
#ifndef WAYBILL_FACT_BODY_H
#define WAYBILL_FACT_BODY_H

#include "waybill/fact.h"

/* Values that a record's first line, or its place in the store, says for all its facts. */
#define BODY_PLACE_KEYS                                                                            \
    (UINT64_C(1) << KEY_WAYBILL | UINT64_C(1) << KEY_HOST | UINT64_C(1) << KEY_INSTANCE |          \
     UINT64_C(1) << KEY_QUEUE)

/* A body with what this program does not know of it. */
#define BODY_MORE 16
struct body {
    struct fact fact;
    struct slice kind;            /* its word */
    struct slice more[BODY_MORE]; /* "key=value" of unknown keys, as they stand; later ones go */
    size_t more_count;
};

/* Append the body without the keys in `left_out` (bits). At most FACT_LINE_MAX - `used` bytes. */
int body_encode(const struct fact *fact, uint64_t left_out, size_t used, struct buffer *to);
/* The same with the words of unknown keys, as far as they fit. */
int body_encode_all(const struct body *body, uint64_t left_out, size_t used, struct buffer *to);
/* Read a body in place into kind and values; the rest of *fact stays. -1: no kind at its front. */
int body_decode(char *body, size_t size, struct fact *fact);
/* The same with kind's word and unknown keys; all but time, id and witness of *whole is set. */
int body_decode_all(char *text, size_t size, struct body *whole);
/* Keep a word of an unknown key, if it is "key=value". */
void body_keep(struct body *body, struct slice word);
/* " key=" */
struct slice body_mark(enum fact_key key);
/* The key of that name, or -1; `after` is a guess: the key that stood before it. */
int body_key(struct slice name, int after);

#endif
