/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: a sorted set of lines.
 *
 * Adding is a union: a line is known by time, witness, kind and fact id, so the same fact twice
 * is one line. Lines that say nothing new (what the log repeats of the milter's words, qmgr
 * taking the same mail up once more) are left out by rules that look only at the set, never at
 * the order of arrival; so any order ends in the same bytes.
 */
#include "waybill/record.h"

#include <stdlib.h>
#include <string.h>

#include "record_set.h"
#include "waybill/id.h"

#define WHO_SIZE 60      /* bytes of a recipient: what a line keeps of it, whatever else it has */
#define STRANGE_SHARE 8  /* of a record: one part is for what strangers send */

void record_init(struct record *record, uint64_t id)
{
    memset(record, 0, sizeof *record);
    record->id = id;
}

void record_clear(struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        free(record->lines[i].text);
    free(record->lines);
    free(record->host);
    free(record->instance);
    free(record->queue_id);
    record_init(record, record->id);
}

/* The order in which an MTA logs what falls into one second. Ids of others sort as they saw. */
static uint8_t line_rank(char witness, enum fact_kind kind)
{
    if (witness != WITNESS_LOG)
        return 0;
    switch (kind) {
    case FACT_CLIENT:
        return 0;
    case FACT_CLEANUP:
        return 1;
    case FACT_ACTIVE:
        return 2;
    case FACT_HELD:
    case FACT_DELAYED:
        return 3;
    case FACT_NOTIFIED:
        return 5;
    case FACT_REMOVED:
        return 6;
    default:
        return 4;
    }
}

int line_order(const struct record_line *a, const struct record_line *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->witness != b->witness)
        return a->witness < b->witness ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->fact != b->fact)
        return a->fact < b->fact ? -1 : 1;
    return a->who < b->who ? -1 : a->who > b->who;
}

uint64_t record_fact_id(const struct fact *fact)
{
    bool hashed = fact->witness == WITNESS_LOG || fact->witness == WITNESS_REPORT;
    return hashed ? (fact->id ^ fact->id >> RECORD_ID_BITS) & RECORD_ID_MASK : fact->id;
}

/* A stranger who makes it collide has still to make the ids collide. */
static uint32_t who_of(struct slice kind, struct slice recipient)
{
    uint32_t hash = text_hash(TEXT_HASH, kind);
    if (recipient.size > WHO_SIZE)
        recipient.size = WHO_SIZE;
    return text_hash(text_hash(hash, slice_of(" ")), recipient);
}

struct record_line line_of(const struct fact *fact, struct slice kind)
{
    return (struct record_line){.time = fact->time,
                                .fact = record_fact_id(fact),
                                .who = who_of(kind, fact->value[KEY_TO]),
                                .witness = (char)fact->witness,
                                .rank = line_rank((char)fact->witness, fact->kind),
                                .kind = (uint8_t)fact->kind,
                                .known = fact->kind != FACT_UNKNOWN};
}

int record_order(const struct fact *a, const struct fact *b)
{
    struct record_line one = line_of(a, slice_of(fact_kind_word(a->kind)));
    struct record_line other = line_of(b, slice_of(fact_kind_word(b->kind)));
    return line_order(&one, &other);
}

/* Where the line stands or would stand; *known says which. */
static size_t record_place(const struct record *record, const struct record_line *line, bool *known)
{
    size_t low = 0, high = record->count;
    *known = false;
    /* Most come in their order. */
    if (high > 0 && line_order(line, &record->lines[high - 1]) > 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = line_order(line, &record->lines[middle]);
        if (order == 0) {
            *known = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

size_t line_cost(const struct record_line *line)
{
    return line->size + 32u; /* offset, witness, id, blanks, newline */
}

static bool record_takes(const struct record *record, size_t share, size_t cost)
{
    return record->count < RECORD_FACTS_MAX / share && record->bytes + cost <= RECORD_MAX / share;
}

/* Reports that nothing speaks for: whoever knows a Message-ID may send them. */
static bool fact_is_strange(const struct fact *fact)
{
    return fact->witness == WITNESS_REPORT && slice_is(fact->value[KEY_SIDE], "smtp") &&
           !slice_is(fact->value[KEY_TOKEN], "1");
}

static bool line_is_strange(const struct record_line *line)
{
    struct slice text = slice_make(line->text, line->size);
    return line->witness == WITNESS_REPORT && slice_find_text(text, " side=smtp") >= 0 &&
           slice_find_text(text, " token=1") < 0;
}

/* Strangers have a share of their own, beside whatever is there. */
static bool record_fits_strange(const struct record *record, size_t cost)
{
    size_t count = 0, bytes = cost;
    for (size_t i = 0; i < record->count; i++)
        if (line_is_strange(&record->lines[i])) {
            count++;
            bytes += line_cost(&record->lines[i]);
        }
    return record_takes(record, 1, cost) && count < RECORD_FACTS_MAX / STRANGE_SHARE &&
           bytes <= RECORD_MAX / STRANGE_SHARE;
}

/* What may come without end has half of all. */
static bool record_fits(const struct record *record, const struct fact *fact, size_t cost)
{
    bool repeats =
        fact->witness == WITNESS_REPORT || fact->kind == FACT_DELAYED || fact->kind == FACT_REFUSED;
    if (fact_is_strange(fact))
        return record_fits_strange(record, cost);
    return record_takes(record, repeats ? 2 : 1, cost);
}

bool record_full(const struct record *record, const struct fact *fact)
{
    return !record_fits(record, fact, FACT_LINE_MAX + 64);
}

char *text_copy(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

static bool line_same(const struct record_line *a, const struct record_line *b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* Only who adds a new fact asks for shares: what was added once is read again, whatever came
 * beside it. */
int record_insert(struct record *record, struct record_line line, struct error *why)
{
    bool known;
    size_t place = record_place(record, &line, &known);
    if (known) {
        struct record_line *there = &record->lines[place];
        bool says_all = line_same(there, &line) ||
                        (line_is(there, WITNESS_LOG, FACT_ACTIVE) && line_is_bare(there));
        int joined = says_all ? 0 : line_join(record, there, &line);
        free(line.text);
        return joined < 0 ? error_set(why, "no memory for a fact") : joined;
    }
    if (!record_takes(record, 1, line_cost(&line))) {
        free(line.text);
        return error_set(why, "record is full: %zu facts, %zu bytes", record->count, record->bytes);
    }
    if (record->count == record->room) {
        size_t room = record->room ? record->room * 2 : 8;
        struct record_line *lines = realloc(record->lines, room * sizeof *lines);
        if (lines == NULL) {
            free(line.text);
            return error_set(why, "no memory for a record of %zu facts", room);
        }
        record->lines = lines;
        record->room = room;
    }
    memmove(&record->lines[place + 1], &record->lines[place],
            (record->count - place) * sizeof line);
    record->lines[place] = line;
    record->count++;
    record->bytes += line_cost(&line);
    return 1;
}

static bool key_differs(const char *known, struct slice told)
{
    return known != NULL && told.size > 0 && !slice_equal(slice_of(known), told);
}

/* 1: something was not known; 0: all was; -1: it is another mail's key. */
static int record_learn_key(struct record *record, struct slice host, struct slice instance,
                            struct slice queue_id, struct error *why)
{
    char **known[] = {&record->host, &record->instance, &record->queue_id};
    struct slice told[] = {host, instance, queue_id};
    const char *what[] = {"host", "instance", "queue id"};
    int learnt = 0;
    /* Look before learning: a fact of another mail must leave no trace. */
    for (int i = 0; i < 3; i++) {
        if (told[i].size > RECORD_KEY_MAX)
            told[i].size = RECORD_KEY_MAX;
        if (key_differs(*known[i], told[i]))
            return error_set(why, "the fact's %s '%.*s' is not the record's '%s'", what[i],
                             SLICE_ARGS(told[i]), *known[i]);
    }
    for (int i = 0; i < 3; i++) {
        if (*known[i] != NULL || told[i].size == 0)
            continue;
        *known[i] = text_copy(told[i].at, told[i].size);
        if (*known[i] == NULL)
            return error_set(why, "no memory for a %s", what[i]);
        learnt = 1;
    }
    return learnt;
}

bool record_knows(const struct record *record, const struct fact *fact)
{
    bool known;
    struct record_line line = line_of(fact, slice_of(fact_kind_word(fact->kind)));
    record_place(record, &line, &known);
    return known;
}

static bool record_refuses(const struct record *record, const struct fact *fact,
                           const struct record_line *line, struct error *why)
{
    bool known;
    record_place(record, line, &known);
    if (known || record_fits(record, fact, line_cost(line)))
        return false;
    error_set(why, "record is full: %zu facts, %zu bytes", record->count, record->bytes);
    return true;
}

int record_add(struct record *record, const struct fact *fact, struct error *why)
{
    struct buffer body;
    buffer_init(&body, FACT_LINE_MAX);
    if (body_encode(fact, BODY_PLACE_KEYS, 32, &body) != 0) {
        buffer_free(&body);
        return error_set(why, "no memory for a fact");
    }
    struct record_line line = line_of(fact, slice_of(fact_kind_word(fact->kind)));
    line.size = (uint32_t)body.size;
    line.text = text_copy(body.data, body.size);
    buffer_free(&body);
    if (line.text == NULL)
        return error_set(why, "no memory for a fact");
    int learnt = record_refuses(record, fact, &line, why)
                     ? -1
                     : record_learn_key(record, fact->value[KEY_HOST], fact->value[KEY_INSTANCE],
                                        fact->value[KEY_QUEUE], why);
    if (learnt < 0) {
        free(line.text);
        return -1;
    }
    int added = record_insert(record, line, why);
    if (added < 0)
        return -1;
    if (added && kind_settles(fact->kind)) {
        bool still;
        record_settle(record);
        record_place(record, &line, &still);
        added = still;
    }
    return added || learnt;
}

static int key_learn_new(struct record *record, const struct record *other, struct error *why)
{
    struct slice host = record->host ? SLICE_ABSENT : slice_of(other->host);
    struct slice instance = record->instance ? SLICE_ABSENT : slice_of(other->instance);
    struct slice queue_id = record->queue_id ? SLICE_ABSENT : slice_of(other->queue_id);
    return record_learn_key(record, host, instance, queue_id, why) < 0 ? -1 : 0;
}

int record_merge(struct record *record, const struct record *other, struct error *why)
{
    int added = 0;
    if (other->see != 0)
        record->see = other->see;
    /* Another node's field may name its own host: what is known stays. */
    if (key_learn_new(record, other, why) != 0)
        return -1;
    for (size_t i = 0; i < other->count; i++) {
        struct record_line line = other->lines[i];
        line.text = text_copy(line.text, line.size);
        if (line.text == NULL)
            return error_set(why, "no memory for a fact");
        int one = record_insert(record, line, why);
        if (one < 0)
            return -1;
        added += one;
    }
    record_settle(record);
    return added;
}

int record_fact(const struct record *record, size_t index, struct fact *fact,
                struct buffer *scratch)
{
    const struct record_line *line = &record->lines[index];
    buffer_clear(scratch);
    if (buffer_add(scratch, line->text, line->size) != 0)
        return -1;
    fact_init(fact, (enum witness)line->witness, FACT_UNKNOWN, line->time);
    fact->id = line->fact;
    if (body_decode(scratch->data, scratch->size, fact) != 0)
        return -1;
    fact->waybill = record->id;
    fact_set(fact, KEY_HOST, slice_of(record->host));
    fact_set(fact, KEY_INSTANCE, slice_of(record->instance));
    fact_set(fact, KEY_QUEUE, slice_of(record->queue_id));
    return 0;
}
