/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trail: a ring, oldest first. See trail.h.
 */
#include "trail.h"

void trail_add(struct trail *trail, const struct journal_position *position, int64_t now,
               int64_t window)
{
    struct step *last = &trail->of[(trail->first + trail->count - 1) % TRAIL_PLACES];

    if (trail->count > 0 &&
        (now < last->at + window / (int64_t)(TRAIL_PLACES - 2) ||
         (last->position.segment == position->segment && last->position.offset == position->offset)))
        return;
    if (trail->count == TRAIL_PLACES) { /* the window was made longer: keep more */
        trail->first = (trail->first + 1) % TRAIL_PLACES;
        trail->count--;
    }
    trail->of[(trail->first + trail->count++) % TRAIL_PLACES] =
        (struct step){.at = now, .position = *position};
}

bool trail_keep(struct trail *trail, int64_t now, int64_t window,
                struct journal_position *position)
{
    while (trail->count > 0 && now >= trail->of[trail->first].at + window) {
        trail->kept = trail->of[trail->first].position;
        trail->is_kept = true;
        trail->first = (trail->first + 1) % TRAIL_PLACES;
        trail->count--;
    }
    *position = trail->kept;
    return trail->is_kept;
}
