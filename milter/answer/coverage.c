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

struct coverage {
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

static void add_escaped(struct buffer *text, const char *foreign)
{
    escape_terminal(text, slice_of(foreign));
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
    buffer_addf(text, "; %s silent since %s", witness, when);
    return true;
}

static void add_gap(const struct coverage *coverage, const struct store_gap *gap,
                    struct buffer *text)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];

    moment(coverage, gap->from, from);
    moment(coverage, gap->until, until);
    buffer_add_text(text, "; ");
    add_escaped(text, gap->witness);
    buffer_addf(text, " blind %s to %s (", from, until);
    add_escaped(text, catalogue_blindness(gap->cause));
    if (gap->count > 0)
        buffer_addf(text, "; %llu lost", (unsigned long long)gap->count);
    buffer_add_char(text, ')');
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
        buffer_addf(text, "; and blind %zu times more", count - told);
    return count;
}

static void add_node(const struct coverage *coverage, const struct store_node *node,
                     struct buffer *text)
{
    char since[CLOCK_TEXT_SIZE];
    struct buffer troubles;
    bool silent, watched = node->milter != 0 || node->log != 0;
    size_t gaps;

    if (node->host[0] != '\0')
        add_escaped(text, node->host);
    else
        buffer_addf(text, "node %02u", node->node);
    moment(coverage, node->since, since);
    if (node->since > coverage->until) {
        buffer_addf(text, ": not yet there, watching since %s", since);
        add_gaps(coverage, node->node, text); /* it may have given up a day of others */
        buffer_add_char(text, '\n');
        return;
    }
    buffer_init(&troubles, COVERAGE_MAX);
    silent = add_silence(coverage, "milter", node->milter, &troubles);
    silent = add_silence(coverage, "log", node->log, &troubles) || silent;
    add_silence(coverage, "shipper", node->ship, &troubles);
    gaps = add_gaps(coverage, node->node, &troubles);
    buffer_add_text(text, ": ");
    buffer_add_text(text, node->milter != 0 && node->log != 0 ? "milter and log"
                          : node->milter != 0                 ? "milter only"
                          : node->log != 0                    ? "log only"
                                              : "nobody watched; what is known was imported");
    if (!watched && gaps == 0)
        buffer_clear(&troubles); /* an import is silent when it is done */
    else if (watched && node->since > coverage->since)
        buffer_addf(text, ", since %s", since);
    else if (watched && gaps == 0 && !silent)
        buffer_add_text(text, ", no gap known");
    buffer_add(text, troubles.data, troubles.size);
    buffer_add_char(text, '\n');
    buffer_free(&troubles);
}

int query_coverage(struct store *store, int64_t since, int64_t until, struct buffer *text,
                   struct error *why)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);
    struct error away;
    int result = -1;
    bool partly;

    if (coverage == NULL)
        return error_set(why, "cannot tell the coverage: no memory");
    coverage->since = since;
    coverage->until = until;
    coverage->now = clock_now();
    store_read_partly(store, true);
    store_unanswered(store, NULL);
    if (store_get_nodes(store, keep_node, coverage, why) == 0 &&
        store_get_gaps(store, since, until, keep_gap, coverage, why) == 0)
        result = 0;
    store_read_partly(store, false);
    partly = store_unanswered(store, &away) > 0;
    for (size_t i = 0; result == 0 && i < coverage->node_count; i++)
        add_node(coverage, &coverage->nodes[i], text);
    if (result == 0 && partly) {
        buffer_add_text(text, "not all of this could be asked: ");
        add_escaped(text, away.text);
        buffer_add_char(text, '\n');
    } else if (result == 0 && coverage->node_count == 0)
        buffer_add_text(text, "no mail server ever reported to this store\n");
    if (result == 0 && coverage->gaps_dropped > 0)
        buffer_addf(text, "%zu more gaps are not told\n", coverage->gaps_dropped);
    free(coverage);
    if (result == 0 && text->failed)
        return error_set(why, "cannot tell the coverage: the text is too long");
    return result;
}
