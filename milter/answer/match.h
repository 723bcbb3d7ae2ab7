/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match: does a waybill satisfy a query? The index only hints (its hashes collide); this decides.
 */
#ifndef WAYBILL_ANSWER_MATCH_H
#define WAYBILL_ANSWER_MATCH_H

#include "waybill/query.h"

bool match_waybill(const struct query *query, const struct waybill *waybill);
/* Is it a recipient that the query asks for (address and state)? */
bool match_recipient(const struct query *query, const struct recipient *recipient);

#endif
