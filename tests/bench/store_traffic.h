/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_traffic: a month of mails of four nodes, by day and by night, in order of time; and, as
 * far as wanted, sessions that were refused.
 */
#ifndef BENCH_STORE_TRAFFIC_H
#define BENCH_STORE_TRAFFIC_H

#include "mails.h"

#define TRAFFIC_NODES 4u
#define TRAFFIC_DAYS 30

struct traffic {
    struct traffic_node {
        struct mails mails;
        struct mails_mail next;
    } nodes[TRAFFIC_NODES];
    uint64_t chance, made, count;
    int64_t end;
    unsigned refused; /* per cent of the mails */
};

/* `count` mails in the 30 days before `now`, `whole` as in mails.h. One at a time in a process: it
 * is large. */
struct traffic *traffic_open(uint64_t seed, uint64_t count, unsigned refused, bool whole,
                             int64_t now);
void traffic_next(struct traffic *traffic, struct mails_mail *mail);
void traffic_close(struct traffic *traffic);

#endif
