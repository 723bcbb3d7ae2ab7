/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: running totals of this process turned into absolute values of the hour, so that
 * writing one twice is harmless.
 *
 * What was told of the running hour is noted in the journal before it is sent, so a restart goes
 * on from there: a value in the store never goes back, and nothing is counted twice. Hours that
 * ended while the store was away are kept, the last HOURS_KEPT of them.
 */
#ifndef SHIP_COUNTERS_H
#define SHIP_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/journal.h"
#include "waybill/store.h"

#define COUNTERS_MAX 48u
#define COUNTER_NAME_SIZE 32u
#define HOURS_KEPT 72u

struct counters {
    size_t count;
    struct counter {
        char name[COUNTER_NAME_SIZE];
        uint64_t total; /* as last told */
        uint64_t taken; /* of it, what stands in an hour already */
    } of[COUNTERS_MAX];
    struct hour {
        int64_t start; /* ms; 0: unused */
        uint64_t value[COUNTERS_MAX];
        bool sent;
    } hours[HOURS_KEPT]; /* ring, by hour */
};

/* A running total, or the highest value since the last call (store_counter_is_highest). Over
 * COUNTERS_MAX names the rest is ignored. */
void counters_tell(struct counters *counters, const char *name, uint64_t total);
/* Take what the notes of an earlier process say. */
void counters_recall(struct counters *counters, struct journal_reader *reader);
/* Move what was counted since the last time into the hour of `now`. */
void counters_take(struct counters *counters, int64_t now);
/* Note the running hour in the journal. Returns the ticket of the last note; 0: none was needed. */
uint64_t counters_note(const struct counters *counters, struct journal *journal, int64_t now);
/* Queue what is not in the store; counters_sent after the flush. */
void counters_put(const struct counters *counters, struct store *store, unsigned node);
void counters_sent(struct counters *counters);
/* The store may have lost them: all hours that are kept are to be put again. */
void counters_forget_sent(struct counters *counters);

#endif
