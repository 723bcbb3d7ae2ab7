/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index: which mails of a day have a term.
 *
 *     "r:bob@example.com" --SHA-1--> fingerprint (7 digits) and shard (of 2^K)
 *     x:251121:10:3f  =  { 8123456 576320300412, ... }   fingerprint, then ref
 *
 * A term with many postings in a day gets sets of its own ("hot"), see split.h.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "split.h"
#include "waybill/buffer.h"

#define HOT_AFTER 32u
#define HOT_SLOTS 32768u
#define DAY_SLOTS 256u

struct place {
    uint32_t fingerprint; /* 7 digits */
    uint32_t shard;       /* 20 bits */
};
/* The term as it stands in keys: long ones by their hash, in `room`. */
struct slice index_term(struct slice term, char room[static 48]);
struct place index_place(enum term_kind kind, struct slice term);
uint32_t index_hot_part(uint64_t ref, unsigned exponent);

struct posting {
    uint64_t id;
    uint32_t term_at;
    uint16_t term_size;
    char kind;
    bool refused, hot;
};

/* A day's index, or a term that may be hot. */
struct family {
    uint64_t tag;   /* 0: free */
    uint64_t count; /* postings of a term by this process, less those that fell on its slot */
    uint32_t day;
    struct split split;
};

struct postings {
    struct posting *list;
    size_t count, room;
    struct buffer terms;
    bool failed;
    struct family *days;  /* DAY_SLOTS; an old day makes way for a new one */
    struct family *often; /* HOT_SLOTS; the terms that come often stay */
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
