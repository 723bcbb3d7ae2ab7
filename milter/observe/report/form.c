/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * form: finds the sentence, then the recipients as the form has them. Promise: an address is only
 * taken from where the form has a recipient.
 */
#include "form.h"

#define NEAR 160 /* bytes between a sentence and the one that it names */

static struct slice behind(struct slice whole, struct slice part)
{
    const char *at = part.at + part.size;
    return slice_make(at, (size_t)(whole.at + whole.size - at));
}

static bool is_label(struct slice said)
{
    return slice_ends(said, ":") || slice_ends(said, "-");
}

static struct slice words_from(const struct form *form, struct slice text)
{
    struct slice said = phrase_find(text, form->why);
    if (said.at == NULL)
        return SLICE_ABSENT;
    struct slice words = behind(text, said);
    if (form->end != NULL)
        words = prose_before(words, form->end);
    if (!is_label(said))
        words = slice_make(said.at, (size_t)(words.at + words.size - said.at));
    return slice_trim(words);
}

/* Of all that have none: what the form says, or what follows the recipients. */
static void add_words(const struct form *form, struct slice text, struct slice below,
                      struct findings *findings)
{
    struct slice words = SLICE_ABSENT;
    if (form->why != NULL)
        words = words_from(form, text);
    else if (below.at != NULL)
        words = slice_trim(form->end == NULL ? below : prose_before(below, form->end));
    if (words.size > 0)
        prose_fill_words(findings, words);
}

/* "a@example.org<mailto:a@example.org>", as Outlook writes a link. */
static struct slice linked_address(struct slice piece)
{
    struct slice shown;
    if (text_take_until_text(&piece, "<mailto:", &shown))
        return prose_alone(shown);
    return SLICE_ABSENT;
}

static struct slice piece_address(struct slice piece)
{
    struct slice address = prose_alone(piece);
    if (address.at == NULL)
        address = linked_address(piece);
    if (address.at != NULL)
        return address;
    ptrdiff_t bracket = slice_find(piece, '<');
    if (bracket < 0)
        bracket = slice_find(piece, '(');
    if (bracket < 0 || slice_find(slice_make(piece.at, (size_t)bracket), '@') >= 0)
        return SLICE_ABSENT;
    return prose_alone(slice_make(piece.at + bracket, piece.size - (size_t)bracket));
}

/* The next piece of a list; a comma in a quoted name ("Doe, Ann" <a@example.org>) parts nothing. */
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

bool form_add_line(struct slice line, enum report_action action, struct findings *findings)
{
    bool any = false;
    while (line.size > 0) {
        struct slice piece = take_piece(&line);
        if (piece.size == 0)
            continue;
        struct slice address = piece_address(piece);
        if (address.at == NULL)
            return any;
        any = prose_add(findings, address, action, SLICE_ABSENT) != NULL;
    }
    return any;
}

static void read_one(const struct form *form, struct slice text, struct slice rest,
                     enum report_action action, struct findings *findings)
{
    struct slice address = page_address(rest);
    if (address.at == NULL || address.at - rest.at > NEAR)
        return;
    (void)prose_add(findings, address, action, SLICE_ABSENT);
    add_words(form, text, behind(rest, address), findings);
}

/* The words on one reach from its address to the line that names the next. */
static void read_each(const struct form *form, struct slice rest, enum report_action action,
                      struct findings *findings)
{
    struct slice line;
    struct found *row = NULL;
    bool wanted = true; /* the sentence was said, its address is still to come */
    while (page_line(&rest, &line)) {
        struct slice said = phrase_find(line, form->names);
        struct slice from = said.at == NULL ? line : behind(line, said);
        struct slice address = SLICE_ABSENT;
        if (said.at != NULL || wanted)
            address = said.at == NULL ? prose_alone(line) : page_address(from);
        wanted = address.at == NULL && (said.at != NULL || (wanted && prose_is_empty(line)));
        if (address.at != NULL) {
            row = findings_find(findings, address);
            row = row == NULL ? prose_add(findings, address, action, SLICE_ABSENT) : NULL;
            from = behind(line, address);
        }
        if (row != NULL && !prose_is_empty(from))
            row->words = prose_span(row->words.size == 0 ? from : row->words, from);
    }
}

/* A line of dashes and the like between the sentence and the list. */
static bool is_rule(struct slice line)
{
    struct slice taken;
    line = slice_trim(line);
    return line.size == 0 || (text_take_any(&line, "-=_*", &taken) && line.size == 0);
}

/* "<a@example.org>  (User unknown)", "a@example.org [Connection timed out]" */
static bool add_line_with_words(struct slice line, enum report_action action,
                                struct findings *findings)
{
    struct slice address = page_address(line), taken;
    if (address.at == NULL)
        return false;
    struct slice front = slice_make(line.at, (size_t)(address.at - line.at));
    struct slice words = behind(line, address);
    (void)text_take_any(&front, " \t<*-'\"", &taken);
    (void)text_take_any(&words, " \t>:'\"", &taken);
    if (front.size == 0)
        (void)prose_add(findings, address, action, slice_trim(words));
    return front.size == 0;
}

static void read_list(const struct form *form, struct slice text, struct slice rest,
                      enum report_action action, struct findings *findings)
{
    struct slice line, below = rest;
    bool open = true, first = true;
    while (page_line(&rest, &line)) {
        struct slice said = phrase_find(line, form->names);
        if (said.at != NULL) {
            open = true;
            line = behind(line, said);
        }
        if (open && (form->shape == FORM_LINES ? add_line_with_words(line, action, findings)
                                               : form_add_line(slice_trim(line), action, findings)))
            below = rest;
        else if (!is_rule(line) && !first && said.at == NULL)
            open = false;
        first = false;
    }
    add_words(form, text, below, findings);
}

void form_read(const struct form *form, const struct page *page, struct findings *findings)
{
    struct slice said = phrase_find(page->text, form->names);
    if (said.at == NULL)
        return;
    struct slice rest = behind(page->text, said);
    if (form->until != NULL)
        rest = prose_before(rest, form->until);
    enum report_action action = REPORTED_FAILED;
    if (form->delayed != NULL && phrase_find(page->text, form->delayed).at != NULL)
        action = REPORTED_DELAYED;
    switch (form->shape) {
    case FORM_ONE:
        read_one(form, page->text, rest, action, findings);
        break;
    case FORM_EACH:
        read_each(form, slice_make(said.at, (size_t)(rest.at + rest.size - said.at)), action,
                  findings);
        add_words(form, page->text, SLICE_ABSENT, findings);
        break;
    case FORM_LIST:
    case FORM_LINES:
        read_list(form, page->text, rest, action, findings);
        break;
    case FORM_BLOCKS:
        prose_read_blocks(rest, PROSE_ALONE | PROSE_HEADED, action, findings);
        add_words(form, page->text, SLICE_ABSENT, findings);
        break;
    }
}
