/* SPDX-License-Identifier: BSD-2-Clause */
/* body: the part of a fact's line that journal and record share: "kind key=value ...". */
#ifndef WAYBILL_FACT_BODY_H
#define WAYBILL_FACT_BODY_H

#include "waybill/fact.h"

/* Values that a record's first line, or its place in the store, says for all its facts. */
#define BODY_PLACE_KEYS                                                                            \
    (UINT64_C(1) << KEY_WAYBILL | UINT64_C(1) << KEY_HOST | UINT64_C(1) << KEY_INSTANCE |          \
     UINT64_C(1) << KEY_QUEUE)

/* Append the body without the keys in `left_out` (bits). At most FACT_LINE_MAX - `used` bytes. */
int body_encode(const struct fact *fact, uint64_t left_out, size_t used, struct buffer *to);
/* Read a body in place into kind and values; the rest of *fact stays. -1: no kind at its front. */
int body_decode(char *body, size_t size, struct fact *fact);

#endif
