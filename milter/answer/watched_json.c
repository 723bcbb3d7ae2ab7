/* SPDX-License-Identifier: BSD-2-Clause */
/* watched_json: what was watched, as JSON, the same for all who ask. */
#include "catalogue.h"
#include "watched.h"
#include "waybill/waybill_json.h"

static void put_gap(struct json *json, const struct store_gap *gap)
{
    json_begin_object(json);
    waybill_json_time(json, "from", gap->from);
    waybill_json_time(json, "until", gap->until);
    json_put_key(json, "ms");
    json_put_number(json, gap->until - gap->from);
    json_put_key(json, "cause");
    json_put_text(json, gap->cause);
    json_put_key(json, "meaning");
    json_put_text(json, catalogue_blindness(gap->cause));
    json_put_key(json, "lost");
    json_put_number(json, (int64_t)gap->count);
    json_end_object(json);
}

static void put_watched(struct json *json, const struct watched_list *list,
                        const struct watched *watched)
{
    json_begin_object(json);
    json_put_key(json, "host");
    json_put_text(json, watched->host[0] != '\0' ? watched->host : NULL);
    json_put_key(json, "node");
    json_put_number(json, watched->node);
    json_put_key(json, "witness");
    json_put_text(json, watched->witness);
    waybill_json_time(json, "since", watched->never ? 0 : watched->since);
    waybill_json_time(json, "until", watched->never ? 0 : watched->until);
    waybill_json_time(json, "silent_since", watched->silent_since);
    json_put_key(json, "percent");
    json_put_decimal(json, watched_share(list, watched) / 10.0, 1);
    json_put_key(json, "blind_ms");
    json_put_number(json, watched->blind);
    json_put_key(json, "lost");
    json_put_number(json, (int64_t)watched->lost);
    json_put_key(json, "gaps");
    json_begin_array(json);
    for (size_t i = 0; i < watched->gap_count; i++)
        put_gap(json, &watched->gaps[i]);
    json_end_array(json);
    json_end_object(json);
}

void watched_json(struct json *json, const struct watched_list *list)
{
    json_begin_object(json);
    json_put_key(json, "object");
    json_put_text(json, "coverage");
    waybill_json_time(json, "since", list->since);
    waybill_json_time(json, "until", list->until);
    json_put_key(json, "witnesses");
    json_begin_array(json);
    for (size_t i = 0; i < list->count; i++)
        put_watched(json, list, &list->list[i]);
    json_end_array(json);
    json_put_key(json, "gaps_not_told");
    json_put_number(json, (int64_t)list->dropped);
    json_end_object(json);
}
