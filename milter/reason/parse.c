/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse: the lines of a rules file. A line is a rule; waybill-rules(5) has the form. What is wrong
 * is told with its line and with what is allowed.
 */
#include "book.h"

#include <stdlib.h>
#include <string.h>

#include "fold.h"

#define BLANKS " \t"
#define NAME_WORDS_MAX 60

struct line {
    struct phrasebook *book;
    struct rule rule;
    uint32_t drafts;                        /* of the rule, those that must not occur included */
    struct slice condition;                 /* the first, for the name */
    struct slice phrases[RULE_PHRASES_MAX]; /* that must occur, for the name */
};

void *book_grow(void *items, size_t *room, uint32_t count, size_t size)
{
    size_t wanted = *room > 0 ? 2 * *room : 64;
    void *grown;

    if (count < *room)
        return items;
    grown = reallocarray(items, wanted, size);
    if (grown != NULL)
        *room = wanted;
    return grown;
}

static int add_value(struct phrasebook *book, int condition, struct slice text, struct error *why)
{
    struct value *grown =
        book_grow(book->values, &book->value_room, book->value_count, sizeof *grown);

    if (grown == NULL)
        return error_set(why, "no memory");
    book->values = grown;
    if (book->value_count >= RULE_VALUES_MAX)
        return error_set(why, "more than %d values in all conditions", RULE_VALUES_MAX);
    if (condition_read(condition, text, &grown[book->value_count], why) < 0)
        return -1;
    book->value_count++;
    return 0;
}

static int read_values(struct line *line, int condition, struct slice values, struct error *why)
{
    struct span *span = &line->rule.conditions[condition];
    struct slice value;
    bool more = true;

    span->first = line->book->value_count;
    while (more) {
        more = text_take_until(&values, ',', &value);
        if (!more)
            value = values;
        if (span->count == CONDITION_VALUES_MAX)
            return error_set(why, "a condition with more than %d values", CONDITION_VALUES_MAX);
        if (add_value(line->book, condition, value, why) < 0)
            return -1;
        span->count++;
    }
    return 0;
}

/* No condition: it says how the phrases are looked for. */
static int read_distance(struct line *line, struct slice text, struct error *why)
{
    uint64_t number = 0;

    if (!text_number(text, 0, PHRASEBOOK_WORDS_MAX, &number))
        return error_set(why, "distance=%.*s: allowed is 0 to %d", SLICE_ARGS(text),
                         PHRASEBOOK_WORDS_MAX);
    line->rule.distance = (uint16_t)number;
    return 0;
}

static int read_condition(struct line *line, struct slice word, struct error *why)
{
    struct slice whole = word, name;
    int condition;

    if (text_take(&word, "distance="))
        return read_distance(line, word, why);
    if (!text_take_until(&word, '=', &name) || (condition = condition_find(name)) < 0)
        return error_set(why,
                         "'%.*s' is no condition; allowed are status= code= host= command= "
                         "dialect= delayed= distance=, and phrases in \"\"",
                         SLICE_ARGS(whole));
    if (line->rule.conditions[condition].count > 0)
        return error_set(why, "%.*s= for the second time; allowed is one list, with commas",
                         SLICE_ARGS(name));
    if (line->condition.at == NULL)
        line->condition = whole;
    return read_values(line, condition, word, why);
}

/* The bytes between the quotes, escapes undone, ^ at the ends taken off. */
static int read_quoted(struct slice *from, char text[static PHRASE_MAX], size_t *size,
                       uint8_t *borders, struct error *why)
{
    bool closed = false, border = false;

    *size = 0;
    *borders = text_take_char(from, '^') ? BORDER_BEFORE : 0;
    while (from->size > 0 && !(closed = text_take_char(from, '"'))) {
        border = text_take_char(from, '^');
        if (border && from->size > 0 && from->at[0] == '"')
            continue;
        if (border)
            return error_set(why, "^ inside a phrase; allowed is \\^, or ^ at its ends");
        if (text_take_char(from, '\\') && (from->size == 0 || strchr("\"\\^", from->at[0]) == NULL))
            return error_set(why, "\\ in a phrase; allowed are \\\" \\\\ \\^");
        if (*size == PHRASE_MAX)
            return error_set(why, "a phrase of more than %d bytes", PHRASE_MAX);
        text[(*size)++] = from->at[0];
        *from = slice_make(from->at + 1, from->size - 1);
    }
    if (border)
        *borders |= BORDER_AFTER;
    return closed ? 0 : error_set(why, "a phrase without its closing \"");
}

static int add_draft(struct line *line, struct slice text, uint8_t borders, uint8_t place,
                     struct error *why)
{
    struct phrasebook *book = line->book;
    struct draft *grown =
        book_grow(book->drafts, &book->draft_room, book->draft_count, sizeof *grown);

    if (grown == NULL)
        return error_set(why, "no memory");
    book->drafts = grown;
    if (book->draft_count == PHRASES_MAX || book->folded.size + text.size > PHRASE_BYTES_MAX)
        return error_set(why, "all rules have more than %d phrases, or %d bytes of them",
                         PHRASES_MAX, PHRASE_BYTES_MAX);
    grown[book->draft_count++] = (struct draft){.at = (uint32_t)book->folded.size,
                                                .size = (uint32_t)text.size,
                                                .borders = borders,
                                                .use = {book->rule_count, place}};
    return buffer_add(&book->folded, text.at, text.size) < 0 ? error_set(why, "no memory") : 0;
}

static int read_phrase(struct line *line, struct slice *from, bool negative, struct error *why)
{
    char text[PHRASE_MAX], folded[PHRASE_MAX];
    struct slice phrase = *from;
    uint8_t borders;
    size_t size;

    if (read_quoted(from, text, &size, &borders, why) < 0)
        return -1;
    phrase.size -= from->size + 1;
    size = fold_phrase(slice_make(text, size), folded);
    if (size == 0)
        return error_set(why, "an empty phrase");
    if (line->drafts == RULE_PHRASES_MAX)
        return error_set(why, "a rule with more than %d phrases", RULE_PHRASES_MAX);
    line->drafts++;
    if (!negative)
        line->phrases[line->rule.phrases] = phrase;
    return add_draft(line, slice_make(folded, size), borders,
                     negative ? PLACE_NOT : line->rule.phrases++, why);
}

/* A condition, a phrase, or !phrase. */
static int read_item(struct line *line, struct slice *from, struct error *why)
{
    struct slice word, start = *from;
    bool negative = text_take(from, "!\""), positive = !negative && text_take_char(from, '"');

    if (negative || positive) {
        if (read_phrase(line, from, negative, why) < 0)
            return -1;
        if (from->size > 0 && strchr(BLANKS, from->at[0]) == NULL)
            return error_set(why, "a phrase ends with \" and a blank");
        return 0;
    }
    *from = start;
    for (size_t i = 0; i < from->size; i++)
        if (strchr(BLANKS, from->at[i]) != NULL)
            from->size = i;
    word = *from;
    *from = slice_make(word.at + word.size, start.size - word.size);
    return read_condition(line, word, why);
}

static bool read_end(struct slice *from)
{
    struct slice blanks;

    (void)text_take_any(from, BLANKS, &blanks);
    return from->size == 0 || from->at[0] == '#';
}

static int wrong_reason(struct slice word, struct error *why)
{
    struct buffer known;
    int result;

    buffer_init(&known, sizeof why->text);
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (reason != REASON_UNDEFINED)
            buffer_addf(&known, " %s", reason_word((enum reason)reason));
    result = error_set(why, "'%.*s' is no reason; allowed are%s", SLICE_ARGS(word), known.data);
    buffer_free(&known);
    return result;
}

static int read_reason(struct line *line, struct slice *from, struct error *why)
{
    struct slice word = *from;
    int reason;

    for (size_t i = 0; i < word.size; i++)
        if (strchr(BLANKS, word.at[i]) != NULL)
            word.size = i;
    *from = slice_make(from->at + word.size, from->size - word.size);
    reason = reason_of(word);
    if (reason < 0 || reason == REASON_UNDEFINED)
        return wrong_reason(word.size > 40 ? slice_make(word.at, 40) : word, why);
    line->rule.reason = (enum reason)reason;
    return 0;
}

static void add_words(struct buffer *names, struct slice words)
{
    size_t size = words.size;

    if (size > NAME_WORDS_MAX)
        for (size = NAME_WORDS_MAX; size > 0 && ((unsigned char)words.at[size] & 0xC0) == 0x80;)
            size--;
    (void)buffer_add(names, words.at, size);
    if (size < words.size)
        (void)buffer_add_text(names, "...");
}

/* "local.rules:7 'account ... expired'", or the first condition. */
static int name_rule(struct line *line, const char *file, size_t number)
{
    struct buffer *names = &line->book->names;
    const char *slash = strrchr(file, '/');

    line->rule.name = (uint32_t)names->size;
    (void)buffer_addf(names, "%s:%zu ", slash != NULL ? slash + 1 : file, number);
    if (line->rule.phrases == 0)
        add_words(names, line->condition);
    for (uint8_t i = 0; i < line->rule.phrases; i++) {
        (void)buffer_add_text(names, i == 0 ? "'" : " ... ");
        add_words(names, line->phrases[i]);
    }
    if (line->rule.phrases > 0)
        (void)buffer_add_char(names, '\'');
    return buffer_add_char(names, '\0');
}

static int add_rule(struct line *line, const char *file, size_t number, struct error *why)
{
    struct phrasebook *book = line->book;
    struct rule *grown = book_grow(book->rules, &book->rule_room, book->rule_count, sizeof *grown);

    if (grown == NULL)
        return error_set(why, "no memory");
    book->rules = grown;
    if (book->rule_count == RULES_MAX)
        return error_set(why, "more than %d rules in all files", RULES_MAX);
    if (line->rule.phrases > 1) {
        if (book->chain_count == RULE_CHAINS_MAX)
            return error_set(why, "more than %d rules with several phrases", RULE_CHAINS_MAX);
        line->rule.chain = (uint16_t)book->chain_count++;
    }
    if (name_rule(line, file, number) < 0)
        return error_set(why, "no room for the rule's name");
    grown[book->rule_count++] = line->rule;
    return 0;
}

static int check_bytes(struct slice text, struct error *why)
{
    if (text.size > RULE_LINE_MAX)
        return error_set(why, "a line of more than %d bytes", RULE_LINE_MAX);
    while (text.size > 0) {
        size_t size = text_utf8(text, NULL);

        if (size == 0 || (size == 1 && text.at[0] != '\t' && (unsigned char)text.at[0] < ' ') ||
            text.at[0] == 127)
            return error_set(why, "allowed is printable UTF-8 only");
        text = slice_make(text.at + size, text.size - size);
    }
    return 0;
}

static int read_line(struct phrasebook *book, struct slice text, const char *file, size_t number,
                     struct error *why)
{
    struct line line = {.book = book, .rule = {.distance = RULE_DISTANCE}};

    if (check_bytes(text, why) < 0)
        return -1;
    if (read_end(&text))
        return 0;
    if (read_reason(&line, &text, why) < 0)
        return -1;
    while (!read_end(&text))
        if (read_item(&line, &text, why) < 0)
            return -1;
    if (line.rule.phrases == 0 && line.condition.at == NULL)
        return error_set(why, "a rule needs a condition, or a phrase that must occur");
    return add_rule(&line, file, number, why);
}

int book_parse(struct phrasebook *book, const char *file, struct slice text, struct error *why)
{
    struct slice line;

    for (size_t number = 1; text_take_part(&text, '\n', &line); number++) {
        if (line.size > 0 && line.at[line.size - 1] == '\r')
            line.size--;
        if (read_line(book, line, file, number, why) < 0)
            return error_prefix(why, "%s:%zu", file, number);
    }
    return 0;
}
