/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newer: what a later version of the program wrote, in a format that this one does not know. It is
 * neither read nor written, cut or removed: after a downgrade it waits for the later version.
 */
#ifndef WAYBILL_JOURNAL_NEWER_H
#define WAYBILL_JOURNAL_NEWER_H

#include <stdint.h>

/* The format of this open segment, if it is a later one than ours; else 0, whatever is wrong with
 * it. The file's position stays. */
uint32_t segment_newer(int fd);
/* The same of a generation: the first of its segments, or its cursor, of which that is so. */
uint32_t generation_newer(int directory);

#endif
