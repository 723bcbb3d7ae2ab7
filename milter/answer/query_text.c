/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query_text: the language in which people ask; waybill-query(7) describes it.
 *
 *     text  = *( blank / item )
 *     item  = [ "-" / "!" ] [ word ":" ] value *( "," value )
 *     value = quoted / bytes without blank, comma and quote
 *
 * Read once from left to right. The first fault ends it, with its place.
 */
#include <stdlib.h>
#include <string.h>

#include "terms.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"

struct reader {
    struct query *query;
    struct slice text, rest;
    int64_t now;
    bool set[4]; /* since, until, order, limit: once each */
    struct query_fault *fault;
    char value[QUERY_WORD_MAX];
    size_t size;
    bool quoted;
};

static size_t place(const struct reader *reader)
{
    return (size_t)(reader->rest.at - reader->text.at);
}

/* The reason is in the fault already. */
static int fail_at(struct reader *reader, size_t at, size_t size)
{
    reader->fault->at = at;
    reader->fault->size = size;
    return -1;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void skip(struct reader *reader, size_t count)
{
    reader->rest = slice_make(reader->rest.at + count, reader->rest.size - count);
}

static void skip_blanks(struct reader *reader)
{
    while (reader->rest.size > 0 && is_blank(reader->rest.at[0]))
        skip(reader, 1);
}

/* ---- values ---- */

static int keep_byte(struct reader *reader, size_t began, char byte)
{
    if (reader->size >= sizeof reader->value) {
        error_set(&reader->fault->why, "a value of more than %d bytes", QUERY_WORD_MAX);
        return fail_at(reader, began, 1);
    }
    reader->value[reader->size++] = byte;
    return 0;
}

/* In quotes; there a backslash in front of a quote or of a backslash takes its meaning away. */
static int take_quoted(struct reader *reader)
{
    size_t began = place(reader);

    for (skip(reader, 1); reader->rest.size > 0; skip(reader, 1)) {
        char byte = reader->rest.at[0];

        if (byte == '"') {
            skip(reader, 1);
            return 0;
        }
        if (byte == '\\' && reader->rest.size > 1 &&
            (reader->rest.at[1] == '"' || reader->rest.at[1] == '\\')) {
            skip(reader, 1);
            byte = reader->rest.at[0];
        }
        if (keep_byte(reader, began, byte) != 0)
            return -1;
    }
    error_set(&reader->fault->why, "this quote has no end");
    return fail_at(reader, began, 1);
}

/* One value; a mail address may have quotes inside ("a b"@example.org): they belong to it. */
static int take_value(struct reader *reader)
{
    size_t began = place(reader);

    reader->size = 0;
    reader->quoted = reader->rest.size > 0 && reader->rest.at[0] == '"';
    if (reader->quoted && take_quoted(reader) != 0)
        return -1;
    if (reader->quoted && reader->rest.size > 0 && !is_blank(reader->rest.at[0]) &&
        reader->rest.at[0] != ',') {
        error_set(&reader->fault->why, "a quote that ends within a word; put all of it in quotes");
        return fail_at(reader, place(reader), 1);
    }
    while (!reader->quoted && reader->rest.size > 0 && !is_blank(reader->rest.at[0]) &&
           reader->rest.at[0] != ',') {
        if (keep_byte(reader, began, reader->rest.at[0]) != 0)
            return -1;
        skip(reader, 1);
    }
    return 0;
}

static struct slice value_of(const struct reader *reader)
{
    return slice_make(reader->value, reader->size);
}

static int take_values(struct reader *reader, enum query_field field, bool negated)
{
    struct query_term *term;
    size_t began = place(reader);

    term = query_new_term(reader->query, field, negated, &reader->fault->why);
    if (term == NULL)
        return fail_at(reader, began, 1);
    do {
        began = place(reader);
        if (take_value(reader) != 0)
            return -1;
        if (reader->size == 0 && !reader->quoted) {
            error_set(&reader->fault->why, "%s: needs a value", query_rows[field].word);
            return fail_at(reader, began, 0);
        }
        if (term_add_value(reader->query, term, value_of(reader), &reader->fault->why) != 0)
            return fail_at(reader, began, place(reader) - began);
    } while (text_take_char(&reader->rest, ','));
    return 0;
}

/* ---- time, order, limit ---- */

/* As `until` a day is meant to its end: to the moment before the next one begins. */
static int day_end(int64_t began, int64_t *ms)
{
    /* A day has 23 to 25 hours; 36 hours later it is the next day, in the middle. */
    if (clock_parse(slice_of("00:00"), began + 36 * HOUR_MS, ms, NULL) != 0)
        return -1;
    --*ms;
    return 0;
}

static bool is_date(struct slice words)
{
    return words.size == 10 && words.at[4] == '-' && words.at[7] == '-';
}

static int read_moment(struct slice words, bool until, int64_t now, int64_t *ms, struct error *why)
{
    bool is_today = slice_is(words, "today"), is_yesterday = slice_is(words, "yesterday");
    int64_t began;

    if (is_today || is_yesterday) {
        if (clock_parse(slice_of("00:00"), now, &began, why) != 0)
            return -1;
        /* Noon of the day before, whatever the clocks did in the night. */
        if (is_yesterday && clock_parse(slice_of("00:00"), began - 12 * HOUR_MS, &began, why) != 0)
            return -1;
    } else if (clock_parse(words, now, &began, why) != 0) {
        return -1;
    }
    *ms = began;
    return until && (is_today || is_yesterday || is_date(words)) ? day_end(began, ms) : 0;
}

int query_set_moment(struct query *query, bool until, struct slice words, int64_t now,
                     struct error *why)
{
    char *given = until ? query->until_given : query->since_given;

    words = slice_trim(words);
    if (read_moment(words, until, now, until ? &query->until : &query->since, why) != 0)
        return -1;
    if (!slice_copy(words, given, QUERY_MOMENT_SIZE))
        return error_set(why, "'%.*s' is no moment: it is too long", SLICE_SHOWN(words));
    return 0;
}

static int set_order(struct query *query, struct slice words, struct error *why)
{
    query->ordered = true;
    query->oldest_first = slice_is(words, "oldest");
    if (!query->oldest_first && !slice_is(words, "newest"))
        return error_set(why, "'%.*s': the order is newest or oldest", SLICE_SHOWN(words));
    return 0;
}

static int set_limit(struct query *query, struct slice words, struct error *why)
{
    uint64_t limit;

    if (!text_number(words, 1, QUERY_LIMIT_MAX, &limit))
        return error_set(why, "'%.*s': the limit is a number from 1 to %d", SLICE_SHOWN(words),
                         QUERY_LIMIT_MAX);
    query->limit = (size_t)limit;
    query->limited = true;
    return 0;
}

static int set_other(struct reader *reader, int other)
{
    struct slice words = value_of(reader);

    switch (other) {
    case 0:
    case 1:
        return query_set_moment(reader->query, other == 1, words, reader->now,
                                &reader->fault->why);
    case 2:
        return set_order(reader->query, words, &reader->fault->why);
    default:
        return set_limit(reader->query, words, &reader->fault->why);
    }
}

/* since:, until:, order:, limit: have one value, and stand once. */
static int take_other(struct reader *reader, int other, bool negated, size_t began)
{
    const char *word = words_field(QUERY_FIELD_COUNT + other);
    size_t value = place(reader);

    if (negated || reader->set[other]) {
        error_set(&reader->fault->why, negated ? "%s: cannot be negated" : "%s: stands twice",
                  word);
        return fail_at(reader, began, value - began);
    }
    reader->set[other] = true;
    if (take_value(reader) != 0)
        return -1;
    if (reader->rest.size > 0 && reader->rest.at[0] == ',') {
        error_set(&reader->fault->why, "%s: has one value", word);
        return fail_at(reader, place(reader), 1);
    }
    if (set_other(reader, other) != 0)
        return fail_at(reader, value, place(reader) - value);
    return 0;
}

/* ---- terms ---- */

static int unknown_field(struct reader *reader, struct slice name, size_t at)
{
    int nearest = words_nearest(name, words_field, WORDS_FIELD_COUNT);

    if (nearest >= 0)
        error_set(&reader->fault->why, "%.*s: there is no such term; did you mean %s:?",
                  SLICE_SHOWN(name), words_field(nearest));
    else
        error_set(&reader->fault->why, "%.*s: there is no such term; 'waybill help query' lists "
                  "them", SLICE_SHOWN(name));
    return fail_at(reader, at, name.size);
}

static bool is_letter(char byte)
{
    return text_lower(byte) >= 'a' && text_lower(byte) <= 'z';
}

/* The letters in front of a colon. */
static bool take_name(struct reader *reader, struct slice *name)
{
    size_t size = 0;

    while (size < reader->rest.size &&
           (is_letter(reader->rest.at[size]) || (size > 0 && reader->rest.at[size] == '-')))
        size++;
    if (size == 0 || size >= reader->rest.size || reader->rest.at[size] != ':')
        return false;
    *name = slice_make(reader->rest.at, size);
    skip(reader, size + 1);
    return true;
}

/* Which field a word without one means; -1: none. */
static int bare_field(struct slice word)
{
    uint64_t id;
    bool has_at = slice_find(word, '@') >= 0;

    if (word.size > 2 && word.at[0] == '<' && word.at[word.size - 1] == '>')
        return has_at ? QUERY_FIELD_MESSAGE_ID : -1;
    if (slice_is(word, "<>"))
        return QUERY_FIELD_FROM;
    if (has_at)
        return QUERY_FIELD_WHO;
    return id_parse(word, &id) ? QUERY_FIELD_ID : -1;
}

/* "from=ann@example.org": an address may begin so, but hardly one that somebody asks for. */
static bool has_equals(struct slice word, struct slice *name)
{
    return text_take_until(&word, '=', name) && query_field_of(*name) >= 0;
}

static int take_bare(struct reader *reader, bool negated)
{
    struct reader ahead = *reader;
    size_t began = place(reader);
    unsigned char binary[16];
    struct slice word, name;
    bool is_four;
    int field;

    if (take_value(&ahead) != 0)
        return -1;
    word = value_of(&ahead);
    if (!ahead.quoted && has_equals(word, &name)) {
        error_set(&reader->fault->why, "a colon stands behind a field: %.*s:...", SLICE_SHOWN(name));
        return fail_at(reader, began + name.size, 1);
    }
    field = bare_field(word);
    if (field >= 0)
        return take_values(reader, (enum query_field)field, negated);
    if (network_address(word, binary, &is_four))
        error_set(&reader->fault->why, "'%.*s': say whose address it is: client:%.*s or "
                  "remote:%.*s", SLICE_SHOWN(word), SLICE_SHOWN(word), SLICE_SHOWN(word));
    else if (words_is_joint(word))
        error_set(&reader->fault->why, "'%.*s' is no term: all terms must hold, FIELD:ONE,OTHER "
                  "is either, and -FIELD:VALUE is not", SLICE_SHOWN(word));
    else if (query_find_word(word, words_state, STATE_COUNT) >= 0)
        error_set(&reader->fault->why, "'%.*s': did you mean state:%.*s?", SLICE_SHOWN(word),
                  SLICE_SHOWN(word));
    else
        error_set(&reader->fault->why, "'%.*s': no term is named, and it is no address, no "
                  "<Message-ID> and no case code; name the term: queue-id:%.*s, login:%.*s, ...",
                  SLICE_SHOWN(word), SLICE_SHOWN(word), SLICE_SHOWN(word));
    return fail_at(reader, began, place(&ahead) - began);
}

static int take_item(struct reader *reader)
{
    size_t began = place(reader);
    struct slice name;
    bool negated = text_take_char(&reader->rest, '-') || text_take_char(&reader->rest, '!');
    int field;

    if (!take_name(reader, &name))
        return take_bare(reader, negated);
    field = query_field_of(name);
    if (field >= 0)
        return take_values(reader, (enum query_field)field, negated);
    for (int other = 0; other < 4; other++)
        if (slice_equal_nocase(name, slice_of(words_field(QUERY_FIELD_COUNT + other))))
            return take_other(reader, other, negated, began);
    return unknown_field(reader, name, (size_t)(name.at - reader->text.at));
}

static int read_all(struct reader *reader)
{
    if (reader->text.size > QUERY_TEXT_MAX) {
        error_set(&reader->fault->why, "a query of %zu bytes; at most %d are taken",
                  reader->text.size, QUERY_TEXT_MAX);
        return fail_at(reader, 0, 0);
    }
    for (skip_blanks(reader); reader->rest.size > 0; skip_blanks(reader))
        if (take_item(reader) != 0)
            return -1;
    if (reader->query->since > reader->query->until && reader->set[0] && reader->set[1]) {
        error_set(&reader->fault->why, "since: is later than until:");
        return fail_at(reader, 0, 0);
    }
    return 0;
}

int query_parse(struct query *query, struct slice text, int64_t now, struct query_fault *fault)
{
    struct reader *reader = calloc(1, sizeof *reader);
    int result;

    if (text.at == NULL)
        text = slice_of("");
    *fault = (struct query_fault){0};
    if (reader == NULL)
        return error_set(&fault->why, "no memory for the query");
    *reader = (struct reader){
        .query = query, .text = text, .rest = text, .now = now, .fault = fault};
    result = read_all(reader);
    free(reader);
    return result;
}
