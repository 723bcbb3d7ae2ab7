/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows: the table of recipients. A wide terminal and a pipe get all columns; on a narrow terminal
 * what the next server said goes below its row, since it would be cut to nothing beside it.
 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "../catalogue.h"
#include "out.h"
#include "table.h"
#include "waybill/id.h"

#define WIDE 150
#define CELL_MAX 8192

static const struct table_column wide_columns[] = {
    {"WHEN", false, false}, {"STATE", false, false}, {"FROM", true, false},
    {"TO", true, false},    {"CASE", false, false},  {"SAID", true, false},
};
static const struct table_column narrow_columns[] = {
    {"WHEN", false, false}, {"STATE", false, false}, {"FROM", true, false},
    {"TO", true, false},    {"CASE", false, false},
};

struct cells {
    struct buffer from, to, said;
    char when[WHEN_SIZE], code[ID_CODE_SIZE];
};

static void cells_init(struct cells *cells)
{
    buffer_init(&cells->from, CELL_MAX);
    buffer_init(&cells->to, CELL_MAX);
    buffer_init(&cells->said, CELL_MAX);
}

static void cells_free(struct cells *cells)
{
    buffer_free(&cells->from);
    buffer_free(&cells->to);
    buffer_free(&cells->said);
}

/* The second row of one mail names the first. */
static void say_before(struct buffer *to, const struct chain_before *before)
{
    char code[ID_CODE_SIZE];

    if (before->id == 0)
        return;
    id_code(before->id, code);
    buffer_addf(to, "(%s of %s) ", chain_way_word(before->way), code);
}

static void add_row(const struct cli *cli, struct table *table, const struct waybill *waybill,
                    const struct recipient *recipient, const struct chain_before *before, bool wide)
{
    enum recipient_state state = recipient != NULL ? recipient->state : waybill_state(waybill);
    struct cells cells;

    cells_init(&cells);
    out_when(cli, waybill->arrived, cells.when);
    id_code(waybill->id, cells.code);
    out_address(&cells.from, waybill->from);
    out_address(&cells.to, recipient != NULL ? recipient->address : SLICE_ABSENT);
    say_before(&cells.said, before);
    if (recipient != NULL)
        out_said(cli, &cells.said, recipient);
    else
        buffer_addf(&cells.said, "(%s)", catalogue_state(cli->basis.messages, state));
    if (wide) {
        const char *row[] = {cells.when,    state_word(state), cells.from.data,
                             cells.to.data, cells.code,        cells.said.data};
        table_row(table, row, 1, out_state_colour(state), NULL, 0);
    } else {
        const char *row[] = {cells.when, state_word(state), cells.from.data, cells.to.data,
                             cells.code};
        table_row(table, row, 1, out_state_colour(state), cells.said.data, 15);
    }
    cells_free(&cells);
}

static bool is_wide(const struct cli *cli)
{
    return !cli->terminal || cli->width >= WIDE;
}

static int begin_table(struct rows *rows, struct error *why)
{
    const struct cli *cli = rows->cli;
    bool headings = !cli->request.no_header && !rows->headed;

    rows->table = is_wide(cli)
                      ? table_new(cli, wide_columns,
                                  sizeof wide_columns / sizeof wide_columns[0], headings, why)
                      : table_new(cli, narrow_columns,
                                  sizeof narrow_columns / sizeof narrow_columns[0], headings,
                                  why);
    rows->headed = true;
    rows->in_table = 0;
    return rows->table != NULL ? 0 : -1;
}

int rows_add(struct rows *rows, const struct waybill *waybill, const struct chain_before *before,
             struct error *why)
{
    bool wide = is_wide(rows->cli);

    if (rows->table == NULL && begin_table(rows, why) != 0)
        return -1;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (query_fits_recipient(rows->query, waybill, &waybill->recipients[i])) {
            add_row(rows->cli, rows->table, waybill, &waybill->recipients[i], before, wide);
            rows->recipients++;
            rows->in_table++;
        }
    if (waybill->recipient_count == 0) {
        add_row(rows->cli, rows->table, waybill, NULL, before, wide);
        rows->in_table++;
    }
    return rows->in_table >= ROWS_AT_ONCE ? rows_end(rows, why) : 0;
}

int rows_end(struct rows *rows, struct error *why)
{
    return rows->table != NULL ? table_print(&rows->table, why) : 0;
}

int rows_table(const struct cli *cli, const struct query *query, const struct waybill *waybills,
               size_t count, struct error *why)
{
    struct chain_before *befores = malloc((count + 1) * sizeof *befores);
    struct rows rows = {.cli = cli, .query = query};
    int result = 0;

    if (befores == NULL || chain_among(waybills, count, befores) != 0)
        result = error_set(why, "cannot print the table: no memory");
    for (size_t i = 0; i < count && result == 0; i++)
        result = rows_add(&rows, &waybills[i], &befores[i], why);
    free(befores);
    return rows_end(&rows, result == 0 ? why : NULL) == 0 ? result : -1;
}
