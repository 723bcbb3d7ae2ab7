/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * person: one address, and which mails name it.
 */
#include "person.h"

#include <stdlib.h>
#include <string.h>

#include "person_work.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/sheet.h"

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

struct slice person_reason(const struct person *person, const char *reason)
{
    struct slice given = slice_of(reason);

    return reason != NULL && forget_names(&person->asks, given) ? slice_of(FORGOTTEN) : given;
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

/* ---- ids ---- */

void person_ids_add(struct person_ids *ids, uint64_t id)
{
    if (ids->count > 0 && ids->list[ids->count - 1] == id)
        return;
    if (ids->count == ids->room) {
        size_t room = ids->room ? ids->room * 2 : 256;
        uint64_t *list = reallocarray(ids->list, room, sizeof *list);

        ids->no_memory = ids->no_memory || !list;
        if (!list)
            return;
        ids->list = list;
        ids->room = room;
    }
    ids->list[ids->count++] = id;
}

static int id_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

void person_ids_sort(struct person_ids *ids)
{
    size_t left = 0;

    if (ids->count > 0)
        qsort(ids->list, ids->count, sizeof *ids->list, id_order);
    for (size_t i = 0; i < ids->count; i++)
        if (left == 0 || ids->list[left - 1] != ids->list[i])
            ids->list[left++] = ids->list[i];
    ids->count = left;
}

/* ---- the mails ---- */

struct finding {
    struct person *person;
    struct person_ids ids;
    int64_t now;
    uint64_t unread;
};

static void field_seen(void *context, const struct store_field *field)
{
    struct finding *finding = context;

    if (field->id != 0 && id_time(field->id) > finding->now)
        return;
    finding->unread += field->why_not != NULL;
    if (field->record && record_names(field->record, &finding->person->asks) > 0)
        person_ids_add(&finding->ids, field->id);
}

static int find_all(struct finding *finding, uint32_t first, const atomic_bool *stop,
                    struct error *why)
{
    uint32_t last = clock_day(finding->now, NULL);

    for (uint32_t day = first; day <= last; day = clock_day_add(day, 1))
        for (unsigned slice = 0; slice < STORE_SLICES; slice++) {
            if (atomic_load(stop))
                return 1;
            if (store_scan_slice(finding->person->store, day, slice, field_seen, finding, why))
                return -1;
            if (finding->ids.no_memory)
                return error_set(why, "no memory for the records of a day");
        }
    return 0;
}

int person_find(struct person *person, uint32_t first, int64_t now, uint64_t **ids, size_t *count,
                uint64_t *unread, const atomic_bool *stop, struct error *why)
{
    struct finding finding = {.person = person, .now = now};
    int result = find_all(&finding, first, stop, why);

    person_ids_sort(&finding.ids);
    *ids = finding.ids.list;
    *count = finding.ids.count;
    *unread = finding.unread;
    return result;
}
