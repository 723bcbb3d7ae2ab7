/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace: the command that finds mails.
 */
#include "command.h"

#include "../nearby.h"
#include "../remote/remote.h"
#include "../search_csv.h"
#include "../search_json.h"
#include "asked.h"
#include "coverage.h"
#include "out.h"
#include "rows.h"
#include "waybill/escape.h"
#include "waybill/json.h"

struct trace {
    const struct cli *cli;
    const struct query *query;
    struct nearby *nearby;
    struct rows rows;
    struct buffer line; /* of JSON and CSV */
    size_t mails;
    struct error *why;
    struct remote_search search; /* over the API */
};

/* ---- for people ---- */

/* An answer of the API that has nothing tells this, too, of all the time that was asked for. */
static int tell_coverage(const struct trace *trace, const struct query *searched, FILE *to,
                         struct error *why)
{
    if (trace->cli->remote == NULL || trace->search.answer.bounded)
        return coverage_tell(trace->cli, searched, to, why);
    coverage_print(trace->search.coverage.data, to);
    return 0;
}

static int print_nothing(const struct trace *trace, const struct query_answer *answer,
                         struct error *why)
{
    const struct cli *cli = trace->cli;
    const struct query *query = trace->query;
    struct query searched = *query;
    struct buffer asked;

    /* No more is said than was looked at. */
    if (answer->bounded && query->oldest_first)
        searched.until = answer->scanned_until;
    else if (answer->bounded)
        searched.since = answer->scanned_until;
    buffer_init(&asked, 65536);
    buffer_add_text(&asked, answer->partly       ? "Not seen in what could be asked: "
                            : query->after != 0 ? "Nothing more: "
                                                : "Not seen: ");
    asked_describe(cli, &searched, "no mail", &asked);
    buffer_add_char(&asked, '.');
    out_folded(cli, 0, 0, asked.data);
    buffer_free(&asked);
    return tell_coverage(trace, &searched, stdout, why);
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
                "name an address, an id or a shorter time%s.\n",
            until, answer->next != 0 ? ", or go on" : "");
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

static int add_row(struct trace *trace, const struct waybill *waybill,
                   const struct chain_before *before, struct error *why)
{
    if (trace->mails == 1 && !trace->cli->request.no_header)
        print_title(trace->cli, trace->query);
    return rows_add(&trace->rows, waybill, before, why);
}

static int end_table(struct trace *trace, const struct query_answer *answer, struct error *why)
{
    const struct cli *cli = trace->cli;
    size_t mails = trace->mails, recipients = trace->rows.recipients;
    int result = 0;

    if (mails == 0)
        result = print_nothing(trace, answer, why);
    else if (cli->request.no_header)
        return 0;
    else
        printf("%zu mail%s, %zu recipient%s\n", mails, mails == 1 ? "" : "s", recipients,
               recipients == 1 ? "" : "s");
    tell_bound(answer, stdout);
    tell_more(cli, trace->query, answer, stdout);
    return result;
}

/* ---- for programs ---- */

static int add_json(struct trace *trace, const struct waybill *waybill,
                    const struct chain_before *before, struct error *why)
{
    struct json json;

    json_init(&json, &trace->line);
    search_json_mail(&json, waybill, &trace->cli->basis, before, false);
    return out_line(&trace->line, why);
}

static int end_json(struct trace *trace, const struct query_answer *answer, struct error *why)
{
    unsigned char key[32];
    struct json json;

    if (trace->cli->remote != NULL)
        return out_line(&trace->search.page, why);
    /* The last line, so that a reader knows that it has all, and where to go on. */
    json_init(&json, &trace->line);
    return search_json_page(&json, trace->cli->store, trace->query, answer,
                            asked_key(trace->cli, key), why) == 0
               ? out_line(&trace->line, why)
               : -1;
}

static int add_csv(struct trace *trace, const struct waybill *waybill, struct error *why)
{
    buffer_clear(&trace->line);
    if (search_csv_mail(&trace->line, trace->query, waybill, why) != 0)
        return -1;
    fwrite(trace->line.data, 1, trace->line.size, stdout);
    return 0;
}

static int end_csv(struct trace *trace, const struct query_answer *answer, struct error *why)
{
    const struct query *query = trace->query;

    fflush(stdout);
    if (answer->told == 0 &&
        tell_coverage(trace, query, stderr, why) != 0)
        return -1;
    tell_bound(answer, stderr);
    tell_more(trace->cli, query, answer, stderr);
    return 0;
}

/* ---- one by one ---- */

static int tell_one(void *context, const struct waybill *waybill, const struct chain_before *before,
                    struct error *why)
{
    struct trace *trace = context;

    trace->mails++;
    if (trace->cli->request.json)
        return add_json(trace, waybill, before, why);
    if (trace->cli->request.csv)
        return add_csv(trace, waybill, why);
    return add_row(trace, waybill, before, why);
}

static int found_one(void *context, struct waybill *waybill)
{
    struct trace *trace = context;

    return nearby_add(trace->nearby, waybill, trace->why);
}

/* ---- over the API ---- */

static int told_one(void *context, struct remote_mail *mail, struct error *why)
{
    struct trace *trace = context;

    if (mail->line == NULL)
        return tell_one(trace, &mail->waybill, &mail->before, why);
    trace->mails++;
    return out_line(mail->line, why);
}

static bool asks_remote(const struct query *query)
{
    for (size_t i = 0; i < query->count; i++)
        if (query->terms[i].field == QUERY_FIELD_REMOTE)
            return true;
    return false;
}

static int find_all(struct trace *trace, struct query_answer *answer, struct error *why)
{
    const struct cli *cli = trace->cli;
    int result;

    if (cli->remote == NULL)
        return query_each(cli->store, trace->query, found_one, trace, answer, why);
    trace->search.after = cli->request.after;
    trace->search.lines = cli->request.json;
    trace->search.timeline = asks_remote(trace->query) && !cli->request.json;
    result = remote_search(cli->remote, &trace->search, why);
    *answer = trace->search.answer;
    return result;
}

/* Also what was found before the store failed. */
static int print_all(struct trace *trace, struct query_answer *answer, struct error *why)
{
    const struct request *request = &trace->cli->request;
    struct error later;
    int result;

    if (request->csv && !request->no_header)
        fputs(search_csv_headings, stdout);
    trace->why = why;
    result = find_all(trace, answer, why);
    if (nearby_end(trace->nearby, &later) != 0 || rows_end(&trace->rows, &later) != 0)
        return result == 0 ? error_set(why, "%s", later.text) : -1;
    if (result != 0)
        return -1;
    return request->json  ? end_json(trace, answer, why)
           : request->csv ? end_csv(trace, answer, why)
                          : end_table(trace, answer, why);
}

int trace_run(struct cli *cli)
{
    struct trace trace = {
        .cli = cli, .query = &cli->query, .rows = {.cli = cli, .query = &cli->query},
        .search = {.query = &cli->query, .found = told_one, .context = &trace}};
    struct query_answer answer = {0};
    struct error why;
    int result;

    trace.nearby = nearby_new(tell_one, &trace);
    if (trace.nearby == NULL) {
        complain("cannot search: no memory");
        return CLI_UNREACHABLE;
    }
    cli->next_cursor = trace.search.cursor;
    buffer_init(&trace.line, 64u << 20);
    result = print_all(&trace, &answer, &why);
    buffer_free(&trace.line);
    nearby_free(&trace.nearby);
    if (cli->remote != NULL)
        remote_search_clear(&trace.search);
    complain_unreadable(&answer, "left out");
    if (result != 0)
        return complain_store(cli, &why);
    complain_partly(&answer);
    return answer.told > 0 ? CLI_FOUND : answer.partly ? CLI_UNREACHABLE : CLI_NOTHING;
}
