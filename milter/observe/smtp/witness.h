/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness: what all sessions share. libmilter's callbacks have no place for a pointer of ours
 * before a session begins, so there is one witness in a process. Any thread, unless said
 * otherwise.
 */
#ifndef OBSERVE_SMTP_WITNESS_H
#define OBSERVE_SMTP_WITNESS_H

#include <stdatomic.h>

#include "waybill/fact.h"
#include "waybill/reason.h"
#include "waybill/smtp.h"
#include "waybill/token.h"

/* The settings as a session sees them, from its beginning to its end. Immutable, but for the count
 * of those who use it. */
struct rules {
    const struct settings *settings;
    enum subject_mode subject;
    unsigned char subject_key[32]; /* SUBJECT_HASH only */
    bool stamps;                   /* mails without an envelope id get one of ours */
    struct token_keys envid_keys;  /* none: no token is made, none is known */
    struct phrasebook *book;
    unsigned users; /* sessions, and the witness while these are the present ones */
};

enum witness_counter {
    COUNT_SESSIONS,
    COUNT_OPEN_SESSIONS,
    COUNT_MESSAGES,
    COUNT_QUEUED,
    COUNT_ABANDONED,
    COUNT_RECIPIENTS,
    COUNT_REFUSED,
    COUNT_EOM_LATE,
    COUNT_NO_MEMORY,
    COUNT_BOUNCES,
    COUNT_COMPLAINTS,
    COUNT_MDNS,
    COUNT_AUTOREPLIES,
    COUNT_REPORTS_PARTIAL,
    COUNT_REPORTS_UNREAD,
    COUNT_STAMPED,
    COUNT_STAMP_FAILURES,
    WITNESS_COUNTERS
};

/* Start-up, one thread. -1: the rules cannot be had from these settings. */
int witness_start(const struct settings *settings, struct journal *journal, unsigned node,
                  unsigned generation, uint64_t last_id, struct error *why);
/* Rules for sessions that begin from now on. -1: the old ones stay. */
int witness_reload(const struct settings *settings, struct error *why);
/* The present rules; they live until they are given back. */
struct rules *witness_rules_take(void);
void witness_rules_give_back(struct rules *rules);

/* The id of a new waybill. */
uint64_t witness_mint(int64_t now);
/* Give the fact to the journal. The journal's ticket, or 0: the fact is lost, and counted. */
uint64_t witness_tell(const struct fact *fact);
/* Is the record with this ticket, and all before it, safe within `ms`? */
bool witness_safe(uint64_t ticket, int64_t ms);

void witness_count(enum witness_counter counter, int change);
uint64_t witness_counted(enum witness_counter counter);

#endif
