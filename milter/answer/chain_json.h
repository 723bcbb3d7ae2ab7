/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain_json: one mail with its timeline and what became of it under its other queue ids, as JSON,
 * the same for all who ask.
 */
#ifndef WAYBILL_ANSWER_CHAIN_JSON_H
#define WAYBILL_ANSWER_CHAIN_JSON_H

#include "waybill/query.h"
#include "waybill/waybill_json.h"

/* The whole object. `lens`: what he who asks may see; NULL: all. A mail before or after that he may
 * not see is not told of. -1: the store failed, or no memory; the object is broken off then. */
int chain_json_mail(struct json *json, struct store *store, const struct waybill *waybill,
                    const struct verdict_basis *basis, const struct query_lens *lens,
                    struct error *why);

#endif
