/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: the one place that puts waybills together for an answer; asked by all readers.
 */
#ifndef WAYBILL_QUERY_H
#define WAYBILL_QUERY_H

#include "waybill/error.h"
#include "waybill/store.h"
#include "waybill/waybill.h"

#define QUERY_SCAN_MAX 20000   /* records examined where no term narrows the search */
#define QUERY_INDEX_MAX 200000 /* records examined where one does */

/* Every term that is present must hold. Addresses are exact, or "@domain"; an empty `from` is the
 * null sender. With a state, the recipient that `to` names must be in it. `client` is an address,
 * a name, or "@domain" for all names below it. */
struct query {
    struct slice from, to, message_id, queue_id, client, login;
    int state;         /* enum recipient_state; -1: any */
    int64_t since, until; /* ms; the waybill's arrival lies in since..until */
    size_t limit;
    uint64_t before;   /* cursor: only ids below it; 0: from the newest */
    int64_t queue_lifetime; /* ms, see waybill_read */
};
void query_init(struct query *query); /* the last day, newest first, 50 */

/* Does this waybill satisfy the query (all but the cursor)? */
bool query_fits(const struct query *query, const struct waybill *waybill);
/* Is it a recipient that the query asks for, by address and state? */
bool query_fits_recipient(const struct query *query, const struct recipient *recipient);

struct query_answer {
    struct waybill *waybills; /* newest first */
    size_t count;
    uint64_t next;       /* cursor for more; 0: no more */
    size_t unreadable;   /* records that could not be read */
    bool bounded;        /* the search stopped at its bound; `scanned_until`: how far it came */
    int64_t scanned_until;
};
/* A reader's question. 0 also when nothing was found. -1: the store failed. */
int query_run(struct store *store, const struct query *query, struct query_answer *answer,
              struct error *why);
void query_answer_clear(struct query_answer *answer);
/* The same, told one by one, newest first; `answer` gets all but the waybills. `found` owns the
 * waybill (or moves it), and returns 0: go on; 1: enough, `next` leads on from here; -1: no
 * memory. It must not use the store. */
typedef int query_found(void *context, struct waybill *waybill);
int query_each(struct store *store, const struct query *query, query_found *found, void *context,
               struct query_answer *answer, struct error *why);
/* One waybill by its id, following `see`. 1: found; 0: there is none; -1: the store failed, or
 * the record cannot be read (then store_last_trouble is STORE_FINE). */
int query_one(struct store *store, uint64_t id, int64_t queue_lifetime, struct waybill *waybill,
              struct error *why);

/* What was watched between two moments, for the answer "not seen". One line per node, e.g.
 * "mx1: milter and log, all the time", "mx2: log blind 10:03 to 10:07 (killed)". */
int query_coverage(struct store *store, int64_t since, int64_t until, struct buffer *text,
                   struct error *why);

#endif
