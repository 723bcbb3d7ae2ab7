/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * part: decodes a leaf of a mail and tells its lines. Promise: each byte is looked at a constant
 * number of times; after REPORT_TEXT_MAX bytes of text the rest of it is passed over.
 */
#include "part.h"

#include <string.h>

void part_open(struct part *part, mime_told *told, void *context)
{
    memset(part, 0, offsetof(struct part, field));
    part->told = told;
    part->context = context;
    buffer_init(&part->held, PART_HOLD_MAX);
    charset_begin(&part->charset);
    field_begin(&part->field);
}

void part_close(struct part *part)
{
    buffer_free(&part->held);
    charset_end(&part->charset);
}

void part_begin(struct part *part, enum part_sink sink, enum transfer transfer,
                struct slice charset)
{
    part->sink = transfer == TRANSFER_UNKNOWN ? PART_SKIPPED : sink;
    part->transfer = transfer;
    part->base64 = (struct base64){0};
    part->line_size = 0;
    part->group = part->said = false;
    if (sink == PART_HTML)
        html_begin(&part->html);
    charset_choose(&part->charset, charset);
}

static struct slice without_cr(struct slice line)
{
    while (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* ---- text ---- */

static void tell_text(struct part *part, struct slice line)
{
    if (part->text_size + line.size + 1 > REPORT_TEXT_MAX) {
        part->partial = true;
        part->sink = PART_SKIPPED;
        return;
    }
    part->text_size += line.size + 1;
    if (!part->said && slice_trim(line).size > 0)
        part->said = part->text_told = true;
    part->told(part->context, MIME_TEXT, SLICE_ABSENT, line);
}

static void html_told_line(void *context, struct slice line)
{
    tell_text(context, line);
}

static struct slice to_utf8(struct part *part, struct slice line)
{
    return charset_line(&part->charset, line, part->utf8, sizeof part->utf8, &part->partial);
}

/* A CR inside of a line ends one too. */
static void text_line(struct part *part, struct slice line)
{
    struct slice front;

    while (part->sink != PART_SKIPPED && text_take_until(&line, '\r', &front))
        tell_text(part, to_utf8(part, front));
    if (part->sink != PART_SKIPPED)
        tell_text(part, to_utf8(part, line));
}

static void html_part(struct part *part, struct slice line, bool ends)
{
    html_line(&part->html, to_utf8(part, line), ends, html_told_line, part);
}

static void tell_held_lines(struct part *part)
{
    struct slice rest = slice_make(part->held.data, part->held.size), line;

    while (part->sink == PART_TEXT && text_take_until(&rest, '\n', &line))
        text_line(part, line);
    buffer_clear(&part->held);
}

/* So much stands there that it is no mere preamble: it is told while it comes. */
static void hold_line(struct part *part, struct slice line)
{
    if (line.size + 1 <= part->held.limit - part->held.size) {
        buffer_add(&part->held, line.at, line.size);
        buffer_add_char(&part->held, '\n');
        return;
    }
    part->sink = PART_TEXT;
    tell_held_lines(part);
    text_line(part, line);
}

void part_tell_held(struct part *part)
{
    if (part->text_told)
        return;
    part_begin(part, PART_TEXT, TRANSFER_PLAIN, SLICE_ABSENT);
    tell_held_lines(part);
}

/* ---- fields ---- */

static void tell_field(struct part *part)
{
    struct slice name, value;

    if (!field_take(&part->field, &name, &value))
        return;
    part->group = true;
    part->told(part->context, part->fields, name, value);
}

static void group_ends(struct part *part)
{
    tell_field(part);
    if (part->group && part->fields == MIME_STATUS)
        part->told(part->context, MIME_STATUS_END, SLICE_ABSENT, SLICE_ABSENT);
    if (part->group && part->sink == PART_RETURNED)
        part->sink = PART_SKIPPED;
    part->group = false;
}

/* Reports often fold a field without the blank that belongs there; mails do not. */
static void field_line(struct part *part, struct slice line)
{
    bool folded = line.size > 0 && (line.at[0] == ' ' || line.at[0] == '\t');
    size_t name_size = folded ? 0 : field_name_size(line);

    if (slice_trim(line).size == 0) {
        group_ends(part);
    } else if (name_size > 0) {
        tell_field(part);
        field_start(&part->field, line, name_size);
    } else if (folded || part->sink == PART_FIELDS) {
        field_fold(&part->field, line);
    }
}

static void guess_sink(struct part *part, struct slice line)
{
    if (slice_trim(line).size == 0)
        return;
    part->sink = part->otherwise;
    if (field_name_size(line) > 0) {
        part->sink = PART_RETURNED;
        part->fields = MIME_RETURNED;
    }
}

/* ---- from pieces to decoded lines ---- */

static void part_line(struct part *part, struct slice line)
{
    line = without_cr(line);
    if (part->sink == PART_GUESSED)
        guess_sink(part, line);
    switch (part->sink) {
    case PART_TEXT:
        text_line(part, line);
        break;
    case PART_HTML:
        html_part(part, line, true);
        break;
    case PART_HELD:
        hold_line(part, line);
        break;
    case PART_FIELDS:
    case PART_RETURNED:
        field_line(part, line);
        break;
    case PART_SKIPPED:
    case PART_GUESSED:
        break;
    }
}

/* The end of a tag or a word, so that none is torn where a long line of HTML is cut. */
static size_t html_cut(const struct part *part)
{
    for (size_t size = part->line_size; size > part->line_size / 2; size--)
        if (part->line[size - 1] == '>' || part->line[size - 1] == ' ')
            return size;
    return part->line_size;
}

/* Add to the unfinished line. HTML is often one long line; of all else the rest is left out. */
static void keep_bytes(struct part *part, struct slice bytes)
{
    while (bytes.size > 0) {
        size_t room = sizeof part->line - part->line_size;
        size_t size = bytes.size < room ? bytes.size : room;
        memcpy(part->line + part->line_size, bytes.at, size);
        part->line_size += size;
        bytes = slice_make(bytes.at + size, bytes.size - size);
        if (bytes.size == 0)
            return;
        if (part->sink != PART_HTML) {
            part->partial = true;
            return;
        }
        size = html_cut(part);
        html_part(part, slice_make(part->line, size), false);
        part->line_size -= size;
        memmove(part->line, part->line + size, part->line_size);
    }
}

static void end_kept_line(struct part *part)
{
    size_t size = part->line_size;

    part->line_size = 0;
    part_line(part, slice_make(part->line, size));
}

static void decoded_bytes(struct part *part, struct slice bytes)
{
    struct slice line;

    while (part->sink != PART_SKIPPED && text_take_until(&bytes, '\n', &line)) {
        if (part->line_size == 0 && line.size <= sizeof part->line) {
            part_line(part, line);
        } else {
            keep_bytes(part, line);
            end_kept_line(part);
        }
    }
    if (part->sink != PART_SKIPPED)
        keep_bytes(part, bytes);
}

static void plain_piece(struct part *part, const struct piece *piece)
{
    if (piece->first && piece->last) {
        part_line(part, piece->bytes);
        return;
    }
    keep_bytes(part, piece->bytes);
    if (piece->last)
        end_kept_line(part);
}

void part_piece(struct part *part, const struct piece *piece)
{
    size_t size;

    if (part->sink == PART_SKIPPED)
        return;
    if (part->transfer == TRANSFER_PLAIN) {
        plain_piece(part, piece);
        return;
    }
    if (part->transfer == TRANSFER_BASE64)
        size = base64_decode(&part->base64, piece->bytes, part->decoded);
    else
        size = quoted_decode_line(piece, part->decoded);
    decoded_bytes(part, slice_make(part->decoded, size));
}

void part_end(struct part *part)
{
    if (part->line_size > 0)
        end_kept_line(part);
    if (part->sink == PART_FIELDS || part->sink == PART_RETURNED)
        group_ends(part);
    if (part->sink == PART_HTML)
        html_end(&part->html, html_told_line, part);
    part->partial = part->partial || part->field.cut;
    part->sink = PART_SKIPPED;
}
