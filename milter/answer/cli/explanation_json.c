/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explanation: the line for programs. Each key is there; what the report does not say is null.
 */
#include "explanation.h"

#include <errno.h>

#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define LINE_MAX_BYTES (64u << 20) /* REPORT_RECIPIENTS_MAX times what one may say, escaped */

static void put(struct json *json, const char *key, struct slice value)
{
    json_put_key(json, key);
    json_put_string(json, value);
}

static void put_word(struct json *json, const char *key, const char *word)
{
    json_put_key(json, key);
    json_put_text(json, word);
}

static void put_recipient(struct json *json, const struct report_recipient *recipient)
{
    struct saying saying;

    explanation_why(recipient, &saying);
    json_begin_object(json);
    json_put_key(json, "recipient");
    json_put_string(json, recipient->address.at != NULL ? recipient->address : slice_of(""));
    put(json, "original_recipient", recipient->original);
    put_word(json, "action", report_action_word(recipient->action));
    put(json, "status", recipient->status);
    put_word(json, "reason", reason_word(recipient->reason));
    json_put_key(json, "code");
    if (recipient->code != 0)
        json_put_number(json, recipient->code);
    else
        json_put_null(json);
    put(json, "remote", recipient->remote);
    put(json, "command", recipient->command);
    put_word(json, "hardness", hardness_word(reason_hardness(recipient->reason)));
    put_word(json, "who", actor_word(saying.who));
    put_word(json, "rule", recipient->rule);
    put(json, "words", recipient->words);
    waybill_json_time(json, "until", recipient->until);
    json_end_object(json);
}

static void put_bounces(struct json *json, const struct report *report)
{
    json_put_key(json, "bounces");
    json_begin_array(json);
    for (size_t i = 0; i < report->count && report->kind == REPORT_BOUNCE; i++)
        put_recipient(json, &report->recipients[i]);
    json_end_array(json);
}

static void put_original(struct json *json, const struct report *report)
{
    json_put_key(json, "original");
    json_begin_object(json);
    put(json, "message_id", report->message_id);
    put(json, "queue_id", report->queue_id);
    put(json, "envelope_id", report->envelope_id);
    put(json, "sender", report->from);
    put(json, "subject", report->subject);
    waybill_json_time(json, "arrival", report->arrived);
    json_end_object(json);
}

int explanation_json(const struct explained *explained)
{
    const struct report *report = explained->report;
    struct buffer line;
    struct json json;
    int result = 0;

    buffer_init(&line, LINE_MAX_BYTES);
    json_init(&json, &line);
    json_begin_object(&json);
    put_word(&json, "file", explained->name);
    put_word(&json, "kind", report_kind_word(report->kind));
    put_word(&json, "dialect", report->dialect[0] != '\0' ? report->dialect : NULL);
    json_put_key(&json, "partial");
    json_put_bool(&json, report->partial);
    put_bounces(&json, report);
    put_original(&json, report);
    json_end_object(&json);
    if (line.failed) {
        errno = ENOMEM;
        result = -1;
    } else {
        puts(line.data);
    }
    buffer_free(&line);
    return result;
}
