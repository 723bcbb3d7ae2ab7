/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: who was watching: the lines below an answer that finds nothing, and the answer of
 * `waybill stats --coverage`.
 */
#ifndef WAYBILL_CLI_COVERAGE_H
#define WAYBILL_CLI_COVERAGE_H

#include "command.h"

/* "Who was watching:" and a line for each host. -1: the store failed. */
int coverage_tell(const struct cli *cli, int64_t since, int64_t until, FILE *to,
                  struct error *why);
/* The exit code. */
int coverage_run(const struct cli *cli, int64_t since, int64_t until);

#endif
