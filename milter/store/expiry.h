/* SPDX-License-Identifier: BSD-2-Clause */
/* expiry: when a key goes, and what this process has already said about a key. */
#ifndef STORE_EXPIRY_H
#define STORE_EXPIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/text.h"

/* How long a key lives: `days` after the end of `day`, or until a moment of its own; neither: for
 * ever. */
struct life {
    uint32_t day;
    int64_t days;
    int64_t until; /* seconds; 0: as the day says */
};
#define LIFE_ENDLESS ((struct life){.days = 0})

/* The moment (in seconds) at which a key of `day` goes: `days` after the end of that day, and up
 * to an hour later, by the key itself, so that a repeated EXPIREAT says the same. */
int64_t expiry_of(struct slice key, uint32_t day, int64_t days);
/* May keys of `day` still be written? Not in the hour before they go, nor later: a write would
 * make the key anew. The answer is one for all keys of a day. */
bool expiry_open(uint32_t day, int64_t days, int64_t now);
int64_t expiry_closes(uint32_t day, int64_t days); /* that hour's beginning, ms */

/* Has the last key of `day` gone by now? */
bool expiry_over(uint32_t day, int64_t days, int64_t now);

/* A bounded set of things said once: forgetting some only means that they are said again. */
#define MARKS_SIZE 131072u
struct marks {
    uint64_t *at; /* MARKS_SIZE, 0: free; NULL until the first */
    size_t count;
    uint64_t seed;
    int64_t lapse_at; /* monotonic, ms */
};
/* True the first time. False from then on, until it is dropped, or all are cleared. */
bool marks_first(struct marks *marks, struct slice what);
void marks_drop(struct marks *marks, struct slice what);
/* Clear them once a minute: others may have undone what was said. */
void marks_lapse(struct marks *marks, int64_t now);
void marks_clear(struct marks *marks);
void marks_free(struct marks *marks);

/* A hash for tables in memory: seeded, so that nobody outside can choose what collides. */
uint64_t hash_of(uint64_t seed, struct slice bytes);

#endif
