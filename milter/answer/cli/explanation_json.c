/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explanation: the line for programs. Each key is there; what the report does not say is null.
 */
#include "explanation.h"

#include <errno.h>

#include "out.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define LINE_MAX_BYTES (64u << 20) /* REPORT_RECIPIENTS_MAX times what one may say, escaped */

static void put_recipient(struct json *json, const struct report_recipient *recipient)
{
    struct saying saying;

    explanation_why(recipient, &saying);
    json_begin_object(json);
    json_member_string(json, "recipient",
                       recipient->address.at != NULL ? recipient->address : slice_of(""));
    json_member_string(json, "original_recipient", recipient->original);
    json_member_text(json, "action", report_action_word(recipient->action));
    json_member_string(json, "status", recipient->status);
    json_member_text(json, "reason", reason_word(recipient->reason));
    json_put_key(json, "code");
    if (recipient->code != 0)
        json_put_number(json, recipient->code);
    else
        json_put_null(json);
    json_member_string(json, "remote", recipient->remote);
    json_member_string(json, "command", recipient->command);
    json_member_text(json, "hardness", hardness_word(reason_hardness(recipient->reason)));
    json_member_text(json, "who", actor_word(saying.who));
    json_member_text(json, "rule", recipient->rule);
    json_member_string(json, "words", recipient->words);
    waybill_json_time(json, "until", recipient->until);
    json_end_object(json);
}

static void put_bounces(struct json *json, const struct report *report)
{
    json_member_array(json, "bounces");
    for (size_t i = 0; i < report->count && report->kind == REPORT_BOUNCE; i++)
        put_recipient(json, &report->recipients[i]);
    json_end_array(json);
}

static void put_original(struct json *json, const struct report *report)
{
    json_member_object(json, "original");
    json_member_string(json, "message_id", report->message_id);
    json_member_string(json, "queue_id", report->queue_id);
    json_member_string(json, "envelope_id", report->envelope_id);
    json_member_string(json, "sender", report->from);
    json_member_string(json, "subject", report->subject);
    waybill_json_time(json, "arrival", report->arrived);
    json_end_object(json);
}

int explanation_json(const struct explained *explained)
{
    const struct report *report = explained->report;
    struct buffer line;
    struct json json;
    struct error why;
    int result;

    buffer_init(&line, LINE_MAX_BYTES);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "file", explained->name);
    json_member_text(&json, "kind", report_kind_word(report->kind));
    json_member_text(&json, "dialect", report->dialect[0] != '\0' ? report->dialect : NULL);
    json_member_bool(&json, "partial", report->partial);
    put_bounces(&json, report);
    put_original(&json, report);
    json_end_object(&json);
    result = out_line(&line, &why);
    if (result != 0)
        errno = ENOMEM;
    buffer_free(&line);
    return result;
}
