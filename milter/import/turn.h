/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn: the facts of a log with which a mail comes into the queue, and those with which it leaves.
 */
#ifndef IMPORT_TURN_H
#define IMPORT_TURN_H

#include "waybill/fact.h"

/* Comes in, or is taken up by the queue manager: behind the end of a mail it is another one's. */
bool turn_opens(const struct fact *fact);
/* Leaves; a few late lines may follow. */
bool turn_ends(const struct fact *fact);

#endif
