/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: what happened to a recipient, why, and who has to act, in plain English.
 *
 * One catalogue (milter/answer/verdict.c) for all readers: a sentence is worded once. A verdict
 * explains; it never replaces the words of the server, which the reader shows beside it. Where
 * the catalogue knows no reason it says so instead of guessing.
 */
#ifndef WAYBILL_VERDICT_H
#define WAYBILL_VERDICT_H

#include "waybill/buffer.h"
#include "waybill/waybill.h"

/* X(symbol, word, who that is, in a sentence) */
#define VERDICT_ACTORS(X)                                                                          \
    X(NOBODY, "nobody", "nobody has to act")                                                       \
    X(SENDER, "sender", "the sender has to act")                                                   \
    X(RECIPIENT, "recipient", "the recipient's side has to act")                                   \
    X(OURS, "us", "our mail administrators have to act")                                           \
    X(EITHER, "unclear", "read the server's words to see who has to act")

enum verdict_actor {
#define X(symbol, word, text) ACTOR_##symbol,
    VERDICT_ACTORS(X)
#undef X
};
const char *verdict_actor_word(enum verdict_actor actor);

struct verdict {
    char what[640];   /* "refused for good by mx.example.org" */
    const char *why;  /* "there is no such mailbox"; NULL: nothing to explain, or not known */
    const char *act;  /* "check the address and send it again"; NULL: nothing to do */
    enum verdict_actor who;
    bool reported;    /* it failed, and our server sent the sender a report */
    int64_t until;    /* ms: the MTA gives up then; 0: no such moment */
};

/* The verdict on one recipient of `waybill`; `recipient` NULL: on the whole mail, where it never
 * came to a recipient. `queue_lifetime` in ms, 0: not known. What comes from the mail or from a
 * server is escaped for a terminal already. */
void verdict_read(const struct waybill *waybill, const struct recipient *recipient,
                  int64_t queue_lifetime, struct verdict *verdict);
/* All of it as a few sentences, with a capital and a full stop. */
int verdict_sentence(const struct verdict *verdict, struct buffer *to);

#endif
