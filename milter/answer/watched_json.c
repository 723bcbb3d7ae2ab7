/* SPDX-License-Identifier: BSD-2-Clause */
/* watched_json: what was watched, as JSON, the same for all who ask. */
#include "catalogue.h"
#include "watched.h"
#include "waybill/waybill_json.h"

static void put_gap(struct json *json, const struct store_gap *gap,
                    const struct messages *messages)
{
    json_begin_object(json);
    waybill_json_time(json, "from", gap->from);
    waybill_json_time(json, "until", gap->until);
    json_member_number(json, "ms", gap->until - gap->from);
    json_member_text(json, "cause", gap->cause);
    json_member_text(json, "meaning", catalogue_blindness(messages, gap->cause));
    json_member_number(json, "lost", (int64_t)gap->count);
    json_end_object(json);
}

static void put_watched(struct json *json, const struct watched_list *list,
                        const struct watched *watched, const struct messages *messages)
{
    json_begin_object(json);
    json_member_text(json, "host", watched->host[0] != '\0' ? watched->host : NULL);
    json_member_number(json, "node", watched->node);
    json_member_text(json, "witness", watched->witness);
    waybill_json_time(json, "since", watched->never ? 0 : watched->since);
    waybill_json_time(json, "until", watched->never ? 0 : watched->until);
    waybill_json_time(json, "silent_since", watched->silent_since);
    json_member_decimal(json, "percent", watched_share(list, watched) / 10.0, 1);
    json_member_number(json, "blind_ms", watched->blind);
    json_member_number(json, "lost", (int64_t)watched->lost);
    json_member_array(json, "gaps");
    for (size_t i = 0; i < watched->gap_count; i++)
        put_gap(json, &watched->gaps[i], messages);
    json_end_array(json);
    json_end_object(json);
}

void watched_json(struct json *json, const struct watched_list *list,
                  const struct messages *messages)
{
    json_begin_object(json);
    json_member_text(json, "object", "coverage");
    waybill_json_time(json, "since", list->since);
    waybill_json_time(json, "until", list->until);
    json_member_array(json, "witnesses");
    for (size_t i = 0; i < list->count; i++)
        put_watched(json, list, &list->list[i], messages);
    json_end_array(json);
    json_member_number(json, "gaps_not_told", (int64_t)list->dropped);
    json_end_object(json);
}
