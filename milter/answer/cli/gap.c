/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gap: the event has only the moment and the hash; the store says which witness was blind, until
 * when and why.
 */
#include "gap.h"

#include <stdio.h>
#include <string.h>

#include "../catalogue.h"
#include "out.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define LINE_MAX_BYTES 4096

struct search {
    const struct event *event;
    struct store_gap gap;
    bool found;
};

static void take_gap(void *context, const struct store_gap *gap)
{
    static const enum witness witnesses[] = {WITNESS_MILTER, WITNESS_REPORT, WITNESS_LOG,
                                             WITNESS_QUEUE, WITNESS_ADMIN};
    struct search *search = context;

    for (size_t i = 0; i < sizeof witnesses / sizeof *witnesses; i++) {
        struct event event;
        event_of_gap(&event, gap->node, witnesses[i], gap->from);
        if (event.id == search->event->id &&
            strcmp(gap->witness, witness_name(witnesses[i])) == 0) {
            search->gap = *gap;
            search->found = true;
        }
    }
}

static void print_words(const struct cli *cli, const struct store_gap *gap)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    struct buffer words;

    buffer_init(&words, LINE_MAX_BYTES);
    clock_text(gap->from, 0, from);
    clock_text(gap->until, 0, until);
    buffer_addf(&words, "node %u: the %s saw nothing until ", gap->node, gap->witness);
    buffer_add_text(&words, strncmp(from, until, 10) == 0 ? until + 11 : until);
    if (gap->cause[0] != '\0') {
        buffer_add_text(&words, " (");
        escape_terminal(&words, slice_of(catalogue_blindness(NULL, gap->cause)));
        buffer_add_char(&words, ')');
    }
    if (gap->count > 0)
        buffer_addf(&words, ", %llu lost", (unsigned long long)gap->count);
    printf("%s  %-16s  ", cli->terminal ? from + 11 : from, "-");
    out_colour(cli, "magenta");
    printf("%-18s", event_word(EVENT_TRACE_GAP));
    out_plain(cli);
    printf("  %s\n", words.data);
    buffer_free(&words);
}

static int print_json(const struct event *event, const struct store_gap *gap, const char *cursor,
                      struct error *why)
{
    struct buffer line;
    struct json json;
    int result;

    buffer_init(&line, LINE_MAX_BYTES);
    json_init(&json, &line);
    json_begin_object(&json);
    waybill_json_event(&json, event);
    waybill_json_time(&json, "until", gap->until);
    json_member_number(&json, "node", gap->node);
    json_member_text(&json, "witness", gap->witness);
    json_member_text(&json, "cause", gap->cause);
    json_member_number(&json, "lost", (int64_t)gap->count);
    json_member_text(&json, "cursor", cursor);
    json_end_object(&json);
    result = out_line(&line, why);
    buffer_free(&line);
    return result;
}

int gap_tell(const struct cli *cli, const struct event *event, const char *cursor,
             struct error *why)
{
    struct search search = {.event = event};

    if (store_get_gaps(cli->store, event->time, event->time, take_gap, &search, why) != 0)
        return -1;
    if (search.found && cli->request.json)
        return print_json(event, &search.gap, cursor, why);
    if (search.found)
        print_words(cli, &search.gap);
    return 0;
}
