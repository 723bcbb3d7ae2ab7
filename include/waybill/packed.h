/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: by which names files go that are compressed.
 */
#ifndef WAYBILL_PACKED_H
#define WAYBILL_PACKED_H

#include "waybill/text.h"

/* The name without what its compression added; the same where that is nothing. Any thread. */
struct slice packed_stem(struct slice name);

#endif
