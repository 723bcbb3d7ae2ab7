/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prose: line by line; a line that names a recipient opens a block, the next one closes it.
 */
#include "prose.h"

#include <string.h>

static struct slice rest_behind(struct slice whole, struct slice part)
{
    const char *at = part.at + part.size;
    return slice_make(at, (size_t)(whole.at + whole.size - at));
}

struct slice prose_after(struct slice text, const char *words)
{
    struct slice line, found = phrase_find(text, words);
    if (found.at == NULL)
        return SLICE_ABSENT;
    struct slice rest = rest_behind(text, found);
    if (!page_line(&rest, &line))
        rest.size = 0;
    return rest;
}

struct slice prose_from(struct slice text, const char *words)
{
    struct slice found = phrase_find(text, words);
    if (found.at == NULL)
        return SLICE_ABSENT;
    return slice_make(found.at, (size_t)(text.at + text.size - found.at));
}

struct slice prose_before(struct slice text, const char *words)
{
    struct slice found = phrase_find(text, words);
    if (found.at != NULL)
        text.size = (size_t)(found.at - text.at);
    return text;
}

struct slice prose_between(struct slice text, const char *begin, const char *end)
{
    struct slice rest = prose_after(text, begin);
    return rest.at == NULL ? rest : prose_before(rest, end);
}

struct slice prose_span(struct slice first, struct slice last)
{
    if (first.at == NULL || last.at == NULL || last.at + last.size < first.at)
        return SLICE_ABSENT;
    return slice_trim(slice_make(first.at, (size_t)(last.at + last.size - first.at)));
}

bool prose_paragraph(struct slice *rest, struct slice *paragraph)
{
    struct slice line, last = SLICE_ABSENT;
    *paragraph = SLICE_ABSENT;
    while (page_line(rest, &line)) {
        if (!prose_is_empty(line)) {
            if (paragraph->at == NULL)
                *paragraph = line;
            last = line;
        } else if (last.at != NULL) {
            break;
        }
    }
    if (last.at == NULL)
        return false;
    paragraph->size = (size_t)(last.at + last.size - paragraph->at);
    return true;
}

bool prose_is_empty(struct slice line)
{
    return slice_trim(line).size == 0;
}

bool prose_is_indented(struct slice line)
{
    return line.size > 0 && (line.at[0] == ' ' || line.at[0] == '\t');
}

/* Only bytes of `set` between the two places. */
static bool only(const char *at, const char *end, const char *set)
{
    for (; at < end; at++)
        if (*at == '\0' || strchr(set, *at) == NULL)
            return false;
    return true;
}

/* Byte by byte: what these characters are made of. */
#define BEFORE_ADDRESS " \t<>\"'([*-«“”•·"
#define BEHIND_ADDRESS " \t>\"')]:;,.”»"

/* "(generated from ...)" and the like behind an address, to the end of the line. */
static bool is_remark(struct slice rest)
{
    rest = slice_trim(rest);
    if (slice_ends(rest, ":") || slice_ends(rest, "."))
        rest.size--;
    return slice_starts(rest, "(") && slice_ends(rest, ")");
}

struct slice prose_alone(struct slice line)
{
    struct slice address = page_address(line);
    if (address.at == NULL)
        return address;
    struct slice front = slice_make(line.at, (size_t)(address.at - line.at));
    front = slice_trim(front);
    size_t mailto = phrase_at(front, "<mailto:") + phrase_at(front, "mailto:");
    if (mailto > 0)
        front = slice_make(front.at + mailto, front.size - mailto);
    if (!only(front.at, front.at + front.size, BEFORE_ADDRESS))
        return SLICE_ABSENT;
    struct slice rest = rest_behind(line, address);
    size_t closed = 0;
    while (closed < rest.size && strchr(">\"'] ", rest.at[closed]) != NULL)
        closed++;
    struct slice behind = slice_make(rest.at + closed, rest.size - closed);
    if (!only(rest.at, rest.at + rest.size, BEHIND_ADDRESS) && !is_remark(behind))
        return SLICE_ABSENT;
    return address;
}

bool prose_headed(struct slice line, struct slice *address, struct slice *words)
{
    struct slice found = page_address(line);
    if (found.at == NULL || !only(line.at, found.at, BEFORE_ADDRESS))
        return false;
    struct slice rest = rest_behind(line, found);
    struct slice closing;
    (void)text_take_any(&rest, ">\"')] \t", &closing);
    if (text_take_char(&rest, '(')) {
        struct slice remark;
        if (!text_take_until(&rest, ')', &remark))
            return false;
    }
    struct slice blanks;
    (void)text_take_any(&rest, " \t", &blanks);
    if (!text_take(&rest, "...") && !text_take_char(&rest, ':') && !text_take(&rest, "- ") &&
        !text_take(&rest, "– "))
        return false;
    *address = found;
    *words = slice_trim(rest);
    return true;
}

bool prose_label(struct slice line, const char *label, struct slice *value)
{
    line = slice_trim(line);
    size_t size = phrase_at(line, label);
    if (size == 0)
        return false;
    *value = slice_trim(slice_make(line.at + size, line.size - size));
    return true;
}

bool prose_address(struct slice *rest, struct slice *address)
{
    struct slice found = page_address(*rest);
    if (found.at == NULL)
        return false;
    *rest = rest_behind(*rest, found);
    *address = found;
    return true;
}

void prose_read_origin(struct slice line, struct found *row)
{
    struct slice from = prose_from(line, "expanded from|generated from|generated by|originally to");
    struct slice original = page_address(from);
    if (original.at != NULL)
        row->original = original;
}

static size_t indent_of(struct slice line)
{
    size_t indent = 0;
    while (indent < line.size && (line.at[indent] == ' ' || line.at[indent] == '\t'))
        indent++;
    return indent;
}

/* "Unknown user: a@example.org": the line ends with the address; it is part of the words. */
static struct slice address_at_end(struct slice line)
{
    struct slice address = page_address(line);
    if (address.at == NULL || only(line.at, address.at, BEFORE_ADDRESS))
        return SLICE_ABSENT;
    struct slice rest = rest_behind(line, address);
    return only(rest.at, rest.at + rest.size, BEHIND_ADDRESS) ? address : SLICE_ABSENT;
}

static struct slice address_in_front(struct slice line, struct slice *rest)
{
    struct slice address = page_address(line);
    if (address.at == NULL || !only(line.at, address.at, BEFORE_ADDRESS))
        return SLICE_ABSENT;
    *rest = rest_behind(line, address);
    struct slice closing;
    (void)text_take_any(rest, ">\"') \t", &closing);
    return address;
}

static bool in_brackets(struct slice line, struct slice address)
{
    const char *end = address.at + address.size;
    return address.at > line.at && address.at[-1] == '<' && end < line.at + line.size &&
           *end == '>';
}

/* Does the line name a recipient? */
static bool names_one(struct slice line, unsigned shapes, struct slice *address,
                      struct slice *words)
{
    *address = SLICE_ABSENT;
    *words = SLICE_ABSENT;
    if ((shapes & PROSE_ALONE) != 0)
        *address = prose_alone(line);
    if (address->at == NULL && (shapes & PROSE_HEADED) != 0)
        (void)prose_headed(line, address, words);
    if (address->at == NULL && (shapes & PROSE_TAIL) != 0) {
        *address = address_at_end(line);
        *words = slice_trim(line);
    }
    if (address->at == NULL && (shapes & PROSE_FRONT) != 0)
        *address = address_in_front(line, words);
    if (address->at == NULL)
        return false;
    return (shapes & PROSE_BRACKETS) == 0 || in_brackets(line, *address);
}

/* As names_one; what stands deeper than the first that did is words. */
static bool opens_block(struct slice line, unsigned shapes, size_t *deepest, struct slice *address,
                        struct slice *words)
{
    size_t indent = indent_of(line);
    if (((shapes & PROSE_INDENTED) != 0 && indent == 0) ||
        ((shapes & PROSE_FLUSH) != 0 && indent > 0) || indent > *deepest ||
        !names_one(line, shapes, address, words))
        return false;
    *deepest = indent;
    return true;
}

struct found *prose_add(struct findings *findings, struct slice address, enum report_action action,
                        struct slice words)
{
    struct found *row = findings_add(findings, address);
    if (row != NULL) {
        row->action = action;
        if (row->words.size == 0)
            row->words = words;
    }
    return row;
}

/* One more line of the row's words. */
static void extend_words(struct found *row, struct slice line)
{
    prose_read_origin(line, row);
    row->words = prose_span(row->words.size == 0 ? line : row->words, line);
}

void prose_read_blocks(struct slice text, unsigned shapes, enum report_action action,
                       struct findings *findings)
{
    struct slice line, address, words;
    struct found *row = NULL;
    size_t deepest = SIZE_MAX;
    while (page_line(&text, &line)) {
        if (opens_block(line, shapes, &deepest, &address, &words)) {
            row = prose_add(findings, address, action, words);
            if (row != NULL)
                prose_read_origin(slice_make(line.at, line.size - words.size), row);
        } else if (row != NULL && (shapes & PROSE_BARE) == 0 && !prose_is_empty(line)) {
            extend_words(row, line);
        } else if (row != NULL && (shapes & PROSE_GAP) != 0 && row->words.size > 0) {
            row = NULL;
        }
    }
}

void prose_read_list(struct slice text, enum report_action action, struct findings *findings)
{
    struct slice address;
    while (prose_address(&text, &address))
        if (prose_add(findings, address, action, SLICE_ABSENT) == NULL)
            return;
}

/* The row that this line names: behind the label, or in the line below it. */
static struct found *row_labelled(struct slice line, const char *label, bool *expected,
                                  enum report_action action, struct findings *findings)
{
    struct slice behind = prose_from(line, label);
    struct slice address = page_address(behind.at == NULL && *expected ? line : behind);
    *expected = address.at == NULL && (behind.at != NULL || (*expected && prose_is_empty(line)));
    if (address.at == NULL)
        return NULL;
    struct found *row = prose_add(findings, address, action, SLICE_ABSENT);
    struct slice rest = rest_behind(line, address);
    if (row != NULL && row->words.size == 0 && !only(rest.at, rest.at + rest.size, BEHIND_ADDRESS))
        extend_words(row, line);
    return row;
}

void prose_read_labels(struct slice text, const char *label, enum report_action action,
                       struct findings *findings)
{
    struct slice line;
    struct found *row = NULL;
    bool expected = false; /* the label stood alone */
    while (page_line(&text, &line)) {
        struct found *named = row_labelled(line, label, &expected, action, findings);
        if (named != NULL)
            row = named;
        else if (row != NULL && !prose_is_empty(line))
            extend_words(row, line);
        else if (row != NULL && row->words.size > 0)
            row = NULL;
    }
}

/* The row that the line names first. */
static struct found *row_named(const struct findings *findings, struct slice line)
{
    struct slice address;
    struct found *row = NULL;
    while (row == NULL && prose_address(&line, &address))
        row = findings_find(findings, address);
    return row;
}

void prose_read_words(struct slice text, struct findings *findings)
{
    struct slice line;
    struct found *row = NULL;
    while (page_line(&text, &line)) {
        struct found *named = row_named(findings, line);
        if (named != NULL && named != row)
            row = named->words.size == 0 ? named : NULL;
        if (row != NULL && prose_is_empty(line) && row->words.size > 0)
            row = NULL;
        if (row != NULL && (named == NULL || prose_alone(line).at == NULL))
            row->words = prose_span(row->words.size == 0 ? line : row->words, line);
    }
}

void prose_fill_words(struct findings *findings, struct slice words)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->of[i].words.size == 0)
            findings->of[i].words = words;
}

static bool says(struct slice text, const char *phrase)
{
    return phrase != NULL && phrase_find(text, phrase).at != NULL;
}

static enum report_action action_of(struct slice text, const struct form *form)
{
    if (says(text, form->delayed))
        return REPORTED_DELAYED;
    return says(text, form->delivered) ? REPORTED_DELIVERED : REPORTED_FAILED;
}

/* Behind the words that say so, in their line or below it. */
static struct slice words_behind(struct slice text, const char *words)
{
    struct slice found = phrase_find(text, words), line, taken;
    if (found.at == NULL)
        return SLICE_ABSENT;
    struct slice rest = rest_behind(text, found), below = rest;
    if (page_line(&below, &line) && text_take_any(&line, BEHIND_ADDRESS "-", &taken) &&
        line.size == 0)
        rest = below;
    return rest;
}

/* What is said of all is better than what happens to stand around the address. */
static void fill_from(struct slice text, const struct form *form, struct findings *findings)
{
    struct slice why = words_behind(text, form->why);
    if (why.at == NULL)
        return;
    for (size_t i = 0; i < findings->count; i++)
        findings->of[i].words = SLICE_ABSENT;
    if (form->why_end != NULL)
        why = prose_before(why, form->why_end);
    prose_read_words(why, findings);
    prose_fill_words(findings, slice_trim(why));
}

static void read_list(struct slice text, const struct form *form, enum report_action action,
                      struct findings *findings)
{
    struct slice below = prose_read_lines(text, action, findings);
    if ((form->shapes & PROSE_BARE) == 0 && !prose_is_empty(below))
        prose_fill_words(findings, slice_trim(below));
}

void prose_read_form(struct slice text, const struct form *form, struct findings *findings)
{
    enum report_action action = action_of(text, form);
    struct slice part = form->begin == NULL ? text : prose_after(text, form->begin);
    if (form->end != NULL)
        part = prose_before(part, form->end);
    if (form->label != NULL)
        prose_read_labels(part, form->label, action, findings);
    else if ((form->shapes & PROSE_ALL) != 0)
        prose_read_list(part, action, findings);
    else if ((form->shapes & PROSE_LIST) != 0)
        read_list(part, form, action, findings);
    else
        prose_read_blocks(part, form->shapes, action, findings);
    if (form->why != NULL)
        fill_from(text, form, findings);
    if (form->label != NULL)
        prose_read_words(part, findings);
    if (form->nobody && findings->count == 0)
        (void)prose_add(findings, SLICE_ABSENT, action, slice_trim(text));
}
