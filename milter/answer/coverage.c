/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: what was watched between two moments, so that "not seen" means something.
 *
 * A witness that lives beats; one whose last beat is a minute older than the end asked about has
 * been silent since. Where facts are known to be missing the store has gaps.
 */
#include "waybill/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define SILENT_AFTER_MS MINUTE_MS
#define NODES_MAX 100
#define GAPS_MAX 400       /* kept; more are counted */
#define GAPS_TOLD_MAX 6    /* per node */
#define COVERAGE_MAX 65536 /* bytes of text */
#define WORDS_MAX 4096     /* bytes of a name or a cause, escaped */

struct coverage {
    const struct messages *messages;
    int64_t since, until, now;
    struct store_node nodes[NODES_MAX];
    size_t node_count;
    struct store_gap gaps[GAPS_MAX];
    size_t gap_count, gaps_dropped;
};

static void keep_node(void *context, const struct store_node *node)
{
    struct coverage *coverage = context;

    if (coverage->node_count < NODES_MAX)
        coverage->nodes[coverage->node_count++] = *node;
}

static void keep_gap(void *context, const struct store_gap *gap)
{
    struct coverage *coverage = context;

    if (coverage->gap_count < GAPS_MAX)
        coverage->gaps[coverage->gap_count++] = *gap;
    else
        coverage->gaps_dropped++;
}

/* "10:03:12" today, "2025-11-20 10:03" on any other day. */
static void moment(const struct coverage *coverage, int64_t ms, char text[static CLOCK_TEXT_SIZE])
{
    char today[CLOCK_TEXT_SIZE];

    clock_text(coverage->now, 0, today);
    clock_text(ms, 0, text);
    if (strncmp(today, text, 10) == 0)
        memmove(text, text + 11, strlen(text + 11) + 1);
    else
        text[16] = '\0';
}

static void add(const struct coverage *coverage, const char *key,
                const struct message_place *places, struct buffer *text)
{
    messages_add(coverage->messages, key, places, text);
}

/* Was the witness silent at the end of the span? Says so. */
static bool add_silence(const struct coverage *coverage, const char *witness, int64_t beat,
                        struct buffer *text)
{
    int64_t end = coverage->until < coverage->now ? coverage->until : coverage->now;
    char when[CLOCK_TEXT_SIZE];

    if (beat == 0 || beat >= end - SILENT_AFTER_MS)
        return false;
    moment(coverage, beat, when);
    add(coverage, "coverage.silent",
        (const struct message_place[]){{"witness", witness}, {"since", when}, {NULL, NULL}}, text);
    return true;
}

static void add_gap(const struct coverage *coverage, const struct store_gap *gap,
                    struct buffer *text)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE], count[24];
    struct buffer witness, cause;

    moment(coverage, gap->from, from);
    moment(coverage, gap->until, until);
    snprintf(count, sizeof count, "%llu", (unsigned long long)gap->count);
    buffer_init(&witness, WORDS_MAX);
    buffer_init(&cause, WORDS_MAX);
    escape_terminal(&witness, slice_of(gap->witness));
    escape_terminal(&cause, slice_of(catalogue_blindness(coverage->messages, gap->cause)));
    add(coverage, gap->count > 0 ? "coverage.blind_lost" : "coverage.blind",
        (const struct message_place[]){{"witness", witness.data},
                                       {"from", from},
                                       {"until", until},
                                       {"why", cause.data},
                                       {"count", count},
                                       {NULL, NULL}},
        text);
    buffer_free(&cause);
    buffer_free(&witness);
}

static void add_count(const struct coverage *coverage, const char *key, size_t count,
                      struct buffer *text)
{
    char number[24];

    snprintf(number, sizeof number, "%zu", count);
    add(coverage, key, (const struct message_place[]){{"count", number}, {NULL, NULL}}, text);
}

static size_t add_gaps(const struct coverage *coverage, unsigned node, struct buffer *text)
{
    size_t told = 0, count = 0;

    for (size_t i = 0; i < coverage->gap_count; i++) {
        if (coverage->gaps[i].node != node)
            continue;
        count++;
        if (told < GAPS_TOLD_MAX) {
            add_gap(coverage, &coverage->gaps[i], text);
            told++;
        }
    }
    if (count > told)
        add_count(coverage, "coverage.blind_more", count - told, text);
    return count;
}

/* What the witnesses of a host are, and whether all is well. */
static void add_witnesses(const struct coverage *coverage, const struct store_node *node,
                          const struct message_place *places, struct buffer *text)
{
    bool silent, watched = node->milter != 0 || node->log != 0;
    struct buffer troubles;
    size_t gaps;

    buffer_init(&troubles, COVERAGE_MAX);
    silent = add_silence(coverage, "milter", node->milter, &troubles);
    silent = add_silence(coverage, "log", node->log, &troubles) || silent;
    add_silence(coverage, "shipper", node->ship, &troubles);
    gaps = add_gaps(coverage, node->node, &troubles);
    add(coverage,
        node->milter != 0 && node->log != 0 ? "coverage.both"
        : node->milter != 0                 ? "coverage.milter"
        : node->log != 0                    ? "coverage.log"
                                            : "coverage.imported",
        places, text);
    if (!watched && gaps == 0)
        buffer_clear(&troubles); /* an import is silent when it is done */
    else if (watched && node->since > coverage->since)
        add(coverage, "coverage.since", places, text);
    else if (watched && gaps == 0 && !silent)
        add(coverage, "coverage.no_gap", places, text);
    buffer_add(text, troubles.data, troubles.size);
    buffer_free(&troubles);
}

static void add_node(const struct coverage *coverage, const struct store_node *node,
                     struct buffer *text)
{
    char since[CLOCK_TEXT_SIZE], number[8];
    struct buffer host;

    buffer_init(&host, WORDS_MAX);
    snprintf(number, sizeof number, "%02u", node->node);
    if (node->host[0] != '\0')
        escape_terminal(&host, slice_of(node->host));
    else
        add(coverage, "coverage.node",
            (const struct message_place[]){{"number", number}, {NULL, NULL}}, &host);
    moment(coverage, node->since, since);
    const struct message_place places[] = {{"host", host.data}, {"since", since}, {NULL, NULL}};
    if (node->since > coverage->until) {
        add(coverage, "coverage.not_yet", places, text);
        add_gaps(coverage, node->node, text); /* it may have given up a day of others */
    } else {
        add_witnesses(coverage, node, places, text);
    }
    buffer_add_char(text, '\n');
    buffer_free(&host);
}

/* What is to be said of the whole. `away`: why not all could be asked; NULL: all was. */
static void add_rest(const struct coverage *coverage, const char *away, struct buffer *text)
{
    struct buffer safe;

    buffer_init(&safe, WORDS_MAX);
    if (away != NULL) {
        escape_terminal(&safe, slice_of(away));
        add(coverage, "coverage.partly",
            (const struct message_place[]){{"why", safe.data}, {NULL, NULL}}, text);
        buffer_add_char(text, '\n');
    } else if (coverage->node_count == 0) {
        buffer_add_text(text, messages_get(coverage->messages, "coverage.nobody"));
        buffer_add_char(text, '\n');
    }
    buffer_free(&safe);
    if (coverage->gaps_dropped == 0)
        return;
    add_count(coverage, "coverage.more", coverage->gaps_dropped, text);
    buffer_add_char(text, '\n');
}

int query_coverage(struct store *store, int64_t since, int64_t until,
                   const struct messages *messages, struct buffer *text, struct error *why)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);
    bool all, partly;

    if (coverage == NULL)
        return error_set(why, "cannot tell the coverage: no memory");
    *coverage = (struct coverage){
        .messages = messages, .since = since, .until = until, .now = clock_now()};
    all = store_get_nodes(store, keep_node, coverage, why) == 0 &&
          store_get_gaps(store, since, until, keep_gap, coverage, why) == 0;
    partly = !all && store_last_trouble(store) == STORE_PARTLY; /* the other hosts are told */
    if (!all && !partly) {
        free(coverage);
        return -1;
    }
    for (size_t i = 0; i < coverage->node_count; i++)
        add_node(coverage, &coverage->nodes[i], text);
    add_rest(coverage, partly ? why->text : NULL, text);
    free(coverage);
    return text->failed ? error_set(why, "cannot tell the coverage: the text is too long") : 0;
}
