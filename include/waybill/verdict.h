/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: what happened to a recipient, why, and who has to act, in plain words.
 *
 * One catalogue (milter/answer/catalogue.c) for all readers: a sentence is worded once. A verdict
 * explains; it never replaces the words of the server, which the reader shows beside it. Where
 * no rule knows the reason it says so instead of guessing.
 */
#ifndef WAYBILL_VERDICT_H
#define WAYBILL_VERDICT_H

#include "waybill/buffer.h"
#include "waybill/messages.h"
#include "waybill/reason.h"
#include "waybill/waybill.h"

/* What a verdict rests on beside the waybill. */
struct verdict_basis {
    const struct phrasebook *book; /* never NULL */
    int64_t queue_lifetime;        /* ms; 0: not known */
    const struct messages *messages; /* whose words are told; NULL: English */
};

/* The texts live as long as the messages. */
struct verdict {
    const struct messages *messages;
    char what[640];  /* "refused for good by mx.example.org" */
    const char *why; /* "there is no such mailbox"; NULL: nothing to explain */
    const char *act; /* "check the address and send it again"; NULL: nothing to do */
    enum actor who;
    bool has_reason;    /* there is something to explain */
    enum reason reason; /* if so: a word of reason.h, undefined and onhold among them */
    const char *rule;   /* what decided it, see reason.h; NULL: a report told it, or nobody knows */
    const char
        *meaning;       /* no rule knows the words: what the registry says of the status, or NULL */
    struct slice words; /* no rule knows them: the words, not escaped; else absent */
    bool reported;      /* it failed, and our server sent the sender a report */
    uint64_t report;    /* the waybill of that report; 0: it passed unseen */
    int64_t until;      /* ms: the MTA gives up then; 0: no such moment */
};

/* The verdict on one recipient of `waybill`; `recipient` NULL: on the whole mail, where it never
 * came to a recipient. What comes from the mail or from a server is escaped for a terminal
 * already, but for `words`. */
void verdict_read(const struct waybill *waybill, const struct recipient *recipient,
                  const struct verdict_basis *basis, struct verdict *verdict);
/* All of it as a few sentences, with a capital and a full stop. */
int verdict_sentence(const struct verdict *verdict, struct buffer *to);

#endif
