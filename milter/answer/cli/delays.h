/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delays: where the time went, in words.
 */
#ifndef WAYBILL_CLI_DELAYS_H
#define WAYBILL_CLI_DELAYS_H

#include "waybill/buffer.h"
#include "waybill/text.h"

/* Reads Postfix's "2.5/0.0017/0.22/0.73". False: it is none. */
bool delays_read(struct slice text, double seconds[4]);
/* "2.5 s before the queue, 0.0 s in the queue, ... connecting, ... sending; most of it before
 * the queue" */
int delays_words(const double seconds[4], struct buffer *to);

#endif
