/* SPDX-License-Identifier: BSD-2-Clause */
/* search_json: see search_json.h. */
#include "search_json.h"

#define COVERAGE_MAX (1u << 20)

void search_json_before(struct json *json, const struct chain_before *before)
{
    json_put_key(json, "came_from");
    if (before->id == 0) {
        json_put_null(json);
        return;
    }
    json_begin_object(json);
    json_member_text(json, "way", chain_way_word(before->way));
    waybill_json_id(json, before->id);
    json_end_object(json);
}

void search_json_mail(struct json *json, const struct waybill *waybill,
                      const struct verdict_basis *basis, const struct chain_before *before)
{
    waybill_json_open(json, waybill, basis, false);
    search_json_before(json, before);
    json_end_object(json);
}

static void put_page(struct json *json, const struct query *query,
                     const struct query_answer *answer, const unsigned char *key)
{
    char cursor[QUERY_CURSOR_SIZE];

    query_cursor(query, answer->next, key, cursor);
    json_member_text(json, "object", "page");
    json_member_number(json, "count", (int64_t)answer->told);
    waybill_json_time(json, "since", query->since);
    waybill_json_time(json, "until", query->until);
    json_member_text(json, "next", answer->next != 0 ? cursor : NULL);
    json_member_number(json, "unreadable", (int64_t)answer->unreadable);
    json_member_bool(json, "bounded", answer->bounded);
    waybill_json_time(json, "scanned_until", answer->scanned_until);
    json_member_text(json, "incomplete", answer->partly ? answer->away.text : NULL);
}

int search_json_page(struct json *json, struct store *store, const struct query *query,
                     const struct query_answer *answer, const unsigned char *key,
                     struct error *why)
{
    struct buffer coverage;
    int result = 0;

    buffer_init(&coverage, COVERAGE_MAX);
    if (answer->told == 0)
        result = query_coverage(store, query->since, query->until, query->messages, &coverage,
                                why);
    if (result == 0) {
        json_begin_object(json);
        put_page(json, query, answer, key);
        if (answer->told == 0)
            waybill_json_coverage(json, coverage.data);
        json_end_object(json);
    }
    buffer_free(&coverage);
    return result;
}
