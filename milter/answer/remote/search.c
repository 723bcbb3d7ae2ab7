/* SPDX-License-Identifier: BSD-2-Clause */
/* search: mails by a query, a page at a time, and all about one mail. */
#include <inttypes.h>
#include <stdio.h>

#include "mail.h"
#include "state.h"
#include "tree.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"

#define PAGE_MOST 200 /* what a Waybill gives at once */
#define LINE_MAX_BYTES (64u << 20)
#define PATH_MAX_BYTES (1u << 20)

static int no_memory(struct error *why)
{
    return error_set(why, "no memory for the answer");
}

/* ---- the question ---- */

static void put_query(struct buffer *path, const struct query *query)
{
    struct buffer words;

    buffer_init(&words, PATH_MAX_BYTES);
    query_write(query, false, &words);
    if (words.size > 0)
        remote_put_argument(path, "q", slice_make(words.data, words.size));
    buffer_free(&words);
}

static int ask_page(struct remote *remote, const struct remote_search *search, size_t told,
                    struct error *why)
{
    size_t left = search->query->limit - told;
    struct slice after = told > 0 ? slice_of(search->cursor) : slice_of(search->after);
    struct buffer path;
    char limit[24];
    int result;

    snprintf(limit, sizeof limit, "%zu", left < PAGE_MOST ? left : PAGE_MOST);
    buffer_init(&path, PATH_MAX_BYTES);
    buffer_add_text(&path, "/api/v1/search");
    put_query(&path, search->query);
    remote_put_argument(&path, "limit", slice_of(limit));
    if (search->timeline)
        remote_put_argument(&path, "timeline", slice_of("1"));
    if (after.at != NULL)
        remote_put_argument(&path, "after", after);
    result = path.failed ? no_memory(why) : remote_get(remote, path.data, why);
    buffer_free(&path);
    return result;
}

/* ---- the page ---- */

static void read_span(const json_t *page, struct query *query)
{
    int64_t since = tree_time(page, "since"), until = tree_time(page, "until");

    query->since = since != 0 ? since : query->since;
    query->until = until != 0 ? until : query->until;
}

void remote_read_answer(const json_t *from, struct query_answer *answer)
{
    struct slice away = tree_string(from, "incomplete");
    int64_t unreadable = tree_number(from, "unreadable", 0);

    answer->bounded = tree_bool(from, "bounded");
    answer->scanned_until = tree_time(from, "scanned_until");
    answer->unreadable += unreadable > 0 ? (size_t)unreadable : 0;
    error_set(&answer->unreadable_why, "the API does not tell why");
    if (away.at == NULL)
        return;
    answer->partly = true;
    error_set(&answer->away, "%.*s", SLICE_ARGS(away));
}

static void read_coverage(const json_t *page, struct buffer *to)
{
    const json_t *lines = tree_get(page, "coverage"), *line;
    size_t i;

    buffer_clear(to);
    json_array_foreach (lines, i, line)
        if (json_is_string(line)) {
            escape_terminal(to, slice_of(json_string_value(line)));
            buffer_add_char(to, '\n');
        }
}

/* It stands in a command that somebody may paste into a shell. */
static bool is_cursor(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text_hex(text.at[i]) < 0)
            return false;
    return text.size < QUERY_CURSOR_SIZE;
}

static int read_page(const json_t *page, struct remote_search *search)
{
    struct slice next = tree_string(page, "next");

    if (!is_cursor(next))
        return -1;
    read_span(page, search->query);
    remote_read_answer(page, &search->answer);
    read_coverage(page, &search->coverage);
    search->answer.next = next.at != NULL && next.size > 0 &&
                          slice_copy(next, search->cursor, sizeof search->cursor);
    return 0;
}

static int tell_mail(struct remote *remote, struct remote_search *search, const json_t *from,
                     struct buffer *line, struct error *why)
{
    struct remote_mail mail;
    struct json json;
    int result;

    if (mail_read(from, &mail.waybill) != 0)
        return remote_is_strange(remote, why);
    mail_read_before(from, &mail.before);
    mail.line = search->lines ? line : NULL;
    if (search->lines) {
        buffer_clear(line);
        json_init(&json, line);
        tree_write(&json, from);
    }
    search->answer.told++;
    result = search->found(search->context, &mail, why);
    waybill_clear(&mail.waybill);
    return result;
}

/* The last one, of all pages together. */
static void write_page(json_t *page, struct remote_search *search)
{
    struct json json;

    json_object_set_new(page, "count", json_integer((json_int_t)search->answer.told));
    buffer_clear(&search->page);
    json_init(&json, &search->page);
    tree_write(&json, page);
}

static int tell_page(struct remote *remote, struct remote_search *search, struct error *why)
{
    const json_t *mails = tree_get(remote->tree, "waybills"), *mail;
    json_t *page = json_object_get(remote->tree, "page");
    struct buffer line;
    int result = 0;
    size_t i;

    if (!json_is_array(mails) || !json_is_object(page) || json_array_size(mails) > PAGE_MOST ||
        read_page(page, search) != 0)
        return remote_is_strange(remote, why);
    buffer_init(&line, LINE_MAX_BYTES);
    json_array_foreach (mails, i, mail)
        if (result == 0)
            result = tell_mail(remote, search, mail, &line, why);
    buffer_free(&line);
    if (result == 0 && search->lines)
        write_page(page, search);
    return result;
}

int remote_search(struct remote *remote, struct remote_search *search, struct error *why)
{
    size_t before;

    search->answer = (struct query_answer){0};
    buffer_init(&search->coverage, 1u << 20);
    buffer_init(&search->page, 2u << 20);
    do {
        before = search->answer.told;
        if (ask_page(remote, search, before, why) != 0 || tell_page(remote, search, why) != 0)
            return -1;
    } while (search->answer.next != 0 && search->answer.told > before &&
             !search->answer.bounded && search->answer.told < search->query->limit);
    return 0;
}

void remote_search_clear(struct remote_search *search)
{
    buffer_free(&search->coverage);
    buffer_free(&search->page);
}

/* ---- one mail ---- */

static int ask_mail(struct remote *remote, uint64_t id, struct error *why)
{
    char path[64];

    snprintf(path, sizeof path, "/api/v1/waybills/%018" PRIu64, id);
    if (remote_get(remote, path, why) == 0)
        return 1;
    return remote->status == 404 && remote->trouble == REMOTE_REFUSED ? 0 : -1;
}

int remote_show(struct remote *remote, uint64_t id, struct remote_shown *shown,
                struct buffer *line, struct error *why)
{
    int result = ask_mail(remote, id, why);
    struct json json;

    *shown = (struct remote_shown){.before.id = 0};
    if (result <= 0)
        return result;
    if (mail_read(remote->tree, &shown->waybill) != 0)
        return remote_is_strange(remote, why);
    mail_read_before(remote->tree, &shown->before);
    if (mail_read_chain(remote->tree, &shown->chain) != 0) {
        waybill_clear(&shown->waybill);
        return remote_is_strange(remote, why);
    }
    if (line != NULL) {
        json_init(&json, line);
        tree_write(&json, remote->tree);
    }
    return 1;
}

static void read_near(const json_t *problem, uint64_t ids[static ID_NEAR_MAX], size_t *count)
{
    const json_t *codes = tree_get(problem, "suggestions"), *code;
    size_t i;

    json_array_foreach (codes, i, code)
        if (*count < ID_NEAR_MAX && json_is_string(code) &&
            id_parse(slice_of(json_string_value(code)), &ids[*count]))
            ++*count;
}

int remote_near(struct remote *remote, struct slice code, uint64_t ids[static ID_NEAR_MAX],
                size_t *count, struct error *why)
{
    struct buffer path;
    int result;

    *count = 0;
    if (!id_mistyped(code))
        return 0;
    buffer_init(&path, PATH_MAX_BYTES);
    buffer_add_text(&path, "/api/v1/waybills/");
    remote_put_escaped(&path, code);
    result = path.failed ? no_memory(why) : remote_get(remote, path.data, why);
    buffer_free(&path);
    if (result == 0 || remote->status != 404 || remote->trouble != REMOTE_REFUSED)
        return result;
    read_near(remote->tree, ids, count);
    return 0;
}

void remote_shown_clear(struct remote_shown *shown)
{
    chain_clear(&shown->chain);
    waybill_clear(&shown->waybill);
}
