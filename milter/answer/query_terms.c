/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query_terms: the terms of a query: the fields, what a value means in each, and how it is written.
 */
#include <stdlib.h>
#include <string.h>

#include "terms.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/id.h"

const struct query_row query_rows[] = {
#define X(symbol, word, others, kind, recipient, text)                                             \
    [QUERY_FIELD_##symbol] = {word, others, QUERY_##kind, recipient, text},
    QUERY_FIELDS(X)
#undef X
};

void query_init(struct query *query)
{
    int64_t now = clock_now();

    *query = (struct query){
        .since = now - DAY_MS, .until = now, .limit = 50, .scan_most = QUERY_SCAN_MAX};
}

static void value_clear(struct query_value *value)
{
    free((char *)(uintptr_t)value->text.at);
    free((char *)(uintptr_t)value->given.at);
}

void query_clear(struct query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        for (size_t j = 0; j < query->terms[i].count; j++)
            value_clear(&query->terms[i].values[j]);
        free(query->terms[i].values);
    }
    free(query->terms);
    query->terms = NULL;
    query->count = query->values = 0;
}

int query_field_of(struct slice word)
{
    for (int field = 0; field < QUERY_FIELD_COUNT; field++) {
        struct slice others = slice_of(query_rows[field].others), other;

        if (slice_equal_nocase(word, slice_of(query_rows[field].word)))
            return field;
        while (text_take_part(&others, ' ', &other))
            if (slice_equal_nocase(word, other))
                return field;
    }
    return -1;
}

/* ---- values ---- */

/* What was read of a value, before it has memory of its own. */
struct draft {
    struct query_value value;
    char text[QUERY_WORD_MAX + 1];
    size_t size;
};

static void draft_words(struct draft *draft, struct slice words)
{
    memcpy(draft->text, words.at, words.size);
    draft->size = words.size;
}

static void draft_folded(struct draft *draft, struct slice words)
{
    for (size_t i = 0; i < words.size; i++)
        draft->text[i] = text_lower(words.at[i]);
    draft->size = words.size;
}

/* "@example.org", "@.example.org". */
static bool read_domain(struct draft *draft, struct slice words)
{
    char normal[ADDRESS_MAX];

    if (!text_take_char(&words, '@') || slice_find(words, '@') >= 0)
        return false;
    draft->value.shape = text_take_char(&words, '.') ? QUERY_BELOW : QUERY_DOMAIN;
    draft_folded(draft, slice_make(normal, address_normal(words, normal)));
    return true;
}

static int read_address(struct draft *draft, struct slice words, const char *field,
                        struct error *why)
{
    char normal[ADDRESS_MAX];

    if (words.size > 0 && words.at[0] == '@' && slice_find(words, ':') < 0) {
        if (!read_domain(draft, words) || draft->size == 0)
            return error_set(why, "'%.*s': a domain is @example.org, or @.example.org with all "
                                  "below it", SLICE_SHOWN(words));
        return 0;
    }
    if (slice_find(words, '*') >= 0)
        return error_set(why, "'%.*s': '*' stands for itself; for a whole domain write "
                              "%s:@example.org, or @.example.org with all below it",
                         SLICE_SHOWN(words), field);
    draft_words(draft, slice_make(normal, address_normal(words, normal)));
    return 0;
}

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/32". */
static bool read_network(struct draft *draft, struct slice words, bool *wrong)
{
    struct slice front = words;

    if (!network_read(&draft->value.network, words, wrong))
        return false;
    draft->value.shape = QUERY_NETWORK;
    text_take_until(&words, '/', &front);
    draft_folded(draft, front);
    return true;
}

static int read_machine(struct draft *draft, struct slice words, const char *field,
                        struct error *why)
{
    bool wrong;

    if (words.size >= 2 && words.at[0] == '[' && words.at[words.size - 1] == ']')
        words = slice_make(words.at + 1, words.size - 2);
    if (read_network(draft, words, &wrong) || (read_domain(draft, words) && draft->size > 0))
        return 0;
    if (wrong || slice_find(words, '/') >= 0 || slice_find(words, '@') >= 0)
        return error_set(why, "'%.*s': %s is an address (192.0.2.7, 2001:db8::7), a network "
                              "(192.0.2.0/24), a name, or @example.org for all names there",
                         SLICE_SHOWN(words), field);
    draft_folded(draft, words);
    return 0;
}

static int read_name(struct draft *draft, struct slice words)
{
    struct slice front;

    /* A List-Id stands in brackets, behind a title. */
    if (words.size > 0 && words.at[words.size - 1] == '>' && text_take_until(&words, '<', &front))
        words.size--;
    if (!read_domain(draft, words))
        draft_folded(draft, words);
    return 0;
}

static int read_message_id(struct draft *draft, struct slice words)
{
    words = slice_trim(words);
    if (words.size >= 2 && words.at[0] == '<' && words.at[words.size - 1] == '>')
        words = slice_make(words.at + 1, words.size - 2);
    draft_folded(draft, words);
    return 0;
}

static int read_state(struct draft *draft, struct slice words, struct error *why)
{
    int state = query_find_word(words, words_state, STATE_COUNT);

    if (state < 0 && words_state_of_log(words) != NULL)
        return error_set(why, "there is no state '%.*s'; did you mean %s?", SLICE_SHOWN(words),
                         words_state_of_log(words));
    if (state < 0)
        return words_unknown(words, "state", words_state, STATE_COUNT, why);
    draft->value.shape = QUERY_NUMBER;
    draft->value.number = (uint64_t)state;
    return 0;
}

static int read_reason(struct draft *draft, struct slice words, struct error *why)
{
    int reason = query_find_word(words, words_reason, REASON_COUNT);

    if (reason < 0)
        return words_unknown(words, "reason", words_reason, REASON_COUNT, why);
    draft->value.shape = QUERY_NUMBER;
    draft->value.number = (uint64_t)reason;
    return 0;
}

/* "5.1.1" is kept as it is; "5.1", "5.1.x", "5", "5.x.x" up to the last known part. */
static bool take_status(struct slice words, size_t *size)
{
    struct slice part;
    uint64_t number;
    bool open = false;
    int parts = 0;

    *size = 0;
    for (struct slice rest = words; text_take_part(&rest, '.', &part); parts++) {
        if (parts > 0 && (slice_is(part, "x") || slice_is(part, "X") || slice_is(part, "*"))) {
            open = true;
            continue;
        }
        if (open || parts > 2 || !text_number(part, 0, 999, &number) ||
            (parts == 0 && number != 2 && number != 4 && number != 5))
            return false;
        *size = (size_t)(part.at + part.size - words.at);
    }
    return parts >= 1 && parts <= 3 && words.at[words.size - 1] != '.';
}

static int read_status(struct draft *draft, struct slice words, struct error *why)
{
    size_t size;

    if (words.size == 0 || !take_status(words, &size)) {
        if (query_find_word(words, words_state, STATE_COUNT) >= 0)
            return error_set(why, "'%.*s' is no status code; did you mean state:%.*s?",
                             SLICE_SHOWN(words), SLICE_SHOWN(words));
        return error_set(why, "'%.*s': a status code is 5.1.1, 5.1, 5 or 5.x.x, and begins with "
                              "2, 4 or 5", SLICE_SHOWN(words));
    }
    draft_words(draft, slice_make(words.at, size));
    return 0;
}

static int read_id(struct draft *draft, struct slice words, struct error *why)
{
    draft->value.shape = QUERY_NUMBER;
    if (!id_parse(words, &draft->value.number))
        return error_set(why, "'%.*s': not a case code, or one character is wrong",
                         SLICE_SHOWN(words));
    return 0;
}

static int read_value(struct draft *draft, enum query_field field, struct slice words,
                      struct error *why)
{
    const struct query_row *row = &query_rows[field];

    if (words.size > QUERY_WORD_MAX)
        return error_set(why, "%s: a value of %zu bytes; at most %d are taken", row->word,
                         words.size, QUERY_WORD_MAX);
    if (memchr(words.at, '\0', words.size) != NULL)
        return error_set(why, "%s: a value with a NUL byte", row->word);
    if (words.size == 0 && field != QUERY_FIELD_FROM)
        return error_set(why, "%s: needs a value that is not empty", row->word);
    switch (row->kind) {
    case QUERY_ADDRESS:
        return read_address(draft, words, row->word, why);
    case QUERY_MESSAGE_ID:
        return read_message_id(draft, words);
    case QUERY_MACHINE:
        return read_machine(draft, words, row->word, why);
    case QUERY_STATE:
        return read_state(draft, words, why);
    case QUERY_REASON:
        return read_reason(draft, words, why);
    case QUERY_STATUS:
        return read_status(draft, words, why);
    case QUERY_ID:
        return read_id(draft, words, why);
    case QUERY_NAME:
        return read_name(draft, words);
    case QUERY_WORD:
    case QUERY_PART:
        draft_folded(draft, words);
        return 0;
    case QUERY_QUEUE_ID:
        break;
    }
    draft_words(draft, words);
    return 0;
}

static bool copy_slice(struct slice words, struct slice *to)
{
    char *copy = malloc(words.size + 1);

    if (copy == NULL)
        return false;
    if (words.size > 0)
        memcpy(copy, words.at, words.size);
    copy[words.size] = '\0';
    *to = slice_make(copy, words.size);
    return true;
}

int term_add_value(struct query *query, struct query_term *term, struct slice words,
                   struct error *why)
{
    struct draft draft = {.value.shape = QUERY_TEXT};
    struct query_value *larger;

    if (words.at == NULL)
        words = slice_of("");
    if (query->values >= QUERY_VALUES_MAX)
        return error_set(why, "more than %d values; ask in several searches", QUERY_VALUES_MAX);
    if (read_value(&draft, term->field, words, why) != 0)
        return -1;
    larger = realloc(term->values, (term->count + 1) * sizeof *larger);
    if (larger == NULL)
        return error_set(why, "no memory for the query");
    term->values = larger;
    if (!copy_slice(slice_make(draft.text, draft.size), &draft.value.text) ||
        !copy_slice(words, &draft.value.given)) {
        value_clear(&draft.value);
        return error_set(why, "no memory for the query");
    }
    term->values[term->count++] = draft.value;
    query->values++;
    return 0;
}

struct query_term *query_new_term(struct query *query, enum query_field field, bool negated,
                                  struct error *why)
{
    struct query_term *larger;

    if (query->count >= QUERY_TERMS_MAX) {
        error_set(why, "more than %d terms; ask in several searches", QUERY_TERMS_MAX);
        return NULL;
    }
    larger = realloc(query->terms, (query->count + 1) * sizeof *larger);
    if (larger == NULL) {
        error_set(why, "no memory for the query");
        return NULL;
    }
    query->terms = larger;
    larger[query->count] = (struct query_term){.field = field, .negated = negated};
    return &larger[query->count++];
}

int query_add(struct query *query, enum query_field field, bool negated, struct slice value,
              struct error *why)
{
    struct query_term *term = query_new_term(query, field, negated, why);

    if (term == NULL)
        return -1;
    if (term_add_value(query, term, value, why) == 0)
        return 0;
    free(term->values);
    query->count--;
    return -1;
}

bool query_asks_reason(const struct query *query)
{
    for (size_t i = 0; i < query->count; i++)
        if (query->terms[i].field == QUERY_FIELD_REASON)
            return true;
    return false;
}
