/* SPDX-License-Identifier: BSD-2-Clause */
/* walk: the one way through the index; see store_walk_open. */
#ifndef STORE_WALK_H
#define STORE_WALK_H

#include "waybill/store.h"

/* Ids of whole days, `first` to `last`, whatever the retention and whatever was heard before: who
 * writes must not miss what another one just wrote. Newest first. */
int walk_days(struct store_walk **walk, struct store *store, const struct store_term *term,
              uint32_t first, uint32_t last, struct error *why);

#endif
