/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watched: see watched.h. A witness that lives beats; one whose last beat is a minute older than
 * the end of the span has watched up to that beat and no further.
 */
#include "watched.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define SILENT_AFTER_MS MINUTE_MS
#define NODES_MAX 100
#define GAPS_MAX 4000

static const char *const witnesses[] = {"milter", "log"};
#define WITNESSES (sizeof witnesses / sizeof witnesses[0])

struct reading {
    struct watched_list *list;
    struct store_node nodes[NODES_MAX];
    size_t node_count;
};

static void keep_node(void *context, const struct store_node *node)
{
    struct reading *reading = context;

    if (reading->node_count < NODES_MAX)
        reading->nodes[reading->node_count++] = *node;
}

static void keep_gap(void *context, const struct store_gap *gap)
{
    struct watched_list *list = ((struct reading *)context)->list;

    if (list->gap_count < GAPS_MAX)
        list->gaps[list->gap_count++] = *gap;
    else
        list->dropped++;
}

static int node_order(const void *left, const void *right)
{
    const struct store_node *a = left, *b = right;

    return a->node < b->node ? -1 : a->node > b->node;
}

static int gap_order(const void *left, const void *right)
{
    const struct store_gap *a = left, *b = right;
    int witness = strcmp(b->witness, a->witness);

    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    if (witness != 0)
        return witness;
    return a->from < b->from ? -1 : a->from > b->from;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void find_span(const struct watched_list *list, const struct store_node *node, int64_t beat,
                      struct watched *watched)
{
    watched->never = beat == 0;
    watched->since = earlier(later(list->since, node->since), list->until);
    watched->until = list->until;
    if (beat != 0 && beat < list->until - SILENT_AFTER_MS) {
        watched->silent_since = beat;
        watched->until = beat;
    }
    if (watched->never || watched->until < watched->since)
        watched->until = watched->since;
}

/* The gaps are sorted by their begin. */
static void add_gaps(struct watched_list *list, struct watched *watched)
{
    int64_t counted = watched->since;

    for (size_t i = 0; i < list->gap_count; i++) {
        const struct store_gap *gap = &list->gaps[i];
        if (gap->node != watched->node || strcmp(gap->witness, watched->witness) != 0)
            continue;
        if (watched->gap_count++ == 0)
            watched->gaps = gap;
        watched->lost += gap->count;
        int64_t from = later(gap->from, counted), until = earlier(gap->until, watched->until);
        if (until > from) {
            watched->blind += until - from;
            counted = until;
        }
    }
}

static void add_node(struct watched_list *list, const struct store_node *node)
{
    const int64_t beats[WITNESSES] = {node->milter, node->log};

    for (size_t i = 0; i < WITNESSES; i++) {
        struct watched *watched = &list->list[list->count++];
        *watched = (struct watched){.node = node->node, .witness = witnesses[i]};
        memcpy(watched->host, node->host, sizeof watched->host);
        find_span(list, node, beats[i], watched);
        add_gaps(list, watched);
    }
}

int watched_read(struct store *store, int64_t since, int64_t until, struct watched_list *list,
                 struct error *why)
{
    struct reading *reading = calloc(1, sizeof *reading);
    int result = -1;

    *list = (struct watched_list){.since = since, .until = earlier(until, clock_now())};
    list->list = calloc(NODES_MAX * WITNESSES, sizeof *list->list);
    list->gaps = calloc(GAPS_MAX, sizeof *list->gaps);
    if (reading == NULL || list->list == NULL || list->gaps == NULL) {
        error_set(why, "cannot tell what was watched: no memory");
    } else {
        reading->list = list;
        if (store_get_nodes(store, keep_node, reading, why) == 0 &&
            store_get_gaps(store, since, list->until, keep_gap, reading, why) == 0)
            result = 0;
    }
    if (result == 0) {
        qsort(reading->nodes, reading->node_count, sizeof *reading->nodes, node_order);
        qsort(list->gaps, list->gap_count, sizeof *list->gaps, gap_order);
        for (size_t i = 0; i < reading->node_count; i++)
            add_node(list, &reading->nodes[i]);
    } else {
        watched_free(list);
    }
    free(reading);
    return result;
}

void watched_free(struct watched_list *list)
{
    free(list->list);
    free(list->gaps);
    *list = (struct watched_list){0};
}

int watched_share(const struct watched_list *list, const struct watched *watched)
{
    int64_t span = list->until - list->since;
    int64_t seen = watched->until - watched->since - watched->blind;

    if (span <= 0)
        return watched->never || watched->silent_since != 0 ? 0 : 1000;
    return (int)(seen * 1000 / span);
}

bool watched_doubt(const struct watched_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->list[i].gap_count > 0 || watched_share(list, &list->list[i]) < 1000)
            return true;
    return list->count == 0;
}
