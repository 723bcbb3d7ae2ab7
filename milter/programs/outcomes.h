/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcomes: what became of recipients, counted by state and reason, as the store was told.
 */
#ifndef WAYBILLD_OUTCOMES_H
#define WAYBILLD_OUTCOMES_H

#include <stdatomic.h>

#include "waybill/reason.h"
#include "waybill/ship.h"

/* The reason of states that need none. */
#define OUTCOMES_NO_REASON REASON_COUNT
#define OUTCOMES_REASONS (REASON_COUNT + 1)

struct outcomes {
    struct phrasebook *book;
    uint64_t on_way[STATE_COUNT][OUTCOMES_REASONS]; /* ship's thread */
    _Atomic uint64_t told[STATE_COUNT][OUTCOMES_REASONS];
};

/* The rules as they are at the start; a reload does not change what is counted here. */
int outcomes_open(struct outcomes *outcomes, const char *rules_directory, struct error *why);
void outcomes_close(struct outcomes *outcomes);
/* To be given to ship_start; `outcomes` must outlive it. */
struct ship_watcher outcomes_watcher(struct outcomes *outcomes);
/* Can a recipient come into this state, and for this reason (or OUTCOMES_NO_REASON)? */
bool outcomes_possible(enum recipient_state state, unsigned reason);
/* Any thread. */
uint64_t outcomes_told(const struct outcomes *outcomes, enum recipient_state state,
                       unsigned reason);

#endif
