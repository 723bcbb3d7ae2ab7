/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_naive: the schema that comes to mind first, to compare with. A hash for each mail and for
 * each recipient, a list of JSON events, a sorted set for each term, each with a life of its own.
 * Written as one would who knows Redis well and does not count bytes: pipelined, one command for
 * all fields of a hash, no command twice.
 */
#ifndef BENCH_STORE_NAIVE_H
#define BENCH_STORE_NAIVE_H

#include <stdint.h>

#include "waybill/fact.h"

struct naive;
/* Ends the program with a word if there is no server. */
struct naive *naive_open(const char *host, unsigned port, int64_t retention_days, bool streams);
void naive_close(struct naive *naive);
/* Queue all commands of a mail. */
void naive_put(struct naive *naive, uint64_t id, const struct fact *facts, size_t count);
/* Send what is queued, read all replies. */
void naive_flush(struct naive *naive);
uint64_t naive_commands(const struct naive *naive);

#endif
