/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * person_forget: goes over all records, day by day, and takes a person out of them.
 *
 * First it is found which mails of ten minutes name him; then each of these is read once more, with
 * what every host wrote of it, since it depends on all of that what may stay; then it is rewritten,
 * field by field. A daemon may write one of these fields meanwhile; see ship/forget.c.
 */
#include "person_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/id.h"

#define NOTE_SLICES 12u          /* so often is written down how far we are */
#define TELL_MS (20 * SECOND_MS) /* and are the nodes told to look again at what they hold */
#define WRITES_MAX 2000u         /* that wait */
#define RUNS_MAX 3               /* of the store, that one run of ours may see */

struct going {
    struct person *person;
    struct person_work *work;
    struct forgetting forgetting;
    struct day_work day;
    bool again; /* a run before us was cut off: it may have done half of a mail */
    struct person_ids ids;      /* of ten minutes */
    uint64_t id;                /* at hand, */
    struct forget_named named;  /* whom it names, */
    struct record whole;        /* what is left of it, */
    uint64_t fields;            /* and how many fields were rewritten */
    struct buffer text;
    bool no_memory;
    const atomic_bool *stop;
    void (*progress)(void *context, const struct person_work *work);
    void *context;
};

/* ---- one mail ---- */

static void value_gone(void *context, const struct fact *fact, enum fact_key key)
{
    const struct going *going = context;

    store_forget_value(going->person->store, going->id, fact, key);
}

static bool asks_person(void *context, struct slice canonical)
{
    const struct forgetting *asks = &((const struct going *)context)->person->asks;

    return asks->is(asks->context, canonical);
}

static void field_named(void *context, const struct store_field *field)
{
    struct going *going = context;

    if (field->record && record_named(field->record, &going->forgetting, &going->named))
        going->no_memory = true;
}

static void field_blank(void *context, const struct store_field *field)
{
    struct going *going = context;
    int gone;

    if (!field->record)
        return;
    gone = record_forget(field->record, &going->forgetting, &going->named);
    if (gone < 0 || record_merge(&going->whole, field->record, NULL) < 0 ||
        (gone > 0 && store_rewrite_field(going->person->store, field, &going->text))) {
        going->no_memory = true;
        return;
    }
    going->day.values += (uint64_t)gone;
    going->fields += gone > 0;
}

/* The status sets go by a hash of the recipient, and what stands there now has another one. */
static void mark_states(struct going *going)
{
    struct waybill waybill;

    if (waybill_read(&waybill, &going->whole, clock_now(), 0, NULL)) {
        going->no_memory = true;
        return;
    }
    for (size_t i = 0; i < waybill.recipient_count; i++) {
        const struct recipient *recipient = &waybill.recipients[i];

        if (address_was_forgotten(recipient->address))
            store_mark_state(going->person->store, going->id, recipient_hash(recipient->address),
                             recipient->state, recipient->since);
    }
    waybill_clear(&waybill);
}

static int go_mail(struct going *going, uint64_t id, struct error *why)
{
    int result;

    going->id = id;
    going->named = (struct forget_named){.any = false};
    going->fields = 0;
    record_init(&going->whole, id);
    result = store_scan_mail(going->person->store, id, field_named, field_blank, going, why);
    if (result == 0 && going->fields > 0) {
        mark_states(going);
        going->day.fields += going->fields;
        going->day.records++;
    }
    record_clear(&going->whole);
    return result;
}

/* ---- ten minutes ---- */

/* Whom it names is not known, so a person has to look. */
static void note_unread(struct going *going, const struct store_field *field)
{
    struct person_work *work = going->work;
    char *said;

    going->day.unread++;
    if (work->unread_named == PERSON_UNREAD_MAX)
        return;
    said = work->unread_names[work->unread_named];
    snprintf(said, sizeof work->unread_names[0], "%.*s%s%.*s: %s", SLICE_ARGS(field->key),
             field->field.size > 0 ? " " : "", SLICE_ARGS(field->field), field->why_not);
    person_note_unread(going->person, work->unread_named++, going->day.until, said);
}

static void field_seen(void *context, const struct store_field *field)
{
    struct going *going = context;
    int names;

    if (field->id != 0 && id_time(field->id) > (int64_t)going->day.until)
        return;
    if (field->why_not)
        note_unread(going, field);
    if (!field->record)
        return;
    names = record_names(field->record, &going->forgetting);
    going->no_memory = going->no_memory || names < 0;
    if (names > 0 || (going->again && record_was_forgotten(field->record)))
        person_ids_add(&going->ids, field->id);
}

static int go_slice(struct going *going, uint32_t day, unsigned slice, struct error *why)
{
    struct store *store = going->person->store;
    int result;

    going->ids.count = 0;
    result = store_scan_slice(store, day, slice, field_seen, going, why);
    person_ids_sort(&going->ids);
    for (size_t i = 0; i < going->ids.count && result == 0; i++) {
        result = go_mail(going, going->ids.list[i], why);
        if (result == 0 && store_queued(store) > WRITES_MAX)
            result = store_flush(store, why);
    }
    if (result == 0 && (going->no_memory || going->ids.no_memory))
        result = error_set(why, "no memory for the records of a day");
    return result;
}

/* ---- days ---- */

/* Nodes that hold such a record are to write it again: ours may have met theirs. The word they look
 * at grows, whatever the clocks of those who say it. */
static int tell_nodes(struct person *person, struct person_work *work, struct error *why)
{
    struct store_tomb tomb = {.until = work->until};
    uint64_t told, now = (uint64_t)clock_now();

    if (person->tombs.count >= STORE_TOMBS_MAX &&
        store_tombs_find(&person->tombs, person->hash) == NULL)
        return error_set(why, "%u addresses are forgotten already, and no more can be: take those that no "
                              "mail of the retention can name out of 'tomb' by hand",
                         STORE_TOMBS_MAX);
    if (store_tombs_told(person->store, &told, why))
        return -1;
    tomb.told = work->told = told >= now ? told + 1 : now;
    memcpy(tomb.hash, person->hash, sizeof tomb.hash);
    store_put_tomb(person->store, &tomb);
    return 0;
}

/* 0; 1: stopped; -1 */
static int go_day(struct going *going, uint32_t day, struct error *why)
{
    struct person *person = going->person;
    int result = 0;

    while (going->day.slice < STORE_SLICES && result == 0 && !atomic_load(going->stop)) {
        result = go_slice(going, day, (unsigned)going->day.slice++, why);
        if (result == 0 &&
            (store_queued(person->store) > 0 || going->day.slice % NOTE_SLICES == 0)) {
            person_note_day(person, day, &going->day);
            result = store_flush(person->store, why);
        }
    }
    if (result != 0 || going->day.slice == STORE_SLICES)
        return result;
    person_note_day(person, day, &going->day);
    return store_flush(person->store, why) ? -1 : 1;
}

static int go_days(struct going *going, uint32_t first, const struct person_days *days,
                   struct error *why)
{
    struct person_work *work = going->work;
    uint32_t last = clock_day(work->until, NULL);
    int64_t told = clock_monotonic();
    int result = 0;

    work->at = work->of = 0;
    for (uint32_t day = first; day <= last; day = clock_day_add(day, 1))
        work->of++;
    for (uint32_t day = first; day <= last && result == 0; day = clock_day_add(day, 1)) {
        const struct day_work *before = person_day(days, day, work->until);

        going->day = before ? *before : (struct day_work){.until = (uint64_t)work->until};
        work->day = day;
        work->at++;
        if (going->progress)
            going->progress(going->context, work);
        if (going->day.slice >= STORE_SLICES)
            continue;
        result = go_day(going, day, why);
        if (result != 0 || clock_monotonic() < told + TELL_MS)
            continue;
        result = tell_nodes(going->person, work, why);
        told = clock_monotonic();
    }
    return result;
}

/* ---- the audit ---- */

struct audits {
    struct person *person;
    uint64_t count;
};

static bool audit_blank(const struct person *person, struct slice *value)
{
    if (value->at == NULL || !forget_names(&person->asks, *value))
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
    work->audits += audits.count;
    return store_flush(person->store, why);
}

/* ---- all of it ---- */

static bool term_names(void *context, struct slice term)
{
    return forget_names(&((const struct person *)context)->asks, term);
}

/* 0: anew; 1: where another run was cut off. -1: the store failed. */
static int begin(struct person *person, int64_t now, struct person_work *work,
                 struct person_days *days, struct error *why)
{
    uint64_t run;
    bool on;

    if (person_work_read(person, work, days, why))
        return -1;
    run = store_run_digest(person->store);
    on = work->until != 0 && work->done == 0;
    if (!on) {
        days->count = 0;
        *work = (struct person_work){.until = now};
    }
    /* What went to another run of the store may be lost. */
    for (size_t i = 0; i < days->count && run != work->run; i++)
        days->list[i].work.slice = days->list[i].work.unread = 0;
    if (run != work->run)
        work->unread = work->unread_named = 0;
    work->run = run;
    person_note_began(person, work);
    return tell_nodes(person, work, why) || store_flush(person->store, why) ? -1 : on;
}

/* Mails that the day notes had counted as blanked are blank by now, and not counted again. */
static int go_once(struct going *going, int64_t now, struct person_days *days, struct error *why)
{
    struct person *person = going->person;
    uint32_t first;
    int result = begin(person, now, going->work, days, why);

    going->again = result > 0;
    if (result < 0 || person_first_day(person, now, &first, why))
        return -1;
    result = go_days(going, first, days, why);
    if (result == 0 &&
        (store_drop_named(person->store, going->work->until, term_names, person, why) ||
         go_audits(person, now, going->work, why)))
        result = -1;
    return result;
}

static int finish(struct person *person, struct person_work *work, struct error *why)
{
    work->done = clock_now();
    if (tell_nodes(person, work, why))
        return -1;
    person_note_done(person, work);
    return store_flush(person->store, why);
}

static int forget_all(struct going *going, int64_t now, struct person_days *days,
                      struct error *why)
{
    for (int run = 0; run < RUNS_MAX; run++) {
        int result = go_once(going, now, days, why);

        if (result != 0)
            return result;
        if (store_run_digest(going->person->store) == going->work->run)
            return finish(going->person, going->work, why);
    }
    return error_set(why, "Redis was restarted or failed over again and again; the same command "
                          "goes on");
}

int person_forget(struct person *person, int64_t now, struct person_work *work,
                  const atomic_bool *stop,
                  void (*progress)(void *context, const struct person_work *work), void *context,
                  struct error *why)
{
    struct going going = {.person = person,
                          .work = work,
                          .stop = stop,
                          .progress = progress,
                          .context = context};
    struct person_days *days = calloc(1, sizeof *days);
    int result;

    if (!days)
        return error_set(why, "no memory to forget");
    going.forgetting = (struct forgetting){asks_person, value_gone, &going, person->tombs.key};
    buffer_init(&going.text, RECORD_MAX * 2);
    result = forget_all(&going, now, days, why);
    buffer_free(&going.text);
    free(going.ids.list);
    free(days);
    return result;
}
