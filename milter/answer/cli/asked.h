/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asked: the words of the command line as a query, and a query in words again.
 */
#ifndef WAYBILL_CLI_ASKED_H
#define WAYBILL_CLI_ASKED_H

#include "command.h"

/* cli->query out of the options and the words behind them. -1: it was complained of. */
int asked_read(struct cli *cli);
/* What it needs of the configuration, once that is read: rules, the place to go on. */
int asked_prepare(struct cli *cli, struct error *why);
/* "SUBJECT with to:bob@example.org, 2026-10-22 14:03 to now"; escaped. */
void asked_describe(const struct cli *cli, const struct query *query, const char *subject,
                    struct buffer *to);
/* The command that goes on at `next`, for a shell. */
void asked_again(const struct cli *cli, const struct query *query, uint64_t next,
                 struct buffer *to);
/* The key of cursors, in `key`; NULL: none is set, or it is not for this user: a cursor is then
 * only checked for mistakes, which is all that it has to be here. */
const unsigned char *asked_key(const struct cli *cli, unsigned char key[static 32]);
/* `next` for programs. */
void asked_cursor(const struct cli *cli, const struct query *query, uint64_t next,
                  char text[static QUERY_CURSOR_SIZE]);
/* On stderr, if records could not be read: how many, and why the first. `so`: "left out". */
void complain_unreadable(const struct query_answer *answer, const char *so);
/* On stderr, if the answer is not whole: whose part is missing. */
void complain_partly(const struct query_answer *answer);

#endif
