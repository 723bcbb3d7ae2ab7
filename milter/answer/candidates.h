/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidates: ids of waybills that may satisfy a query, in its order, a portion at a time.
 *
 * Of the terms that the index knows the rarest one leads; others that are not much more frequent
 * are walked beside it, and an id must be among them too. With nothing to go by the ten-minute
 * slices are read, one after the other. None is missing; some may not fit: the caller checks the
 * waybill.
 */
#ifndef WAYBILL_ANSWER_CANDIDATES_H
#define WAYBILL_ANSWER_CANDIDATES_H

#include "source.h"

/* An id and its mail's arrival may lie this far apart (a clock that was set back). */
#define CANDIDATES_SLACK_MS HOUR_MS
#define CANDIDATES_DAYS_MAX 1100   /* nothing older is searched */
#define CANDIDATES_SLICES_MAX 5000 /* slices asked in one search; 34 days and a half */
/* A record costs about as much as so many ids of the index. */
#define CANDIDATES_IDS_PER_RECORD 30

struct candidates {
    struct store *store;
    const struct query *query;
    struct source *sources; /* the leading one first */
    size_t count;           /* 0: slices */
    int64_t newest, oldest; /* ms: no id outside is of interest */
    int64_t at;             /* the slice that comes next lies here */
    unsigned slices;
    uint64_t passed;        /* the last id of the leading source that was dealt with */
    size_t steps;           /* ids that were looked at, of all sources */
    bool stopped;           /* gave up at `at` for the number of slices */
    bool cut;               /* `oldest` is later than the query wanted */
};

/* The query must live as long. -1: the store failed, or no memory; close it then, too. */
int candidates_open(struct candidates *candidates, struct store *store,
                    const struct query *query, struct error *why);
void candidates_close(struct candidates *candidates);
/* The next portion: *ids is allocated, free(); may be empty, so that the caller can stop. 1: more may follow; 0: that was all,
 * *ids is NULL; -1: the store failed. */
int candidates_next(struct candidates *candidates, uint64_t **ids, size_t *count,
                    struct error *why);
/* Does `id` come, or did it, on this page or another, among the candidates under its own number?
 * 1, 0, or -1. */
int candidates_hold(const struct candidates *candidates, uint64_t id, struct error *why);

#endif
