/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain: what a bounce, a server's answer or lines of a log say. The JSON is that of `waybill
 * explain`, with the mail of ours that it speaks of, if he who asks may see that.
 */
#include "../explained.h"
#include "../explained_text.h"
#include "http.h"
#include "waybill/clock.h"
#include "waybill/token.h"
#include "waybill/waybill_json.h"

#define SPAN (30 * DAY_MS) /* so old may the mail be that is looked for by a name */

/* ---- the mail ---- */

/* The one mail with this name. 1; 0: there is none, or there are several; -1: the store failed. */
static int find_named(struct http_asker *asker, enum query_field field, struct slice name,
                      struct waybill *waybill, struct error *why)
{
    struct query_answer answer;
    struct access_lens lens;
    struct query query;
    int result = 0;

    query_init(&query);
    access_lens_init(&lens, &asker->access);
    query.lens = &lens.lens;
    query.since = asker->now - SPAN;
    query.until = asker->now + MINUTE_MS;
    query.limit = 2;
    query.queue_lifetime = asker->basis.queue_lifetime;
    if (name.size > 0 && query_add(&query, field, false, name, why) == 0) {
        result = query_run(asker->store, &query, &answer, why);
        if (result == 0 && answer.count == 1) {
            *waybill = answer.waybills[0];
            answer.waybills[0] = (struct waybill){0};
            result = 1;
        }
        query_answer_clear(&answer);
    }
    query_clear(&query);
    return result;
}

/* By our token, which proves it. */
static int find_token(struct http_asker *asker, struct slice envelope_id, struct waybill *waybill,
                      struct error *why)
{
    const struct settings *settings = asker->settings;
    struct token_keys keys;
    struct error ignored;
    uint64_t id;
    int found = 0;

    if (envelope_id.size == 0 || token_keys_read(&keys, settings->key_file,
                                                 settings->key_file_before, "envid",
                                                 &ignored) != 0)
        return 0;
    if (token_envid_read(&keys, envelope_id, &id))
        found = access_one(asker->store, &asker->access, id, asker->basis.queue_lifetime, waybill,
                           why);
    return found < 0 && store_last_trouble(asker->store) == STORE_FINE ? 0 : found;
}

static int find_mail(struct http_asker *asker, const struct report *report,
                     struct waybill *waybill, struct error *why)
{
    int found = find_token(asker, report->envelope_id, waybill, why);

    if (found == 0)
        found = find_named(asker, QUERY_FIELD_MESSAGE_ID, report->message_id, waybill, why);
    if (found == 0)
        found = find_named(asker, QUERY_FIELD_QUEUE_ID, report->queue_id, waybill, why);
    return found;
}

/* ---- the answer ---- */

static void tell(struct http_asker *asker, struct http_reply *reply,
                 const struct explained *explained)
{
    struct waybill waybill;
    struct error why;
    struct json json;
    int found = find_mail(asker, explained->report, &waybill, &why);

    if (found < 0) {
        http_store_problem(reply, &why);
    } else if (http_note(asker, reply, "explain", SLICE_ABSENT, (uint64_t)found)) {
        json_init(&json, &reply->body);
        explained_json(&json, explained, asker->basis.messages);
        json_put_key(&json, "mail");
        if (found > 0) {
            json_begin_object(&json);
            waybill_json_id(&json, waybill.id);
            json_member_text(&json, "state", state_word(waybill_state(&waybill)));
            json_end_object(&json);
        } else {
            json_put_null(&json);
        }
        json_end_object(&json);
    }
    if (found > 0)
        waybill_clear(&waybill);
}

static void tell_no_memory(struct http_reply *reply)
{
    http_problem(reply, 500, "There is no memory for this.");
}

/* What is no report may be a log, or an answer. */
static void tell_text(struct http_asker *asker, struct http_reply *reply, struct slice body)
{
    struct explained_text *text = explained_text_read(asker->book, body);

    if (text == NULL) {
        tell_no_memory(reply);
        return;
    }
    tell(asker, reply,
         &(struct explained){.bytes = body.size, .report = explained_text_report(text)});
    explained_text_free(&text);
}

void http_explain(struct http_asker *asker, const struct http_request *request,
                  struct http_reply *reply)
{
    struct slice body = slice_make(request->body.data, request->body.size);
    struct report_reader *reader;
    struct explained explained = {.bytes = body.size};

    if (slice_trim(body).size == 0) {
        http_problem(reply, 400, "The body must be a bounce, a server's answer or lines of a log.");
        return;
    }
    reader = report_open(asker->book);
    if (reader == NULL) {
        tell_no_memory(reply);
        return;
    }
    report_mail(reader, body.at, body.size);
    explained.report = report_end(reader);
    if (explained.report->kind == REPORT_OTHER)
        tell_text(asker, reply, body);
    else
        tell(asker, reply, &explained);
    report_close(&reader);
}
