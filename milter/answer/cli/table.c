/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: see table.h. Notes are woven in after the library has laid the rows out, since it can
 * only repeat columns.
 */
#include "table.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

struct note {
    size_t row;
    size_t indent;
    char *text;
};

struct table {
    const struct cli *cli;
    struct libscols_table *inner;
    size_t columns, rows;
    bool headings;
    struct note *notes; /* in the order of the rows */
    size_t note_count;
    bool failed;
};

static int add_columns(struct table *table, const struct table_column *columns)
{
    for (size_t i = 0; i < table->columns; i++) {
        int flags = (columns[i].cut && table->cli->terminal ? SCOLS_FL_TRUNC : 0) |
                    (columns[i].right ? SCOLS_FL_RIGHT : 0);
        if (scols_table_new_column(table->inner, columns[i].name, columns[i].width, flags) == NULL)
            return -1;
    }
    return 0;
}

static void table_free(struct table *table)
{
    scols_unref_table(table->inner);
    for (size_t i = 0; i < table->note_count; i++)
        free(table->notes[i].text);
    free(table->notes);
    free(table);
}

struct table *table_new(const struct cli *cli, const struct table_column *columns, size_t count,
                        bool headings)
{
    struct table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    *table = (struct table){.cli = cli, .columns = count, .headings = headings};
    scols_init_debug(0);
    table->inner = scols_new_table();
    if (table->inner == NULL || add_columns(table, columns) != 0) {
        table_free(table);
        return NULL;
    }
    scols_table_enable_noencoding(table->inner, 1);
    scols_table_enable_noheadings(table->inner, !headings);
    scols_table_enable_colors(table->inner, cli->colour);
    scols_table_set_column_separator(table->inner, cli->terminal ? " " : "  ");
    scols_table_set_termforce(table->inner,
                              cli->terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    if (cli->terminal)
        scols_table_set_termwidth(table->inner, cli->width);
    return table;
}

static int keep_note(struct table *table, const char *text, size_t indent)
{
    struct note *larger = realloc(table->notes, (table->note_count + 1) * sizeof *larger);

    if (larger == NULL)
        return -1;
    table->notes = larger;
    larger[table->note_count] = (struct note){table->rows, indent, strdup(text)};
    if (larger[table->note_count].text == NULL)
        return -1;
    table->note_count++;
    return 0;
}

void table_row(struct table *table, const char *const *cells, size_t coloured, const char *colour,
               const char *note, size_t note_indent)
{
    struct libscols_line *line = scols_table_new_line(table->inner, NULL);

    if (line == NULL) {
        table->failed = true;
        return;
    }
    for (size_t i = 0; i < table->columns; i++)
        if (scols_line_set_data(line, i, cells[i]) != 0)
            table->failed = true;
    if (colour != NULL && table->cli->colour)
        scols_cell_set_color(scols_line_get_cell(line, coloured), colour);
    if (note != NULL && keep_note(table, note, note_indent) != 0)
        table->failed = true;
    table->rows++;
}

static void print_note(const struct table *table, struct note *note)
{
    size_t room = table->cli->width > note->indent ? table->cli->width - note->indent : 1;

    out_cut(note->text, room);
    out_colour(table->cli, "dim");
    printf("%*s%s", (int)note->indent, "", note->text);
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
    size_t note = 0, row = 0;
    bool heading = table->headings;

    while (*text != '\0') {
        size_t size = strcspn(text, "\n");

        print_line(table, text, size, heading);
        text += size + (text[size] == '\n');
        if (heading) {
            heading = false;
            continue;
        }
        if (note < table->note_count && table->notes[note].row == row)
            print_note(table, &table->notes[note++]);
        row++;
    }
}

int table_print(struct table **table, struct error *why)
{
    char *text = NULL;
    int result = 0;

    if ((*table)->failed || scols_print_table_to_string((*table)->inner, &text) != 0)
        result = error_set(why, "cannot print the table: no memory");
    else if ((*table)->rows > 0)
        print_lines(*table, text);
    free(text);
    table_free(*table);
    *table = NULL;
    return result;
}
