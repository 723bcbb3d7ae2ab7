/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: rows on a terminal or in a pipe, by libsmartcols, whose names stay here.
 *
 * Cells are escaped by the caller; the library's own escapes are off. On a terminal each row is
 * one line, the widest columns that may be cut are cut, with an ellipsis, since half an address
 * looks like another one; elsewhere nothing is cut.
 */
#ifndef WAYBILL_CLI_TABLE_H
#define WAYBILL_CLI_TABLE_H

#include "command.h"

struct table_column {
    const char *name;
    bool cut; /* may be shortened */
    bool right;
};
#define TABLE_COLUMNS_MAX 8

struct table;
/* `columns` must live as long. NULL: no memory. */
struct table *table_new(const struct cli *cli, const struct table_column *columns, size_t count,
                        bool headings, struct error *why);
/* `cells` are copied. `colour` (NULL: none) is for the cell `coloured`. `note` (NULL: none) is
 * printed below the row, indented and cut. Without memory the row is missing, and table_print
 * says so. */
void table_row(struct table *table, const char *const *cells, size_t coloured, const char *colour,
               const char *note, size_t note_indent);
/* Print and free. 0, or -1: no memory. */
int table_print(struct table **table, struct error *why);

#endif
