/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape: foreign bytes made safe for a terminal, JSON, CSV and record lines. Promise: whatever
 * comes in, what goes out is valid UTF-8 without characters that steer or hide.
 */
#include "waybill/escape.h"

#include <stdio.h>
#include <string.h>

/* First and last code of what must never reach a reader as itself: controls, marks that turn the
 * direction of text, characters that take no place or look like a blank, line separators, tags.
 * Variation selectors are left alone: every second emoji in a subject has one. */
static const struct {
    uint32_t first, last;
} unsafe[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180e, 0x180e},   {0x200b, 0x200f}, {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
    {0xfffe, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool code_unsafe(uint32_t code)
{
    if (code >= 0x20 && code < 0x7f)
        return false;
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++)
        if (code >= unsafe[i].first && code <= unsafe[i].last)
            return true;
    return false;
}

/* Step over one character, or over one bad byte: then 0 and *code is the byte. */
static size_t take_character(struct slice *from, uint32_t *code)
{
    size_t length = text_utf8(*from, code), step = length > 0 ? length : 1;

    if (length == 0)
        *code = (unsigned char)from->at[0];
    from->at += step;
    from->size -= step;
    return length;
}

size_t escape_piece(struct slice *from, char piece[static ESCAPE_PIECE_SIZE])
{
    const char *start = from->at;
    uint32_t code;
    size_t length = take_character(from, &code);

    if (length > 0 && !code_unsafe(code)) {
        memcpy(piece, start, length);
        piece[length] = '\0';
        return length;
    }
    if (length <= 1)
        return (size_t)snprintf(piece, ESCAPE_PIECE_SIZE, "\\x%02X", (unsigned)code);
    return (size_t)snprintf(piece, ESCAPE_PIECE_SIZE, "\\u{%04X}", (unsigned)code);
}

#define EIGHT(byte) ((unsigned char)(byte) * UINT64_C(0x0101010101010101))

static inline uint64_t below(uint64_t eight, unsigned char least)
{
    return (eight - EIGHT(least)) & ~eight & EIGHT(0x80);
}

/* Not 0: one of eight bytes is not printable ASCII, or one of two that are special. */
static inline uint64_t special_eight(uint64_t eight, char special, char other)
{
    return (eight & EIGHT(0x80)) | below(eight, 0x20) | below(eight ^ EIGHT(0x7f), 1) |
           below(eight ^ EIGHT(special), 1) | below(eight ^ EIGHT(other), 1);
}

/* Eight bytes from there on. */
static inline uint64_t load_eight(const char *at)
{
    uint64_t eight;

    memcpy(&eight, at, sizeof eight);
    return eight;
}

/* Fewer than eight bytes, with plain ones behind them. */
static inline uint64_t load_few(const char *at, size_t size)
{
    uint64_t eight = EIGHT('a');

    for (size_t i = 0; i < size; i++)
        eight = eight << 8 | (unsigned char)at[i];
    return eight;
}

/* Most values are: then they are copied whole. The last look may see bytes for the second time. */
static inline bool all_plain(struct slice from, char special, char other)
{
    uint64_t found = 0;

    if (from.size < 8)
        return special_eight(load_few(from.at, from.size), special, other) == 0;
    for (size_t i = 0; i + 8 < from.size; i += 8)
        found |= special_eight(load_eight(from.at + i), special, other);
    return (found | special_eight(load_eight(from.at + from.size - 8), special, other)) == 0;
}

/* Printable ASCII is by far the most: it is copied in runs, eight bytes at a look. Two characters
 * may be special; one that is not printable stands for none. */
static inline size_t plain_run(struct slice from, char special, char other)
{
    size_t size = 0;

    while (from.size - size >= 8 && special_eight(load_eight(from.at + size), special, other) == 0)
        size += 8;
    while (size < from.size && from.at[size] >= 0x20 && from.at[size] < 0x7f &&
           from.at[size] != special && from.at[size] != other)
        size++;
    return size;
}

static void add_run(struct buffer *to, struct slice *from, size_t size)
{
    buffer_add(to, from->at, size);
    from->at += size;
    from->size -= size;
}

int escape_terminal(struct buffer *to, struct slice from)
{
    char piece[ESCAPE_PIECE_SIZE];

    while (from.size > 0 && !to->failed) {
        size_t run = plain_run(from, '\0', '\0');
        if (run > 0)
            add_run(to, &from, run);
        else
            buffer_add(to, piece, escape_piece(&from, piece));
    }
    return to->failed ? -1 : 0;
}

static void json_character(struct buffer *to, struct slice *from)
{
    const char *start = from->at;
    uint32_t code;
    size_t length = take_character(from, &code);

    if (length == 0)
        buffer_add_text(to, "\xef\xbf\xbd");
    else if (code == '"' || code == '\\')
        buffer_addf(to, "\\%c", (char)code);
    else if (code == '\n')
        buffer_add_text(to, "\\n");
    else if (code == '\r')
        buffer_add_text(to, "\\r");
    else if (code == '\t')
        buffer_add_text(to, "\\t");
    else if (!code_unsafe(code))
        buffer_add(to, start, length);
    else if (code < 0x10000)
        buffer_addf(to, "\\u%04x", (unsigned)code);
    else
        buffer_addf(to, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (code >> 10)),
                    (unsigned)(0xdc00 + (code & 0x3ff)));
}

/* Most often nothing has to be escaped, and one look at the buffer's room is enough. */
static int json_plain(struct buffer *to, struct slice from)
{
    char *at = buffer_extend(to, from.size + 2);

    if (at == NULL)
        return -1;
    at[0] = at[from.size + 1] = '"';
    if (from.size > 0)
        memcpy(at + 1, from.at, from.size);
    return 0;
}

int escape_json(struct buffer *to, struct slice from)
{
    if (plain_run(from, '"', '\\') == from.size)
        return json_plain(to, from);
    buffer_add_char(to, '"');
    while (from.size > 0 && !to->failed) {
        size_t run = plain_run(from, '"', '\\');
        if (run > 0)
            add_run(to, &from, run);
        else
            json_character(to, &from);
    }
    return buffer_add_char(to, '"');
}

/* Spreadsheets run what begins so, also behind blanks and quotes. A line break was a blank by
 * then, so the leading ones count, too. */
static bool looks_like_formula(struct slice from)
{
    from = slice_trim(from);
    return from.size > 0 && strchr("=+-@|%", from.at[0]) != NULL && from.at[0] != '\0';
}

static void csv_character(struct buffer *to, struct slice *from)
{
    char piece[ESCAPE_PIECE_SIZE];

    if (from->at[0] == '\n' || from->at[0] == '\r' || from->at[0] == '\t') {
        buffer_add_char(to, ' ');
        from->at++;
        from->size--;
        return;
    }
    if (from->at[0] == '"')
        buffer_add_char(to, '"');
    buffer_add(to, piece, escape_piece(from, piece));
}

int escape_csv(struct buffer *to, struct slice from)
{
    bool formula = looks_like_formula(from);
    bool quoted = formula || slice_find(from, ',') >= 0 || slice_find(from, '"') >= 0 ||
                  slice_find(from, ';') >= 0 || slice_find(from, '\n') >= 0 ||
                  slice_find(from, '\r') >= 0 ||
                  (from.size > 0 && (from.at[0] == ' ' || from.at[from.size - 1] == ' '));

    if (quoted)
        buffer_add_char(to, '"');
    if (formula)
        buffer_add_char(to, '\'');
    while (from.size > 0 && !to->failed)
        csv_character(to, &from);
    if (quoted)
        buffer_add_char(to, '"');
    return to->failed ? -1 : 0;
}

static void value_byte(struct buffer *to, char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[3] = {'%', digits[(unsigned char)byte >> 4], digits[byte & 15]};

    buffer_add(to, text, sizeof text);
}

static void value_character(struct buffer *to, struct slice *from)
{
    const char *start = from->at;
    uint32_t code;
    size_t length = take_character(from, &code);

    if (length > 1 && !code_unsafe(code)) {
        buffer_add(to, start, length);
        return;
    }
    for (const char *byte = start; byte < from->at; byte++)
        value_byte(to, *byte);
}

int escape_shell(struct buffer *to, struct slice from)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:,./@%";
    struct slice rest = from, taken;

    if (text_take_any(&rest, plain, &taken) && rest.size == 0)
        return buffer_add(to, from.at, from.size);
    buffer_add_char(to, '\'');
    for (size_t i = 0; i < from.size; i++)
        if (from.at[i] == '\'')
            buffer_add_text(to, "'\\''");
        else
            buffer_add_char(to, from.at[i]);
    return buffer_add_char(to, '\'');
}

int escape_value(struct buffer *to, struct slice from)
{
    return escape_value_as(to, from, "%20");
}

int escape_value_as(struct buffer *to, struct slice from, const char *blank)
{
    char stop = blank[0] == ' ' ? '%' : ' ';

    if (all_plain(from, stop, '%'))
        return from.size > 0 ? buffer_add(to, from.at, from.size) : -to->failed;
    while (from.size > 0 && !to->failed) {
        size_t run = plain_run(from, stop, '%');
        if (run > 0) {
            add_run(to, &from, run);
        } else if (from.at[0] == ' ') {
            buffer_add_text(to, blank);
            from = slice_make(from.at + 1, from.size - 1);
        } else {
            value_character(to, &from);
        }
    }
    return to->failed ? -1 : 0;
}

size_t unescape_value(char *data, size_t size)
{
    const char *mark = size > 0 ? memchr(data, '%', size) : NULL;
    size_t in = mark != NULL ? (size_t)(mark - data) : size, out = in;

    while (in < size) {
        int high = -1, low = -1;
        if (data[in] == '%' && size - in > 2) {
            high = text_hex(data[in + 1]);
            low = text_hex(data[in + 2]);
        }
        if (high >= 0 && low >= 0) {
            data[out++] = (char)(high * 16 + low);
            in += 3;
        } else {
            data[out++] = data[in++];
        }
    }
    return out;
}
