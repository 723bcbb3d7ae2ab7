/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * content: reads the Content fields of a part. Promise: one pass over a field, fixed memory; a
 * parameter that does not fit or makes no sense is as good as absent.
 */
#include "content.h"

#include <string.h>

void content_begin(struct content *content)
{
    content->type[0] = '\0';
    content->boundary[0] = '\0';
    content->charset[0] = '\0';
    content->report_type[0] = '\0';
    content->name[0] = '\0';
    content->transfer = TRANSFER_PLAIN;
    content->attachment = content->headers = content->too_long = false;
}

static void fold_text(char *text)
{
    for (; *text != '\0'; text++)
        *text = text_lower(*text);
}

static void advance(struct slice *from, size_t size)
{
    from->at += size;
    from->size -= size;
}

/* Blanks and comments, which may nest: a counter is all that takes. */
static void skip_blanks(struct slice *from)
{
    size_t depth = 0;

    while (from->size > 0) {
        char byte = from->at[0];
        if (byte == '(')
            depth++;
        else if (byte == ')' && depth > 0)
            depth--;
        else if (depth > 0 && byte == '\\' && from->size > 1)
            advance(from, 1);
        else if (depth == 0 && memchr(" \t\r\n", byte, 4) == NULL)
            return;
        advance(from, 1);
    }
}

static bool take_token(struct slice *from, const char *stops, struct slice *token)
{
    size_t size = 0;

    while (size < from->size && (unsigned char)from->at[size] > ' ' &&
           strchr(stops, from->at[size]) == NULL)
        size++;
    *token = slice_make(from->at, size);
    if (size == 0)
        return false;
    advance(from, size);
    return true;
}

/* A parameter: its name without the marks of RFC 2231, and what those marks say. */
struct parameter {
    struct slice name, value;
    bool quoted;  /* the value may hold backslashes */
    bool encoded; /* "name*": percent signs, and charset'language' in front */
    uint64_t section;
};

static void take_quoted(struct slice *from, struct parameter *parameter)
{
    size_t size = 1;

    while (size < from->size && from->at[size] != '"')
        size += from->at[size] == '\\' && size + 1 < from->size ? 2 : 1;
    parameter->quoted = true;
    parameter->value = slice_make(from->at + 1, size - 1);
    advance(from, size < from->size ? size + 1 : from->size);
}

static void read_marks(struct parameter *parameter)
{
    struct slice name, rest = parameter->name;

    parameter->encoded = false;
    parameter->section = 0;
    if (!text_take_until(&rest, '*', &name))
        return;
    parameter->name = name;
    if (rest.size == 0) {
        parameter->encoded = true;
    } else if (text_take_number(&rest, &parameter->section)) {
        parameter->encoded = slice_is(rest, "*");
    }
}

/* The next parameter; what is none is passed over up to the next semicolon. */
static bool take_parameter(struct slice *from, struct parameter *parameter)
{
    while (from->size > 0) {
        skip_blanks(from);
        parameter->quoted = false;
        if (take_token(from, "=;\"(", &parameter->name)) {
            read_marks(parameter);
            skip_blanks(from);
            if (text_take_char(from, '=')) {
                skip_blanks(from);
                if (slice_starts(*from, "\"")) {
                    take_quoted(from, parameter);
                    return true;
                }
                return take_token(from, ";", &parameter->value) || from->size > 0;
            }
        } else if (from->size > 0) {
            advance(from, 1);
        }
    }
    return false;
}

/* The value as it is meant, behind the `size` bytes that are there already. False: no room. */
static bool append_value(const struct parameter *parameter, char *to, size_t room, size_t size)
{
    struct slice value = parameter->value, skipped;

    if (parameter->encoded && parameter->section == 0 && text_take_until(&value, '\'', &skipped))
        (void)text_take_until(&value, '\'', &skipped);
    for (size_t i = 0; i < value.size; i++) {
        char byte = value.at[i];
        if (parameter->quoted && byte == '\\' && i + 1 < value.size) {
            byte = value.at[++i];
        } else if (parameter->encoded && byte == '%' && value.size - i >= 3) {
            int high = text_hex(value.at[i + 1]), low = text_hex(value.at[i + 2]);
            if (high >= 0 && low >= 0) {
                byte = (char)(high << 4 | low);
                i += 2;
            }
        }
        if (size + 1 >= room)
            return false;
        if (byte != '\0')
            to[size++] = byte;
    }
    to[size] = '\0';
    return true;
}

/* Sections have to come in their order, as every known program writes them; the first value of a
 * name wins. False: there was no room, and nothing is left. */
static bool take_value(const struct parameter *parameter, char *to, size_t room)
{
    size_t size = strlen(to);

    if ((parameter->section == 0) != (size == 0))
        return true;
    if (append_value(parameter, to, room, size))
        return true;
    to[0] = '\0';
    return false;
}

static bool parameter_is(const struct parameter *parameter, const char *name)
{
    return slice_equal_nocase(parameter->name, slice_of(name));
}

static void take_parameters(struct content *content, struct slice rest)
{
    struct parameter parameter;

    while (take_parameter(&rest, &parameter)) {
        if (parameter_is(&parameter, "boundary")) {
            if (!take_value(&parameter, content->boundary, sizeof content->boundary))
                content->too_long = true;
        } else if (parameter_is(&parameter, "charset")) {
            (void)take_value(&parameter, content->charset, sizeof content->charset);
        } else if (parameter_is(&parameter, "report-type")) {
            (void)take_value(&parameter, content->report_type, sizeof content->report_type);
        } else if (parameter_is(&parameter, "name") || parameter_is(&parameter, "filename")) {
            (void)take_value(&parameter, content->name, sizeof content->name);
        }
    }
}

static void trim_boundary(char *boundary)
{
    size_t size = strlen(boundary);

    while (size > 0 && (boundary[size - 1] == ' ' || boundary[size - 1] == '\t'))
        boundary[--size] = '\0';
}

static void read_type(struct content *content, struct slice value)
{
    struct slice major, minor = SLICE_ABSENT;
    size_t size;

    skip_blanks(&value);
    if (content->type[0] != '\0' || !take_token(&value, "/;(\"", &major))
        return;
    skip_blanks(&value);
    if (text_take_char(&value, '/')) {
        skip_blanks(&value);
        (void)take_token(&value, ";(\"", &minor);
    }
    if (minor.size == 0) /* "Content-Type: text", as in the days before MIME */
        minor = slice_of(slice_equal_nocase(major, slice_of("multipart")) ? "mixed" : "plain");
    if (major.size + minor.size + 2 > sizeof content->type)
        return;
    size = major.size;
    memcpy(content->type, major.at, size);
    content->type[size++] = '/';
    (void)slice_copy(minor, content->type + size, sizeof content->type - size);
    fold_text(content->type);
    take_parameters(content, value);
    trim_boundary(content->boundary);
    fold_text(content->report_type);
}

static void read_disposition(struct content *content, struct slice value)
{
    struct slice word;

    skip_blanks(&value);
    if (take_token(&value, ";(\"", &word))
        content->attachment = slice_equal_nocase(word, slice_of("attachment"));
    take_parameters(content, value);
}

static bool says(struct slice text, const char *word)
{
    struct slice wanted = slice_of(word);

    for (size_t i = 0; i + wanted.size <= text.size; i++)
        if (slice_equal_nocase(slice_make(text.at + i, wanted.size), wanted))
            return true;
    return false;
}

/* "Undelivered Message Headers", as Postfix and others name the part. */
static void read_description(struct content *content, struct slice value)
{
    value = slice_trim(value);
    if (value.size == 0 || value.size >= sizeof content->name)
        return;
    (void)slice_copy(value, content->name, sizeof content->name);
    content->headers =
        says(value, "header") && (says(value, "undelivered") || says(value, "returned") ||
                                  says(value, "original") || says(value, "message"));
}

void content_field(struct content *content, struct slice name, struct slice value)
{
    if (name.size < 12 || (name.at[0] | 0x20) != 'c' || name.at[7] != '-')
        return;
    if (slice_equal_nocase(name, slice_of("Content-Type")))
        read_type(content, value);
    else if (slice_equal_nocase(name, slice_of("Content-Transfer-Encoding")))
        content->transfer = transfer_of(value);
    else if (slice_equal_nocase(name, slice_of("Content-Disposition")))
        read_disposition(content, value);
    else if (slice_equal_nocase(name, slice_of("Content-Description")))
        read_description(content, value);
}
