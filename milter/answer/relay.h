/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay: the next server as the MTA's log names it, "mx.example.org[192.0.2.1]:25", or as a report
 * does, "mx.example.org".
 */
#ifndef WAYBILL_ANSWER_RELAY_H
#define WAYBILL_ANSWER_RELAY_H

#include "waybill/waybill.h"

struct relay {
    struct slice name, ip, port; /* absent where not told */
};

/* As the log has it. False: no other server was reached (none, local, a pipe, ...). */
bool relay_read(struct slice text, struct relay *relay);
/* Did a report decide the recipient's fate? Then that was beyond the server that our log names. */
bool relay_is_beyond(const struct waybill *waybill, const struct recipient *recipient);
/* Whose words decided the fate of a recipient. False: our own server's, or nobody knows. */
bool relay_decided(const struct waybill *waybill, const struct recipient *recipient,
                   struct relay *relay);

#endif
