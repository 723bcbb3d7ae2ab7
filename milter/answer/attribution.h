/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribution: where the time of one recipient went, from the mail's arrival to the outcome, or
 * till now.
 *
 * Every millisecond goes to exactly one share, so the shares add up to the total, whatever the
 * facts say. What an attempt says of itself (Postfix: delays=a/b/c/d, Sendmail: xdelay) is laid
 * before the moment of its line; what lies between two attempts goes to the reason of the first.
 * Postfix's `a` is not used where it would count the earlier attempts again.
 */
#ifndef WAYBILL_ANSWER_ATTRIBUTION_H
#define WAYBILL_ANSWER_ATTRIBUTION_H

#include "waybill/messages.h"
#include "waybill/reason.h"
#include "waybill/waybill.h"

/* X(symbol, word in JSON). The words for people are delay.* of the messages. */
#define SHARES(X)                                                                                  \
    X(RECEIVING, "receiving")     /* client, filters before the queue */                           \
    X(TURN, "queue")              /* in our queue, nothing in the way but other mails */           \
    X(CONNECTING, "connecting")   /* DNS, TCP, TLS, greeting */                                    \
    X(TRANSFER, "transfer")       /* envelope, data, and the other server's thinking */            \
    X(GREYLISTING, "greylisting") /* told to come back later, by greylisting or without a reason */ \
    X(LIMITED, "limited")         /* they limit how much we may send */                            \
    X(BUSY, "busy")               /* a trouble of their server */                                  \
    X(UNREACHABLE, "unreachable") /* no connection */                                              \
    X(FULL, "mailbox_full")                                                                        \
    X(UNWANTED, "unwanted")       /* put off for what they think of us or of the mail */           \
    X(OURS, "our_side")           /* a trouble of our own server */                                \
    X(RETRY, "retry")             /* put off, nobody knows why */                                  \
    X(HOLD, "hold")                                                                                \
    X(FILTER, "filter")           /* a content filter behind the queue had it */                   \
    X(BEYOND, "beyond")           /* the next server had taken it; a report told the rest */
enum share {
#define X(symbol, word) SHARE_##symbol,
    SHARES(X)
#undef X
    SHARE_COUNT
};
const char *share_word(enum share share);

struct attribution {
    int64_t total; /* ms; never below 0 */
    bool over;     /* there is an outcome; else it is counted till now */
    int64_t ms[SHARE_COUNT];
    enum share largest; /* of two that are the same the first; RECEIVING where all are 0 */
    bool named;         /* GREYLISTING: their words say so; else it is a guess */
    const struct messages *messages; /* for the sentences, see attribution_find; NULL: English */
    struct slice server[SHARE_COUNT]; /* whose server it was, a name; absent: not known */
};

/* What was never in our queue took no time of it, nor does an alias. */
bool attribution_wanted(const struct recipient *recipient);
/* `recipient` is one of the waybill's, or a copy of one that was turned back to an earlier state.
 * `book` as in verdict.h. The words will be English, unless the caller sets `messages` then. */
void attribution_find(const struct waybill *waybill, const struct recipient *recipient,
                      const struct phrasebook *book, int64_t now, struct attribution *attribution);
/* "It took 2 h 13 min. Most of it (2 h 10 min) the mail waited because mx.far.example asked us to
 * come back later (greylisting)." */
int attribution_sentence(const struct attribution *attribution, struct buffer *to);
/* "0.1 s coming in, 2 h 10 min waiting after greylisting, ...": the shares of a tenth of a second
 * and more, the order is that of SHARES. Empty if there is none. */
int attribution_parts(const struct attribution *attribution, struct buffer *to);

#endif
