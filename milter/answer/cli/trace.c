/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace: the command that finds mails.
 */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "coverage.h"
#include "onward.h"
#include "out.h"
#include "rows.h"
#include "waybill/escape.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

/* ---- for people ---- */

static int print_nothing(const struct cli *cli, const struct query *query,
                         const struct query_answer *answer, struct error *why)
{
    struct query searched = *query;
    struct buffer asked;

    /* No more is said than was looked at. */
    if (answer->bounded && query->oldest_first)
        searched.until = answer->scanned_until;
    else if (answer->bounded)
        searched.since = answer->scanned_until;
    buffer_init(&asked, 65536);
    buffer_add_text(&asked, query->after != 0 ? "Nothing more: " : "Not seen: ");
    asked_describe(cli, &searched, "no mail", &asked);
    buffer_add_char(&asked, '.');
    out_folded(cli, 0, 0, asked.data);
    buffer_free(&asked);
    return coverage_tell(cli, searched.since, searched.until, stdout, why);
}

static void print_title(const struct cli *cli, const struct query *query)
{
    struct buffer asked;

    buffer_init(&asked, 65536);
    asked_describe(cli, query, "Mails", &asked);
    buffer_add_text(&asked, query->oldest_first ? "; oldest first" : "; newest first");
    out_colour(cli, "dim");
    out_folded(cli, 0, 0, asked.data);
    out_plain(cli);
    buffer_free(&asked);
}

static void tell_bound(const struct query_answer *answer, FILE *to)
{
    char until[CLOCK_TEXT_SIZE];

    if (!answer->bounded)
        return;
    clock_text(answer->scanned_until, 0, until);
    fprintf(to, "The search stopped at its bound and came to %s; "
                "name an address, an id or a shorter time.\n", until);
}

static void tell_more(const struct cli *cli, const struct query *query,
                      const struct query_answer *answer, FILE *to)
{
    struct buffer command;

    if (answer->next == 0)
        return;
    buffer_init(&command, 65536);
    asked_again(cli, query, answer->next, &command);
    fprintf(to, "more: %s\n", command.data);
    buffer_free(&command);
}

static void tell_unreadable(const struct query_answer *answer)
{
    if (answer->unreadable > 0)
        complain("%zu record%s could not be read and %s left out", answer->unreadable,
                 answer->unreadable == 1 ? "" : "s", answer->unreadable == 1 ? "is" : "are");
}

static int print_table(const struct cli *cli, const struct query *query,
                       const struct query_answer *answer, struct error *why)
{
    size_t recipients;

    if (answer->count == 0) {
        int result = print_nothing(cli, query, answer, why);
        tell_bound(answer, stdout);
        tell_more(cli, query, answer, stdout);
        return result;
    }
    if (!cli->request.no_header)
        print_title(cli, query);
    if (rows_table(cli, query, answer->waybills, answer->count, &recipients, why) != 0)
        return -1;
    if (cli->request.no_header)
        return 0;
    printf("%zu mail%s, %zu recipient%s\n", answer->count, answer->count == 1 ? "" : "s",
           recipients, recipients == 1 ? "" : "s");
    tell_bound(answer, stdout);
    tell_more(cli, query, answer, stdout);
    return 0;
}

/* ---- for programs ---- */

static int print_json_line(struct buffer *line, struct error *why)
{
    if (line->failed)
        return error_set(why, "cannot write the answer: no memory");
    buffer_add_char(line, '\n');
    fwrite(line->data, 1, line->size, stdout);
    buffer_clear(line);
    return 0;
}

/* The last line, so that a reader knows that it has all, and where to go on. */
static int put_page(const struct cli *cli, const struct query *query,
                    const struct query_answer *answer, struct json *json, struct error *why)
{
    char cursor[QUERY_CURSOR_SIZE];
    struct buffer coverage;

    buffer_init(&coverage, 1 << 20);
    if (answer->count == 0 &&
        query_coverage(cli->store, query->since, query->until, &coverage, why) != 0) {
        buffer_free(&coverage);
        return -1;
    }
    asked_cursor(cli, query, answer->next, cursor);
    json_begin_object(json);
    json_put_key(json, "object");
    json_put_text(json, "page");
    json_put_key(json, "count");
    json_put_number(json, (int64_t)answer->count);
    waybill_json_time(json, "since", query->since);
    waybill_json_time(json, "until", query->until);
    json_put_key(json, "next");
    json_put_text(json, answer->next != 0 ? cursor : NULL);
    json_put_key(json, "unreadable");
    json_put_number(json, (int64_t)answer->unreadable);
    json_put_key(json, "bounded");
    json_put_bool(json, answer->bounded);
    waybill_json_time(json, "scanned_until", answer->scanned_until);
    if (answer->count == 0)
        waybill_json_coverage(json, coverage.data);
    json_end_object(json);
    buffer_free(&coverage);
    return 0;
}

static int print_json(const struct cli *cli, const struct query *query,
                      const struct query_answer *answer, struct error *why)
{
    struct chain_before *befores = malloc((answer->count + 1) * sizeof *befores);
    struct buffer line;
    struct json json;
    int result = 0;

    if (befores == NULL || chain_among(answer->waybills, answer->count, befores) != 0) {
        free(befores);
        return error_set(why, "cannot write the answer: no memory");
    }
    buffer_init(&line, 64u << 20);
    for (size_t i = 0; i < answer->count && result == 0; i++) {
        json_init(&json, &line);
        waybill_json_open(&json, &answer->waybills[i], &cli->basis, false);
        onward_json_before(&json, befores[i].id != 0 ? &befores[i] : NULL);
        json_end_object(&json);
        result = print_json_line(&line, why);
    }
    free(befores);
    json_init(&json, &line);
    if (result == 0 && put_page(cli, query, answer, &json, why) == 0)
        result = print_json_line(&line, why);
    else
        result = -1;
    buffer_free(&line);
    return result;
}

static int print_csv(const struct cli *cli, const struct query *query,
                     const struct query_answer *answer, struct error *why)
{
    if (rows_csv(query, answer->waybills, answer->count, !cli->request.no_header, why) != 0)
        return -1;
    fflush(stdout);
    if (answer->count == 0 && coverage_tell(cli, query->since, query->until, stderr, why) != 0)
        return -1;
    tell_bound(answer, stderr);
    tell_more(cli, query, answer, stderr);
    return 0;
}

int trace_run(struct cli *cli)
{
    const struct query *query = &cli->query;
    struct query_answer answer;
    struct error why;
    int result, code;

    if (query_run(cli->store, query, &answer, &why) != 0)
        return complain_store(cli, &why);
    if (cli->request.json)
        result = print_json(cli, query, &answer, &why);
    else if (cli->request.csv)
        result = print_csv(cli, query, &answer, &why);
    else
        result = print_table(cli, query, &answer, &why);
    tell_unreadable(&answer);
    code = answer.count > 0 ? CLI_FOUND : CLI_NOTHING;
    query_answer_clear(&answer);
    return result == 0 ? code : complain_store(cli, &why);
}
