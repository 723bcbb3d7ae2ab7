/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marks: a set of 64-bit numbers. Says which terms and events of a waybill are in the store
 * already, so that a retry repeats them and ordinary traffic does not.
 */
#ifndef SHIP_MARKS_H
#define SHIP_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct marks {
    uint64_t *slot; /* open addressing; 0 is an empty slot */
    size_t count, room;
};

bool marks_have(const struct marks *marks, uint64_t mark);
/* 0, or -1: no memory; the set is as it was. */
int marks_add(struct marks *marks, uint64_t mark);
/* Move all of `from` into `marks`. -1: no memory; what did not fit stays in `from`. */
int marks_take(struct marks *marks, struct marks *from);
void marks_clear(struct marks *marks);

#endif
