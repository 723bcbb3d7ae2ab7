/* SPDX-License-Identifier: BSD-2-Clause */
/* groups_json: counts as JSON, the same for all who ask. */
#ifndef WAYBILL_ANSWER_GROUPS_JSON_H
#define WAYBILL_ANSWER_GROUPS_JSON_H

#include "waybill/json.h"
#include "waybill/query.h"

/* One group; `count` things it was counted by. */
void groups_json_row(struct json *json, const enum query_by *by, size_t count,
                     const struct query_group *group);
/* What is said of all of them together. */
void groups_json_sums(struct json *json, const struct query *query,
                      const struct query_groups *found);

#endif
