/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * automaton: finds many texts in one pass (Aho and Corasick). Nodes stand in the order of their
 * depth, so the children of a node are neighbours and a node is a few numbers.
 *
 * A walk takes at most two steps per byte. Immutable once built: any thread may walk.
 */
#ifndef WAYBILL_AUTOMATON_H
#define WAYBILL_AUTOMATON_H

#include <stdint.h>

#include "waybill/text.h"

struct automaton_node {
    uint32_t child;  /* the first; the last is before the child of the next node */
    uint32_t fail;   /* the longest end of this node's text that is a node, too */
    uint32_t report; /* along the fails, this one included: the first where a text ends; 0: none */
    uint32_t text;   /* number of the text that ends here; NO_TEXT: none */
};
#define NO_TEXT UINT32_MAX

struct automaton {
    struct automaton_node *nodes; /* node_count + 1: the last only tells where children end */
    unsigned char *labels;        /* the byte that leads to a node */
    uint32_t node_count;
    uint32_t roots[256]; /* the root's children by their byte; 0: none */
};

/* `texts` are sorted by their bytes (shorter first), not empty, no two alike. -1: no memory. */
int automaton_build(struct automaton *automaton, const struct slice *texts, uint32_t count);
void automaton_free(struct automaton *automaton);

/* The same as automaton_step, from a node that is not 0. */
uint32_t automaton_step_on(const struct automaton *automaton, uint32_t node, unsigned char byte);
/* The node after one more byte. The walk begins at 0, and mostly is there. */
static inline uint32_t automaton_step(const struct automaton *automaton, uint32_t node,
                                      unsigned char byte)
{
    return node == 0 ? automaton->roots[byte] : automaton_step_on(automaton, node, byte);
}

#endif
