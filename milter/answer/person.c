/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * person: goes over all records, day by day. What was done stands in tomb:HASH, so that who was
 * killed goes on:
 *
 *     began = until          done = ms audits
 *     day:YYMMDD = until slice records fields values unread       slice: the next one; 144: all
 *     unread:N = until key field: why                             the first 20 of them
 *     node:NN = ms values    by its waybilld
 */
#include "person.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/sheet.h"

#define NOTE_SLICES 12u        /* so often is written down how far we are */
#define TELL_MS (20 * SECOND_MS) /* and are the nodes told to look again at what they hold */
#define SPARE_DAYS 2

static bool is_person(void *context, struct slice canonical)
{
    const struct person *person = context;

    return slice_equal(canonical, slice_make(person->canonical, person->size));
}

int person_open(struct person *person, struct store *store, const struct settings *settings,
                const char *address, bool make, struct error *why)
{
    static const unsigned char none[sizeof person->tombs.key];

    *person = (struct person){.store = store, .settings = settings};
    person->asks = (struct forgetting){.is = is_person, .context = person};
    person->size = forget_canonical(slice_of(address), person->canonical);
    if (person->size == 0)
        return 1;
    if (store_get_tombs(store, &person->tombs, make, why))
        return -1;
    if (memcmp(person->tombs.key, none, sizeof none) != 0)
        store_tomb_hash(&person->tombs, slice_make(person->canonical, person->size), person->hash);
    return 0;
}

void person_close(struct person *person)
{
    store_tombs_free(&person->tombs);
}

static void take_sheet(void *context, const struct sheet *sheet)
{
    int64_t *days = context;

    if (sheet->retention_days > *days)
        *days = sheet->retention_days;
    if (sheet->refused_retention_days > *days)
        *days = sheet->refused_retention_days;
}

int person_first_day(struct person *person, int64_t now, uint32_t *day, struct error *why)
{
    const struct settings *settings = person->settings;
    int64_t days = settings->retention_days, server;

    if (settings->refused_retention_days > days)
        days = settings->refused_retention_days;
    if (store_get_sheets(person->store, &server, take_sheet, &days, why))
        return -1;
    if (days > PERSON_DAYS_MAX)
        days = PERSON_DAYS_MAX;
    *day = clock_day_add(clock_day(now, NULL), -(int)(days + SPARE_DAYS));
    return 0;
}

/* ---- what was done ---- */

struct day_work {
    uint64_t until, slice, records, fields, values, unread;
};

static bool day_read(struct slice value, struct day_work *work)
{
    uint64_t *numbers[] = {&work->until,  &work->slice,  &work->records,
                           &work->fields, &work->values, &work->unread};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if ((i > 0 && !text_take_char(&value, ' ')) || !text_take_number(&value, numbers[i]))
            return false;
    return value.size == 0;
}

static void note_day(struct person *person, uint32_t day, const struct day_work *work)
{
    char field[32], value[160];

    snprintf(field, sizeof field, "day:%06" PRIu32, day);
    snprintf(value, sizeof value,
             "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, work->until,
             work->slice, work->records, work->fields, work->values, work->unread);
    store_note_tomb(person->store, person->hash, field, value);
}

struct days {
    struct slice_note {
        uint32_t day;
        struct day_work work;
    } list[PERSON_DAYS_MAX];
    size_t count;
    struct unread_note {
        uint64_t until;
        char name[256];
    } unread[PERSON_UNREAD_MAX];
    struct person_work *work;
};

static struct unread_note unread_read(struct slice value)
{
    struct unread_note note = {.until = 0};

    if (text_take_number(&value, &note.until) && text_take_char(&value, ' '))
        slice_copy(value, note.name, sizeof note.name);
    return note;
}

static void take_note(void *context, struct slice field, struct slice value)
{
    struct days *days = context;
    struct person_work *work = days->work;
    uint64_t number, moment;
    struct day_work day;

    if (slice_is(field, "began")) {
        if (text_number(value, 0, INT64_MAX, &moment))
            work->until = (int64_t)moment;
    } else if (slice_is(field, "done")) {
        if (text_take_number(&value, &moment) && text_take_char(&value, ' '))
            (void)text_number(value, 0, UINT64_MAX, &work->audits);
        work->done = (int64_t)moment;
    } else if (text_take(&field, "unread:")) {
        if (text_number(field, 0, PERSON_UNREAD_MAX - 1, &number))
            days->unread[number] = unread_read(value);
    } else if (text_take(&field, "node:")) {
        if (text_number(field, 0, 99, &number) && text_take_number(&value, &moment))
            work->nodes[number].answered = (int64_t)moment;
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

static void sum_days(struct person_work *work, const struct days *days)
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

static int read_work(struct person *person, struct person_work *work, struct days *days,
                     struct error *why)
{
    *work = (struct person_work){.until = 0};
    days->work = work;
    if (person->hash[0] == '\0')
        return 0;
    if (store_get_tomb_notes(person->store, person->hash, take_note, days, why) ||
        store_get_nodes(person->store, take_node, work, why))
        return -1;
    if (work->done < work->until) /* of an earlier time */
        work->done = 0;
    for (int i = 0; i < 100; i++)
        if (work->done == 0 || work->nodes[i].answered < work->done)
            work->nodes[i].answered = 0;
    sum_days(work, days);
    return 0;
}

int person_read_work(struct person *person, struct person_work *work, struct error *why)
{
    struct days *days = calloc(1, sizeof *days);
    int result =
        days ? read_work(person, work, days, why) : error_set(why, "no memory for the receipt");

    free(days);
    return result;
}

/* ---- going over the records ---- */

struct going {
    struct person *person;
    struct person_work *work;
    struct forgetting forgetting;
    struct day_work day;
    uint64_t id, last; /* at hand; the last that was counted as a record */
    struct buffer text;
    bool no_memory;
    uint64_t **ids; /* only to be found */
    size_t *count, room;
};

static void value_gone(void *context, const struct fact *fact, enum fact_key key)
{
    const struct going *going = context;

    store_forget_value(going->person->store, going->id, fact, key);
}

static bool asks_person(void *context, struct slice canonical)
{
    return is_person(((const struct going *)context)->person, canonical);
}

/* The status sets go by a hash of the recipient, and what stands there now has another one. */
static void mark_states(struct going *going, const struct record *record)
{
    struct waybill waybill;

    if (waybill_read(&waybill, record, clock_now(), 0, NULL)) {
        going->no_memory = true;
        return;
    }
    for (size_t i = 0; i < waybill.recipient_count; i++) {
        const struct recipient *recipient = &waybill.recipients[i];

        if (slice_is(recipient->address, FORGOTTEN))
            store_mark_state(going->person->store, record->id, recipient_hash(recipient->address),
                             recipient->state, recipient->since);
    }
    waybill_clear(&waybill);
}

static void rewrite(struct going *going, const struct store_field *field)
{
    int gone = record_forget(field->record, &going->forgetting);

    if (gone == 0)
        return;
    if (gone < 0 || store_rewrite_field(going->person->store, field, &going->text)) {
        going->no_memory = true;
        return;
    }
    mark_states(going, field->record);
    going->day.values += (uint64_t)gone;
    going->day.fields++;
    going->day.records += field->id != going->last;
    going->last = field->id;
}

/* Whom it names is not known, so a person has to look. */
static void note_unread(struct going *going, const struct store_field *field)
{
    struct person_work *work = going->work;
    char name[16], *said;
    struct buffer text;

    going->day.unread++;
    if (going->ids || work->unread_named == PERSON_UNREAD_MAX)
        return;
    snprintf(name, sizeof name, "unread:%zu", work->unread_named);
    said = work->unread_names[work->unread_named++];
    snprintf(said, sizeof work->unread_names[0], "%.*s %.*s: %s", SLICE_ARGS(field->key),
             SLICE_ARGS(field->field), field->why_not);
    buffer_init(&text, 1024);
    buffer_addf(&text, "%" PRIu64 " %s", going->day.until, said);
    store_note_tomb(going->person->store, going->person->hash, name, text.data);
    buffer_free(&text);
}

static void note_id(struct going *going, uint64_t id)
{
    if (*going->count > 0 && (*going->ids)[*going->count - 1] == id)
        return;
    if (*going->count == going->room) {
        size_t room = going->room ? going->room * 2 : 256;
        uint64_t *ids = reallocarray(*going->ids, room, sizeof *ids);

        if (!ids) {
            going->no_memory = true;
            return;
        }
        *going->ids = ids;
        going->room = room;
    }
    (*going->ids)[(*going->count)++] = id;
}

static void field_seen(void *context, const struct store_field *field)
{
    struct going *going = context;

    if (field->id != 0 && id_time(field->id) > (int64_t)going->day.until)
        return;
    going->id = field->id;
    if (field->why_not)
        note_unread(going, field);
    if (!field->record)
        return;
    if (!going->ids)
        rewrite(going, field);
    else if (record_names(field->record, &going->forgetting) > 0)
        note_id(going, field->id);
}

static int go_slice(struct going *going, uint32_t day, unsigned slice, struct error *why)
{
    if (store_scan_slice(going->person->store, day, slice, field_seen, going, why))
        return -1;
    if (going->no_memory)
        return error_set(why, "no memory for the records of a day");
    return 0;
}

/* Nodes that hold such a record are to write it again: ours may have met theirs. */
static void tell_nodes(struct person *person, int64_t until)
{
    struct store_tomb tomb = {.until = until, .told = (uint64_t)clock_now()};

    memcpy(tomb.hash, person->hash, sizeof tomb.hash);
    store_put_tomb(person->store, &tomb);
}

static void drop_terms(struct person *person, uint32_t day, int *result, struct error *why)
{
    static const enum term_kind kinds[] = {TERM_RECIPIENT, TERM_SENDER, TERM_LOGIN};
    struct slice term = slice_make(person->canonical, person->size);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && *result == 0; i++)
        *result = store_drop_hot(person->store, day, kinds[i], term, why);
}

/* 0; 1: stopped; -1 */
static int go_day(struct going *going, uint32_t day, const atomic_bool *stop, struct error *why)
{
    struct person *person = going->person;
    int result = 0;

    for (; going->day.slice < STORE_SLICES && result == 0 && !atomic_load(stop);) {
        result = go_slice(going, day, (unsigned)going->day.slice++, why);
        if (result == 0 && (store_queued(person->store) > 0 || going->day.slice % NOTE_SLICES == 0)) {
            note_day(person, day, &going->day);
            result = store_flush(person->store, why);
        }
    }
    if (result == 0 && going->day.slice < STORE_SLICES) {
        note_day(person, day, &going->day);
        result = store_flush(person->store, why);
        return result == 0 ? 1 : -1;
    }
    drop_terms(person, day, &result, why);
    return result;
}

/* ---- the audit ---- */

struct audits {
    struct person *person;
    uint64_t count;
};

static bool audit_blank(const struct person *person, struct slice *value)
{
    if (value->at == NULL || !forget_names(&person->asks, *value, false))
        return false;
    *value = slice_of(FORGOTTEN);
    return true;
}

static void audit_seen(void *context, const struct store_audit *audit, struct slice field)
{
    struct audits *audits = context;
    struct store_audit blank = *audit;
    bool about = audit_blank(audits->person, &blank.about);
    bool who = audit_blank(audits->person, &blank.who);
    bool reason = audit_blank(audits->person, &blank.reason);

    if (!about && !who && !reason)
        return;
    store_rewrite_audit(audits->person->store, &blank, field);
    audits->count++;
}

static int go_audits(struct person *person, int64_t now, struct person_work *work,
                     struct error *why)
{
    struct audits audits = {person, 0};
    int64_t from = now - (person->settings->audit_retention_days + 1) * DAY_MS;

    if (store_each_audit(person->store, from, now, audit_seen, &audits, why))
        return -1;
    work->audits = audits.count;
    return store_flush(person->store, why);
}

/* ---- all of it ---- */

static const struct day_work *day_of(const struct days *days, uint32_t day, int64_t until)
{
    for (size_t i = 0; i < days->count; i++)
        if (days->list[i].day == day && (int64_t)days->list[i].work.until == until)
            return &days->list[i].work;
    return NULL;
}

static int begin(struct person *person, int64_t now, struct person_work *work, struct days *days,
                 struct error *why)
{
    char text[24];

    if (read_work(person, work, days, why))
        return -1;
    if (work->until == 0 || work->done != 0) {
        days->count = 0;
        *work = (struct person_work){.until = now};
    }
    snprintf(text, sizeof text, "%" PRId64, work->until);
    store_note_tomb(person->store, person->hash, "began", text);
    tell_nodes(person, work->until);
    return store_flush(person->store, why);
}

static int finish(struct person *person, struct person_work *work, struct error *why)
{
    char text[64];

    work->done = clock_now();
    snprintf(text, sizeof text, "%" PRId64 " %" PRIu64, work->done, work->audits);
    store_note_tomb(person->store, person->hash, "done", text);
    tell_nodes(person, work->until);
    return store_flush(person->store, why);
}

static int go_days(struct going *going, uint32_t first, const struct days *days,
                   const atomic_bool *stop,
                   void (*progress)(void *context, const struct person_work *work), void *context,
                   struct error *why)
{
    struct person_work *work = going->work;
    uint32_t last = clock_day(work->until, NULL);
    int64_t told = clock_monotonic();
    int result = 0;

    for (uint32_t day = first; day <= last; day = clock_day_add(day, 1))
        work->of++;
    for (uint32_t day = first; day <= last && result == 0; day = clock_day_add(day, 1)) {
        const struct day_work *before = day_of(days, day, work->until);

        going->day = before ? *before : (struct day_work){.until = (uint64_t)work->until};
        work->day = day;
        work->at++;
        if (progress)
            progress(context, work);
        if (going->day.slice >= STORE_SLICES)
            continue;
        result = go_day(going, day, stop, why);
        if (clock_monotonic() < told + TELL_MS)
            continue;
        tell_nodes(going->person, work->until);
        told = clock_monotonic();
    }
    return result;
}

static int forget_all(struct person *person, int64_t now, struct days *days,
                      struct person_work *work, const atomic_bool *stop,
                      void (*progress)(void *context, const struct person_work *work),
                      void *context, struct error *why)
{
    struct going going = {.person = person, .work = work};
    uint32_t first;
    int result;

    if (begin(person, now, work, days, why) || person_first_day(person, now, &first, why))
        return -1;
    going.forgetting = (struct forgetting){asks_person, value_gone, &going};
    buffer_init(&going.text, RECORD_MAX * 2);
    result = go_days(&going, first, days, stop, progress, context, why);
    buffer_free(&going.text);
    if (result == 0 && (go_audits(person, now, work, why) || finish(person, work, why)))
        result = -1;
    return result;
}

int person_forget(struct person *person, int64_t now, struct person_work *work,
                  const atomic_bool *stop,
                  void (*progress)(void *context, const struct person_work *work), void *context,
                  struct error *why)
{
    struct days *days = calloc(1, sizeof *days);
    int result = days ? forget_all(person, now, days, work, stop, progress, context, why)
                      : error_set(why, "no memory to forget");

    free(days);
    return result;
}

static int id_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

int person_find(struct person *person, uint32_t first, int64_t now, uint64_t **ids, size_t *count,
                uint64_t *unread, const atomic_bool *stop, struct error *why)
{
    struct going going = {.person = person, .ids = ids, .count = count};
    uint32_t last = clock_day(now, NULL);
    size_t left = 0;
    int result = 0;

    *ids = NULL;
    *count = 0;
    going.forgetting = (struct forgetting){asks_person, NULL, &going};
    going.day.until = (uint64_t)now;
    for (uint32_t day = first; day <= last && result == 0; day = clock_day_add(day, 1))
        for (unsigned slice = 0; slice < STORE_SLICES && result == 0; slice++)
            result = atomic_load(stop) ? 1 : go_slice(&going, day, slice, why);
    if (*count > 0)
        qsort(*ids, *count, sizeof **ids, id_order);
    for (size_t i = 0; i < *count; i++)
        if (left == 0 || (*ids)[left - 1] != (*ids)[i])
            (*ids)[left++] = (*ids)[i];
    *count = left;
    *unread = going.day.unread;
    return result;
}
