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
/* What the mail had behind it when the attempt began that the numbers tell of. */
enum delays_wait { DELAYS_FIRST_TRY, DELAYS_RETRIED, DELAYS_HELD };
/* "2.5 s before the queue, 0.0 s waiting for its turn, ... connecting, ... sending; most of it
 * before the queue" */
int delays_words(const double seconds[4], enum delays_wait wait, struct buffer *to);

#endif
