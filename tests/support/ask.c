/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks a store many questions in the language of queries, one a line, and prints an answer a line.
 *
 *     ask CONFIGURATION <QUESTIONS
 *
 *     A TAB QUERY                 all ids:    ID ID ... [| CURSOR] [bounded]
 *     P TAB MOST TAB CURSOR TAB QUERY   the same, from there on; at most MOST records are examined
 *                                 in vain; both may be empty
 *     G TAB BY,BY TAB QUERY       mails recipients over, then TAB and a group: RECIPIENTS MAILS
 *                                 VALUE=VALUE, in the order of the answer
 *
 * What goes wrong is answered with "! why". The limit of a query without one is a million.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/log.h"
#include "waybill/query.h"

#define LINE_MAX_BYTES 200000

struct asker {
    struct store *store;
    struct phrasebook *book;
    unsigned char key[32];
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "ask: %s\n", what);
    exit(1);
}

static int print_id(void *context, struct waybill *waybill)
{
    (void)context;
    printf("%" PRIu64 " ", waybill->id);
    waybill_clear(waybill);
    return 0;
}

static int answer_ids(const struct asker *asker, const struct query *query, struct error *why)
{
    struct query_answer answer;
    char cursor[QUERY_CURSOR_SIZE];

    if (query_each(asker->store, query, print_id, NULL, &answer, why) != 0)
        return -1;
    if (answer.unreadable > 0)
        return error_set(why, "%zu records are unreadable", answer.unreadable);
    query_cursor(query, answer.next, asker->key, cursor);
    if (answer.next != 0)
        printf("| %s", cursor);
    puts(answer.bounded ? " bounded" : "");
    return 0;
}

static int answer_groups(const struct asker *asker, const struct query *query, char *words,
                         struct error *why)
{
    struct slice rest = slice_of(words), word;
    enum query_by by[QUERY_BY_MAX];
    struct query_groups groups;
    size_t count = 0;

    for (; text_take_part(&rest, ',', &word); count++) {
        int found = query_by_of(word);
        if (found < 0 || count >= QUERY_BY_MAX)
            return error_set(why, "no such groups: %s", words);
        by[count] = (enum query_by)found;
    }
    if (query_group(asker->store, query, by, count, &groups, why) != 0)
        return -1;
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64, groups.mails, groups.recipients, groups.over);
    for (size_t i = 0; i < groups.count; i++) {
        printf("\t%" PRIu64 " %" PRIu64 " ", groups.groups[i].recipients, groups.groups[i].mails);
        for (size_t j = 0; j < count; j++)
            printf("%s%.*s", j > 0 ? "=" : "", SLICE_ARGS(groups.groups[i].values[j]));
    }
    puts("");
    query_groups_clear(&groups);
    return 0;
}

static char *next_part(char **line)
{
    char *part = *line;
    size_t size = strcspn(part, "\t");

    *line = part[size] == '\t' ? part + size + 1 : part + size;
    part[size] = '\0';
    return part;
}

static int answer_line(const struct asker *asker, struct query *query, char *line,
                       struct error *why)
{
    char *kind = next_part(&line), *most = *kind == 'P' ? next_part(&line) : NULL;
    char *more = *kind != 'A' ? next_part(&line) : NULL;
    struct query_fault fault;

    query->limit = QUERY_LIMIT_MAX;
    query->since = 0;
    query->until = clock_now() + DAY_MS;
    query->book = asker->book;
    if (query_parse(query, slice_of(line), clock_now(), &fault) != 0)
        return error_set(why, "%s", fault.why.text);
    if (*kind == 'G')
        return answer_groups(asker, query, more, why);
    if (most != NULL && *most != '\0')
        query->scan_most = strtoul(most, NULL, 10);
    if (more != NULL && *more != '\0' && query_resume(query, slice_of(more), asker->key, why) != 0)
        return -1;
    return answer_ids(asker, query, why);
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_BYTES];
    struct settings *settings;
    struct asker asker = {.key = "of this test alone"};
    struct error why;

    if (argc != 2)
        fail("usage: ask CONFIGURATION <QUESTIONS");
    log_start("ask", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    if (settings_read(&settings, argv[1], &why) != 0 ||
        store_open(&asker.store, settings, &why) != 0 ||
        phrasebook_open(&asker.book, NULL, &why) != 0)
        fail(why.text);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct query query;

        line[strcspn(line, "\n")] = '\0';
        query_init(&query);
        if (answer_line(&asker, &query, line, &why) != 0)
            printf("! %s\n", why.text);
        query_clear(&query);
        fflush(stdout);
    }
    phrasebook_close(&asker.book);
    store_close(&asker.store);
    settings_free(&settings);
    return 0;
}
