/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_ask: the newest fifty mails of the last 30 days under a term, as every reader gets them:
 * the walk over the index, the records, the judge, and a look whether the mail has the term. And
 * what the answer has to be, noted while the mails were made.
 */
#ifndef BENCH_STORE_ASK_H
#define BENCH_STORE_ASK_H

#include <hiredis/hiredis.h>
#include <stdio.h>

#include "store_traffic.h"
#include "waybill/store.h"

struct asks;
/* Draw `count` questions of each kind from the mails of `traffic`, which has the seed of those that
 * will be written. */
struct asks *asks_open(struct traffic *traffic, size_t count, int64_t now);
void asks_close(struct asks *asks);
/* This mail is being written. */
void asks_note(struct asks *asks, const struct mails_mail *mail);
/* Ask all, `rounds` times; print a line for each kind and figure: "ask.KIND.p50_ms MS" and so on,
 * of the round whose p50 is the median. client_us and server_us are CPU a question, commands are
 * those that the server counted. Returns how many of the answers were wrong. */
size_t asks_run(struct asks *asks, struct store *store, redisContext *info, size_t rounds,
                FILE *to);

#endif
