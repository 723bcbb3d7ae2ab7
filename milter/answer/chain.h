/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: where a mail went on under another queue id: a local forward, a requeue, the second pass
 * behind a content filter, the way over another host of ours, the report to its sender. It is
 * joined when asked, never written.
 *
 * A server's words "queued as X" alone lead nowhere, or a stranger's could lead to the mail of
 * somebody else. The mail went on as X only if
 *
 *   - our own log says so (forwarded, requeued, the sender was notified): the same host;
 *   - it was handed to an address of this machine (127.0.0.0/8, ::1), and X came in from there, for
 *     the same recipient: either X names this queue id as its own before (XFORWARD), or the words
 *     name X, the Message-ID is the same, and X came in between;
 *   - it was handed to the host where X is, by its full name, and X came in there from a client
 *     that is, by its confirmed full name, this host; the words name X, and the Message-ID, the
 *     recipient and the time fit. The index is asked only if the other host has a node number, or
 *     is of the organisational domain of this one.
 *
 * Where X names the queue id before it, that must be this.
 */
#ifndef WAYBILL_ANSWER_CHAIN_H
#define WAYBILL_ANSWER_CHAIN_H

#include "waybill/store.h"
#include "waybill/waybill.h"

#define CHAIN_MAX 16 /* legs that are followed */

enum chain_way { CHAIN_FORWARDED, CHAIN_REQUEUED, CHAIN_FILTERED, CHAIN_RELAYED, CHAIN_REPORTED };
/* "forward", "requeue", "filter", "relay", "report" */
const char *chain_way_word(enum chain_way way);

struct leg {
    struct waybill waybill; /* the mail as it went on */
    enum chain_way way;
    size_t from; /* the leg before it; CHAIN_MAX: the mail that was asked about */
    struct slice recipient; /* whose way it is, of the mail before; absent: all of them */
};
struct chain {
    struct leg legs[CHAIN_MAX];
    size_t count;
    bool more; /* there are more than were followed */
};

/* -1: the store failed, or no memory; *chain is empty then. It has views into `waybill`. */
int chain_follow(struct store *store, const struct waybill *waybill, int64_t queue_lifetime,
                 struct chain *chain, struct error *why);
void chain_clear(struct chain *chain);
/* The mail that went on as this one: 1 and *before; 0: none; -1. */
struct chain_before {
    uint64_t id;
    enum chain_way way;
};
int chain_back(struct store *store, const struct waybill *waybill, int64_t queue_lifetime,
               struct chain_before *before, struct error *why);
/* The same among some waybills, without a store: *before[i] (`count` of them) is of waybills[i]; id
 * 0: none of them went on as it. -1: no memory. */
int chain_among(const struct waybill *waybills, size_t count, struct chain_before *before);

#endif
