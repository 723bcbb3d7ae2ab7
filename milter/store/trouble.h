/* SPDX-License-Identifier: BSD-2-Clause */
/* trouble: what an error reply of the server means for the caller. */
#ifndef STORE_TROUBLE_H
#define STORE_TROUBLE_H

#include "waybill/store.h"
#include "waybill/text.h"

/* `reply` is the text of an error reply, without its leading '-'. Never STORE_FINE. */
enum store_trouble trouble_of(struct slice reply);
/* After these the connection is of no more use: the server changed its part, or our login. */
bool trouble_ends_connection(enum store_trouble trouble);

#endif
