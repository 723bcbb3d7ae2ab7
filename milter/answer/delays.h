/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delays: what an attempt says of its own time, in the words of the two mail servers.
 */
#ifndef WAYBILL_ANSWER_DELAYS_H
#define WAYBILL_ANSWER_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "waybill/text.h"

/* ms; none is below 0, nor over a year */
struct delays {
    int64_t before;     /* from the arrival to when it was taken up for this attempt */
    int64_t turn;       /* waiting for its turn */
    int64_t connecting; /* DNS, TCP, TLS, greeting */
    int64_t sending;
    bool whole; /* only the attempt as a whole is known: it stands in `sending` */
};

/* Reads Postfix's "2.5/0.0017/0.22/0.73", and Sendmail's xdelay "00:00:05" or "1+02:03:04". False:
 * it is none, and *delays is all 0. */
bool delays_read(struct slice text, struct delays *delays);

#endif
