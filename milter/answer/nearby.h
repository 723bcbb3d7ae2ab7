/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearby: the mails of an answer of any size, each with the one that went on as it, in memory that
 * does not grow. That one is sought among at least NEARBY_MARGIN mails before and behind it.
 */
#ifndef WAYBILL_ANSWER_NEARBY_H
#define WAYBILL_ANSWER_NEARBY_H

#include "chain.h"
#include "waybill/error.h"

#define NEARBY_MAX 2000
#define NEARBY_MARGIN 500

/* `before->id` 0: there is none. -1 ends it, with `why`. */
typedef int nearby_tell(void *context, const struct waybill *waybill,
                        const struct chain_before *before, struct error *why);
struct nearby {
    nearby_tell *tell;
    void *context;
    struct waybill waybills[NEARBY_MAX];
    struct chain_before befores[NEARBY_MAX];
    size_t count, told; /* those that were told stay for a while */
};
/* NULL: no memory. */
struct nearby *nearby_new(nearby_tell *tell, void *context);
/* Takes the waybill, and empties it. -1: `why`. */
int nearby_add(struct nearby *nearby, struct waybill *waybill, struct error *why);
/* The rest. */
int nearby_end(struct nearby *nearby, struct error *why);
void nearby_free(struct nearby **nearby);

#endif
