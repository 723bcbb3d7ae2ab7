/* SPDX-License-Identifier: BSD-2-Clause */
/* reply: what is wrong, in the form of RFC 9457, and the audit. */
#include "http.h"
#include "waybill/clock.h"
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
    case 414:
        return "Too long";
    case 429:
        return "Too many requests";
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
    reply->type = HTTP_PROBLEM;
    reply->language = NULL;
    buffer_clear(&reply->body);
    json_init(json, &reply->body);
    json_begin_object(json);
    json_member_text(json, "type", "about:blank");
    json_member_text(json, "title", title_of(status));
    json_member_number(json, "status", status);
    json_member_text(json, "detail", detail);
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
    json_member_number(&json, "at", (int64_t)fault->at);
    json_member_number(&json, "size", (int64_t)fault->size);
    json_end_object(&json);
}

void http_mistyped_problem(struct http_reply *reply, const uint64_t *ids, size_t count)
{
    char code[ID_CODE_SIZE];
    struct json json;

    begin_problem(reply, &json, 404, "This case code has a mistyped character.");
    json_member_array(&json, "suggestions");
    for (size_t i = 0; i < count; i++) {
        id_code(ids[i], code);
        json_put_text(&json, code);
    }
    json_end_array(&json);
    json_end_object(&json);
}

void http_store_problem(struct http_reply *reply, const struct error *why)
{
    log_debug("a request failed: %s", why->text);
    http_problem(reply, 503, "The store cannot be asked now; try again later.");
}

void http_cover(const struct http_asker *asker, struct query_answer *answer)
{
    if (access_is_whole(&asker->access))
        return;
    /* How many there are, and the names of servers and keys, are not for all; that there may be
     * more than was found is. */
    answer->partly = answer->partly || answer->unreadable > 0;
    answer->unreadable = 0;
    if (answer->partly)
        error_set(&answer->away, "a part of the store cannot be read now");
}

static bool write_note(struct http_asker *asker, struct http_reply *reply, const char *what,
                       struct slice about, uint64_t count)
{
    const struct store_audit audit = {.time = asker->now,
                                      .who = slice_of(asker->access.name),
                                      .what = slice_of(what),
                                      .about = about,
                                      .count = count,
                                      .reason = slice_of(asker->reason[0] != '\0' ? asker->reason
                                                                                  : NULL)};
    struct error why;

    store_put_audit(asker->store, &audit);
    if (store_flush(asker->store, &why) == 0)
        return true;
    http_store_problem(reply, &why);
    return false;
}

bool http_note(struct http_asker *asker, struct http_reply *reply, const char *what,
               struct slice about, uint64_t count)
{
    struct json json;

    if (asker->settings->audit_reason != AUDIT_REASON_REQUIRED || asker->reason[0] != '\0')
        return write_note(asker, reply, what, about.at != NULL ? about : slice_of(""), count);
    begin_problem(reply, &json, 400, "Say why you ask this, in the header Waybill-Reason.");
    json_member_bool(&json, "reason_required", true);
    json_end_object(&json);
    return false;
}

/* A mail that is for others is read before that is known: of one with many recipients that takes as
 * long as all else. So what is not there is told at a whole step from the beginning. */
#define LEVEL_MS 5

void http_level(const struct http_asker *asker)
{
    int64_t taken = clock_monotonic() - asker->began;

    if (!access_is_whole(&asker->access))
        clock_sleep_until(asker->began + (taken / LEVEL_MS + 1) * LEVEL_MS);
}

bool http_note_door(struct http_asker *asker, struct http_reply *reply, const char *what)
{
    return write_note(asker, reply, what, SLICE_ABSENT, 0);
}
