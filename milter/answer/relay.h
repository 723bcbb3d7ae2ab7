/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay: the next server as the MTA's log names it: "mx.example.org[192.0.2.1]:25".
 */
#ifndef WAYBILL_ANSWER_RELAY_H
#define WAYBILL_ANSWER_RELAY_H

#include "waybill/text.h"

struct relay {
    struct slice name, ip, port; /* absent where not told */
};

/* False: no other server was reached (none, local, a pipe, ...). */
bool relay_read(struct slice text, struct relay *relay);

#endif
