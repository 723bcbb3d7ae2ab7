/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split: how far a family of sets is split, so that each stays small.
 *
 * A set of up to 512 integers takes 10 bytes a member; one more member, and it takes 72
 * (STORE.md). So the index of a day, and each hot term, is a family of 2^E sets. E is not
 * counted in memory, which a restart or a second writer would make wrong, but measured: a few
 * sets are asked for their size before a batch that may fill them.
 */
#ifndef STORE_SPLIT_H
#define STORE_SPLIT_H

#include "keys.h"

#define SPLIT_FILL 360u /* members a set, on average, before the family is split further */
#define SPLIT_INDEX_FIRST 10u
#define SPLIT_INDEX_MOST 20u /* the shard number has five hex digits */
#define SPLIT_HOT_FIRST 0u
#define SPLIT_HOT_MOST 14u
#define SPLIT_STEP 2u

struct split {
    uint64_t since;   /* own members since the last look */
    uint64_t pending; /* members of the batch at hand */
    uint8_t exponent;
    bool looked;
    bool listed; /* a look at it is under way */
};

/* A look at one family: its name, and how a part of it is named. */
struct look {
    struct split *split;
    uint32_t day;
    bool refused;
    bool hot;
    enum term_kind kind; /* of a hot term */
    struct slice term;
    unsigned most; /* highest exponent found */
    uint64_t sampled, sum;
};

/* Must the family be looked at before the pending members go out? */
bool split_wants_look(const struct split *split, unsigned nodes);
/* Measure the families and choose each exponent. */
int split_look(struct store *store, struct look *looks, size_t count, struct error *why);

#endif
