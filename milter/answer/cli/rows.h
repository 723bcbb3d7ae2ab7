/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows: a list of waybills as a table or as CSV, one row per recipient.
 */
#ifndef WAYBILL_CLI_ROWS_H
#define WAYBILL_CLI_ROWS_H

#include "command.h"

/* Only the recipients that fit the query. *recipients gets their number. */
int rows_table(const struct cli *cli, const struct query *query, const struct waybill *waybills,
               size_t count, size_t *recipients, struct error *why);
int rows_csv(const struct query *query, const struct waybill *waybills, size_t count,
             bool headings, struct error *why);

#endif
