/* SPDX-License-Identifier: BSD-2-Clause */
/* apart: what lives shorter than its record, for the other files of this room. */
#ifndef STORE_APART_H
#define STORE_APART_H

#include "reply.h"
#include "waybill/store.h"

/* What goes there. */
uint64_t apart_keys(enum apart kind);
/* Is this kind to be asked for: may there be any? */
bool apart_asked(const struct store *store, enum apart kind);
/* Queue: the texts of a record that is taken back. */
void apart_drop(struct store *store, unsigned node, uint64_t id, bool refused);
/* The reply to SMEMBERS of the set `apart`. -1: it is none. */
int apart_take(struct store *store, const struct reply *members);

#endif
