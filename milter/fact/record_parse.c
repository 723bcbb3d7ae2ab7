/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_parse: a record out of its text, of format 1 or 2.
 *
 * A text is worked on in one copy that lives until its end, since later lines name what earlier
 * ones said. Who only wants to know what the facts say, of a text as our writer leaves it, gets
 * them straight from that copy (record_read).
 */
#include <stdlib.h>
#include <string.h>

#include "record_set.h"
#include "terse.h"
#include "waybill/escape.h"
#include "waybill/id.h"

struct parsing {
    struct record *record; /* NULL: the facts alone are wanted */
    uint64_t id;
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
        return error_set(why,
                         "cannot read a record: format %llu is newer than this program; upgrade it",
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
        parsing->numbers.front = fact_id_milter(parsing->id, 0);
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

/* Into parsing->body; the text is worked on. */
static int parse_fact(struct parsing *parsing, char *start, struct slice text)
{
    struct slice rest = text;
    uint64_t offset;
    bool before = text_take_char(&rest, '-');
    bool read = text_take_number(&rest, &offset) && offset <= INT64_MAX / 4 &&
                text_take_char(&rest, ' ') && rest.size <= 3 * (size_t)FACT_LINE_MAX &&
                (parsing->old ? parse_old(parsing, start, rest) : parse_new(parsing, start, rest));
    struct fact *fact = &parsing->body.fact;
    if (read) {
        fact->time = parsing->time + (before ? -(int64_t)offset : (int64_t)offset);
        read = fact->time <= INT64_MAX / 2 && fact->time >= -(INT64_MAX / 2);
    }
    if (read && !parsing->old)
        parsing->time = fact->time;
    return read ? 0 : -1;
}

static int parse_line(struct parsing *parsing, char *start, struct slice text, struct error *why)
{
    char shown[44];
    slice_copy(slice_make(text.at, text.size < 40 ? text.size : 40), shown, sizeof shown);
    if (parse_fact(parsing, start, text) != 0)
        return error_set(why, "cannot read a record: '%s' is no fact", shown);
    buffer_clear(&parsing->line);
    struct record_line line = line_of(&parsing->body.fact, parsing->body.kind);
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
        parsing->id = record->id;
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

/* ---- the facts alone ---- */

#define TEXT_PLAIN 16384u /* bytes of a text and of a line: what is longer may have to be cut, */
#define LINE_PLAIN 512u   /* which record_parse does */

struct reading {
    struct parsing parsing;
    struct record_facts *read;
    char *room; /* behind the text: for values that are put together */
    size_t left;
};

/* Values that stand in the room of one line move to where they stay. */
static bool reading_keep(struct reading *reading, struct fact *fact)
{
    const struct terse *terse = &reading->parsing.terse;
    if (terse->used > reading->left)
        return false;
    memcpy(reading->room, terse->room, terse->used);
    for (uint64_t keys = fact->keys; keys != 0;) {
        struct slice *value = &fact->value[fact_take_key(&keys)];
        if (value->at >= terse->room && value->at < terse->room + sizeof terse->room)
            value->at = reading->room + (value->at - terse->room);
    }
    reading->room += terse->used;
    reading->left -= terse->used;
    return true;
}

/* Lines that stand in order are the set. */
static bool reading_take(struct reading *reading, struct slice text, struct record_line *before)
{
    struct parsing *parsing = &reading->parsing;
    struct record_facts *read = reading->read;
    struct fact *fact = &read->facts[read->count];
    if (text.size > LINE_PLAIN ||
        parse_fact(parsing, read->bytes + (text.at - read->bytes), text) != 0)
        return false;
    struct record_line line = line_of(&parsing->body.fact, parsing->body.kind);
    if (read->count > 0 && line_order(before, &line) >= 0)
        return false;
    *before = line;
    *fact = parsing->body.fact;
    fact->id = line.fact;
    fact->waybill = parsing->id;
    read->count++;
    return reading_keep(reading, fact);
}

/* "2 [host [instance] queue]", nothing in it escaped. */
static bool reading_head(struct record_facts *read, struct slice head)
{
    struct slice words[3] = {SLICE_ABSENT, SLICE_ABSENT, SLICE_ABSENT};
    size_t count = 0;
    if (head.size > RECORD_KEY_MAX || slice_find(head, '%') >= 0 || slice_find(head, '=') >= 0 ||
        slice_find(head, '\0') >= 0 || !text_take_char(&head, '0' + FORMAT_NOW))
        return false;
    while (count < 3 && text_take_char(&head, ' ') && text_take_word(&head, &words[count]))
        count++;
    if (count == 1 || head.size > 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (slice_is(words[i], "-"))
            words[i] = SLICE_ABSENT;
    read->host = words[0];
    read->instance = count == 2 ? slice_of(DEFAULT_INSTANCE) : words[1];
    read->queue_id = count == 2 ? words[1] : words[2];
    return true;
}

static size_t count_lines(struct slice text)
{
    size_t count = 1;
    const char *at = text.at, *end = text.at + text.size;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        count++;
    }
    return count;
}

static bool reading_text(struct reading *reading, size_t size)
{
    struct record_facts *read = reading->read;
    struct parsing *parsing = &reading->parsing;
    struct slice rest = slice_make(read->bytes, size), line = SLICE_ABSENT;
    struct record_line before;
    text_take_part(&rest, '\n', &line);
    if (!reading_head(read, line))
        return false;
    parsing->record = NULL;
    parsing->old = false;
    parsing->time = id_time(parsing->id);
    parsing->numbers = (struct numbers){0};
    terse_begin(&parsing->terse, parsing->time, read->host);
    while (text_take_part(&rest, '\n', &line))
        if (line.size > 0 && !reading_take(reading, line, &before))
            return false;
    return read->count > 0;
}

int record_read(struct record_facts *read, uint64_t id, struct slice text)
{
    static _Thread_local struct reading reading; /* as when it is written: not for each mail */
    size_t room = 2 * text.size + 1024;
    *read = (struct record_facts){0};
    if (text.size == 0 || text.size > TEXT_PLAIN)
        return 0;
    read->bytes = malloc(text.size + room);
    read->facts = malloc((count_lines(text) + 1) * sizeof *read->facts);
    if (read->bytes != NULL && read->facts != NULL) {
        memcpy(read->bytes, text.at, text.size);
        reading.read = read;
        reading.room = read->bytes + text.size;
        reading.left = room;
        reading.parsing.id = id;
        if (reading_text(&reading, text.size))
            return 1;
    }
    free(read->bytes);
    free(read->facts);
    *read = (struct record_facts){0};
    return 0;
}
