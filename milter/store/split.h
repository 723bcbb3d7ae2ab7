/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split: how far sets are split, so that each stays small.
 *
 * A set of up to 512 integers takes 10 bytes a member; one more member, and it takes 72
 * (STORE.md). So the index of a day is a family of 2^K shards, and a hot term is a tree of parts.
 * How full they are is not counted in memory, which a restart or a second writer would make wrong,
 * but measured: some are asked for their size before a batch that may fill them.
 */
#ifndef STORE_SPLIT_H
#define STORE_SPLIT_H

#include "keys.h"

#define SPLIT_FILL 300u  /* members a shard, on average, before the family is split further */
#define SPLIT_BEGIN 144u /* members a shard that a new day is laid out for, by an earlier day */
#define SPLIT_LEAST 4u
#define SPLIT_FIRST 8u /* where no earlier day tells */
#define SPLIT_MOST 20u /* the shard number has five hex digits */
#define SPLIT_STEP 2u
#define SPLIT_SAMPLES 8u

/* ---- the index of a day ---- */

enum layout_stage {
    LAYOUT_NEW,
    LAYOUT_LISTED,  /* the exponents in use are known, of this day or of earlier ones */
    LAYOUT_SAMPLED, /* and how many members stand there */
    LAYOUT_READY
};

struct layout {
    uint32_t day;
    bool refused;
    uint8_t exponent; /* K */
    enum layout_stage stage;
    uint64_t since;   /* own members since the last look */
    uint64_t pending; /* members of the batch at hand */
    uint32_t pass, told; /* see struct postings */
    struct {
        uint64_t used; /* bit K */
        uint64_t sum, sampled;
    } of[3]; /* this day, the day before, the same day of last week */
};

/* ---- the parts of a hot term ----
 *
 * Part 1 is the whole day, 2 and 3 its halves, 4 to 7 its quarters, and so on. A posting goes into
 * the first part with room on the way down to its moment. So no part is over-full and hardly one
 * is empty, whatever the hour brings, and who wants the newest reads a few parts only. */

#define PART_FILL 360u
#define PART_STEP 2u  /* levels: a full part has four below it */
#define PART_MOST 24u /* levels: five milliseconds */
#define PART_REFS UINT64_C(864000000000) /* refs of a day */

/* Own members that a part or, times their number, shards may get until they are measured again:
 * what several writers together may add without knowing of each other. */
#define SPLIT_GROWTH 64u

static inline unsigned part_level(uint32_t part)
{
    unsigned level = 0;

    while (part >> (level + 1))
        level++;
    return level;
}
/* The part of that level in which a ref (below PART_REFS) lies. */
static inline uint32_t part_of(uint64_t ref, unsigned level)
{
    return (UINT32_C(1) << level) + (uint32_t)((ref << level) / PART_REFS);
}
/* The first ref of a part; that of the next one on its level is its end. */
static inline uint64_t part_from(uint32_t part)
{
    unsigned level = part_level(part);
    uint64_t place = part - (UINT32_C(1) << level), parts = UINT64_C(1) << level;

    return (place * PART_REFS + parts - 1) >> level;
}
static inline uint64_t part_until(uint32_t part)
{
    unsigned level = part_level(part);
    uint64_t place = part - (UINT32_C(1) << level) + 1, parts = UINT64_C(1) << level;

    return (place * PART_REFS + parts - 1) >> level;
}

/* ---- asking ---- */

/* Questions of one round trip: the size of a set is added to *sum; of a set of exponents a bit of
 * each is put into *sum. */
struct questions {
    struct question {
        uint64_t *sum;
        bool exponents;
    } * list;
    size_t count, room;
    bool failed; /* no memory */
};
void questions_free(struct questions *questions);
void questions_add(struct store *store, struct questions *questions, const struct key *key,
                   bool exponents, uint64_t *sum);
/* Ask them; then there are none. */
int questions_run(struct store *store, struct questions *questions, struct error *why);

/* One step with a layout: true if it asked something; false if it is ready for `pending`. */
bool layout_step(struct store *store, struct questions *questions, struct layout *layout,
                 unsigned nodes);

#endif
