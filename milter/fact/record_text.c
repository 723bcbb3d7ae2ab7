/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_text: a record as text. Format 2 is written, 1 and 2 are read.
 *
 * A text is worked on in one copy that lives until its end, since later lines name what earlier
 * ones said.
 */
#include <stdlib.h>
#include <string.h>

#include "record_set.h"
#include "terse.h"
#include "waybill/escape.h"
#include "waybill/id.h"

#define FORMAT_NOW 2
#define ID_SHORT_SIZE 5 /* characters of 30 bits */
#define NUMBER_END (UINT64_C(1) << 20)
#define DEFAULT_INSTANCE "postfix"

/* The milter's facts of a waybill are numbered from 0 on: what its ids begin with, and the number
 * that the next one has. */
struct numbers {
    uint64_t front, next;
    bool known;
};

static bool number_of(struct numbers *numbers, uint64_t waybill, uint64_t id, uint64_t *number)
{
    if (!numbers->known)
        numbers->front = fact_id_milter(waybill, 0); /* which is dear */
    numbers->known = true;
    *number = id - numbers->front;
    return id >= numbers->front && *number < NUMBER_END;
}

/* ---- writing ---- */

static void format_word(struct buffer *to, const char *word)
{
    buffer_add_char(to, ' ');
    if (word == NULL || word[0] == '\0')
        buffer_add_char(to, '-');
    else
        escape_value(to, slice_of(word));
}

static void format_head(const struct record *record, uint64_t keys, struct buffer *to)
{
    buffer_add_char(to, '0' + FORMAT_NOW);
    if (!(keys & KEY_BIT(QUEUE)) ||
        (record->host == NULL && record->instance == NULL && record->queue_id == NULL))
        return;
    format_word(to, record->host);
    if (record->instance == NULL || strcmp(record->instance, DEFAULT_INSTANCE) != 0)
        format_word(to, record->instance);
    format_word(to, record->queue_id);
}

static void format_number(struct buffer *to, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    buffer_add(to, digits + at, sizeof digits - at);
}

/* True: nothing stands there. */
static bool format_stamp(const struct record *record, const struct record_line *line,
                         bool implied, struct numbers *numbers, struct buffer *to)
{
    char id[FACT_ID_SIZE];
    uint64_t number;
    if (line->witness == WITNESS_MILTER &&
        number_of(numbers, record->id, line->fact, &number)) {
        bool runs_on = number == numbers->next;
        numbers->next = number + 1;
        if (runs_on && implied)
            return true;
        buffer_add(to, " m", 2);
        if (!runs_on)
            format_number(to, number);
        return false;
    }
    bool hashed = line->witness == WITNESS_LOG || line->witness == WITNESS_REPORT;
    size_t skip = hashed ? FACT_ID_SIZE - 1 - ID_SHORT_SIZE : 0;
    fact_id_text(line->fact, id);
    buffer_add_char(to, ' ');
    buffer_add_char(to, line->witness);
    buffer_add(to, id + skip, FACT_ID_SIZE - 1 - skip);
    return false;
}

static void format_offset(struct buffer *to, int64_t offset)
{
    buffer_add_char(to, '\n');
    if (offset < 0)
        buffer_add_char(to, '-');
    format_number(to, offset < 0 ? (uint64_t)-offset : (uint64_t)offset);
}

struct formatting {
    struct terse terse;
    struct body body;
    struct numbers numbers;
    int64_t time; /* of the line before */
    char *at;     /* where the next text may be decoded */
};

/* The line's fact with the values of `keys` alone, from its text or out of `facts`; NULL: it cannot
 * be read. */
static const struct fact *format_fact(struct formatting *formatting, const struct record_line *line,
                                      const struct fact *known, uint64_t keys)
{
    struct body *body = &formatting->body;
    keys |= KEY_BIT(TO);
    body->more_count = 0;
    if (known != NULL && line->known) {
        body->kind = slice_of(fact_kind_word(known->kind));
        if ((known->keys & ~keys) == 0)
            return known;
        body->fact = *known;
    } else {
        memcpy(formatting->at, line->text, line->size);
        body->fact.witness = (enum witness)line->witness;
        if (body_decode_all(formatting->at, line->size, body) != 0)
            return NULL;
        formatting->at += line->size;
    }
    for (uint64_t rest = body->fact.keys & ~keys; rest != 0;)
        body->fact.value[fact_take_key(&rest)] = SLICE_ABSENT;
    body->fact.keys &= keys;
    return &body->fact;
}

static int format_line(struct formatting *formatting, const struct record *record, size_t index,
                       const struct fact *known, uint64_t keys, struct buffer *to)
{
    const struct record_line *line = &record->lines[index];
    const struct fact *fact = format_fact(formatting, line, known, keys);
    struct body *body = &formatting->body;
    if (fact == NULL)
        return -1;
    if (!(keys & KEY_BIT(TO))) {
        body->more_count = 0;
        if ((fact->keys & ~(KEY_BIT(TO) | BODY_PLACE_KEYS)) == 0)
            return 0;
    }
    bool implied = terse_implies(fact);
    format_offset(to, line->time - formatting->time);
    formatting->time = line->time;
    format_stamp(record, line, implied, &formatting->numbers, to);
    if (!implied) {
        buffer_add_char(to, ' ');
        buffer_add(to, body->kind.at, body->kind.size);
    }
    terse_encode(&formatting->terse, fact, body->more, body->more_count, to);
    return 0;
}

/* No line's text has to be looked at. */
static bool facts_tell_all(const struct record *record, const struct fact *facts)
{
    for (size_t i = 0; i < record->count; i++)
        if (facts == NULL || !record->lines[i].known)
            return false;
    return true;
}

int record_format_facts(const struct record *record, const struct fact *facts, uint64_t keys,
                        struct buffer *to)
{
    if (record->see != 0) {
        buffer_addf(to, "%d see=%llu", FORMAT_NOW, (unsigned long long)record->see);
        return to->failed ? -1 : 0;
    }
    /* Too much for the stack, and so much at once makes malloc() sweep up: not for each mail. */
    static _Thread_local struct formatting room;
    struct formatting *formatting = &room;
    bool reads = !facts_tell_all(record, facts);
    char *scratch = reads ? malloc(record->bytes + 1) : NULL;
    int result = reads && scratch == NULL ? -1 : 0;
    if (result == 0) {
        formatting->at = scratch;
        formatting->time = id_time(record->id);
        formatting->numbers = (struct numbers){0};
        fact_init(&formatting->body.fact, WITNESS_MILTER, FACT_UNKNOWN, 0);
        terse_begin(&formatting->terse, formatting->time,
                    keys & KEY_BIT(QUEUE) ? slice_of(record->host) : SLICE_ABSENT);
        format_head(record, keys, to);
    }
    for (size_t i = 0; i < record->count && result == 0; i++)
        result = format_line(formatting, record, i, facts != NULL ? &facts[i] : NULL, keys, to);
    free(scratch);
    return to->failed ? -1 : result;
}

int record_format(const struct record *record, uint64_t keys, struct buffer *to)
{
    return record_format_facts(record, NULL, keys, to);
}

/* ---- reading ---- */

struct parsing {
    struct record *record;
    struct terse terse;
    struct body body;
    struct numbers numbers;
    struct buffer line; /* of the fact as the journal has it */
    int64_t time;       /* of the line before; format 1: of the id */
    bool old;           /* format 1 */
};

/* One word of the first line into an owned string; "-" leaves it unknown. */
static int parse_key(struct slice *rest, char **word, struct error *why)
{
    struct slice taken;
    if (!text_take_char(rest, ' ') || !text_take_word(rest, &taken) ||
        taken.size > RECORD_KEY_MAX * 3)
        return error_set(why, "cannot read a record: no host, instance and queue id at its front");
    if (slice_is(taken, "-"))
        return 0;
    *word = text_copy(taken.at, taken.size);
    if (*word == NULL)
        return error_set(why, "no memory for a record");
    taken.size = unescape_value(*word, taken.size);
    (*word)[taken.size] = '\0';
    if (taken.size == 0 || strlen(*word) != taken.size)
        return error_set(why, "cannot read a record: a NUL in host, instance or queue id");
    return 0;
}

static int parse_keys(struct parsing *parsing, struct slice head, struct error *why)
{
    struct record *record = parsing->record;
    struct slice rest = head, word;
    int words = 0;
    while (words < 4 && text_take_char(&rest, ' ') && text_take_word(&rest, &word))
        words++;
    if (words == 0 && head.size == 0 && !parsing->old)
        return 0;
    if (parse_key(&head, &record->host, why) != 0)
        return -1;
    if (words == 2 && !parsing->old) {
        record->instance = text_copy(DEFAULT_INSTANCE, strlen(DEFAULT_INSTANCE));
        if (record->instance == NULL)
            return error_set(why, "no memory for a record");
    } else if (parse_key(&head, &record->instance, why) != 0) {
        return -1;
    }
    return parse_key(&head, &record->queue_id, why);
}

static int parse_head(struct parsing *parsing, struct slice head, struct error *why)
{
    uint64_t version;
    if (!text_take_number(&head, &version) || version == 0)
        return error_set(why, "cannot read a record: no format version at its front");
    if (version > FORMAT_NOW)
        return error_set(why, "cannot read a record: format %llu is newer than this program; upgrade it",
                         (unsigned long long)version);
    parsing->old = version == 1;
    if (text_take(&head, " see=")) {
        if (!text_number(head, 1, UINT64_MAX, &parsing->record->see))
            return error_set(why, "cannot read a record: no id after 'see='");
        return 0;
    }
    return parse_keys(parsing, head, why);
}

/* Witness and id; none of them: the milter's next. */
static bool parse_stamp(struct parsing *parsing, struct slice *rest)
{
    struct fact *fact = &parsing->body.fact;
    struct slice word = *rest, taken;
    uint64_t number;
    fact->witness = WITNESS_MILTER;
    fact->id = parsing->numbers.next;
    if (!text_take_word(&word, &taken))
        return false;
    bool none = taken.at[0] == '#' || slice_find(taken, '=') >= 0;
    if (!none) {
        fact->witness = (enum witness)taken.at[0];
        *rest = word;
        taken = slice_make(taken.at + 1, taken.size - 1);
        text_take_char(rest, ' ');
        if (taken.size == FACT_ID_SIZE - 1)
            return fact_id_parse(taken, &fact->id);
        if (fact->witness != WITNESS_MILTER) {
            char id[FACT_ID_SIZE] = "0000000000";
            memcpy(id + FACT_ID_SIZE - 1 - ID_SHORT_SIZE, taken.at,
                   taken.size == ID_SHORT_SIZE ? taken.size : 0);
            return taken.size == ID_SHORT_SIZE && fact_id_parse(slice_of(id), &fact->id);
        }
        if (taken.size > 0 && !text_number(taken, 0, NUMBER_END - 1, &fact->id))
            return false;
    }
    if (fact->id >= NUMBER_END)
        return false;
    number = fact->id;
    parsing->numbers.next = number + 1;
    if (!parsing->numbers.known)
        parsing->numbers.front = fact_id_milter(parsing->record->id, 0);
    parsing->numbers.known = true;
    fact->id = parsing->numbers.front + number;
    return true;
}

static bool is_kind(struct slice word)
{
    for (size_t i = 0; i < word.size; i++)
        if ((word.at[i] < 'a' || word.at[i] > 'z') && word.at[i] != '-' &&
            (word.at[i] < '0' || word.at[i] > '9'))
            return false;
    return word.size > 0 && word.at[0] >= 'a';
}

static bool parse_new(struct parsing *parsing, char *start, struct slice rest)
{
    struct body *body = &parsing->body;
    struct slice word, after;
    body->more_count = 0;
    body->kind = SLICE_ABSENT;
    fact_renew(&body->fact, WITNESS_MILTER, FACT_UNKNOWN, 0);
    if (!parse_stamp(parsing, &rest))
        return false;
    after = rest;
    if (text_take_word(&after, &word) && word.at[0] != '#' && slice_find(word, '=') < 0) {
        if (!is_kind(word))
            return false;
        body->kind = word;
        body->fact.kind = fact_kind_of(word);
        rest = after;
    }
    return terse_decode(&parsing->terse, start + (rest.at - start), rest.size, body) == 0;
}

static bool parse_old(struct parsing *parsing, char *start, struct slice rest)
{
    struct body *body = &parsing->body;
    struct slice name;
    uint64_t id;
    if (!text_take_word(&rest, &name) ||
        !fact_id_parse(slice_make(name.at + 1, name.size - 1), &id) ||
        !text_take_char(&rest, ' ') || rest.size == 0 || rest.size > FACT_LINE_MAX ||
        body_decode_all(start + (rest.at - start), rest.size, body) != 0)
        return false;
    body->fact.witness = (enum witness)name.at[0];
    body->fact.id = id;
    return is_kind(body->kind);
}

static int parse_line(struct parsing *parsing, char *start, struct slice text, struct error *why)
{
    struct slice rest = text;
    uint64_t offset;
    char shown[44];
    slice_copy(slice_make(text.at, text.size < 40 ? text.size : 40), shown, sizeof shown);
    bool before = text_take_char(&rest, '-');
    bool read = text_take_number(&rest, &offset) && offset <= INT64_MAX / 4 &&
                text_take_char(&rest, ' ') && rest.size <= 3 * (size_t)FACT_LINE_MAX &&
                (parsing->old ? parse_old(parsing, start, rest) : parse_new(parsing, start, rest));
    if (!read)
        return error_set(why, "cannot read a record: '%s' is no fact", shown);
    struct fact *fact = &parsing->body.fact;
    fact->time = parsing->time + (before ? -(int64_t)offset : (int64_t)offset);
    if (fact->time > INT64_MAX / 2 || fact->time < -(INT64_MAX / 2))
        return error_set(why, "cannot read a record: '%s' is no fact", shown);
    if (!parsing->old)
        parsing->time = fact->time;
    buffer_clear(&parsing->line);
    struct record_line line = line_of(fact, parsing->body.kind);
    line.known = line.known && parsing->body.more_count == 0;
    body_encode_all(&parsing->body, BODY_PLACE_KEYS, 32, &parsing->line);
    line.size = (uint32_t)parsing->line.size;
    line.text = parsing->line.failed ? NULL : text_copy(parsing->line.data, line.size);
    if (line.text == NULL)
        return error_set(why, "no memory for a record");
    return record_insert(parsing->record, line, why) < 0 ? -1 : 0;
}

static int parse_text(struct parsing *parsing, char *text, size_t size, struct error *why)
{
    struct slice rest = slice_make(text, size), line = SLICE_ABSENT;
    text_take_part(&rest, '\n', &line);
    if (parse_head(parsing, line, why) != 0)
        return -1;
    parsing->time = id_time(parsing->record->id);
    terse_begin(&parsing->terse, parsing->time, slice_of(parsing->record->host));
    while (text_take_part(&rest, '\n', &line))
        if (line.size > 0 && parse_line(parsing, text, line, why) != 0)
            return -1;
    return 0;
}

/* Into nothing it goes as it is: what was settled when it was written, by rules of that time, is
 * told until something is added. */
static int parsed_take(struct record *record, struct record *read, struct error *why)
{
    if (record->count > 0 || record->see != 0 || record->host != NULL ||
        record->instance != NULL || record->queue_id != NULL)
        return record_merge(record, read, why) < 0 ? -1 : 0;
    record_clear(record);
    *record = *read;
    record_init(read, record->id);
    return 0;
}

int record_parse(struct record *record, struct slice text, struct error *why)
{
    struct record read;
    struct parsing *parsing = malloc(sizeof *parsing);
    char *copy = text_copy(text.size > 0 ? text.at : "", text.size);
    int result = -1;
    record_init(&read, record->id);
    if (parsing == NULL || copy == NULL) {
        error_set(why, "no memory for a record");
    } else {
        parsing->record = &read;
        parsing->numbers = (struct numbers){0};
        fact_init(&parsing->body.fact, WITNESS_MILTER, FACT_UNKNOWN, 0);
        buffer_init(&parsing->line, FACT_LINE_MAX + 1);
        result = parse_text(parsing, copy, text.size, why);
        buffer_free(&parsing->line);
    }
    if (result == 0)
        result = parsed_take(record, &read, why);
    record_clear(&read);
    free(parsing);
    free(copy);
    return result;
}
