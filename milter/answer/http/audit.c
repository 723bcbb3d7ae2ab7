/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit: who asked what, newest first, a page at a time.
 *
 * The store has a hash for each hour, in no order. So the hours are read backwards, some at a time,
 * and of each time the newest entries are kept, until there are enough. The cursor is the name of
 * the last entry told: its time and a random word.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "waybill/clock.h"
#include "waybill/waybill_json.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MOST 200
#define SPAN_DEFAULT (30 * DAY_MS)
#define STEP_LEAST (6 * HOUR_MS)
#define STEP_MOST (8 * DAY_MS)

#define NAME_SIZE 48
struct entry {
    char name[NAME_SIZE]; /* as its field in the store: ms, "-", 16 hexadecimal digits */
    int64_t time;
    struct buffer json;
};

struct page {
    struct slice who, after;
    int64_t after_time;
    struct entry entries[LIMIT_MOST + 1]; /* newest first; one more tells that there is more */
    size_t count, limit;
    bool failed;
};

/* An entry that is called otherwise is not ours. */
static bool read_name(struct slice name, int64_t *time)
{
    uint64_t number;

    if (name.size >= NAME_SIZE || !text_take_number(&name, &number) || number > INT64_MAX ||
        !text_take_char(&name, '-') || name.size != 16)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (text_hex(name.at[i]) < 0)
            return false;
    *time = (int64_t)number;
    return true;
}

/* In the order of the page. */
static bool is_before(int64_t time, struct slice name, int64_t other_time, struct slice other)
{
    if (time != other_time)
        return time > other_time;
    return name.size != other.size ? name.size > other.size
                                   : memcmp(name.at, other.at, name.size) > 0;
}

static size_t place_of(const struct page *page, int64_t time, struct slice name)
{
    size_t place = page->count;

    while (place > 0 && is_before(time, name, page->entries[place - 1].time,
                                  slice_of(page->entries[place - 1].name)))
        place--;
    return place;
}

static void keep(struct page *page, size_t place, const struct store_audit *audit,
                 struct slice name)
{
    struct entry *entry = &page->entries[place];
    struct json json;

    if (page->count > page->limit)
        buffer_free(&page->entries[--page->count].json);
    memmove(entry + 1, entry, (page->count - place) * sizeof *entry);
    page->count++;
    entry->time = audit->time;
    slice_copy(name, entry->name, sizeof entry->name);
    buffer_init(&entry->json, HTTP_REPLY_MAX);
    json_init(&json, &entry->json);
    waybill_json_audit(&json, audit);
    page->failed = page->failed || entry->json.failed;
}

static void entry_seen(void *context, const struct store_audit *audit, struct slice field)
{
    struct page *page = context;
    int64_t time;
    size_t place;

    if (!read_name(field, &time) || (page->who.at != NULL && !slice_equal(audit->who, page->who)) ||
        (page->after.at != NULL && !is_before(page->after_time, page->after, time, field)))
        return;
    place = place_of(page, time, field);
    if (place <= page->limit)
        keep(page, place, audit, field);
}

static int read_page(struct http_asker *asker, struct page *page, int64_t since, int64_t until,
                     struct error *why)
{
    int64_t step = STEP_LEAST;

    if (page->after.at != NULL && page->after_time < until)
        until = page->after_time;
    while (until >= since && page->count <= page->limit && !page->failed) {
        int64_t from = until - step > since ? until - step : since;

        if (store_each_audit(asker->store, from, until, entry_seen, page, why) != 0)
            return -1;
        until = from - 1;
        step = step * 2 < STEP_MOST ? step * 2 : STEP_MOST;
    }
    return page->failed ? error_set(why, "no memory for a page of the audit") : 0;
}

static void tell(const struct page *page, struct http_reply *reply)
{
    size_t told = page->count < page->limit ? page->count : page->limit;
    struct json json;

    json_init(&json, &reply->body);
    json_begin_object(&json);
    json_member_array(&json, "entries");
    for (size_t i = 0; i < told; i++) {
        if (i > 0)
            buffer_add_char(&reply->body, ',');
        buffer_add(&reply->body, page->entries[i].json.data, page->entries[i].json.size);
    }
    json_end_array(&json);
    json_member_object(&json, "page");
    json_member_text(&json, "object", "page");
    json_member_number(&json, "count", (int64_t)told);
    json_member_text(&json, "next",
                     page->count > page->limit ? page->entries[told - 1].name : NULL);
    json_end_object(&json);
    json_end_object(&json);
}

/* What is wrong with the arguments; NULL: nothing. */
static const char *read_arguments(const struct http_request *request, struct page *page)
{
    struct slice limit = http_argument(request, "limit");
    uint64_t number = LIMIT_DEFAULT;

    page->who = http_argument(request, "who");
    page->after = http_argument(request, "after");
    if (limit.at != NULL && !text_number(limit, 1, LIMIT_MOST, &number))
        return "limit must be a number from 1 to 200.";
    if (page->after.at != NULL && !read_name(page->after, &page->after_time))
        return "after must be the member next of a page before.";
    if (page->who.at != NULL && !http_is_text(page->who))
        return "who must be text in UTF-8.";
    page->limit = (size_t)number;
    return NULL;
}

static void answer(struct http_asker *asker, struct page *page, int64_t since, int64_t until,
                   struct http_reply *reply)
{
    struct error why;

    if (since > until) {
        http_problem(reply, 400, "The time asked for ends before it begins.");
        return;
    }
    if (!http_note(asker, reply, "audit", page->who, 0))
        return;
    if (read_page(asker, page, since, until < asker->now ? until : asker->now, &why) != 0)
        http_store_problem(reply, &why);
    else
        tell(page, reply);
    for (size_t i = 0; i < page->count; i++)
        buffer_free(&page->entries[i].json);
}

void http_audit(struct http_asker *asker, const struct http_request *request,
                struct http_reply *reply)
{
    struct page *page = calloc(1, sizeof *page);
    struct query query;
    const char *wrong = page != NULL ? read_arguments(request, page) : NULL;

    query_init(&query);
    query.since = asker->now - SPAN_DEFAULT;
    query.until = asker->now;
    if (page == NULL)
        http_problem(reply, 500, "There is no memory for this.");
    else if (!access_is_whole(&asker->access)) /* others ask about what is not his */
        http_problem(reply, 403, "This is not for who is bound to domains.");
    else if (wrong != NULL)
        http_problem(reply, 400, wrong);
    else if (http_read_moment(asker, request, &query, false, reply) &&
             http_read_moment(asker, request, &query, true, reply))
        answer(asker, page, query.since, query.until, reply);
    query_clear(&query);
    free(page);
}
