/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query_write: a query as text again, and a fault in one, for people.
 */
#include <string.h>

#include "terms.h"
#include "waybill/escape.h"

#define SHOWN_BEFORE 40 /* bytes of a long query that are shown around its fault */
#define SHOWN_BEHIND 30

/* ---- the query ---- */

static bool wants_quotes(struct slice words)
{
    for (size_t i = 0; i < words.size; i++)
        if (words.at[i] == ' ' || words.at[i] == '\t' || words.at[i] == '\n' ||
            words.at[i] == '\r' || words.at[i] == ',')
            return true;
    return words.size == 0 || words.at[0] == '"';
}

static void write_words(struct slice words, struct buffer *to)
{
    bool quotes = wants_quotes(words);

    if (quotes)
        buffer_add_char(to, '"');
    for (size_t i = 0; i < words.size; i++) {
        if (quotes && (words.at[i] == '"' || words.at[i] == '\\'))
            buffer_add_char(to, '\\');
        buffer_add_char(to, words.at[i]);
    }
    if (quotes)
        buffer_add_char(to, '"');
}

static void write_term(const struct query_term *term, struct buffer *to)
{
    buffer_addf(to, "%s%s%s:", to->size > 0 ? " " : "", term->negated ? "-" : "",
                query_rows[term->field].word);
    for (size_t i = 0; i < term->count; i++) {
        if (i > 0)
            buffer_add_char(to, ',');
        if (term->field == QUERY_FIELD_FROM && term->values[i].given.size == 0)
            buffer_add_text(to, "<>");
        else
            write_words(term->values[i].given, to);
    }
}

static void write_other(const char *word, const char *value, struct buffer *to)
{
    if (value[0] == '\0')
        return;
    buffer_addf(to, "%s%s:", to->size > 0 ? " " : "", word);
    write_words(slice_of(value), to);
}

void query_write(const struct query *query, bool terms_only, struct buffer *to)
{
    for (size_t i = 0; i < query->count; i++)
        write_term(&query->terms[i], to);
    if (terms_only)
        return;
    write_other("since", query->since_given, to);
    write_other("until", query->until_given, to);
    if (query->oldest_first)
        write_other("order", "oldest", to);
    if (query->limited)
        buffer_addf(to, "%slimit:%zu", to->size > 0 ? " " : "", query->limit);
}

/* ---- a fault ---- */

/* The front of a character. */
static bool is_front(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t column_of(struct slice text, size_t at)
{
    size_t column = 1;

    for (size_t i = 0; i < at && i < text.size; i++)
        column += is_front(text.at[i]);
    return column;
}

/* As wide as it is written: a character a column, one that may not be shown a '?'. */
static size_t show_part(struct slice part, char fill, struct buffer *to)
{
    size_t columns = 0, size;

    for (; part.size > 0; part = slice_make(part.at + size, part.size - size)) {
        uint32_t code = 0;

        size = text_utf8(part, &code);
        columns++;
        if (fill != '\0')
            buffer_add_char(to, fill);
        else if (size == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
                 (code >= 0x200b && code <= 0x206f) || code == 0xfeff)
            buffer_add_char(to, '?');
        else
            buffer_add(to, part.at, size);
        size = size == 0 ? 1 : size;
    }
    return columns;
}

void query_fault_show(const struct query_fault *fault, struct slice text, struct buffer *to)
{
    size_t at = fault->at <= text.size ? fault->at : text.size;
    size_t from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
    size_t until = at + fault->size + SHOWN_BEHIND;
    size_t end = at + (fault->size > SHOWN_BEFORE ? SHOWN_BEFORE : fault->size);

    if (until > text.size || until < at)
        until = text.size;
    if (until > at + 2 * SHOWN_BEFORE)
        until = at + 2 * SHOWN_BEFORE;
    if (end > until)
        end = until;
    while (from > 0 && !is_front(text.at[from]))
        from--;
    while (until < text.size && !is_front(text.at[until]))
        until++;
    buffer_addf(to, "column %zu: %s\n", column_of(text, at), fault->why.text);
    if (text.size == 0)
        return;
    buffer_addf(to, "    %s", from > 0 ? "..." : "");
    show_part(slice_make(text.at + from, until - from), '\0', to);
    buffer_addf(to, "%s\n    %s", until < text.size ? "..." : "", from > 0 ? "   " : "");
    show_part(slice_make(text.at + from, at - from), ' ', to);
    if (show_part(slice_make(text.at + at, end - at), '^', to) == 0)
        buffer_add_char(to, '^');
    buffer_add_char(to, '\n');
}
