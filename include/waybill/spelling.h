/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spelling: how far a word is from one that is known, for "did you mean". Any thread; nothing is
 * allocated.
 */
#ifndef WAYBILL_SPELLING_H
#define WAYBILL_SPELLING_H

#include "waybill/text.h"

#define SPELLING_MAX 40 /* bytes of a word; what is longer is like nothing */

/* How many letters must be changed, put in, taken out or swapped with their neighbour to make one
 * of the other; either case is the same. SPELLING_MAX where one is longer than that. */
unsigned spelling_difference(struct slice a, struct slice b);

#endif
