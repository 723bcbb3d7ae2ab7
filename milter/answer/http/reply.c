/* SPDX-License-Identifier: BSD-2-Clause */
/* reply: what is wrong, in the form of RFC 9457, and the audit. */
#include "http.h"
#include "waybill/log.h"

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad request";
    case 401:
        return "Who are you?";
    case 403:
        return "Not allowed";
    case 404:
        return "Not found";
    case 405:
        return "Method not allowed";
    case 413:
        return "Too large";
    case 503:
        return "Not now";
    default:
        return "Internal error";
    }
}

static void begin_problem(struct http_reply *reply, struct json *json, unsigned status,
                          const char *detail)
{
    reply->status = status;
    reply->problem = true;
    buffer_clear(&reply->body);
    json_init(json, &reply->body);
    json_begin_object(json);
    json_put_key(json, "type");
    json_put_text(json, "about:blank");
    json_put_key(json, "title");
    json_put_text(json, title_of(status));
    json_put_key(json, "status");
    json_put_number(json, status);
    json_put_key(json, "detail");
    json_put_text(json, detail);
}

void http_problem(struct http_reply *reply, unsigned status, const char *detail)
{
    struct json json;

    begin_problem(reply, &json, status, detail);
    json_end_object(&json);
}

void http_query_problem(struct http_reply *reply, const struct query_fault *fault)
{
    struct json json;

    begin_problem(reply, &json, 400, fault->why.text);
    json_put_key(&json, "at");
    json_put_number(&json, (int64_t)fault->at);
    json_put_key(&json, "size");
    json_put_number(&json, (int64_t)fault->size);
    json_end_object(&json);
}

void http_store_problem(struct http_reply *reply, const struct error *why)
{
    log_debug("a request failed: %s", why->text);
    http_problem(reply, 503, "The store cannot be asked now; try again later.");
}

bool http_note(struct http_asker *asker, struct http_reply *reply, const char *what,
               struct slice about, uint64_t count)
{
    const struct store_audit audit = {.time = asker->now,
                                      .who = slice_of(asker->access.name),
                                      .what = slice_of(what),
                                      .about = about,
                                      .count = count};
    struct error why;

    store_put_audit(asker->store, &audit);
    if (store_flush(asker->store, &why) == 0)
        return true;
    http_store_problem(reply, &why);
    return false;
}
