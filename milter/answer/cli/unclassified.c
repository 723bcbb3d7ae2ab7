/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unclassified: the words that no rule knows, the most frequent first, so that rules can grow.
 */
#include "unclassified.h"

#include "out.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define SHOWN_MAX 50 /* for people; programs get all */
#define INDENT 12    /* columns of the count */

static void print_words(const struct cli *cli, const struct unknown_words *words)
{
    struct buffer line;
    char number[32];

    buffer_init(&line, 65536);
    out_number(words->count, number);
    printf("%10s  ", number);
    escape_terminal(&line, slice_of(words->example));
    out_folded(cli, INDENT, INDENT, line.data);
    buffer_free(&line);
}

void unclassified_print(const struct cli *cli, const struct unclassified *asked)
{
    char since[CLOCK_TEXT_SIZE], total[32];
    size_t count;
    const struct unknown_words *words = unknown_sorted(asked->unknown, &count);
    uint64_t shown = 0;
    struct buffer line;

    clock_text(asked->since, 0, since);
    out_number(unknown_total(asked->unknown), total);
    buffer_init(&line, 400);
    buffer_addf(&line, "Words that no rule knows, since %.16s: %s, of %zu kind%s", since, total,
                count, count == 1 ? "" : "s");
    out_heading(cli, line.data);
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
        print_words(cli, &words[i]);
        shown += words[i].count;
    }
    if (shown < unknown_total(asked->unknown)) {
        out_number(unknown_total(asked->unknown) - shown, total);
        printf("%10s  of other kinds\n", total);
    }
    if (asked->bounded) {
        clock_text(asked->scanned_until, 0, since);
        printf("The count stopped at its bound and came back to %s.\n", since);
    }
    buffer_free(&line);
}

static void put_words(struct json *json, const struct unknown_words *words)
{
    json_begin_object(json);
    json_member_text(json, "form", words->key);
    json_member_number(json, "count", (int64_t)words->count);
    json_member_text(json, "example", words->example);
    json_end_object(json);
}

int unclassified_json(const struct unclassified *asked, struct error *why)
{
    struct buffer line;
    struct json json;
    int result;
    size_t count;
    const struct unknown_words *words = unknown_sorted(asked->unknown, &count);

    buffer_init(&line, 64u << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "unclassified");
    waybill_json_time(&json, "since", asked->since);
    waybill_json_time(&json, "until", asked->until);
    json_member_number(&json, "total", (int64_t)unknown_total(asked->unknown));
    json_member_number(&json, "not_listed", (int64_t)unknown_rest(asked->unknown));
    json_member_bool(&json, "bounded", asked->bounded);
    waybill_json_time(&json, "scanned_until", asked->scanned_until);
    json_member_array(&json, "words");
    for (size_t i = 0; i < count; i++)
        put_words(&json, &words[i]);
    json_end_array(&json);
    json_end_object(&json);
    result = out_line(&line, why);
    buffer_free(&line);
    return result;
}
