/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index: which mails of a day have a term.
 *
 *     "r:bob@example.com" --SHA-1--> fingerprint (7 digits) and shard (of 2^K)
 *     x:251121:10:3f  =  { 8123456 576320300412, ... }   fingerprint, then ref
 *
 * A term with many postings in a day gets sets of its own ("hot"): parts of the day, see split.h.
 *
 *     h:251121:R:gmail.com      =  { 1, 6, 26, ... }     the parts in use
 *     hp:251121:26:R:gmail.com  =  { 576320300412, ... } refs
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "placed.h"
#include "split.h"
#include "waybill/buffer.h"

/* Postings of a term in a day, by all writers, before it gets sets of its own. */
#define HOT_AFTER 64u
#define TERM_SLOTS 32768u
#define PART_SLOTS 32768u
#define DAY_SLOTS 256u

/* The term as it stands in keys: long ones by their hash, in `room`. */
struct slice index_term(struct slice term, char room[static 48]);
struct place index_place(enum term_kind kind, struct slice term);

struct posting {
    uint64_t id;
    uint64_t hash; /* of kind and term */
    uint64_t tag;  /* of the same in its day */
    uint32_t term_at;
    uint32_t part; /* of a hot term */
    uint16_t term_size;
    char kind;
    bool refused, hot;
};

/* A term of a day that may be hot. */
struct often {
    uint64_t tag;        /* 0: free */
    uint64_t before;     /* parts that it had the day before: asked when it gets hot */
    uint32_t count, day; /* postings by this process, less those that fell on its slot */
    bool asked;
};

/* A part of a hot term, as last measured. */
struct part {
    uint64_t tag;  /* 0: free */
    uint64_t fill; /* members when it was asked for */
    uint32_t since, pending;
    uint32_t pass; /* of the pending ones */
    uint32_t told;  /* pass in which its number was told */
    uint32_t asked; /* pass in which its fill was asked for; 0: never */
};

struct postings {
    struct posting *list;
    size_t count, room;
    struct buffer terms;
    bool failed;
    struct layout *days;   /* DAY_SLOTS; an old day makes way for a new one */
    struct layout *last;   /* the one that was looked for last; NULL: none yet */
    struct often *often;   /* TERM_SLOTS; the terms that come often stay */
    struct part *parts;    /* PART_SLOTS */
    struct placed *placed; /* PLACED_SLOTS */
    uint32_t pass;         /* over the list, to place it; never 0 */
    uint32_t first_pass;   /* of this batch */
    struct questions questions;
    uint64_t seed;
};
void postings_init(struct postings *postings);
void postings_free(struct postings *postings);
void postings_clear(struct postings *postings);
/* The server may have forgotten which sets there are: find out anew, and tell them again. */
void postings_forget(struct postings *postings);
/* Choose the sets of all postings and put them into the store's batch. */
int postings_place(struct store *store, struct error *why);

#endif
