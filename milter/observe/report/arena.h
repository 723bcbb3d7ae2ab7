/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: memory for all that a report keeps, bounded and given back at once.
 */
#ifndef REPORT_ARENA_H
#define REPORT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "waybill/text.h"

#define ARENA_MAX 524288u /* bytes in all */

struct arena_block;
struct arena {
    struct arena_block *newest;
    size_t total; /* bytes asked from the system */
    bool failed;  /* something did not fit, or there was no memory */
};

/* A zeroed arena is empty and owns nothing. */
void arena_free(struct arena *arena);
/* `size` bytes that stay where they are, for chars; NULL: over the bound or no memory. */
char *arena_take(struct arena *arena, size_t size);
/* Give back the tail of what was taken last: all but its first `used` bytes. */
void arena_give_back(struct arena *arena, const char *taken, size_t used);
/* A copy; absent of absent, and where there was no room. */
struct slice arena_keep(struct arena *arena, struct slice text);

#endif
