/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * post: facts into the journal, in a generation of our own, and from there into the store by
 * whoever leads.
 *
 * Facts of the present share journal and shipper with these, in the order of their writing; so
 * only a little of ours waits there at any time.
 */
#ifndef IMPORT_POST_H
#define IMPORT_POST_H

#include "waybill/import.h"

struct post;

struct post_wait {
    /* Asked a few times a second while waiting. True: give up. */
    bool (*again)(void *context, uint64_t unshipped);
    void *context;
};

/* IMPORT_UNREACHABLE: no state directory of ours, no journal, no store; or lines are to be kept
 * longer than the waybilld that leads here keeps them. */
enum import_result post_open(struct post **post, const struct import_options *options,
                             const struct post_wait *wait, struct error *why);
/* Does not return before it is in the ring. IMPORT_STOPPED: given up. */
enum import_result post_fact(struct post *post, const struct fact *fact, struct error *why);
/* Wait until the store has all. */
enum import_result post_finish(struct post *post, struct error *why);
uint64_t post_unshipped(const struct post *post);
/* What is in the journal stays there for the next who leads. */
void post_close(struct post **post);

#endif
