/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cause: the reason of one recipient's fate, or of one attempt: what a trusted report told, else
 * what the rules make of the words in the log.
 */
#ifndef WAYBILL_CAUSE_H
#define WAYBILL_CAUSE_H

#include "waybill/reason.h"
#include "waybill/waybill.h"

struct cause {
    enum reason reason;
    const char *rule;    /* NULL: no rule was asked, or none fits; lives as long as the book */
    struct slice words;  /* what it rests on; absent: there are none */
    struct slice status; /* absent: not known */
    bool here;           /* the words are our own mail server's */
};

/* Does a recipient in this state have a reason to tell? */
bool cause_wanted(enum recipient_state state);
void cause_find(const struct phrasebook *book, const struct waybill *waybill,
                const struct recipient *recipient, struct cause *cause);
/* The same of one attempt that failed, for good or (FACT_DELAYED) for now. */
void cause_of_attempt(const struct phrasebook *book, const struct fact *fact, struct cause *cause);

#endif
