/* SPDX-License-Identifier: BSD-2-Clause */
/* overview: what is told of the whole: what was watched, and whether the store answers. */
#include "../watched.h"
#include "http.h"
#include "waybill/clock.h"
#include "waybill/waybill_json.h"

bool http_read_moment(struct http_asker *asker, const struct http_request *request,
                      struct query *query, bool until, struct http_reply *reply)
{
    struct slice words = http_argument(request, until ? "until" : "since");
    struct error why;

    if (words.at == NULL || query_set_moment(query, until, words, asker->now, &why) == 0)
        return true;
    http_problem(reply, 400, why.text);
    return false;
}

static void tell_coverage(struct http_asker *asker, const struct query *query,
                          struct http_reply *reply)
{
    struct watched_list list;
    struct error why;
    struct json json;

    if (watched_read(asker->store, query->since,
                     query->until < asker->now ? query->until : asker->now, &list, &why) != 0) {
        http_store_problem(reply, &why);
        return;
    }
    json_init(&json, &reply->body);
    watched_json(&json, &list, asker->basis.messages);
    watched_free(&list);
}

void http_coverage(struct http_asker *asker, const struct http_request *request,
                   struct http_reply *reply)
{
    struct query query;

    query_init(&query);
    if (http_read_moment(asker, request, &query, false, reply) &&
        http_read_moment(asker, request, &query, true, reply)) {
        query_choose_span(&query, asker->now);
        if (query.since > query.until)
            http_problem(reply, 400, "The time asked for ends before it begins.");
        else
            tell_coverage(asker, &query, reply);
    }
    query_clear(&query);
}

static void skip_node(void *context, const struct store_node *node)
{
    (void)context;
    (void)node;
}

void http_health(struct http_asker *asker, const struct http_request *request,
                 struct http_reply *reply)
{
    struct error why;
    struct json json;

    (void)request;
    if (store_get_nodes(asker->store, skip_node, NULL, &why) != 0) {
        http_store_problem(reply, &why);
        return;
    }
    json_init(&json, &reply->body);
    json_begin_object(&json);
    json_member_text(&json, "object", "health");
    json_member_text(&json, "store", "answers");
    json_end_object(&json);
}
