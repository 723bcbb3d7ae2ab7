/* SPDX-License-Identifier: BSD-2-Clause */
/* session: log in at the page, who it is, log out. */
#include "http.h"
#include "waybill/waybill_json.h"

static const char *const reason_words[] = {[AUDIT_REASON_NONE] = "none",
                                           [AUDIT_REASON_OPTIONAL] = "optional",
                                           [AUDIT_REASON_REQUIRED] = "required"};

static void tell(const struct http_asker *asker, struct http_reply *reply)
{
    const struct languages *languages = http_languages_of(asker->common);
    const struct access *access = &asker->access;
    struct json json;

    json_init(&json, &reply->body);
    json_begin_object(&json);
    json_member_text(&json, "object", "session");
    json_member_text(&json, "name", access->name);
    json_member_text(&json, "role", access_role_word(access->role));
    json_member_bool(&json, "subjects", access->subjects || access->role != ROLE_DESK);
    json_member_text(&json, "csrf", asker->door == DOOR_TOKEN ? NULL : asker->proof);
    waybill_json_time(&json, "expires", asker->until);
    json_member_text(&json, "reason", reason_words[asker->settings->audit_reason]);
    json_member_array(&json, "languages");
    for (size_t i = 0; i < languages->count; i++)
        json_put_text(&json, messages_tag(languages->list[i]));
    json_end_array(&json);
    json_end_object(&json);
}

void http_session(struct http_asker *asker, const struct http_request *request,
                  struct http_reply *reply)
{
    (void)request;
    tell(asker, reply);
}

static void skip_blanks(struct slice *from)
{
    struct slice blanks;

    (void)text_take_any(from, " \t\r\n", &blanks);
}

static bool take_mark(struct slice *from, const char *mark)
{
    skip_blanks(from);
    return text_take(from, mark);
}

/* {"token":"..."} and nothing else: no form of a foreign page can send that. */
static bool read_token(struct slice body, struct slice *token)
{
    bool read = take_mark(&body, "{") && take_mark(&body, "\"token\"") && take_mark(&body, ":") &&
                take_mark(&body, "\"") && text_take_until(&body, '"', token) &&
                take_mark(&body, "}");

    skip_blanks(&body);
    return read && body.size == 0;
}

/* A session that the audit does not know is nobody's: its secret stands in the cookie alone. */
static void welcome(struct http_asker *asker, struct http_reply *reply)
{
    if (http_note_door(asker, reply, "login"))
        tell(asker, reply);
    else
        reply->cookie[0] = '\0';
}

void http_log_in(struct http_asker *asker, const struct http_request *request,
                 struct http_reply *reply)
{
    struct slice token;
    struct error why;
    int found;

    if (!read_token(slice_make(request->body.data, request->body.size), &token)) {
        http_problem(reply, 400, "The body must be {\"token\":\"wbt_...\"}.");
        return;
    }
    /* whoever used this browser before is logged out */
    found = http_end_session(asker, request, reply, &why) < 0
                ? -1
                : http_begin_session(asker, token, reply, &why);
    if (found < 0)
        http_store_problem(reply, &why);
    else if (found == 0 && http_is_in_rate(asker, "login from", request->peer, reply))
        http_problem(reply, 401, "This token is not good."); /* a good one always passes */
    else if (found > 0)
        welcome(asker, reply);
}

void http_log_out(struct http_asker *asker, const struct http_request *request,
                  struct http_reply *reply)
{
    struct error why;
    struct json json;

    if (asker->door != DOOR_SESSION) {
        http_problem(reply, 404, "There is no session to end: this came by a token, or by a proxy.");
        return;
    }
    if (http_end_session(asker, request, reply, &why) < 0) {
        http_store_problem(reply, &why);
        return;
    }
    if (!http_note_door(asker, reply, "logout"))
        return;
    json_init(&json, &reply->body);
    json_begin_object(&json);
    json_member_text(&json, "object", "session");
    json_member_bool(&json, "ended", true);
    json_end_object(&json);
}
