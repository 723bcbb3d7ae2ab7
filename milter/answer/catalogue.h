/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catalogue: the one place that decides what is said of what went wrong, and what to do about it.
 * Each saying has a key, by which the messages have it in each language.
 *
 * "The sending server" is the one that could not get rid of the mail, "the receiving server" the
 * one that did not take it: so a sentence is true whether we sent the mail, refused it, or only
 * read a report that somebody else was sent.
 */
#ifndef WAYBILL_ANSWER_CATALOGUE_H
#define WAYBILL_ANSWER_CATALOGUE_H

#include <stdbool.h>

#include "waybill/messages.h"
#include "waybill/reason.h"
#include "waybill/waybill.h"

struct plight {
    enum reason reason;
    struct slice status; /* 5.1.1; absent: not known */
    bool delayed;        /* it is tried again */
    bool here;           /* the words are those of our own mail server */
    bool door;           /* and it said them to a client, which still has the mail */
    const struct messages *messages; /* whose words are told; NULL: English */
};

struct saying {
    const char *key; /* "userunknown", "userunknown.1.4", "here.norelaying", ... */
    const char *why; /* never NULL */
    const char *act; /* NULL: nothing to do */
    enum actor who;
};

void catalogue_find(const struct plight *plight, struct saying *saying);

const char *catalogue_state(const struct messages *messages, enum recipient_state state);

/* What the registry (RFC 5248) says of a status, in few words of our own: the class does not
 * matter. NULL: it is not registered. */
const char *catalogue_status(const struct messages *messages, struct slice status);

/* Why a witness was blind: what the cause of a gap means; an unknown cause as it is. */
const char *catalogue_blindness(const struct messages *messages, const char *cause);

#endif
