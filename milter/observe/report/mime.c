/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: finds the parts of a mail. Promise: what is told depends on the bytes alone, never on
 * where the chunks were cut; parts within parts are an array of REPORT_DEPTH_MAX boundaries, so
 * nothing recurses and nothing grows; one pass.
 *
 * What broken reports need: text outside of all parts (preamble, epilogue) is told if no part
 * has any, the preamble then at the end; a multipart without a boundary is text; NUL is U+FFFD
 * in text (a blank where a converter let it pass) and a blank in fields; a line ends at LF, CRLF
 * or, in text, at a CR alone.
 */
#include "mime.h"

#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "part.h"

enum mime_state {
    AT_START,  /* of a whole mail: nothing but blank lines was seen */
    IN_HEADER, /* of the mail, or of a part */
    IN_BODY,
};

struct level {
    size_t size;
    unsigned parts;
    bool closed, digest, alternative, report;
    bool plain_told; /* text/plain was told inside of it */
    char boundary[REPORT_BOUNDARY_MAX];
};

struct mime {
    enum mime_state state;
    bool own_header;   /* the header that is read is the mail's own */
    bool any_field;    /* the header of this part has one */
    bool header_waits; /* it was empty, but may come yet behind the empty line */
    bool untyped;      /* the mail says no type, and its text has not begun yet */
    bool leaf_is_plain;
    bool is_report;
    char report_type[32];
    unsigned parts;
    size_t depth;
    struct content content;
    struct part part;
    struct lines lines;
    struct level levels[REPORT_DEPTH_MAX];
};

struct mime *mime_open(mime_told *told, void *context)
{
    /* Not calloc: only what is used shall be touched. */
    struct mime *mime = malloc(sizeof *mime);

    if (mime == NULL)
        return NULL;
    memset(mime, 0, offsetof(struct mime, content));
    mime->own_header = true;
    content_begin(&mime->content);
    part_open(&mime->part, told, context);
    lines_begin(&mime->lines);
    return mime;
}

void mime_close(struct mime **mime)
{
    if (*mime == NULL)
        return;
    part_close(&(*mime)->part);
    free(*mime);
    *mime = NULL;
}

/* ---- the content of a part, by its type ---- */

static bool type_is(const struct mime *mime, const char *type)
{
    return strcmp(mime->content.type, type) == 0;
}

static bool type_starts(const struct mime *mime, const char *front)
{
    return strncmp(mime->content.type, front, strlen(front)) == 0;
}

static bool type_ends(const struct mime *mime, const char *end)
{
    return slice_ends(slice_of(mime->content.type), end);
}

static bool inside_told_alternative(const struct mime *mime)
{
    for (size_t i = 0; i < mime->depth; i++)
        if (mime->levels[i].alternative && mime->levels[i].plain_told)
            return true;
    return false;
}

/* Text types that no person reads. */
static bool type_is_machine_text(const struct mime *mime)
{
    static const char *const types[] = {"text/calendar", "text/css",        "text/csv",
                                        "text/vcard",    "text/x-vcard",    "text/directory",
                                        "text/xml",      "text/x-amp-html", "text/javascript"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (type_is(mime, types[i]))
            return true;
    return false;
}

static bool type_is_returned(const struct mime *mime)
{
    static const char *const types[] = {
        "message/rfc822",     "message/global",         "message/global-headers", "message/partial",
        "message/news",       "message/rfc822-headers", "text/rfc822-headers",    "text/rfc822",
        "text/rfc822-header", "message/rfc822-header"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (type_is(mime, types[i]))
            return true;
    return mime->content.headers && type_starts(mime, "text/");
}

static enum part_sink text_sink(struct mime *mime)
{
    if (mime->content.attachment && mime->part.text_told)
        return PART_SKIPPED;
    if (type_is(mime, "text/html"))
        return inside_told_alternative(mime) ? PART_SKIPPED : PART_HTML;
    if (type_is_machine_text(mime))
        return PART_SKIPPED;
    mime->leaf_is_plain = true;
    return PART_TEXT;
}

/* The third part of a report is the returned mail, whatever it calls itself, if it looks so. */
static bool is_third_of_report(const struct mime *mime)
{
    const struct level *level;

    if (mime->depth == 0)
        return false;
    level = &mime->levels[mime->depth - 1];
    return level->report && level->parts == 3;
}

static enum part_sink fields_sink(struct mime *mime, enum mime_line line, enum part_sink sink)
{
    mime->part.fields = line;
    return sink;
}

static enum part_sink leaf_sink(struct mime *mime)
{
    enum part_sink sink = PART_SKIPPED;

    if (type_is_returned(mime))
        return fields_sink(mime, MIME_RETURNED, PART_RETURNED);
    if (type_ends(mime, "delivery-status"))
        return fields_sink(mime, MIME_STATUS, PART_FIELDS);
    if (type_is(mime, "message/feedback-report"))
        return fields_sink(mime, MIME_FEEDBACK, PART_FIELDS);
    if (type_ends(mime, "disposition-notification"))
        return fields_sink(mime, MIME_DISPOSITION, PART_FIELDS);
    if (type_starts(mime, "text/") || type_starts(mime, "multipart/"))
        sink = text_sink(mime);
    if (!is_third_of_report(mime) || sink == PART_HTML)
        return sink;
    mime->part.otherwise = sink;
    return PART_GUESSED;
}

static void begin_leaf(struct mime *mime)
{
    const struct content *content = &mime->content;
    struct slice name = content->name[0] == '\0' ? SLICE_ABSENT : slice_of(content->name);

    mime->leaf_is_plain = false;
    mime->part.told(mime->part.context, MIME_PART, slice_of(content->type), name);
    part_begin(&mime->part, leaf_sink(mime), content->transfer, slice_of(content->charset));
}

/* Outside of all parts: before the first, behind the last, or in what is not read. */
static void begin_between(struct mime *mime, enum part_sink sink)
{
    mime->leaf_is_plain = false;
    if (mime->part.text_told)
        sink = PART_SKIPPED;
    part_begin(&mime->part, sink, TRANSFER_PLAIN, SLICE_ABSENT);
}

static void pass_over(struct mime *mime)
{
    mime->part.partial = true;
    begin_between(mime, PART_SKIPPED);
}

static void enter_multipart(struct mime *mime)
{
    const struct content *content = &mime->content;
    struct level *level;

    if (mime->depth == REPORT_DEPTH_MAX) {
        pass_over(mime);
        return;
    }
    level = &mime->levels[mime->depth++];
    level->size = strlen(content->boundary);
    memcpy(level->boundary, content->boundary, level->size);
    level->parts = 0;
    level->closed = level->plain_told = false;
    level->digest = type_is(mime, "multipart/digest");
    level->alternative = type_is(mime, "multipart/alternative");
    level->report = type_is(mime, "multipart/report");
    begin_between(mime, PART_HELD);
}

static void begin_body(struct mime *mime)
{
    struct content *content = &mime->content;
    bool digest = mime->depth > 0 && mime->levels[mime->depth - 1].digest;

    mime->state = IN_BODY;
    mime->untyped = mime->own_header && content->type[0] == '\0';
    if (content->type[0] == '\0')
        (void)slice_copy(slice_of(digest ? "message/rfc822" : "text/plain"), content->type,
                         sizeof content->type);
    if (content->too_long)
        pass_over(mime);
    else if (type_starts(mime, "multipart/") && content->boundary[0] != '\0')
        enter_multipart(mime);
    else
        begin_leaf(mime);
}

static void end_part(struct mime *mime)
{
    part_end(&mime->part);
    if (mime->part.said && mime->leaf_is_plain)
        for (size_t i = 0; i < mime->depth; i++)
            mime->levels[i].plain_told = true;
    mime->part.said = false;
}

/* ---- boundaries ---- */

/* Is the line "--boundary", or with "--" behind it the last one? */
static bool line_is_boundary(const struct level *level, struct slice line, bool *closes)
{
    const char *rest;

    if (line.size < level->size + 2 || memcmp(line.at + 2, level->boundary, level->size) != 0)
        return false;
    rest = line.at + 2 + level->size;
    line = slice_trim(slice_make(rest, line.size - level->size - 2));
    *closes = slice_is(line, "--");
    return *closes || line.size == 0;
}

/* The level whose boundary the line is; `depth`: none. */
static size_t find_level(const struct mime *mime, const struct piece *piece, bool *closes)
{
    struct slice line = piece->bytes;

    if (line.size < 2 || line.at[0] != '-' || line.at[1] != '-' || !piece->first || !piece->last)
        return mime->depth;
    for (size_t i = mime->depth; i-- > 0;)
        if (line_is_boundary(&mime->levels[i], line, closes))
            return i;
    return mime->depth;
}

static void leave_levels(struct mime *mime, size_t depth)
{
    for (size_t i = depth; i < mime->depth; i++)
        mime->part.partial = mime->part.partial || !mime->levels[i].closed;
    mime->depth = depth;
}

static void next_part(struct mime *mime, struct level *level)
{
    level->closed = false;
    level->parts++;
    if (++mime->parts > REPORT_PARTS_MAX) {
        mime->state = IN_BODY;
        pass_over(mime);
        return;
    }
    content_begin(&mime->content);
    mime->state = IN_HEADER;
    mime->own_header = mime->any_field = mime->header_waits = false;
}

static bool take_boundary(struct mime *mime, const struct piece *piece)
{
    bool closes = false;
    size_t i = find_level(mime, piece, &closes);

    if (i == mime->depth)
        return false;
    if (mime->header_waits)
        begin_body(mime); /* an empty part */
    else if (mime->state == IN_HEADER)
        mime->part.field.name_size = 0;
    mime->header_waits = false;
    end_part(mime);
    leave_levels(mime, i + 1);
    if (closes) {
        mime->levels[i].closed = true;
        mime->state = IN_BODY;
        begin_between(mime, PART_TEXT);
    } else {
        next_part(mime, &mime->levels[i]);
    }
    return true;
}

/* Mails lose their Content-Type on the way, or get another boundary than they name: a line in
 * front of all parts that can hardly be anything else is taken for it. */
#define LIKELY_BOUNDARY_LEAST 10

static bool looks_like_boundary(const struct piece *piece, struct slice line)
{
    bool alphanumeric = false;

    if (!piece->first || !piece->last || line.size < LIKELY_BOUNDARY_LEAST ||
        line.size > REPORT_BOUNDARY_MAX || line.at[0] != '-' || line.at[1] != '-')
        return false;
    for (size_t i = 2; i < line.size; i++) {
        char low = (char)(line.at[i] | 0x20);
        if (line.at[i] <= ' ')
            return false;
        alphanumeric =
            alphanumeric || (low >= 'a' && low <= 'z') || (line.at[i] >= '0' && line.at[i] <= '9');
    }
    return alphanumeric;
}

static bool adopt_boundary(struct mime *mime, const struct piece *piece)
{
    bool before_parts = mime->depth > 0 && mime->levels[mime->depth - 1].parts == 0;
    struct slice line;

    if (!mime->untyped && !before_parts)
        return false;
    line = slice_trim(piece->bytes);
    if (line.size == 0)
        return false;
    /* "This is a MIME-encapsulated message" may stand in front. */
    mime->untyped = mime->untyped && slice_find_text(line, "MIME") >= 0;
    if (!looks_like_boundary(piece, line))
        return false;
    mime->untyped = false;
    end_part(mime);
    mime->part.partial = true;
    mime->depth -= before_parts ? 1 : 0;
    (void)slice_copy(slice_make(line.at + 2, line.size - 2), mime->content.boundary,
                     sizeof mime->content.boundary);
    enter_multipart(mime);
    next_part(mime, &mime->levels[mime->depth - 1]);
    return true;
}

/* ---- headers ---- */

static void note_report(struct mime *mime)
{
    if (mime->is_report || !type_is(mime, "multipart/report"))
        return;
    mime->is_report = true;
    (void)slice_copy(slice_of(mime->content.report_type), mime->report_type,
                     sizeof mime->report_type);
}

static void end_field(struct mime *mime)
{
    struct slice name, value;

    if (!field_take(&mime->part.field, &name, &value))
        return;
    content_field(&mime->content, name, value);
    if (!mime->own_header)
        return;
    note_report(mime);
    mime->part.told(mime->part.context, MIME_FIELD, name, value);
}

static void end_header(struct mime *mime)
{
    end_field(mime);
    begin_body(mime);
}

/* "From user@example.org Mon Jan  1 00:00:00 2024": a time tells it from a sentence. */
static bool is_mbox_line(struct slice line)
{
    if (!slice_starts(line, "From ") && !slice_starts(line, ">From "))
        return false;
    for (size_t i = 6; i + 1 < line.size; i++)
        if (line.at[i] == ':' && line.at[i - 1] >= '0' && line.at[i - 1] <= '9' &&
            line.at[i + 1] >= '0' && line.at[i + 1] <= '9')
            return true;
    return false;
}

static void body_piece(struct mime *mime, const struct piece *piece)
{
    if (!adopt_boundary(mime, piece))
        part_piece(&mime->part, piece);
}

/* Some put an empty line between the boundary and the header of the part. */
static bool header_is_late(struct mime *mime, struct slice line, size_t name_size)
{
    bool late = mime->header_waits && name_size > 8 &&
                slice_equal_nocase(slice_make(line.at, 8), slice_of("Content-"));

    mime->header_waits = false;
    return late;
}

static void header_is_over(struct mime *mime)
{
    mime->header_waits = !mime->own_header && !mime->any_field;
    mime->any_field = true;
    if (!mime->header_waits)
        end_header(mime);
}

/* Some fold a list of parameters, or a Received field, without the blank that belongs there. */
static bool line_is_folded(const struct mime *mime, struct slice line)
{
    const struct field *field = &mime->part.field;

    if (field->name_size == 0 || line.size == 0)
        return false;
    if (line.at[0] == ' ' || line.at[0] == '\t' ||
        (field->bytes[field->size - 1] == ';' && slice_trim(line).size > 0))
        return true;
    return mime->own_header && slice_trim(line).size > 0 &&
           slice_equal_nocase(slice_make(field->bytes, field->name_size), slice_of("Received"));
}

/* A line that cannot stand in a header ends it, as it does for mail servers. */
static void header_line(struct mime *mime, const struct piece *piece, struct slice line)
{
    size_t name_size = field_name_size(line);
    bool waits = mime->header_waits;

    if (waits && !header_is_late(mime, line, name_size)) {
        end_header(mime);
        body_piece(mime, piece);
    } else if (name_size > 0) {
        end_field(mime);
        mime->any_field = true;
        field_start(&mime->part.field, line, name_size);
    } else if (line_is_folded(mime, line)) {
        field_fold(&mime->part.field, line);
    } else if (slice_trim(line).size == 0) {
        header_is_over(mime);
    } else if (!is_mbox_line(line)) {
        end_header(mime);
        body_piece(mime, piece);
    }
}

static void header_piece(struct mime *mime, const struct piece *piece)
{
    struct slice line = piece->bytes;

    while (piece->last && line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    if (piece->first)
        header_line(mime, piece, line);
    else
        field_more(&mime->part.field, line);
}

static void start_piece(struct mime *mime, const struct piece *piece)
{
    struct slice line = piece->bytes;

    if (!piece->first || slice_trim(line).size == 0)
        return;
    mime->state = IN_HEADER;
    (void)text_take(&line, "\xef\xbb\xbf");
    header_piece(mime, &(struct piece){line, piece->first, piece->last});
}

static void take_piece(void *context, const struct piece *piece)
{
    struct mime *mime = context;

    if (mime->state == AT_START)
        start_piece(mime, piece);
    else if (mime->depth > 0 && take_boundary(mime, piece))
        return;
    else if (mime->state == IN_HEADER)
        header_piece(mime, piece);
    else
        body_piece(mime, piece);
}

/* ---- what callers see ---- */

bool mime_is_over(const struct mime *mime)
{
    return mime->state == IN_BODY && mime->depth == 0 && mime->part.sink == PART_SKIPPED;
}

void mime_header(struct mime *mime, struct slice name, struct slice value)
{
    struct field *field = &mime->part.field;
    struct slice line;

    if (name.size == 0 || name.size > REPORT_FIELD_MAX / 2)
        return;
    field_start(field, name, name.size);
    field_more(field, slice_make(":", 1));
    while (text_take_until(&value, '\n', &line))
        field_fold(field, line);
    field_fold(field, value);
    end_field(mime);
}

void mime_body(struct mime *mime, const void *bytes, size_t size)
{
    if (mime->state == AT_START)
        begin_body(mime);
    mime_mail(mime, bytes, size);
}

void mime_mail(struct mime *mime, const void *bytes, size_t size)
{
    if (size > 0 && !mime_is_over(mime))
        lines_feed(&mime->lines, slice_make(bytes, size), take_piece, mime);
}

void mime_end(struct mime *mime)
{
    lines_end(&mime->lines, take_piece, mime);
    if (mime->state == IN_HEADER)
        end_header(mime);
    end_part(mime);
    leave_levels(mime, 0);
    part_tell_held(&mime->part);
    part_end(&mime->part);
}

bool mime_partial(const struct mime *mime)
{
    return mime->part.partial || mime->part.field.cut;
}

bool mime_is_report(const struct mime *mime, const char **report_type)
{
    *report_type = mime->report_type;
    return mime->is_report;
}
