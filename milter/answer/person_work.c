/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * person_work: what was done about a person stands in tomb:HASH, so that who was killed goes on,
 * and the receipt can be asked for at any time:
 *
 *     began = until run           of the store
 *     done = ms audits told
 *     day:YYMMDD = until slice records fields values unread       slice: the next one; 144: all
 *     unread:N = until key field: why                             the first 20 of them
 *     node:NN = ms values told    by its waybilld
 *
 * `told` is no time: hosts' clocks differ, so a node says which word it answers to.
 */
#include "person_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many of them with a blank between, and nothing else. */
static bool numbers_read(struct slice value, uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((i > 0 && !text_take_char(&value, ' ')) || !text_take_number(&value, &numbers[i]))
            return false;
    return value.size == 0;
}

static bool day_read(struct slice value, struct day_work *work)
{
    uint64_t numbers[6];

    if (!numbers_read(value, numbers, 6))
        return false;
    *work = (struct day_work){numbers[0], numbers[1], numbers[2],
                              numbers[3], numbers[4], numbers[5]};
    return true;
}

static struct unread_note unread_read(struct slice value)
{
    struct unread_note note = {.until = 0};

    if (text_take_number(&value, &note.until) && text_take_char(&value, ' '))
        slice_copy(value, note.name, sizeof note.name);
    return note;
}

static void take_note(void *context, struct slice field, struct slice value)
{
    struct person_days *days = context;
    struct person_work *work = days->work;
    uint64_t number, numbers[3];
    struct day_work day;

    if (slice_is(field, "began")) {
        if (numbers_read(value, numbers, 2) && numbers[0] <= INT64_MAX) {
            work->until = (int64_t)numbers[0];
            work->run = numbers[1];
        }
    } else if (slice_is(field, "done")) {
        if (numbers_read(value, numbers, 3) && numbers[0] <= INT64_MAX) {
            work->done = (int64_t)numbers[0];
            work->audits = numbers[1];
            work->told = numbers[2];
        }
    } else if (text_take(&field, "unread:")) {
        if (text_number(field, 0, PERSON_UNREAD_MAX - 1, &number))
            days->unread[number] = unread_read(value);
    } else if (text_take(&field, "node:")) {
        if (text_number(field, 0, 99, &number) && numbers_read(value, numbers, 3) &&
            numbers[0] <= INT64_MAX) {
            work->nodes[number].answered = (int64_t)numbers[0];
            days->heeded[number] = numbers[2];
        }
    } else if (text_take(&field, "day:") && text_number(field, 0, 999999, &number) &&
               days->count < PERSON_DAYS_MAX && day_read(value, &day)) {
        days->list[days->count++] = (struct slice_note){(uint32_t)number, day};
    }
}

static void take_node(void *context, const struct store_node *node)
{
    struct person_work *work = context;

    work->nodes[node->node].wrote = true;
    work->nodes[node->node].heard = node->ship;
    slice_copy(slice_of(node->host), work->nodes[node->node].host,
               sizeof work->nodes[node->node].host);
}

static void sum_days(struct person_work *work, const struct person_days *days)
{
    while (work->unread_named < PERSON_UNREAD_MAX && work->until != 0 &&
           (int64_t)days->unread[work->unread_named].until == work->until) {
        const char *name = days->unread[work->unread_named].name;

        slice_copy(slice_of(name), work->unread_names[work->unread_named++],
                   sizeof work->unread_names[0]);
    }
    for (size_t i = 0; i < days->count; i++) {
        const struct day_work *day = &days->list[i].work;

        if ((int64_t)day->until != work->until)
            continue;
        work->days += day->slice >= STORE_SLICES;
        work->records += day->records;
        work->fields += day->fields;
        work->values += day->values;
        work->unread += day->unread;
    }
}

int person_work_read(struct person *person, struct person_work *work, struct person_days *days,
                     struct error *why)
{
    *work = (struct person_work){.until = 0};
    memset(days, 0, sizeof *days);
    days->work = work;
    if (person->hash[0] == '\0')
        return 0;
    if (store_get_tomb_notes(person->store, person->hash, take_note, days, why) ||
        store_get_nodes(person->store, take_node, work, why))
        return -1;
    if (work->done < work->until) /* of an earlier time */
        work->done = 0;
    for (int i = 0; i < 100; i++)
        if (work->done == 0 || days->heeded[i] < work->told)
            work->nodes[i].answered = 0;
    sum_days(work, days);
    return 0;
}

int person_read_work(struct person *person, struct person_work *work, struct error *why)
{
    struct person_days *days = calloc(1, sizeof *days);
    int result =
        days ? person_work_read(person, work, days, why) : error_set(why, "no memory for the receipt");

    free(days);
    return result;
}

const struct day_work *person_day(const struct person_days *days, uint32_t day, int64_t until)
{
    for (size_t i = 0; i < days->count; i++)
        if (days->list[i].day == day && (int64_t)days->list[i].work.until == until)
            return &days->list[i].work;
    return NULL;
}

/* ---- writing ---- */

void person_note_began(struct person *person, const struct person_work *work)
{
    char value[64];

    snprintf(value, sizeof value, "%" PRId64 " %" PRIu64, work->until, work->run);
    store_note_tomb(person->store, person->hash, "began", value);
}

void person_note_day(struct person *person, uint32_t day, const struct day_work *work)
{
    char field[32], value[160];

    snprintf(field, sizeof field, "day:%06" PRIu32, day);
    snprintf(value, sizeof value,
             "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, work->until,
             work->slice, work->records, work->fields, work->values, work->unread);
    store_note_tomb(person->store, person->hash, field, value);
}

void person_note_unread(struct person *person, size_t number, uint64_t until, const char *said)
{
    char field[16];
    struct buffer text;

    snprintf(field, sizeof field, "unread:%zu", number);
    buffer_init(&text, 1024);
    buffer_addf(&text, "%" PRIu64 " %s", until, said);
    store_note_tomb(person->store, person->hash, field, text.data);
    buffer_free(&text);
}

void person_note_done(struct person *person, const struct person_work *work)
{
    char value[80];

    snprintf(value, sizeof value, "%" PRId64 " %" PRIu64 " %" PRIu64, work->done, work->audits,
             work->told);
    store_note_tomb(person->store, person->hash, "done", value);
}
