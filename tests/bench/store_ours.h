/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_ours: mails into the store, by the code that ship runs: facts into a record, the judge,
 * the terms, the states, then the store's own verbs and one flush a batch.
 */
#ifndef BENCH_STORE_OURS_H
#define BENCH_STORE_OURS_H

#include "store_traffic.h"
#include "waybill/settings.h"
#include "waybill/store.h"

struct ours_options {
    bool streams; /* events too */
    bool twice;   /* at accept and at the end */
    bool capped;  /* refused sessions as ship admits them, by client and hour */
};

struct ours_figures {
    /* CPU seconds: facts into the live record; states out of it; and what stores it: its text,
     * terms, verbs, flush. */
    double record, judge, store;
    uint64_t records, postings, left_out;
    uint64_t text_bytes; /* of all texts that were written */
};

struct ours;
struct ours *ours_open(const struct settings *settings, const struct ours_options *options,
                       size_t batch);
void ours_close(struct ours *ours);
struct store *ours_store(struct ours *ours);
/* Write a batch of at most so many. With `twice` first what the milter saw, then all. */
void ours_write(struct ours *ours, const struct mails_mail *mails, size_t count);
const struct ours_figures *ours_figures(const struct ours *ours);

/* CPU seconds of this thread. */
double cpu_now(void);

#endif
