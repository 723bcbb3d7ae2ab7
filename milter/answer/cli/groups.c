/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * groups: see groups.h.
 */
#include "groups.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../groups_json.h"
#include "../remote/remote.h"
#include "asked.h"
#include "coverage.h"
#include "out.h"
#include "table.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define HEADING_SIZE 32

struct asked_groups {
    struct cli *cli;
    enum query_by by[QUERY_BY_MAX];
    size_t count;
    struct query_groups found;
    struct buffer lines; /* of JSON, as the API wrote them */
};

int groups_read(const char *words, enum query_by *by, size_t *count, struct error *why)
{
    struct slice rest = slice_of(words), word;
    struct buffer all;

    for (*count = 0; text_take_part(&rest, ',', &word); ++*count) {
        int found = query_by_of(word);

        if (*count >= QUERY_BY_MAX)
            return error_set(why, "--by: at most %d at once", QUERY_BY_MAX);
        if (found >= 0) {
            by[*count] = (enum query_by)found;
            continue;
        }
        buffer_init(&all, 400);
        for (int i = 0; i < QUERY_BY_COUNT; i++)
            buffer_addf(&all, " %s", query_by_word((enum query_by)i));
        error_set(why, "--by: there is no '%.*s'; there are:%s",
                  (int)(word.size > 60 ? 60 : word.size), word.at, all.data);
        buffer_free(&all);
        return -1;
    }
    return 0;
}

/* ---- for people ---- */

/* As the headings of all tables: in capitals. */
static void write_heading(enum query_by by, char heading[static HEADING_SIZE])
{
    slice_copy(slice_of(query_by_word(by)), heading, HEADING_SIZE);
    for (char *at = heading; *at != '\0'; at++)
        *at = text_upper(*at);
}

static int print_rows(const struct asked_groups *asked, struct error *why)
{
    struct table_column columns[QUERY_BY_MAX + 2] = {{"RECIPIENTS", false, true},
                                                     {"MAILS", false, true}};
    char headings[QUERY_BY_MAX][HEADING_SIZE];
    struct table *table;

    for (size_t i = 0; i < asked->count; i++) {
        write_heading(asked->by[i], headings[i]);
        columns[2 + i] = (struct table_column){headings[i], true, false};
    }
    table = table_new(asked->cli, columns, 2 + asked->count, !asked->cli->request.no_header,
                      why);
    if (table == NULL)
        return -1;
    for (size_t i = 0; i < asked->found.count; i++) {
        const struct query_group *group = &asked->found.groups[i];
        struct buffer words[QUERY_BY_MAX];
        const char *cells[QUERY_BY_MAX + 2];
        char recipients[32], mails[32];

        out_number(group->recipients, recipients);
        out_number(group->mails, mails);
        cells[0] = recipients;
        cells[1] = mails;
        for (size_t j = 0; j < asked->count; j++) {
            buffer_init(&words[j], 4096);
            escape_terminal(&words[j], group->values[j].size > 0 ? group->values[j]
                                                                 : slice_of("-"));
            cells[2 + j] = words[j].data;
        }
        table_row(table, cells, 0, NULL, NULL, 0);
        for (size_t j = 0; j < asked->count; j++)
            buffer_free(&words[j]);
    }
    return table_print(&table, why);
}

static void tell_rest(const struct asked_groups *asked, FILE *to)
{
    char until[CLOCK_TEXT_SIZE];

    if (asked->found.over > 0)
        fprintf(to, "There are more than %d groups; %" PRIu64 " recipients belong to none of "
                    "these.\n", QUERY_GROUPS_MAX, asked->found.over);
    if (!asked->found.answer.bounded)
        return;
    clock_text(asked->found.answer.scanned_until, 0, until);
    fprintf(to, "The count stopped at its bound and came to %s; name an address, an id or a "
                "shorter time.\n", until);
}

static int print_table(const struct asked_groups *asked, struct error *why)
{
    char mails[32], recipients[32];
    struct buffer title;

    buffer_init(&title, 65536);
    asked_describe(asked->cli, &asked->cli->query, "Mails", &title);
    out_colour(asked->cli, "dim");
    out_folded(asked->cli, 0, 0, title.data);
    out_plain(asked->cli);
    buffer_free(&title);
    if (asked->found.count > 0 && print_rows(asked, why) != 0)
        return -1;
    out_number(asked->found.mails, mails);
    out_number(asked->found.recipients, recipients);
    printf("%s mail%s, %s recipient%s, %zu group%s\n", mails,
           asked->found.mails == 1 ? "" : "s", recipients,
           asked->found.recipients == 1 ? "" : "s", asked->found.count,
           asked->found.count == 1 ? "" : "s");
    tell_rest(asked, stdout);
    return 0;
}

/* ---- for programs ---- */

static int print_json(const struct asked_groups *asked, struct error *why)
{
    struct buffer line;
    struct json json;
    int result = 0;

    buffer_init(&line, 1 << 20);
    for (size_t i = 0; i <= asked->found.count && result == 0; i++) {
        json_init(&json, &line);
        if (i < asked->found.count)
            groups_json_row(&json, asked->by, asked->count, &asked->found.groups[i]);
        else
            groups_json_sums(&json, &asked->cli->query, &asked->found);
        result = out_line(&line, why);
    }
    buffer_free(&line);
    return result;
}

static int print_csv(const struct asked_groups *asked, struct error *why)
{
    struct buffer line;
    int result = 0;

    buffer_init(&line, 1 << 20);
    for (size_t i = 0; i < asked->count && !asked->cli->request.no_header; i++)
        printf("%s,", query_by_word(asked->by[i]));
    if (!asked->cli->request.no_header)
        fputs("recipients,mails\r\n", stdout);
    for (size_t i = 0; i < asked->found.count && result == 0; i++) {
        const struct query_group *group = &asked->found.groups[i];

        buffer_clear(&line);
        for (size_t j = 0; j < asked->count; j++) {
            escape_csv(&line, group->values[j]);
            buffer_add_char(&line, ',');
        }
        buffer_addf(&line, "%" PRIu64 ",%" PRIu64 "\r\n", group->recipients, group->mails);
        if (line.failed)
            result = error_set(why, "cannot write the answer: no memory");
        else
            fwrite(line.data, 1, line.size, stdout);
    }
    buffer_free(&line);
    fflush(stdout);
    tell_rest(asked, stderr);
    return result;
}

static int print_groups(struct asked_groups *asked, struct error *why)
{
    const struct query *query = &asked->cli->query;

    if (asked->cli->request.json)
        return asked->lines.size > 0 ? out_line(&asked->lines, why) : print_json(asked, why);
    if (asked->cli->request.csv)
        return print_csv(asked, why);
    if (print_table(asked, why) != 0)
        return -1;
    return asked->found.mails > 0
               ? 0
               : coverage_tell(asked->cli, query, stdout, why);
}

static int count_groups(struct cli *cli, struct asked_groups *asked, struct error *why)
{
    return cli->remote != NULL
               ? remote_group(cli->remote, &cli->query, asked->by, asked->count, &asked->found,
                              cli->request.json ? &asked->lines : NULL, why)
               : query_group(cli->store, &cli->query, asked->by, asked->count, &asked->found, why);
}

int groups_run(struct cli *cli)
{
    struct asked_groups asked = {.cli = cli};
    struct error why;
    int code;

    if (groups_read(cli->request.by, asked.by, &asked.count, &why) != 0) {
        complain("%s", why.text);
        return CLI_USAGE;
    }
    buffer_init(&asked.lines, 32u << 20);
    if (count_groups(cli, &asked, &why) != 0 || print_groups(&asked, &why) != 0)
        code = complain_store(cli, &why);
    else
        code = asked.found.mails > 0 ? CLI_FOUND : CLI_NOTHING;
    complain_unreadable(&asked.found.answer, "not counted");
    complain_partly(&asked.found.answer);
    if (code == CLI_NOTHING && asked.found.answer.partly)
        code = CLI_UNREACHABLE;
    if (cli->remote != NULL)
        remote_groups_clear(&asked.found);
    else
        query_groups_clear(&asked.found);
    buffer_free(&asked.lines);
    return code;
}
