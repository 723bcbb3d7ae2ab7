/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * occurrence: how often the same line stood before, so that equal lines are different facts.
 *
 * What counts is the megabyte before the line, not the time since start: so a follower that
 * resumes, and reads that megabyte again without telling anybody, gives each line the same number
 * as before. Equal lines carry equal times, so they stand close together. One thread.
 */
#ifndef WAYBILL_OCCURRENCE_H
#define WAYBILL_OCCURRENCE_H

#include <stdint.h>

#include "waybill/error.h"

#define OCCURRENCE_WINDOW (UINT64_C(1) << 20) /* bytes */

struct occurrence;

int occurrence_open(struct occurrence **occurrence, struct error *why);
void occurrence_close(struct occurrence **occurrence);
/* The line with this hash stands at `place`, a count of bytes that only grows. Returns how many
 * lines with that hash were there before it. */
unsigned occurrence_count(struct occurrence *occurrence, uint64_t hash, uint64_t place);

#endif
