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
    json_put_key(json, "form");
    json_put_text(json, words->key);
    json_put_key(json, "count");
    json_put_number(json, (int64_t)words->count);
    json_put_key(json, "example");
    json_put_text(json, words->example);
    json_end_object(json);
}

void unclassified_json(const struct unclassified *asked)
{
    struct buffer line;
    struct json json;
    size_t count;
    const struct unknown_words *words = unknown_sorted(asked->unknown, &count);

    buffer_init(&line, 64u << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    json_put_key(&json, "object");
    json_put_text(&json, "unclassified");
    waybill_json_time(&json, "since", asked->since);
    waybill_json_time(&json, "until", asked->until);
    json_put_key(&json, "total");
    json_put_number(&json, (int64_t)unknown_total(asked->unknown));
    json_put_key(&json, "not_listed");
    json_put_number(&json, (int64_t)unknown_rest(asked->unknown));
    json_put_key(&json, "bounded");
    json_put_bool(&json, asked->bounded);
    waybill_json_time(&json, "scanned_until", asked->scanned_until);
    json_put_key(&json, "words");
    json_begin_array(&json);
    for (size_t i = 0; i < count; i++)
        put_words(&json, &words[i]);
    json_end_array(&json);
    json_end_object(&json);
    if (line.failed)
        complain("cannot write the answer: no memory");
    else
        puts(line.data);
    buffer_free(&line);
}
