/* SPDX-License-Identifier: BSD-2-Clause */
/* search: mails by a query, one mail by its id; the JSON is that of `waybill trace` and `show`. */
#include <stdlib.h>

#include "../chain_json.h"
#include "../search_json.h"
#include "http.h"
#include "waybill/id.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MOST 200

static void refuse(struct http_reply *reply, const struct error *why)
{
    http_problem(reply, 400, why->text);
}

bool http_read_words(struct http_asker *asker, const struct http_request *request,
                     struct http_reply *reply, struct query *query)
{
    struct slice words = http_argument(request, "q");
    struct query_fault fault;
    struct error why;

    if (words.at != NULL && !http_is_text(words)) {
        http_problem(reply, 400, "q must be text in UTF-8.");
        return false;
    }
    if (words.at != NULL && query_parse(query, words, asker->now, &fault) != 0) {
        http_query_problem(reply, &fault);
        return false;
    }
    query_choose_span(query, asker->now);
    query->queue_lifetime = asker->basis.queue_lifetime;
    query->book = asker->book;
    query->messages = asker->basis.messages;
    if (access_check_query(&asker->access, query, &why) != 0) {
        refuse(reply, &why);
        return false;
    }
    if (query->since <= query->until)
        return true;
    http_problem(reply, 400, "The time asked for ends before it begins.");
    return false;
}

bool http_read_query(struct http_asker *asker, const struct http_request *request,
                     struct http_reply *reply, struct query *query)
{
    struct slice limit = http_argument(request, "limit"), after = http_argument(request, "after");
    uint64_t number = LIMIT_DEFAULT;
    struct error why;

    if (limit.at != NULL && !text_number(limit, 1, LIMIT_MOST, &number)) {
        http_problem(reply, 400, "limit must be a number from 1 to 200.");
        return false;
    }
    if (!http_read_words(asker, request, reply, query))
        return false;
    if (!query->limited || limit.at != NULL || query->limit > LIMIT_MOST)
        query->limit = (size_t)number;
    if (after.at == NULL || query_resume(query, after, asker->cursor_key, &why) == 0)
        return true;
    refuse(reply, &why);
    return false;
}

static int put_mails(struct http_asker *asker, struct json *json,
                     const struct query_answer *answer, bool timeline, struct error *why)
{
    struct chain_before *befores = calloc(answer->count + 1, sizeof *befores);

    if (befores == NULL || chain_among(answer->waybills, answer->count, befores) != 0) {
        free(befores);
        return error_set(why, "no memory");
    }
    json_member_array(json, "waybills");
    for (size_t i = 0; i < answer->count; i++)
        search_json_mail(json, &answer->waybills[i], &asker->basis, &befores[i], timeline);
    json_end_array(json);
    free(befores);
    return 0;
}

static void tell(struct http_asker *asker, struct http_reply *reply, const struct query *query,
                 struct query_answer *answer, bool timeline)
{
    struct error why;
    struct json json;

    http_cover(asker, answer);
    json_init(&json, &reply->body);
    json_begin_object(&json);
    if (put_mails(asker, &json, answer, timeline, &why) != 0) {
        http_store_problem(reply, &why);
        return;
    }
    json_put_key(&json, "page");
    if (search_json_page(&json, asker->store, query, answer, asker->cursor_key, &why) != 0) {
        http_store_problem(reply, &why);
        return;
    }
    json_end_object(&json);
}

static void search(struct http_asker *asker, const struct http_request *request,
                   struct http_reply *reply, const struct query *query)
{
    struct query_answer answer;
    struct error why;

    if (query_run(asker->store, query, &answer, &why) != 0) {
        http_store_problem(reply, &why);
        return;
    }
    if (http_note(asker, reply, "search", http_argument(request, "q"), answer.told))
        tell(asker, reply, query, &answer, slice_is(http_argument(request, "timeline"), "1"));
    if (answer.told == 0)
        http_level(asker);
    query_answer_clear(&answer);
}

void http_search(struct http_asker *asker, const struct http_request *request,
                 struct http_reply *reply)
{
    struct access_lens lens;
    struct query query;

    query_init(&query);
    access_lens_init(&lens, &asker->access);
    query.lens = &lens.lens;
    if (http_read_query(asker, request, reply, &query))
        search(asker, request, reply, &query);
    query_clear(&query);
}

/* ---- one mail ---- */

/* In all cases the same words: they must not tell whether there is such a mail. */
void http_no_such_mail(struct http_reply *reply)
{
    http_problem(reply, 404, "There is no such mail, or it is not for you.");
}

/* What is no case code, but may be meant for one. */
static void tell_near(struct http_asker *asker, const struct http_request *request,
                      struct http_reply *reply)
{
    uint64_t ids[ID_NEAR_MAX];
    struct error why;
    size_t count;

    if (!id_mistyped(request->rest))
        http_no_such_mail(reply);
    else if (access_near(asker->store, &asker->access, request->rest, asker->basis.queue_lifetime,
                         ids, &count, &why) != 0)
        http_store_problem(reply, &why);
    else if (http_note(asker, reply, "show", request->rest, count))
        http_mistyped_problem(reply, ids, count);
}

void http_waybill(struct http_asker *asker, const struct http_request *request,
                  struct http_reply *reply)
{
    struct access_lens lens;
    struct waybill waybill;
    struct error why;
    struct json json;
    uint64_t id;
    int found;

    if (!id_parse(request->rest, &id)) {
        tell_near(asker, request, reply);
        return;
    }
    access_lens_init(&lens, &asker->access);
    found = access_one(asker->store, &asker->access, id, asker->basis.queue_lifetime, &waybill,
                       &why);
    if (found < 0 && store_last_trouble(asker->store) == STORE_FINE)
        found = 0; /* a record that cannot be read is nobody's */
    if (found < 0) {
        http_store_problem(reply, &why);
    } else if (!http_note(asker, reply, "show", request->rest, (uint64_t)found)) {
        /* it says so itself */
    } else if (found == 0) {
        http_no_such_mail(reply);
    } else {
        json_init(&json, &reply->body);
        if (chain_json_mail(&json, asker->store, &waybill, &asker->basis, &lens.lens, &why) != 0)
            http_store_problem(reply, &why);
    }
    if (found > 0)
        waybill_clear(&waybill);
}
