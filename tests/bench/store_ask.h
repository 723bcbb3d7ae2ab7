/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_ask: the newest fifty mails of the last 30 days under a term, as every reader gets them:
 * the walk over the index, the records, the judge, and a look whether the mail has the term. And
 * what the answer has to be, noted while the mails were made.
 */
#ifndef BENCH_STORE_ASK_H
#define BENCH_STORE_ASK_H

#include <stdio.h>

#include "store_traffic.h"
#include "waybill/store.h"

struct asks;
/* Draw `count` questions of each kind from the mails of `traffic`, which has the seed of those that
 * will be written. */
struct asks *asks_open(struct traffic *traffic, size_t count);
void asks_close(struct asks *asks);
/* This mail is being written. */
void asks_note(struct asks *asks, const struct mails_mail *mail);
/* Ask all; print a line for each kind: "ask.KIND.p50 MS" and so on. Returns how many of the
 * answers were wrong. */
size_t asks_run(struct asks *asks, struct store *store, FILE *to);

#endif
