/* SPDX-License-Identifier: BSD-2-Clause */
/* record_text: a record as text of format 2; record_parse.c reads it. */
#include <stdlib.h>
#include <string.h>

#include "record_set.h"
#include "terse.h"
#include "waybill/escape.h"
#include "waybill/id.h"

static bool number_of(struct numbers *numbers, uint64_t waybill, uint64_t id, uint64_t *number)
{
    if (!numbers->known)
        numbers->front = fact_id_milter(waybill, 0); /* which is dear */
    numbers->known = true;
    *number = id - numbers->front;
    return id >= numbers->front && *number < NUMBER_END;
}

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
