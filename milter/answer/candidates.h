/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidates: ids of waybills that may satisfy a query, newest first, a portion at a time.
 *
 * They come from the most selective source that the query allows: the index (a day a portion,
 * several terms intersected), the set of what is delayed (one portion), or, with nothing to go by, the
 * ten-minute slices backwards. None is missing; some may not fit: the caller checks the waybill.
 */
#ifndef WAYBILL_ANSWER_CANDIDATES_H
#define WAYBILL_ANSWER_CANDIDATES_H

#include "waybill/query.h"

/* An id and its mail's arrival may lie this far apart (a clock that was set back). */
#define CANDIDATES_SLACK_MS HOUR_MS
#define CANDIDATES_DAYS_MAX 1100   /* nothing older is searched */
#define CANDIDATES_SLICES_MAX 5000 /* slices asked in one search; 34 days and a half */

enum candidates_source { FROM_TERMS, FROM_DELAYED, FROM_SLICES };

struct candidates_term {
    enum term_kind kind;
    char text[TERM_MAX];
    size_t size;
};

struct candidates {
    struct store *store;
    enum candidates_source source;
    struct candidates_term terms[6];
    size_t term_count;
    int64_t newest, oldest; /* ms: no id outside is of interest */
    uint64_t before;        /* nor one from here on; 0: no such bound */
    int64_t at;             /* the portion that comes next lies here */
    unsigned slices;
    bool stopped;           /* gave up at `at` for the number of slices */
    bool cut;               /* `oldest` is later than the query wanted */
};

void candidates_init(struct candidates *candidates, struct store *store,
                     const struct query *query);
/* The next portion: *ids is allocated, free(); may be empty. 1: more may follow; 0: that was all,
 * *ids is NULL; -1: the store failed. */
int candidates_next(struct candidates *candidates, uint64_t **ids, size_t *count,
                    struct error *why);
/* Does `id` come, or did it, among the candidates under its own number? 1, 0, or -1. */
int candidates_hold(const struct candidates *candidates, uint64_t id, struct error *why);

#endif
