/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catalogue: the one place that words what went wrong and what to do about it. English; each
 * saying has a key, so that another language is another table with the same keys.
 *
 * "The sending server" is the one that could not get rid of the mail, "the receiving server" the
 * one that did not take it: so a sentence is true whether we sent the mail, refused it, or only
 * read a report that somebody else was sent.
 */
#ifndef WAYBILL_ANSWER_CATALOGUE_H
#define WAYBILL_ANSWER_CATALOGUE_H

#include <stdbool.h>

#include "attribution.h"
#include "waybill/reason.h"

struct plight {
    enum reason reason;
    struct slice status; /* 5.1.1; absent: not known */
    bool delayed;        /* it is tried again */
    bool here;           /* the words are those of our own mail server */
    bool door;           /* and it said them to a client, which still has the mail */
};

struct saying {
    const char *key; /* "userunknown", "userunknown.1.4", "here.norelaying", ... */
    const char *why; /* never NULL */
    const char *act; /* NULL: nothing to do */
    enum actor who;
};

void catalogue_find(const struct plight *plight, struct saying *saying);

/* Why a witness was blind: what the cause of a gap means; an unknown cause as it is. */
const char *catalogue_blindness(const char *cause);

/* What is said where no witness saw the end. `left`: the queue has it no more. */
const char *catalogue_unresolved(bool left);

/* Where the time went: "2 h 10 min `part`"; and "most of it (2 h 10 min) `before`mx.x.example`after`",
 * where `after` NULL is: `before` says it all. */
struct share_words {
    const char *part, *before, *after;
};
/* `named`: greylisting called itself so. */
struct share_words catalogue_share(enum share share, bool named);

#endif
