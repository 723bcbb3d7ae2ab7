/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watched: what each witness of each host watched between two moments, and what of it was blind.
 */
#ifndef WAYBILL_ANSWER_WATCHED_H
#define WAYBILL_ANSWER_WATCHED_H

#include "waybill/json.h"
#include "waybill/messages.h"
#include "waybill/store.h"

struct watched {
    unsigned node;
    char host[256];      /* "": it never claimed its number */
    const char *witness; /* "milter" or "log" */
    int64_t since;       /* ms: watched from here ... */
    int64_t until;       /* ... to here, both within the span; equal: not at all */
    int64_t silent_since; /* ms: no word since; 0: it lives, or never spoke */
    bool never;          /* no word ever came from it */
    int64_t blind;       /* ms of gaps within since..until; where gaps overlap, once */
    uint64_t lost;       /* facts or lines, as far as they were counted */
    const struct store_gap *gaps; /* by time; those of this witness alone */
    size_t gap_count;
};

struct watched_list {
    int64_t since, until; /* the span; `until` not after now */
    struct watched *list; /* by node, milter first */
    size_t count;
    struct store_gap *gaps;
    size_t gap_count;
    size_t dropped; /* gaps that are not among them: the list is full */
};

/* 0 also where no host ever reported: `count` is 0. -1: the store failed, or no memory. */
int watched_read(struct store *store, int64_t since, int64_t until, struct watched_list *list,
                 struct error *why);
void watched_free(struct watched_list *list);
/* Share of the span that was watched, in tenths of a percent; rounded down, so that only a span
 * without any gap is whole. */
int watched_share(const struct watched_list *list, const struct watched *watched);
/* Nobody watched, or not all the time. */
bool watched_doubt(const struct watched_list *list);

/* The whole list as one object. */
void watched_json(struct json *json, const struct watched_list *list,
                  const struct messages *messages);

#endif
