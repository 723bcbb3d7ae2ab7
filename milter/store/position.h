/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * position: the id of a stream's entry, "1732220000000-0", as numbers.
 */
#ifndef STORE_POSITION_H
#define STORE_POSITION_H

#include "reply.h"
#include "waybill/store.h"

bool position_read(const struct reply *reply, struct store_position *position);

#endif
