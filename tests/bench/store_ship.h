/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_ship: the whole way of a backlog, from a filled journal into the store: read, decode, join,
 * record, judge, write, commit. What the journal's writer costs is no part of it.
 */
#ifndef BENCH_STORE_SHIP_H
#define BENCH_STORE_SHIP_H

#include "store_traffic.h"
#include "waybill/settings.h"

struct shipped {
    uint64_t mails, facts;
    double client; /* CPU seconds of the process while it shipped */
};
/* Mails of node 0, told to a journal in settings->state_directory, then shipped. */
struct shipped ship_all(const struct settings *settings, uint64_t mails, uint64_t seed);

#endif
