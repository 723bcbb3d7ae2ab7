/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waybill_json: a waybill as one JSON object, the same for every reader that speaks JSON.
 *
 * Names are snake_case; fields are added, never renamed. Numbers of waybills are strings, since
 * many readers of JSON keep only 53 bits. Times are RFC 3339 in UTC. What is not known is null.
 */
#ifndef WAYBILL_WAYBILL_JSON_H
#define WAYBILL_WAYBILL_JSON_H

#include "waybill/json.h"
#include "waybill/store.h"
#include "waybill/verdict.h"
#include "waybill/waybill.h"

#define WAYBILL_JSON_VERSION 1

/* With `timeline`, all facts too. The object is left open for more keys: json_end_object. */
void waybill_json_open(struct json *json, const struct waybill *waybill,
                       const struct verdict_basis *basis, bool timeline);
/* One recipient of it, with the verdict. */
void waybill_json_recipient(struct json *json, const struct waybill *waybill,
                            const struct recipient *recipient,
                            const struct verdict_basis *basis);
/* A key and a moment; 0: null. */
void waybill_json_time(struct json *json, const char *key, int64_t ms);
/* trace_id (the case code) and waybill_id (the digits). */
void waybill_json_id(struct json *json, uint64_t id);
/* What every event says, of whatever it is: object, event_id, action, event_time. */
void waybill_json_event(struct json *json, const struct event *event);
/* states: how many recipients are in each. */
void waybill_json_states(struct json *json, const uint64_t counts[STATE_COUNT]);
/* An entry about who asked what, whole. */
void waybill_json_audit(struct json *json, const struct store_audit *audit);
/* coverage: the lines of query_coverage, an item each. */
void waybill_json_coverage(struct json *json, const char *text);

#endif
