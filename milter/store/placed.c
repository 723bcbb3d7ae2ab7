/* SPDX-License-Identifier: BSD-2-Clause */
/* placed: see placed.h. */
#include "placed.h"

#include <string.h>

#include "index.h"

_Static_assert(sizeof(struct placed) == 64, "a line of the cache");

/* What a mail has for itself would only push out the others. */
static bool comes_again(enum term_kind kind, struct slice term)
{
    return kind != TERM_MESSAGE_ID && kind != TERM_QUEUE_ID && term.size > 0 &&
           term.size <= PLACED_TERM;
}

struct place placed_find(struct placed *table, uint64_t hash, enum term_kind kind,
                         struct slice term)
{
    struct placed *slot = &table[hash % PLACED_SLOTS];

    if (!comes_again(kind, term))
        return index_place(kind, term);
    if (slot->hash == hash && slot->kind == (uint8_t)kind &&
        slice_equal(slice_make(slot->term, slot->size), term))
        return slot->place;
    *slot = (struct placed){.place = index_place(kind, term),
                            .kind = (uint8_t)kind,
                            .size = (uint8_t)term.size,
                            .hash = hash};
    memcpy(slot->term, term.at, term.size);
    return slot->place;
}
