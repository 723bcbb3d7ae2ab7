/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waybill_json: a waybill as JSON. See the header for the rules of the names.
 */
#include "waybill/waybill_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attribution.h"
#include "links.h"
#include "relay.h"
#include "waybill/clock.h"
#include "waybill/id.h"

void waybill_json_time(struct json *json, const char *key, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    json_put_key(json, key);
    if (ms == 0) {
        json_put_null(json);
        return;
    }
    clock_rfc3339(ms, text);
    json_put_text(json, text);
}

void waybill_json_event(struct json *json, const struct event *event)
{
    char id[FACT_ID_SIZE];

    fact_id_text(event->id, id);
    json_member_text(json, "object", "event");
    json_member_text(json, "event_id", id);
    json_member_text(json, "action", event_word(event->action));
    waybill_json_time(json, "event_time", event->time);
}

void waybill_json_states(struct json *json, const uint64_t counts[STATE_COUNT])
{
    json_member_object(json, "states");
    for (int state = 0; state < STATE_COUNT; state++) {
        json_member_number(json, state_word((enum recipient_state)state), (int64_t)counts[state]);
    }
    json_end_object(json);
}

void waybill_json_coverage(struct json *json, const char *text)
{
    json_member_array(json, "coverage");
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        json_put_string(json, slice_make(text, size));
        text += size + (text[size] == '\n');
    }
    json_end_array(json);
}

void waybill_json_id(struct json *json, uint64_t id)
{
    char code[ID_CODE_SIZE], digits[24];

    id_code(id, code);
    snprintf(digits, sizeof digits, "%018" PRIu64, id);
    json_member_text(json, "trace_id", code);
    json_member_text(json, "waybill_id", digits);
}

/* With the angle brackets that the header has. */
static void put_message_id(struct json *json, struct slice id)
{
    struct buffer text;

    buffer_init(&text, FACT_VALUE_MAX + 2);
    json_put_key(json, "message_id");
    if (id.at == NULL || id.size == 0 || buffer_addf(&text, "<%.*s>", SLICE_ARGS(id)) != 0)
        json_put_null(json);
    else
        json_put_string(json, slice_make(text.data, text.size));
    buffer_free(&text);
}

/* "TLSv1.3:TLS_AES_256_GCM_SHA384:256" */
static void put_tls(struct json *json, struct slice tls)
{
    struct slice version, cipher;
    uint64_t bits;

    json_put_key(json, "tls");
    if (tls.at == NULL || tls.size == 0) {
        json_put_null(json);
        return;
    }
    if (!text_take_until(&tls, ':', &version)) {
        version = tls;
        tls = SLICE_ABSENT;
    }
    if (!text_take_until(&tls, ':', &cipher)) {
        cipher = tls;
        tls = SLICE_ABSENT;
    }
    json_begin_object(json);
    json_member_string(json, "version", version);
    json_member_string(json, "cipher", cipher);
    json_put_key(json, "bits");
    if (tls.at != NULL && text_number(tls, 0, 65536, &bits))
        json_put_number(json, (int64_t)bits);
    else
        json_put_null(json);
    json_end_object(json);
}

static void put_client(struct json *json, const struct waybill *waybill)
{
    json_member_object(json, "client");
    json_member_string(json, "name", waybill->client);
    json_member_string(json, "ip", waybill->ip);
    json_member_string(json, "port", waybill->port);
    json_member_string(json, "helo", waybill->helo);
    json_member_string(json, "auth_user", waybill->login);
    json_member_string(json, "auth_mechanism", waybill->auth);
    put_tls(json, waybill->tls);
    json_end_object(json);
}

static void put_remote(struct json *json, const struct waybill *waybill,
                       const struct recipient *recipient)
{
    struct relay parts;

    json_put_key(json, "remote");
    if (!relay_decided(waybill, recipient, &parts)) {
        json_put_null(json);
        return;
    }
    json_begin_object(json);
    json_member_string(json, "name", parts.name);
    json_member_string(json, "ip", parts.ip);
    json_member_string(json, "port", parts.port);
    json_end_object(json);
}

/* What its state rests on; a search has no timeline to look it up in. */
static void put_decided_by(struct json *json, const struct waybill *waybill,
                           const struct recipient *recipient)
{
    const struct fact *fact;
    char id[FACT_ID_SIZE];

    json_put_key(json, "decided_by");
    if (recipient->decided_by >= waybill->fact_count) {
        json_put_null(json);
        return;
    }
    fact = &waybill->facts[recipient->decided_by];
    fact_id_text(fact->id, id);
    json_begin_object(json);
    json_member_text(json, "fact_id", id);
    json_member_text(json, "source", witness_name(fact->witness));
    json_member_text(json, "kind", fact_kind_word(fact->kind));
    json_end_object(json);
}

static void put_verdict(struct json *json, const struct verdict *verdict)
{
    json_member_object(json, "verdict");
    json_member_text(json, "what", verdict->what);
    json_member_text(json, "why", verdict->why);
    json_member_text(json, "who", actor_word(verdict->who));
    json_member_text(json, "act", verdict->act);
    json_member_bool(json, "reported", verdict->reported);
    waybill_json_time(json, "until", verdict->until);
    json_end_object(json);
}

static void put_reason(struct json *json, const struct verdict *verdict)
{
    bool told = verdict->has_reason;

    json_member_text(json, "reason", told ? reason_word(verdict->reason) : NULL);
    json_member_text(json, "hardness",
                     told ? hardness_word(reason_hardness(verdict->reason)) : NULL);
    json_member_text(json, "rule", told ? verdict->rule : NULL);
}

/* Where the time went; null where it never was in our queue. */
static void put_delay(struct json *json, const struct waybill *waybill,
                      const struct recipient *recipient, const struct verdict_basis *basis)
{
    struct attribution delay;
    struct buffer sentence;

    json_put_key(json, "delay");
    if (!attribution_wanted(recipient)) {
        json_put_null(json);
        return;
    }
    attribution_find(waybill, recipient, basis->book, clock_now(), &delay);
    delay.messages = basis->messages;
    buffer_init(&sentence, 4096);
    attribution_sentence(&delay, &sentence);
    json_begin_object(json);
    json_member_number(json, "total_ms", delay.total);
    json_member_bool(json, "over", delay.over);
    json_member_object(json, "parts_ms");
    for (enum share share = 0; share < SHARE_COUNT; share++)
        if (delay.ms[share] > 0) {
            json_member_number(json, share_word(share), delay.ms[share]);
        }
    json_end_object(json);
    json_member_text(json, "largest", delay.total > 0 ? share_word(delay.largest) : NULL);
    json_member_text(json, "sentence", sentence.data);
    json_end_object(json);
    buffer_free(&sentence);
}

void waybill_json_recipient(struct json *json, const struct waybill *waybill,
                            const struct recipient *recipient, const struct verdict_basis *basis)
{
    struct verdict verdict;

    verdict_read(waybill, recipient, basis, &verdict);
    json_begin_object(json);
    json_member_string(json, "recipient", recipient->address);
    json_member_string(json, "original_recipient", recipient->original);
    json_member_text(json, "state", state_word(recipient->state));
    json_member_bool(json, "final", state_final(recipient->state));
    json_member_text(json, "delivered_to",
                     recipient->state != STATE_DELIVERED ? NULL
                     : recipient->mailbox                ? "mailbox"
                                                         : "next_hop");
    json_member_string(json, "status", recipient->status);
    json_member_string(json, "response", recipient->reply);
    put_remote(json, waybill, recipient);
    json_member_string(json, "relay", recipient->relay);
    json_member_string(json, "next_queue_id", recipient->next);
    json_member_string(json, "via", recipient->via);
    waybill_json_time(json, "since", recipient->since);
    json_member_number(json, "attempts", recipient->attempts);
    waybill_json_time(json, "last_attempt_time", recipient->tried);
    put_decided_by(json, waybill, recipient);
    put_reason(json, &verdict);
    put_verdict(json, &verdict);
    put_delay(json, waybill, recipient, basis);
    json_end_object(json);
}

static void put_fact(struct json *json, const struct waybill *waybill, size_t index)
{
    const struct fact *fact = &waybill->facts[index];
    char id[FACT_ID_SIZE];

    json_begin_object(json);
    waybill_json_time(json, "event_time", fact->time);
    json_member_text(json, "source", witness_name(fact->witness));
    fact_id_text(fact->id, id);
    json_member_text(json, "fact_id", id);
    json_member_text(json, "kind", fact_kind_word(fact->kind));
    json_member_text(json, "trust", trust_word(waybill->trust[index]));
    json_put_key(json, "recipient");
    if (waybill->subject[index] == SUBJECT_MAIL)
        json_put_null(json);
    else
        json_put_number(json, waybill->subject[index]);
    json_member_object(json, "values");
    for (int key = 0; key < FACT_KEY_COUNT; key++)
        if (fact->value[key].at != NULL)
            json_member_string(json, fact_key_word((enum fact_key)key), fact->value[key]);
    json_end_object(json);
    json_end_object(json);
}

/* Both ways: the mail that this one is a report on, and the reports on this one. */
static void put_links(struct json *json, const struct waybill *waybill)
{
    struct link links[LINKS_MAX];
    size_t count = links_find(waybill, links);

    json_member_bool(json, "is_report", waybill->is_report);
    json_put_key(json, "report_on");
    if (waybill->about != 0) {
        json_begin_object(json);
        waybill_json_id(json, waybill->about);
        json_end_object(json);
    } else {
        json_put_null(json);
    }
    json_member_array(json, "reports");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(json);
        waybill_json_id(json, links[i].id);
        json_member_text(json, "trust", trust_word(links[i].trust));
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_envelope(struct json *json, const struct waybill *waybill)
{
    json_member_string(json, "reporting_mta", waybill->host);
    json_member_string(json, "instance", waybill->instance);
    json_member_string(json, "service", waybill->daemon);
    json_member_string(json, "queue_id", waybill->queue_id);
    json_member_string(json, "sender", waybill->from);
    json_member_string(json, "header_from", waybill->header_from);
    put_message_id(json, waybill->message_id);
    json_member_string(json, "envelope_id", waybill->envid);
    json_member_string(json, "subject", waybill->subject_text);
    json_member_string(json, "subject_hash", waybill->subject_hash);
    json_member_string(json, "date", waybill->date);
    json_member_string(json, "list_id", waybill->list);
    json_member_string(json, "auto_submitted", waybill->automatic);
    json_put_key(json, "size");
    if (waybill->size >= 0)
        json_put_number(json, waybill->size);
    else
        json_put_null(json);
    put_client(json, waybill);
}

void waybill_json_open(struct json *json, const struct waybill *waybill,
                       const struct verdict_basis *basis, bool timeline)
{
    json_begin_object(json);
    json_member_text(json, "object", "waybill");
    json_member_number(json, "schema_version", WAYBILL_JSON_VERSION);
    waybill_json_id(json, waybill->id);
    waybill_json_time(json, "event_time", waybill->arrived);
    json_member_text(json, "state", state_word(waybill_state(waybill)));
    json_member_bool(json, "finished", waybill_finished(waybill));
    json_member_bool(json, "refused", waybill_refused(waybill));
    put_links(json, waybill);
    json_member_string(json, "abandoned_in", waybill->abandoned ? waybill->phase : SLICE_ABSENT);
    put_envelope(json, waybill);
    json_member_array(json, "recipients");
    for (size_t i = 0; i < waybill->recipient_count; i++)
        waybill_json_recipient(json, waybill, &waybill->recipients[i], basis);
    json_end_array(json);
    if (timeline) {
        json_member_bool(json, "log_in_whole_seconds", waybill->coarse_log);
        json_member_array(json, "timeline");
        for (size_t i = 0; i < waybill->fact_count; i++)
            put_fact(json, waybill, i);
        json_end_array(json);
    }
}

void waybill_json_audit(struct json *json, const struct store_audit *audit)
{
    json_begin_object(json);
    json_member_text(json, "object", "audit");
    waybill_json_time(json, "time", audit->time);
    json_member_string(json, "who", audit->who);
    json_member_string(json, "what", audit->what);
    json_member_string(json, "about", audit->about);
    json_put_key(json, "count");
    if (audit->count != STORE_UNCOUNTED)
        json_put_number(json, (int64_t)audit->count);
    else
        json_put_null(json);
    json_member_string(json, "reason", audit->reason);
    json_end_object(json);
}
