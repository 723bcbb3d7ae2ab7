/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sight: what an event of live is about. It names a mail and a recipient by numbers only; here the
 * record is fetched for the words, seen through the lens of the query, and asked whether the query
 * fits it. Used within the callback of live_next; one thread.
 */
#ifndef WAYBILL_ANSWER_SIGHT_H
#define WAYBILL_ANSWER_SIGHT_H

#include "waybill/json.h"
#include "waybill/query.h"
#include "waybill/verdict.h"

struct sight {
    struct store *store;
    const struct query *query; /* its time does not count */
    uint64_t only;             /* events of this mail alone; 0: of all */
    /* The mail of the last event: the next is often of the same, and a mail may have a thousand
     * recipients. */
    bool kept, seen, masked; /* seen: through the lens; masked: it took recipients out */
    uint64_t kept_id;
    struct waybill waybill;
};

/* What there is to tell; it shows into the sight, until the next call. */
struct sight_told {
    const struct event *event;
    const struct waybill *waybill;
    const struct recipient *recipient; /* as it was at the event; NULL: it is of the whole mail */
    bool masked;                       /* how many events the mail has is not to be told */
    struct recipient then;
};

enum sight_result {
    SIGHT_FAILED = -1,    /* the store, or no memory: the event is to be told again */
    SIGHT_NOT_WANTED = 0, /* or not there any more, or not for who asks */
    SIGHT_WANTED = 1,
    SIGHT_UNREADABLE = 2, /* `why` says what is wrong with the record */
};
enum sight_result sight_mail(struct sight *sight, const struct event *event,
                             struct sight_told *told, struct error *why);
/* Of an event that a witness was blind: what the store has of it. It is of no mail and may have
 * hidden any: only a wish for outcomes, or for one mail, leaves it out. */
enum sight_result sight_gap(const struct sight *sight, const struct event *event,
                            struct store_gap *gap, struct error *why);
/* Forget the mail that is kept: to be called whenever live_next has ended. */
void sight_drop(struct sight *sight);

/* The objects that programs get, whole. */
void sight_json_mail(struct json *json, const struct sight_told *told,
                     const struct verdict_basis *basis, const char *cursor);
void sight_json_gap(struct json *json, const struct event *event, const struct store_gap *gap,
                    const char *cursor);

#endif
