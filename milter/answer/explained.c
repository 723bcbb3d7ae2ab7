/* SPDX-License-Identifier: BSD-2-Clause */
/* explained: see explained.h. */
#include "explained.h"

#include "waybill/waybill_json.h"

void explained_why(const struct report_recipient *recipient, const struct messages *messages,
                   struct saying *saying)
{
    struct plight plight = {.reason = recipient->reason,
                            .status = recipient->status,
                            .delayed = recipient->action == REPORTED_DELAYED,
                            .messages = messages};

    catalogue_find(&plight, saying);
}

const char *explained_kind_key(const struct explained *explained)
{
    switch (explained->report->kind) {
    case REPORT_COMPLAINT:
        return "explain.kind.complaint";
    case REPORT_MDN:
        return "explain.kind.mdn";
    case REPORT_AUTOREPLY:
        return "explain.kind.autoreply";
    case REPORT_OTHER:
        return explained->bytes == 0 ? "explain.kind.empty" : "explain.kind.other";
    default:
        return explained->report->count == 0 ? "explain.kind.nobody" : NULL;
    }
}

/* ---- for programs ---- */

static bool is_good(enum report_action action)
{
    return action != REPORTED_FAILED && action != REPORTED_DELAYED;
}

static void put_recipient(struct json *json, const struct report_recipient *recipient,
                          const struct messages *messages)
{
    struct saying saying;

    explained_why(recipient, messages, &saying);
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
    json_member_text(json, "why", is_good(recipient->action) ? NULL : saying.why);
    json_member_text(json, "act", is_good(recipient->action) ? NULL : saying.act);
    json_end_object(json);
}

static void put_bounces(struct json *json, const struct report *report,
                        const struct messages *messages)
{
    json_member_array(json, "bounces");
    for (size_t i = 0; i < report->count && report->kind == REPORT_BOUNCE; i++)
        put_recipient(json, &report->recipients[i], messages);
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

void explained_json(struct json *json, const struct explained *explained,
                    const struct messages *messages)
{
    const struct report *report = explained->report;
    const char *key = explained_kind_key(explained);

    json_begin_object(json);
    json_member_text(json, "file", explained->name);
    json_member_text(json, "kind", report_kind_word(report->kind));
    json_member_text(json, "dialect", report->dialect[0] != '\0' ? report->dialect : NULL);
    json_member_bool(json, "partial", report->partial);
    put_bounces(json, report, messages);
    put_original(json, report);
    json_member_text(json, "meaning", key != NULL ? messages_get(messages, key) : NULL);
}
