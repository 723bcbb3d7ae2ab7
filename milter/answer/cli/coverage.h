/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage: who was watching: the lines below an answer that finds nothing, and the answer of
 * `waybill stats --coverage`.
 */
#ifndef WAYBILL_CLI_COVERAGE_H
#define WAYBILL_CLI_COVERAGE_H

#include "command.h"

/* "Who was watching:" and a line for each host, in the time of a query that found nothing. -1: the
 * store failed, or the API. */
int coverage_tell(const struct cli *cli, const struct query *nothing, FILE *to,
                  struct error *why);
/* The same of lines that are there. */
void coverage_print(const char *lines, FILE *to);
/* The exit code. */
int coverage_run(const struct cli *cli, int64_t since, int64_t until);

#endif
