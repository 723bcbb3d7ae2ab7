/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lastid: the highest waybill id that an earlier run may have given out.
 */
#ifndef WAYBILLD_LASTID_H
#define WAYBILLD_LASTID_H

#include <stdint.h>

#include "waybill/id.h"
#include "waybill/journal.h"

struct lastid {
    uint64_t highest[ID_NODES][ID_GENERATIONS];
};

/* For journal_open: look at one record. `context` is a struct lastid, zero at first. */
void lastid_see(void *context, enum journal_type type, struct slice payload);
/* The highest of this node and generation, in the records seen or in the note "id". 0: none. */
uint64_t lastid_of(const struct lastid *lastid, struct journal *journal, unsigned node);

#endif
