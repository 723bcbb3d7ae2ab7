/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pins: what keeps the journal's cursor back.
 *
 * Each fact that was read and is not in the store yet pins the place before it, in its
 * generation. A generation may be committed up to its oldest pin; without pins up to the last
 * record read. Pins are made in reading order, so the head of a list is the oldest.
 */
#ifndef SHIP_PINS_H
#define SHIP_PINS_H

#include <stdbool.h>

#include "waybill/id.h"
#include "waybill/journal.h"

struct pin {
    struct journal_position before; /* of the record read before the fact */
    bool known;                     /* false: the fact was the first that was read */
    struct pin *previous, *next;    /* in its generation */
    struct pin *more;               /* of the same owner */
};

struct pins {
    struct generation {
        struct pin *first, *last;
        struct journal_position read;
        bool is_read;
    } of[ID_GENERATIONS];
};

/* A record was read; later pins stand behind it. Returns the place before it. */
struct pin pins_read(struct pins *pins, const struct journal_position *position);
/* Pin the place that pins_read returned. NULL: no memory. */
struct pin *pins_set(struct pins *pins, const struct pin *place);
/* The same place once more, beside `pin`. NULL: no memory. */
struct pin *pins_copy(struct pins *pins, struct pin *pin);
/* Let one go; NULL does nothing. */
void pins_release(struct pins *pins, struct pin *pin);
/* An owner's chain: `pin` goes in, unless it holds an older place of the same generation. */
void pins_gather(struct pins *pins, struct pin **chain, struct pin *pin);
void pins_release_chain(struct pins *pins, struct pin **chain);
/* How far generation `number` may be committed; false: nothing was read that may. */
bool pins_commit(const struct pins *pins, unsigned number, struct journal_position *position);

#endif
