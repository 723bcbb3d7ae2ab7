/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source: the ids that the store has under one term of a query, in order.
 *
 * They come from the index, from the set of what is delayed, or are named in the term itself. None
 * that fits is missing; some may not fit.
 */
#ifndef WAYBILL_ANSWER_SOURCE_H
#define WAYBILL_ANSWER_SOURCE_H

#include "waybill/query.h"

struct source {
    const struct query_term *term; /* NULL: of a lens */
    struct store_term *terms; /* of the index; their words are owned */
    size_t term_count;
    struct store_walk *walk;
    uint64_t *ids; /* of the walk's last portion */
    size_t count, at;
    bool over;
    uint64_t *list; /* ids that were known at once, in order */
    size_t list_count, list_at;
    uint64_t weight; /* about how many ids will come */
    bool oldest_first;
};

/* Can the ids of this term be had from the store? */
bool source_serves(const struct query_term *term);
/* Ids of a time (ms), as store_walk_open. -1: the store failed, or no memory; close it too. */
int source_open(struct source *source, struct store *store, const struct query_term *term,
                int64_t from, int64_t until, bool oldest_first, struct error *why);
/* The same of terms of the index. */
int source_open_terms(struct source *source, struct store *store, const struct store_term *terms,
                      size_t count, int64_t from, int64_t until, bool oldest_first,
                      struct error *why);
void source_close(struct source *source);
/* The id that comes next; 1, or 0: no more, or -1: the store failed. */
int source_peek(struct source *source, uint64_t *id, struct error *why);
/* Pass over this id and all before it. */
void source_pass(struct source *source, uint64_t id);
/* Pass over those before it, as far as they are here; peek again to see. */
void source_skip(struct source *source, uint64_t id);

/* Sort them as asked for, each once; returns how many are left. */
size_t ids_sort(uint64_t *ids, size_t count, bool oldest_first);
/* Put `more` behind *ids; `more` is freed in either case. */
int ids_append(uint64_t **ids, size_t *count, uint64_t *more, size_t more_count,
               struct error *why);

#endif
