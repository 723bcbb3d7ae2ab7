/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * automaton: built breadth first out of sorted texts: a node is a range of them that begin alike.
 */
#include "waybill/automaton.h"

#include <stdlib.h>
#include <string.h>

/* The texts of a node: those from `low` to before `high`; they share `depth` bytes. */
struct range {
    uint32_t low, high, depth;
};

static uint32_t find_child(const struct automaton *automaton, uint32_t node, unsigned char byte)
{
    uint32_t first = automaton->nodes[node].child, end = automaton->nodes[node + 1].child;

    for (uint32_t child = first; child < end; child++)
        if (automaton->labels[child] == byte)
            return child;
    return 0;
}

uint32_t automaton_step_on(const struct automaton *automaton, uint32_t node, unsigned char byte)
{
    while (node != 0) {
        uint32_t child = find_child(automaton, node, byte);

        if (child != 0)
            return child;
        node = automaton->nodes[node].fail;
    }
    return automaton->roots[byte];
}

/* A text that ends at this node is the first of its range: it is shorter than its neighbours. */
static void settle_node(struct automaton *automaton, const struct slice *texts, struct range *range,
                        uint32_t node)
{
    automaton->nodes[node].text = NO_TEXT;
    if (range->low < range->high && texts[range->low].size == range->depth)
        automaton->nodes[node].text = range->low++;
}

static void add_children(struct automaton *automaton, const struct slice *texts,
                         struct range *ranges, uint32_t node)
{
    struct range range = ranges[node];

    automaton->nodes[node].child = automaton->node_count;
    while (range.low < range.high) {
        unsigned char byte = (unsigned char)texts[range.low].at[range.depth];
        uint32_t child = automaton->node_count++;

        ranges[child] = (struct range){range.low, range.low, range.depth + 1};
        while (range.low < range.high && (unsigned char)texts[range.low].at[range.depth] == byte)
            range.low++;
        ranges[child].high = range.low;
        automaton->labels[child] = byte;
        settle_node(automaton, texts, &ranges[child], child);
    }
}

static void grow(struct automaton *automaton, const struct slice *texts, uint32_t count,
                 struct range *ranges)
{
    ranges[0] = (struct range){0, count, 0};
    automaton->node_count = 1;
    automaton->nodes[0].text = NO_TEXT;
    for (uint32_t node = 0; node < automaton->node_count; node++)
        add_children(automaton, texts, ranges, node);
    automaton->nodes[automaton->node_count].child = automaton->node_count;
    for (uint32_t child = automaton->nodes[0].child; child < automaton->nodes[1].child; child++)
        automaton->roots[automaton->labels[child]] = child;
}

/* Parents come before their children, so each fail is known when it is needed. */
static void link_fails(struct automaton *automaton)
{
    struct automaton_node *nodes = automaton->nodes;

    for (uint32_t node = 0; node < automaton->node_count; node++)
        for (uint32_t child = nodes[node].child; child < nodes[node + 1].child; child++) {
            uint32_t fail =
                node == 0 ? 0
                          : automaton_step(automaton, nodes[node].fail, automaton->labels[child]);

            nodes[child].fail = fail;
            nodes[child].report = nodes[child].text != NO_TEXT ? child : nodes[fail].report;
        }
}

int automaton_build(struct automaton *automaton, const struct slice *texts, uint32_t count)
{
    size_t most = 1;
    struct range *ranges;

    *automaton = (struct automaton){0};
    for (uint32_t i = 0; i < count; i++)
        most += texts[i].size;
    ranges = calloc(most, sizeof *ranges);
    automaton->nodes = calloc(most + 1, sizeof *automaton->nodes);
    automaton->labels = calloc(most, 1);
    if (ranges == NULL || automaton->nodes == NULL || automaton->labels == NULL) {
        free(ranges);
        automaton_free(automaton);
        return -1;
    }
    grow(automaton, texts, count, ranges);
    link_fails(automaton);
    free(ranges);
    return 0;
}

void automaton_free(struct automaton *automaton)
{
    free(automaton->nodes);
    free(automaton->labels);
    *automaton = (struct automaton){0};
}
