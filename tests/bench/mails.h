/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mails: mails as a busy host of Postfix's sees them, made up; the same seed gives the same ones.
 *
 * A mail's facts are those that our milter and our reader of the log make of it: mail, rcpt,
 * header, queued; client, cleanup, active, each attempt, removed. In the mean 1.28 recipients,
 * 1.48 attempts, a Message-ID of 51 bytes, addresses of 28, a relay of 44, a reply of 121 in
 * varied words with ids in them; 39 % with a login; of the recipients 95 % get their mail, 3.8 %
 * not, 0.5 % wait and 0.7 % are refused. Addresses, domains, clients and relays follow Zipf's law.
 */
#ifndef WAYBILL_TESTS_BENCH_MAILS_H
#define WAYBILL_TESTS_BENCH_MAILS_H

#include "waybill/fact.h"
#include "waybill/id.h"

#define MAILS_FACTS_MAX 64
#define MAILS_TEXT_MAX 16384

struct mails {
    uint64_t chance;      /* state of the generator */
    uint64_t number;      /* mails made */
    int64_t now;          /* ms: when the last one arrived */
    double gap;           /* ms between two mails, in the mean */
    const char *host;     /* given: "mx1.example.org" */
    bool subjects;        /* given: do headers have them? false */
    /* given: have mails what the model of the store's figures leaves out (HELO, ports, the daemon's
     * name, BODY, Date, header From), as those of our milter have? true */
    bool whole;
    /* given: another number is another world, with names, domains, addresses and relays of its own
     * in the same language. Records of many others train the shipped dictionary. 0 */
    uint64_t world;
    struct id_mint mint;
};

struct mails_mail {
    uint64_t id;
    size_t count;         /* facts: the milter's, then the log's, each in order of time */
    size_t milters;       /* how many of them are the milter's */
    struct fact facts[MAILS_FACTS_MAX]; /* values are views into `text` */
    char text[MAILS_TEXT_MAX];
    size_t used;
    uint64_t world;       /* as the mails' */
};

/* Mails from `start` (ms) on, `gap` ms apart in the mean. */
void mails_init(struct mails *mails, uint64_t seed, unsigned node, int64_t start, double gap);
void mails_next(struct mails *mails, struct mails_mail *mail);

#endif
