/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seen: a set of 64-bit numbers. Says which terms and events of a waybill are in the store
 * already, so that a retry repeats them and ordinary traffic does not.
 */
#ifndef SHIP_SEEN_H
#define SHIP_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen {
    uint64_t *slot; /* open addressing; 0 is an empty slot */
    size_t count, room;
};

bool seen_have(const struct seen *seen, uint64_t mark);
/* 0, or -1: no memory; the set is as it was. */
int seen_add(struct seen *seen, uint64_t mark);
/* Move all of `from` into `seen`. -1: no memory; what did not fit stays in `from`. */
int seen_take(struct seen *seen, struct seen *from);
void seen_clear(struct seen *seen);

#endif
