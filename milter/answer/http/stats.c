/* SPDX-License-Identifier: BSD-2-Clause */
/* stats: counts of what somebody may see; the JSON is that of `waybill stats --by`. */
#include "../groups_json.h"
#include "http.h"

/* "state,domain". False: a reply says why. */
static bool read_by(const struct http_request *request, struct http_reply *reply,
                    enum query_by by[static QUERY_BY_MAX], size_t *count)
{
    struct slice words = http_argument(request, "by"), word;

    if (words.at == NULL || words.size == 0)
        words = slice_of("state");
    for (*count = 0; text_take_part(&words, ',', &word); ++*count) {
        int found = query_by_of(word);

        if (*count == QUERY_BY_MAX || found < 0) {
            http_problem(reply, 400, "by must be one to four words, as waybill stats --by takes.");
            return false;
        }
        by[*count] = (enum query_by)found;
    }
    return true;
}

static void tell(struct http_asker *asker, struct http_reply *reply, const struct query *query,
                 const enum query_by *by, size_t count)
{
    struct query_groups groups;
    struct error why;
    struct json json;

    if (query_group(asker->store, query, by, count, &groups, &why) != 0) {
        http_store_problem(reply, &why);
    } else {
        http_cover(asker, &groups.answer);
        json_init(&json, &reply->body);
        json_begin_object(&json);
        json_member_array(&json, "groups");
        for (size_t i = 0; i < groups.count; i++)
            groups_json_row(&json, by, count, &groups.groups[i]);
        json_end_array(&json);
        json_put_key(&json, "sums");
        groups_json_sums(&json, query, &groups);
        json_end_object(&json);
    }
    query_groups_clear(&groups);
}

void http_stats(struct http_asker *asker, const struct http_request *request,
                struct http_reply *reply)
{
    enum query_by by[QUERY_BY_MAX];
    struct access_lens lens;
    struct query query;
    size_t count;

    query_init(&query);
    access_lens_init(&lens, &asker->access);
    query.lens = &lens.lens;
    if (read_by(request, reply, by, &count) && http_read_query(asker, request, reply, &query) &&
        http_note(asker, reply, "stats", http_argument(request, "q"), 0))
        tell(asker, reply, &query, by, count);
    query_clear(&query);
}
