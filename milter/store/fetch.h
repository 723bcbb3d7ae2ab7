/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch: the sets of the index that a walk needs, asked for together.
 *
 * A window is a run of days under some terms. What is asked for is queued; a pipeline that is full
 * goes out by itself, fetch_run sends the rest.
 */
#ifndef STORE_FETCH_H
#define STORE_FETCH_H

#include "idlist.h"
#include "index.h"
#include "pipeline.h"

struct fetch_term {
    enum term_kind kind;
    struct slice term; /* as it stands in keys; in `room`, or the caller's */
    char room[48];
    struct place place;
};

struct fetch_day {
    uint32_t day;
    bool there[2];    /* may the day have keys still? [refused] */
    uint64_t used[2]; /* bit K of each exponent in use */
    bool read;        /* its shards came with the window */
};

/* A part of a hot term that waits to be read. */
struct fetch_part {
    uint64_t from, until; /* refs */
    uint32_t number;
    unsigned term;
    bool refused;
};

enum fetch_what { FETCH_EXPONENTS, FETCH_HOT, FETCH_PARTS, FETCH_SHARD, FETCH_PART };

struct fetch_asked { /* behind each command */
    enum fetch_what what;
    bool refused;
    unsigned day, term;
    uint32_t number; /* exponent, or part */
    uint64_t cursor;
};

struct fetch {
    struct store *store;
    struct error *why;
    struct fetch_term *terms;
    size_t term_count;
    struct fetch_day days[STORE_DAYS_MAX];
    unsigned day_count;
    uint32_t (*hot)[2]; /* parts of day * term_count + term; [refused] */
    struct idlist found;
    struct fetch_part *parts;
    size_t part_count, part_room;
    struct fetch_asked asked[PIPELINE_COMMANDS], rest[PIPELINE_COMMANDS];
    size_t rest_count;
};

/* *fetch is all zero. */
int fetch_init(struct fetch *fetch, struct store *store, const struct store_term *terms,
               size_t count);
void fetch_free(struct fetch *fetch);
/* All fail with -1 and the store's error. */
int fetch_add(struct fetch *fetch, struct fetch_asked asked);
int fetch_run(struct fetch *fetch);
/* The exponents of the days, and how many parts each term has in each; of days whose exponents this
 * store heard before what is not in parts, too. `fresh`: nothing that it heard before counts. */
int fetch_window(struct fetch *fetch, bool fresh);
/* What is not in parts of the days from..until-1 (places in the window), if it is not read yet. */
int fetch_shards(struct fetch *fetch, unsigned from, unsigned until);
bool fetch_is_hot(const struct fetch *fetch, unsigned day);

#endif
