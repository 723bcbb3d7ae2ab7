/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prose: lists of recipients, one or more to a line. Promise: the list ends where a line names
 * nobody, so that no address of a farewell gets into it.
 */
#include "prose.h"

/* "a@example.org<mailto:a@example.org>", as a link becomes in plain text. */
static struct slice linked_address(struct slice piece)
{
    struct slice shown;
    if (!text_take_until_text(&piece, "<mailto:", &shown))
        return SLICE_ABSENT;
    return prose_alone(shown);
}

/* "Ann <a@example.org>", "Ann (a@example.org)" */
static struct slice named_address(struct slice piece)
{
    ptrdiff_t bracket = slice_find(piece, '<');
    if (bracket < 0)
        bracket = slice_find(piece, '(');
    if (bracket < 0 || slice_find(slice_make(piece.at, (size_t)bracket), '@') >= 0)
        return SLICE_ABSENT;
    return prose_alone(slice_make(piece.at + bracket, piece.size - (size_t)bracket));
}

/* A comma in a quoted name parts nothing. */
static struct slice take_piece(struct slice *line)
{
    bool quoted = false;
    size_t size = 0;
    for (; size < line->size && (quoted || (line->at[size] != ',' && line->at[size] != ';'));
         size++)
        quoted = quoted != (line->at[size] == '"');
    struct slice piece = slice_make(line->at, size);
    if (size < line->size)
        size++;
    *line = slice_make(line->at + size, line->size - size);
    return slice_trim(piece);
}

bool prose_list_line(struct slice line, enum report_action action, struct findings *findings)
{
    bool any = false;
    line = slice_trim(line);
    while (line.size > 0) {
        struct slice piece = take_piece(&line);
        struct slice address = prose_alone(piece);
        if (address.at == NULL)
            address = linked_address(piece);
        if (address.at == NULL)
            address = named_address(piece);
        if (address.at == NULL && piece.size > 0)
            return any;
        if (address.at != NULL)
            any = prose_add(findings, address, action, SLICE_ABSENT) != NULL;
    }
    return any;
}

/* A line of dashes, and an empty one, part nothing. */
static bool is_rule(struct slice line)
{
    struct slice taken;
    line = slice_trim(line);
    return line.size == 0 || (text_take_any(&line, "-=_*", &taken) && line.size == 0);
}

struct slice prose_read_lines(struct slice text, enum report_action action,
                              struct findings *findings)
{
    struct slice rest = text, line;
    while (page_line(&rest, &line) && (prose_list_line(line, action, findings) || is_rule(line)))
        text = rest;
    return text;
}
