/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows: a list of waybills as a table, one row per recipient that fits the query.
 */
#ifndef WAYBILL_CLI_ROWS_H
#define WAYBILL_CLI_ROWS_H

#include "../chain.h"
#include "command.h"

/* So many rows have the same columns, and are kept until they are measured. */
#define ROWS_AT_ONCE 5000

struct rows {
    const struct cli *cli;
    const struct query *query;
    struct table *table; /* NULL: the next one is to be begun */
    size_t in_table;
    size_t recipients; /* told so far */
    bool headed;
};
int rows_add(struct rows *rows, const struct waybill *waybill, const struct chain_before *before,
             struct error *why);
/* Print what is left. */
int rows_end(struct rows *rows, struct error *why);
/* All of an answer; `befores`: of each mail that it went on from. */
int rows_list(const struct cli *cli, const struct query *query, const struct waybill *waybills,
              const struct chain_before *befores, size_t count, struct error *why);
/* The same where that is to be found out among them. */
int rows_table(const struct cli *cli, const struct query *query, const struct waybill *waybills,
               size_t count, struct error *why);

#endif
