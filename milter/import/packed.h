/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: facts in one run of bytes, while their mail is open: the values that are there, as they
 * are. Nothing is escaped, so that nothing need be read again.
 */
#ifndef IMPORT_PACKED_H
#define IMPORT_PACKED_H

#include "waybill/fact.h"

/* Values that a mail's key says for all its facts: they are left out. */
#define PACKED_KEYS (KEY_BIT(HOST) | KEY_BIT(INSTANCE) | KEY_BIT(QUEUE))

/* Which values it has, and the bytes that it takes. */
struct packed_plan {
    uint64_t keys; /* bits */
    size_t size;
};
/* Of the values only those whose KEY_BIT is in `kept`. */
struct packed_plan packed_plan(const struct fact *fact, uint64_t kept);
/* Write it to where that much room is. */
void packed_put(const struct fact *fact, struct packed_plan plan, char *to);
/* Read the fact at `from` into one that was initialised: views into `from`. Returns the bytes that
 * it takes. */
size_t packed_get(const char *from, struct fact *fact);

#endif
