/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search_json: what a search found, as JSON, the same for all who ask.
 */
#ifndef WAYBILL_ANSWER_SEARCH_JSON_H
#define WAYBILL_ANSWER_SEARCH_JSON_H

#include "chain.h"
#include "waybill/query.h"
#include "waybill/waybill_json.h"

/* A mail of the answer, with all its facts or without; `before->id` 0: it went on as none of the
 * others. */
void search_json_mail(struct json *json, const struct waybill *waybill,
                      const struct verdict_basis *basis, const struct chain_before *before,
                      bool timeline);
/* What is to be said of the answer as a whole: how many, how far it came, where to go on; of one
 * that found nothing also who was watching. `key`: as query_cursor. -1: the store failed. */
int search_json_page(struct json *json, struct store *store, const struct query *query,
                     const struct query_answer *answer, const unsigned char *key,
                     struct error *why);
/* The key came_from of an open object; id 0: it came from no other mail. */
void search_json_before(struct json *json, const struct chain_before *before);

#endif
