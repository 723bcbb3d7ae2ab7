/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trail: when a generation was shipped how far. From it follows what is kept for a rewind: the
 * newest place that was shipped at least so long ago. Bounded: places lie a thirtieth of the window
 * apart, so a little more is kept than must be.
 */
#ifndef SHIP_TRAIL_H
#define SHIP_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/journal.h"

#define TRAIL_PLACES 32u

struct trail {
    struct step {
        int64_t at; /* monotonic, ms */
        struct journal_position position;
    } of[TRAIL_PLACES]; /* ring */
    size_t first, count;
    bool is_kept;
    struct journal_position kept; /* the newest that was shipped so long ago */
};

/* `position` is shipped now. Of those that come too close to each other the first counts. */
void trail_add(struct trail *trail, const struct journal_position *position, int64_t now,
               int64_t window);
/* From where on to keep what is shipped; false: no place is known yet, keep all that is kept. */
bool trail_keep(struct trail *trail, int64_t now, int64_t window,
                struct journal_position *position);

#endif
