/* SPDX-License-Identifier: BSD-2-Clause */
/* sight_json: events as JSON, the same for all who follow. */
#include "sight.h"
#include "waybill/waybill_json.h"

void sight_json_mail(struct json *json, const struct sight_told *told,
                     const struct verdict_basis *basis, const char *cursor)
{
    const struct waybill *waybill = told->waybill;

    json_begin_object(json);
    waybill_json_event(json, told->event);
    waybill_json_id(json, waybill->id);
    json_put_key(json, "sequence");
    if (told->masked)
        json_put_null(json);
    else
        json_put_number(json, told->event->sequence);
    json_member_string(json, "reporting_mta", waybill->host);
    json_member_string(json, "queue_id", waybill->queue_id);
    json_member_string(json, "sender", waybill->from);
    json_put_key(json, "recipient");
    if (told->recipient != NULL)
        waybill_json_recipient(json, waybill, told->recipient, basis);
    else
        json_put_null(json);
    json_member_text(json, "cursor", cursor);
    json_end_object(json);
}

void sight_json_gap(struct json *json, const struct event *event, const struct store_gap *gap,
                    const char *cursor)
{
    json_begin_object(json);
    waybill_json_event(json, event);
    waybill_json_time(json, "until", gap->until);
    json_member_number(json, "node", gap->node);
    json_member_text(json, "witness", gap->witness);
    json_member_text(json, "cause", gap->cause);
    json_member_number(json, "lost", (int64_t)gap->count);
    json_member_text(json, "cursor", cursor);
    json_end_object(json);
}
