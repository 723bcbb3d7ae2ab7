/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheaf: the facts of a log, gathered by mail.
 *
 * A mail is known by host, instance and queue id, from the fact that opens it to the one by which
 * the queue lets it go; after that the same id is another mail, as soon as a fact opens one. Only
 * the order of the lines decides, since short ids come again within a second. Lines may come late
 * (a notification behind `removed`), so a mail is closed a while after its end.
 *
 * Bounded: who is over is closed early, those with an end first, else the longest untouched. One
 * thread.
 */
#ifndef IMPORT_SHEAF_H
#define IMPORT_SHEAF_H

#include "waybill/error.h"
#include "waybill/fact.h"

struct sheaf;

struct bound_mail {
    struct slice host, instance, queue_id; /* as the facts say; absent where they do not */
    const char *packed;                    /* facts in the order of their lines: packed.h */
    size_t count;
    bool ended;   /* the queue let it go */
    bool cut;     /* facts over the bound of one mail were left out */
    bool forced;  /* closed for want of room */
};

struct sheaf_bounds {
    size_t mails, bytes; /* of all that are open */
    size_t mail_bytes;   /* of one */
    size_t usual_bytes;  /* of one: nearly all need no more */
    uint64_t keys;       /* KEY_BIT of the values that are kept; the key of a mail always is */
    int64_t idle_ms;     /* of the log's time: a mail that nothing is heard of is closed */
};
extern const struct sheaf_bounds sheaf_bounds_usual;
extern const struct sheaf_bounds sheaf_bounds_dry; /* what the states of recipients rest on */

/* `closed` gets each mail once; what it shows is valid until it returns. Not 0: no more is wanted
 * now, and the call that closed the mail returns it. -1: no memory. */
int sheaf_open(struct sheaf **sheaf, const struct sheaf_bounds *bounds,
               int (*closed)(void *context, const struct bound_mail *mail), void *context,
               struct error *why);
void sheaf_free(struct sheaf **sheaf); /* what is open is dropped */
/* A fact with a queue id. 0; what `closed` returned; -1: no memory. */
int sheaf_add(struct sheaf *sheaf, const struct fact *fact);
/* Close all that is open, the longest untouched first. */
int sheaf_end(struct sheaf *sheaf);

#endif
