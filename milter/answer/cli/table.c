/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: see table.h. The rows are kept until all are there, then cut, then laid out by the
 * library. Notes are woven in afterwards, since the library knows only columns.
 */
#include "table.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

#define COLUMN_LEAST 8 /* no column is cut below that */

struct row {
    char *cells[TABLE_COLUMNS_MAX];
    size_t coloured;
    const char *colour;
    char *note;
    size_t note_indent;
};

struct table {
    const struct cli *cli;
    const struct table_column *columns;
    size_t column_count, row_count, room;
    bool headings;
    struct row *rows;
    bool failed;
};

static void row_free(struct row *row)
{
    for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++)
        free(row->cells[i]);
    free(row->note);
}

static void table_free(struct table *table)
{
    for (size_t i = 0; i < table->row_count; i++)
        row_free(&table->rows[i]);
    free(table->rows);
    free(table);
}

struct table *table_new(const struct cli *cli, const struct table_column *columns, size_t count,
                        bool headings, struct error *why)
{
    struct table *table = calloc(1, sizeof *table);

    if (table == NULL)
        error_set(why, "cannot print the table: no memory");
    else
        *table = (struct table){
            .cli = cli, .columns = columns, .column_count = count, .headings = headings};
    return table;
}

static int table_grow(struct table *table)
{
    size_t room = table->room == 0 ? 32 : table->room * 2;
    struct row *larger = realloc(table->rows, room * sizeof *larger);

    if (larger == NULL)
        return -1;
    table->rows = larger;
    table->room = room;
    return 0;
}

void table_row(struct table *table, const char *const *cells, size_t coloured, const char *colour,
               const char *note, size_t note_indent)
{
    struct row row = {.coloured = coloured, .colour = colour, .note_indent = note_indent};

    if (table->row_count == table->room && table_grow(table) != 0) {
        table->failed = true;
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        row.cells[i] = strdup(cells[i]);
        table->failed = table->failed || row.cells[i] == NULL;
    }
    if (note != NULL) {
        row.note = strdup(note);
        table->failed = table->failed || row.note == NULL;
    }
    table->rows[table->row_count++] = row;
}

/* ---- cutting ---- */

static void measure(const struct table *table, size_t *widths)
{
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = table->headings ? out_width(table->columns[i].name) : 0;
        for (size_t row = 0; row < table->row_count; row++) {
            size_t width = out_width(table->rows[row].cells[i]);
            if (width > widths[i])
                widths[i] = width;
        }
    }
}

/* Take columns of the widest, one by one, until the row fits. */
static void shrink(const struct table *table, size_t *widths)
{
    size_t sum = table->column_count - 1; /* the blanks between */

    for (size_t i = 0; i < table->column_count; i++)
        sum += widths[i];
    while (sum > table->cli->width) {
        size_t widest = SIZE_MAX;
        for (size_t i = 0; i < table->column_count; i++)
            if (table->columns[i].cut && widths[i] > COLUMN_LEAST &&
                (widest == SIZE_MAX || widths[i] > widths[widest]))
                widest = i;
        if (widest == SIZE_MAX)
            break;
        widths[widest]--;
        sum--;
    }
}

static void cut(struct table *table)
{
    size_t widths[TABLE_COLUMNS_MAX];

    measure(table, widths);
    shrink(table, widths);
    for (size_t row = 0; row < table->row_count; row++)
        for (size_t i = 0; i < table->column_count; i++)
            if (table->columns[i].cut)
                out_cut(table->rows[row].cells[i], widths[i]);
}

/* ---- the layout ---- */

static int fill_row(const struct table *table, struct libscols_table *layout,
                    const struct row *row)
{
    struct libscols_line *line = scols_table_new_line(layout, NULL);

    if (line == NULL)
        return -1;
    for (size_t i = 0; i < table->column_count; i++)
        if (scols_line_set_data(line, i, row->cells[i]) != 0)
            return -1;
    if (row->colour != NULL && table->cli->colour)
        return scols_cell_set_color(scols_line_get_cell(line, row->coloured), row->colour);
    return 0;
}

static int fill(const struct table *table, struct libscols_table *layout)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (scols_table_new_column(layout, table->columns[i].name, 0,
                                   table->columns[i].right ? SCOLS_FL_RIGHT : 0) == NULL)
            return -1;
    for (size_t i = 0; i < table->row_count; i++)
        if (fill_row(table, layout, &table->rows[i]) != 0)
            return -1;
    return 0;
}

/* The text is the caller's; NULL: no memory. */
static char *lay_out(const struct table *table)
{
    struct libscols_table *layout;
    char *text = NULL;

    scols_init_debug(0);
    layout = scols_new_table();
    if (layout == NULL)
        return NULL;
    scols_table_enable_noencoding(layout, 1);
    scols_table_enable_noheadings(layout, !table->headings);
    scols_table_enable_colors(layout, table->cli->colour);
    scols_table_set_column_separator(layout, table->cli->terminal ? " " : "  ");
    /* It is no terminal to the library: the columns have their widths already. */
    scols_table_set_termforce(layout, SCOLS_TERMFORCE_NEVER);
    if (fill(table, layout) != 0 || scols_print_table_to_string(layout, &text) != 0) {
        free(text);
        text = NULL;
    }
    scols_unref_table(layout);
    return text;
}

static void print_note(const struct table *table, const struct row *row)
{
    size_t room = table->cli->width > row->note_indent ? table->cli->width - row->note_indent : 1;

    if (table->cli->terminal)
        out_cut(row->note, room);
    out_colour(table->cli, "dim");
    printf("%*s%s", (int)row->note_indent, "", row->note);
    out_plain(table->cli);
    putchar('\n');
}

/* Without the blanks that pad the last column. */
static void print_line(const struct table *table, const char *line, size_t size, bool heading)
{
    while (size > 0 && line[size - 1] == ' ')
        size--;
    if (heading)
        out_colour(table->cli, "bold");
    fwrite(line, 1, size, stdout);
    if (heading)
        out_plain(table->cli);
    putchar('\n');
}

static void print_lines(const struct table *table, const char *text)
{
    bool heading = table->headings;

    for (size_t row = 0; *text != '\0' && row < table->row_count;) {
        size_t size = strcspn(text, "\n");

        print_line(table, text, size, heading);
        text += size + (text[size] == '\n');
        if (!heading) {
            if (table->rows[row].note != NULL)
                print_note(table, &table->rows[row]);
            row++;
        }
        heading = false;
    }
}

int table_print(struct table **table, struct error *why)
{
    char *text = NULL;
    int result = 0;

    if (!(*table)->failed && (*table)->row_count > 0) {
        if ((*table)->cli->terminal)
            cut(*table);
        text = lay_out(*table);
    }
    if ((*table)->failed || ((*table)->row_count > 0 && text == NULL))
        result = error_set(why, "cannot print the table: no memory");
    else if (text != NULL)
        print_lines(*table, text);
    free(text);
    table_free(*table);
    *table = NULL;
    return result;
}
