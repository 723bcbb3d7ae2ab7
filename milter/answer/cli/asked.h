/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asked: the words of the command line as a query, and a query in words again.
 */
#ifndef WAYBILL_CLI_ASKED_H
#define WAYBILL_CLI_ASKED_H

#include "command.h"

#define ASKED_DAYS_WITH_TERM 30 /* how far back a search goes by itself */
#define ASKED_DAYS_WITHOUT 1

void asked_query(const struct cli *cli, struct query *query);
/* "SUBJECT to bob@example.org, 2026-10-22 14:03 to now"; escaped. */
void asked_describe(const struct cli *cli, const struct query *query, const char *subject,
                    struct buffer *to);
/* The command that goes on below `next`, for a shell. */
void asked_again(const struct cli *cli, const struct query *query, uint64_t next,
                 struct buffer *to);

#endif
