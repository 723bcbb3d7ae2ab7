/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seen: open addressing over a power of two, at most half full. The numbers are hashes already,
 * so their low bits are the place. An outsider cannot choose them: they come out of SHA-256.
 */
#include "seen.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_FIRST 16

static uint64_t mark_of(uint64_t mark)
{
    return mark ? mark : 1;
}

/* The slot that holds the mark, or the empty one where it would go. */
static size_t seen_place(const struct seen *seen, uint64_t mark)
{
    size_t place = (size_t)mark & (seen->room - 1);
    while (seen->slot[place] != 0 && seen->slot[place] != mark)
        place = (place + 1) & (seen->room - 1);
    return place;
}

bool seen_have(const struct seen *seen, uint64_t mark)
{
    mark = mark_of(mark);
    return seen->room > 0 && seen->slot[seen_place(seen, mark)] == mark;
}

static int seen_grow(struct seen *seen)
{
    struct seen larger = {.room = seen->room ? seen->room * 2 : SEEN_FIRST};
    larger.slot = calloc(larger.room, sizeof *larger.slot);
    if (larger.slot == NULL)
        return -1;
    for (size_t i = 0; i < seen->room; i++)
        if (seen->slot[i] != 0)
            larger.slot[seen_place(&larger, seen->slot[i])] = seen->slot[i];
    larger.count = seen->count;
    free(seen->slot);
    *seen = larger;
    return 0;
}

int seen_add(struct seen *seen, uint64_t mark)
{
    mark = mark_of(mark);
    if (seen_have(seen, mark))
        return 0;
    if ((seen->count + 1) * 2 > seen->room && seen_grow(seen) != 0)
        return -1;
    seen->slot[seen_place(seen, mark)] = mark;
    seen->count++;
    return 0;
}

int seen_take(struct seen *seen, struct seen *from)
{
    for (size_t i = 0; i < from->room; i++)
        if (from->slot[i] != 0 && seen_add(seen, from->slot[i]) != 0)
            return -1;
    seen_clear(from);
    return 0;
}

void seen_clear(struct seen *seen)
{
    free(seen->slot);
    memset(seen, 0, sizeof *seen);
}
