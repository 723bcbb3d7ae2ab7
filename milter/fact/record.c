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

#include "body.h"
#include "waybill/escape.h"
#include "waybill/id.h"

#define KEY_TEXT_MAX 512 /* host, instance, queue id */
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

static int line_order(const struct record_line *a, const struct record_line *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->witness != b->witness)
        return a->witness < b->witness ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->fact < b->fact ? -1 : a->fact > b->fact;
}

int record_order(const struct fact *a, const struct fact *b)
{
    struct record_line lines[2];
    const struct fact *facts[2] = {a, b};
    for (int i = 0; i < 2; i++)
        lines[i] = (struct record_line){.time = facts[i]->time,
                                        .fact = facts[i]->id,
                                        .witness = (char)facts[i]->witness,
                                        .rank = line_rank((char)facts[i]->witness,
                                                          facts[i]->kind)};
    return line_order(&lines[0], &lines[1]);
}

/* Where the line stands or would stand; *known says which. */
static size_t record_place(const struct record *record, const struct record_line *line, bool *known)
{
    size_t low = 0, high = record->count;
    *known = false;
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

static size_t line_cost(const struct record_line *line)
{
    return line->size + 32u; /* offset, witness, id, blanks, newline */
}

static void record_remove(struct record *record, size_t index)
{
    record->bytes -= line_cost(&record->lines[index]);
    free(record->lines[index].text);
    record->count--;
    memmove(&record->lines[index], &record->lines[index + 1],
            (record->count - index) * sizeof *record->lines);
}

static bool line_is(const struct record_line *line, enum witness witness, const char *kind)
{
    struct slice rest = slice_make(line->text, line->size), word;
    return line->witness == (char)witness && text_take_word(&rest, &word) && slice_is(word, kind);
}

static bool record_has(const struct record *record, enum witness witness, const char *kind)
{
    for (size_t i = 0; i < record->count; i++)
        if (line_is(&record->lines[i], witness, kind))
            return true;
    return false;
}

/* What a client= line tells that no milter is told. */
static bool client_is_news(const struct record_line *line)
{
    struct slice text = slice_make(line->text, line->size);
    return slice_find_text(text, " prev=") >= 0 || slice_find_text(text, " uid=") >= 0;
}

/* Leave out what says nothing new, see the header. */
static void record_settle(struct record *record)
{
    bool mail = record_has(record, WITNESS_MILTER, "mail");
    bool header = record_has(record, WITNESS_MILTER, "header");
    bool active = false;
    for (size_t i = 0; i < record->count;) {
        const struct record_line *line = &record->lines[i];
        bool again = active && line_is(line, WITNESS_LOG, "active");
        active = active || line_is(line, WITNESS_LOG, "active");
        if (again || (mail && line_is(line, WITNESS_LOG, "client") && !client_is_news(line)) ||
            (header && line_is(line, WITNESS_LOG, "cleanup")))
            record_remove(record, i);
        else
            i++;
    }
}

/* Only these kinds can leave another out, or be left out. */
static bool kind_settles(enum fact_kind kind)
{
    return kind == FACT_MAIL || kind == FACT_HEADER || kind == FACT_CLIENT ||
           kind == FACT_CLEANUP || kind == FACT_ACTIVE;
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

static enum fact_kind kind_of(struct slice body)
{
    struct slice word;
    return text_take_word(&body, &word) ? fact_kind_of(word) : FACT_UNKNOWN;
}

static char *text_copy(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

/* The same fact out of two texts: the words that only the other has. */
static int line_join(struct record *record, struct record_line *line,
                     const struct record_line *other, struct error *why)
{
    struct slice rest = slice_make(other->text, other->size), word;
    struct buffer joined;
    buffer_init(&joined, 2 * FACT_LINE_MAX);
    buffer_add(&joined, line->text, line->size);
    text_take_word(&rest, &word);
    while (text_take_char(&rest, ' ') && text_take_word(&rest, &word)) {
        struct slice name = slice_make(word.at, (size_t)(slice_find(word, '=') + 1)), have, there;
        have = slice_make(line->text, line->size);
        bool known = name.size == 0 || !text_take_word(&have, &there);
        while (!known && text_take_char(&have, ' ') && text_take_word(&have, &there))
            known = slice_starts_with(there, name);
        if (!known) {
            buffer_add_char(&joined, ' ');
            buffer_add(&joined, word.at, word.size);
        }
    }
    char *text = joined.failed ? NULL : text_copy(joined.data, joined.size);
    if (text == NULL) {
        buffer_free(&joined);
        return error_set(why, "no memory for a fact");
    }
    record->bytes += joined.size - line->size;
    free(line->text);
    line->text = text;
    line->size = (uint32_t)joined.size;
    buffer_free(&joined);
    return 0;
}

/* Take ownership of line->text. 1: in; 0: was there; -1: no room. Only who adds a new fact asks
 * for shares: what was added once is read again, whatever came beside it. */
static int record_insert(struct record *record, struct record_line line, struct error *why)
{
    bool known;
    size_t place = record_place(record, &line, &known);
    if (known) {
        int joined = line.size == record->lines[place].size
                         ? 0
                         : line_join(record, &record->lines[place], &line, why);
        free(line.text);
        return joined;
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

/* Learn one word of the mail's key. 1: it was not known; 0: it was; -1: it is another mail's. */
static int key_learn(char **known, struct slice told, const char *what, struct error *why)
{
    if (told.at == NULL || told.size == 0)
        return 0;
    if (told.size > KEY_TEXT_MAX)
        told.size = KEY_TEXT_MAX;
    if (*known != NULL) {
        if (slice_equal(slice_of(*known), told))
            return 0;
        return error_set(why, "the fact's %s '%.*s' is not the record's '%s'", what,
                         SLICE_ARGS(told), *known);
    }
    *known = text_copy(told.at, told.size);
    return *known ? 1 : error_set(why, "no memory for a %s", what);
}

static int record_learn_key(struct record *record, struct slice host, struct slice instance,
                            struct slice queue_id, struct error *why)
{
    /* Look before learning: a fact of another mail must leave no trace. */
    char *known[] = {record->host, record->instance, record->queue_id};
    struct slice told[] = {host, instance, queue_id};
    const char *what[] = {"host", "instance", "queue id"};
    for (int i = 0; i < 3; i++)
        if (known[i] != NULL && key_learn(&known[i], told[i], what[i], why) < 0)
            return -1;
    int a = key_learn(&record->host, host, what[0], why);
    int b = key_learn(&record->instance, instance, what[1], why);
    int c = key_learn(&record->queue_id, queue_id, what[2], why);
    if (a < 0 || b < 0 || c < 0)
        return -1;
    return a || b || c;
}

bool record_knows(const struct record *record, const struct fact *fact)
{
    bool known;
    struct record_line line = {.time = fact->time,
                               .fact = fact->id,
                               .witness = (char)fact->witness,
                               .rank = line_rank((char)fact->witness, fact->kind)};
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
    struct record_line line = {.time = fact->time,
                               .fact = fact->id,
                               .witness = (char)fact->witness,
                               .rank = line_rank((char)fact->witness, fact->kind),
                               .size = (uint32_t)body.size};
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

static void format_key(struct buffer *to, const char *word)
{
    buffer_add_char(to, ' ');
    if (word == NULL)
        buffer_add_char(to, '-');
    else
        escape_value(to, slice_of(word));
}

static bool word_is_of(struct slice word, uint64_t keys)
{
    struct slice name;
    for (unsigned key = 0; text_take_until(&word, '=', &name) && key < FACT_KEY_COUNT; key++)
        for (key = 0; key < FACT_KEY_COUNT; key++)
            if (slice_is(name, fact_key_word((enum fact_key)key)))
                return (keys & (UINT64_C(1) << key)) != 0;
    return (keys & KEY_BIT(TO)) != 0;
}

/* The kind and the words that are wanted. False: none is. */
static bool format_words(const struct record_line *line, uint64_t keys, struct buffer *to)
{
    struct slice rest = slice_make(line->text, line->size), word;
    bool any = (keys & KEY_BIT(TO)) != 0;
    if (text_take_word(&rest, &word))
        buffer_add(to, word.at, word.size);
    while (text_take_char(&rest, ' ') && text_take_word(&rest, &word))
        if (word_is_of(word, keys)) {
            any = true;
            buffer_add_char(to, ' ');
            buffer_add(to, word.at, word.size);
        }
    return any;
}

int record_format(const struct record *record, uint64_t keys, struct buffer *to)
{
    int64_t base = id_time(record->id);
    if (record->see != 0) {
        buffer_addf(to, "1 see=%llu", (unsigned long long)record->see);
        return to->failed ? -1 : 0;
    }
    buffer_add_char(to, '1');
    format_key(to, record->host);
    format_key(to, record->instance);
    format_key(to, record->queue_id);
    for (size_t i = 0; i < record->count; i++) {
        const struct record_line *line = &record->lines[i];
        char id[FACT_ID_SIZE];
        size_t before = to->size;
        fact_id_text(line->fact, id);
        buffer_addf(to, "\n%lld %c%s ", (long long)(line->time - base), line->witness, id);
        if (keys == UINT64_MAX)
            buffer_add(to, line->text, line->size);
        else if (!format_words(line, keys, to))
            buffer_cut(to, before);
    }
    return to->failed ? -1 : 0;
}

/* One word of the first line into an owned string; "-" leaves it unknown. */
static int parse_key(struct slice *rest, char **word, struct error *why)
{
    struct slice taken;
    if (!text_take_char(rest, ' ') || !text_take_word(rest, &taken) ||
        taken.size > KEY_TEXT_MAX * 3)
        return error_set(why, "cannot read a record: no host, instance and queue id at its front");
    if (slice_is(taken, "-"))
        return 0;
    *word = text_copy(taken.at, taken.size);
    if (*word == NULL)
        return error_set(why, "no memory for a record");
    (*word)[unescape_value(*word, taken.size)] = '\0';
    return 0;
}

static int parse_head(struct record *record, struct slice head, struct error *why)
{
    uint64_t version;
    if (!text_take_number(&head, &version))
        return error_set(why, "cannot read a record: no format version at its front");
    if (version != 1)
        return error_set(why, "cannot read a record: format %llu is newer than this program",
                         (unsigned long long)version);
    if (text_take(&head, " see=")) {
        if (!text_number(head, 1, UINT64_MAX, &record->see))
            return error_set(why, "cannot read a record: no id after 'see='");
        return 0;
    }
    if (parse_key(&head, &record->host, why) != 0 || parse_key(&head, &record->instance, why) != 0)
        return -1;
    return parse_key(&head, &record->queue_id, why);
}

static int parse_line(struct record *record, struct slice text, int64_t base, struct error *why)
{
    struct record_line line = {0};
    struct slice rest = text, name;
    uint64_t offset;
    bool before = text_take_char(&rest, '-');
    if (!text_take_number(&rest, &offset) || offset > INT64_MAX / 2 ||
        !text_take_char(&rest, ' ') || !text_take_word(&rest, &name) ||
        !fact_id_parse(slice_make(name.at + 1, name.size - 1), &line.fact) ||
        !text_take_char(&rest, ' ') || rest.size == 0 || rest.size > FACT_LINE_MAX)
        return error_set(why, "cannot read a record: '%.*s' is no fact",
                         text.size < 40 ? (int)text.size : 40, text.at);
    line.time = base + (before ? -(int64_t)offset : (int64_t)offset);
    line.witness = name.at[0];
    line.size = (uint32_t)rest.size;
    line.rank = line_rank(line.witness, kind_of(rest));
    line.text = text_copy(rest.at, rest.size);
    if (line.text == NULL)
        return error_set(why, "no memory for a record");
    return record_insert(record, line, why) < 0 ? -1 : 0;
}

static int parse_text(struct record *record, struct slice text, struct error *why)
{
    int64_t base = id_time(record->id);
    struct slice line = text, rest = SLICE_ABSENT;
    ptrdiff_t end = slice_find(text, '\n');
    if (end >= 0) {
        line.size = (size_t)end;
        rest = slice_make(text.at + end + 1, text.size - (size_t)end - 1);
    }
    if (parse_head(record, line, why) != 0)
        return -1;
    while (text_take_part(&rest, '\n', &line))
        if (line.size > 0 && parse_line(record, line, base, why) != 0)
            return -1;
    return 0;
}

int record_parse(struct record *record, struct slice text, struct error *why)
{
    struct record read;
    record_init(&read, record->id);
    int result = parse_text(&read, text, why);
    if (result == 0)
        result = record_merge(record, &read, why) < 0 ? -1 : 0;
    record_clear(&read);
    return result;
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
