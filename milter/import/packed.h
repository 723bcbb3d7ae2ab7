/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: facts in one run of bytes, while their mail is open: the values that are there, as they
 * are. Nothing is escaped, so that nothing need be read again.
 */
#ifndef IMPORT_PACKED_H
#define IMPORT_PACKED_H

#include "waybill/fact.h"

/* Values that a mail's key says for all its facts: they are left out. */
#define PACKED_KEYS                                                                                \
    (UINT64_C(1) << KEY_HOST | UINT64_C(1) << KEY_INSTANCE | UINT64_C(1) << KEY_QUEUE)

/* Which values it has, and the bytes that it takes. */
struct packed_plan {
    uint64_t keys; /* bits */
    size_t size;
};
struct packed_plan packed_plan(const struct fact *fact);
/* Write it to where that much room is. */
void packed_put(const struct fact *fact, struct packed_plan plan, char *to);
/* Read the fact at `from`: views into it. Returns the bytes that it takes. */
size_t packed_get(const char *from, struct fact *fact);

#endif
