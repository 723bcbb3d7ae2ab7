/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: see coverage.h.
 */
#include "coverage.h"

#include <string.h>

#include "../catalogue.h"
#include "../watched.h"
#include "out.h"
#include "table.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"

#define LINE_MAX_BYTES 4096
#define GAPS_SHOWN 40 /* of one witness; the others are counted */

int coverage_tell(const struct cli *cli, int64_t since, int64_t until, FILE *to, struct error *why)
{
    struct buffer text;

    buffer_init(&text, 1 << 20);
    if (query_coverage(cli->store, since, until, cli->basis.messages, &text, why) != 0) {
        buffer_free(&text);
        return -1;
    }
    fputs("Who was watching:\n", to);
    out_lines(to, text.data);
    buffer_free(&text);
    return 0;
}

/* ---- for people ---- */

static void add_host(struct buffer *to, const struct watched *watched)
{
    if (watched->host[0] != '\0')
        escape_terminal(to, slice_of(watched->host));
    else
        buffer_addf(to, "node %02u", watched->node);
}

static const struct table_column columns[] = {
    {"HOST", true, false},    {"WITNESS", false, false}, {"SINCE", false, false},
    {"UP TO", false, false},  {"WATCHED", false, true},  {"GAPS", false, true},
    {"LOST", false, true},
};

static void add_row(const struct cli *cli, struct table *table, const struct watched_list *list,
                    const struct watched *watched)
{
    int share = watched_share(list, watched);
    char since[WHEN_SIZE], until[WHEN_SIZE], percent[16], gaps[24], lost[32];
    char when[CLOCK_TEXT_SIZE], silence[96];
    struct buffer host;

    buffer_init(&host, LINE_MAX_BYTES);
    add_host(&host, watched);
    out_when(cli, watched->since, since);
    out_when(cli, watched->until, until);
    snprintf(percent, sizeof percent, "%d.%d %%", share / 10, share % 10);
    snprintf(gaps, sizeof gaps, "%zu", watched->gap_count);
    out_number(watched->lost, lost);
    clock_text(watched->silent_since, 0, when);
    snprintf(silence, sizeof silence, "no word since %s", when);
    bool nothing = watched->never || watched->until <= watched->since;
    const char *cells[] = {host.data,
                           watched->witness,
                           nothing ? "-" : since,
                           nothing ? "-" : until,
                           percent,
                           gaps,
                           watched->lost > 0 ? lost : "-"};
    table_row(table, cells, 4, share == 1000 ? "green" : share > 0 ? "yellow" : "red",
              watched->never               ? "never a word from it"
              : watched->silent_since != 0 ? silence
                                           : NULL,
              2);
    buffer_free(&host);
}

static void print_gap(const struct cli *cli, const struct watched *watched,
                      const struct store_gap *gap)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE], span[CLOCK_TEXT_SIZE];
    struct buffer line;

    buffer_init(&line, LINE_MAX_BYTES);
    clock_text(gap->from, 0, from);
    clock_text(gap->until, 0, until);
    clock_span(gap->until - gap->from, span);
    add_host(&line, watched);
    buffer_addf(&line, " %s: %s to %s (%s): ", watched->witness, from,
                strncmp(from, until, 10) == 0 ? until + 11 : until, span);
    escape_terminal(&line, slice_of(catalogue_blindness(NULL, gap->cause)));
    if (gap->count > 0)
        buffer_addf(&line, "; lost, as far as is known: %llu", (unsigned long long)gap->count);
    fputs("  ", stdout);
    out_folded(cli, 2, 4, line.data);
    buffer_free(&line);
}

static void print_gaps(const struct cli *cli, const struct watched_list *list)
{
    if (list->gap_count == 0)
        return;
    putchar('\n');
    out_heading(cli, "Gaps");
    for (size_t i = 0; i < list->count; i++) {
        const struct watched *watched = &list->list[i];
        size_t shown = watched->gap_count < GAPS_SHOWN ? watched->gap_count : GAPS_SHOWN;
        for (size_t gap = 0; gap < shown; gap++)
            print_gap(cli, watched, &watched->gaps[gap]);
        if (shown < watched->gap_count)
            printf("  and %zu more of that witness\n", watched->gap_count - shown);
    }
    if (list->dropped > 0)
        printf("  %zu more gaps are not told, and not in the shares: ask for a shorter time\n",
               list->dropped);
}

static int print_table(const struct cli *cli, const struct watched_list *list, struct error *why)
{
    char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE], line[120];
    struct table *table;

    clock_text(list->since, 0, since);
    clock_text(list->until, 0, until);
    snprintf(line, sizeof line, "What was watched from %.16s to %.16s", since, until);
    out_heading(cli, line);
    if (list->count == 0) {
        puts("  Nothing: no mail server ever reported to this store.");
        return 0;
    }
    table = table_new(cli, columns, sizeof columns / sizeof columns[0], true, why);
    if (table == NULL)
        return -1;
    for (size_t i = 0; i < list->count; i++)
        add_row(cli, table, list, &list->list[i]);
    if (table_print(&table, why) != 0)
        return -1;
    print_gaps(cli, list);
    return 0;
}

/* ---- for programs ---- */

static int print_json(const struct cli *cli, const struct watched_list *list,
                      struct error *why)
{
    struct buffer line;
    struct json json;
    int result;

    buffer_init(&line, 16u << 20);
    json_init(&json, &line);
    watched_json(&json, list, cli->basis.messages);
    result = out_line(&line, why);
    buffer_free(&line);
    return result;
}

int coverage_run(const struct cli *cli, int64_t since, int64_t until)
{
    struct watched_list list;
    struct error why;
    int result, code;

    if (watched_read(cli->store, since, until, &list, &why) != 0)
        return complain_store(cli, &why);
    result = cli->request.json ? print_json(cli, &list, &why) : print_table(cli, &list, &why);
    code = list.count > 0 ? CLI_FOUND : CLI_NOTHING;
    watched_free(&list);
    if (result != 0)
        complain("%s", why.text);
    return result == 0 ? code : CLI_UNREACHABLE;
}
