/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain_fit: is this the mail as which another went on? By the rules at the head of chain.h.
 */
#ifndef WAYBILL_ANSWER_CHAIN_FIT_H
#define WAYBILL_ANSWER_CHAIN_FIT_H

#include "chain.h"
#include "waybill/clock.h"

#define CHAIN_CLOCKS_MS (5 * SECOND_MS) /* a log may count whole seconds, in any order */
#define CHAIN_REPORT_MS (5 * MINUTE_MS) /* Sendmail's first line of a report: its first attempt */

bool chain_is_loopback(struct slice ip);
/* "mx1" may be anybody's, "mx1.example.org" is one host. */
bool chain_is_full_name(struct slice name);
/* Could this fact lead on to another queue id? */
bool chain_leads_on(const struct fact *fact);
/* The queue id that it had before, as our own log names it; absent: none is named. */
struct slice chain_previous(const struct waybill *waybill);
/* Did the mail go on as `next`, by what this fact says? */
bool chain_goes_on_as(const struct waybill *waybill, const struct fact *fact,
                      const struct waybill *next, enum chain_way *way);
/* The same by any of its facts. */
bool chain_went_on_as(const struct waybill *before, const struct waybill *waybill,
                      enum chain_way *way);

#endif
