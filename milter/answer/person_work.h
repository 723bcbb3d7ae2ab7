/* SPDX-License-Identifier: BSD-2-Clause */
/* person_work: what the files person*.c share: ids of mails, and the notes about a forgotten person,
 * whose form is told in person_work.c. */
#ifndef WAYBILL_ANSWER_PERSON_WORK_H
#define WAYBILL_ANSWER_PERSON_WORK_H

#include "person.h"

struct person_ids {
    uint64_t *list; /* free() */
    size_t count, room;
    bool no_memory; /* one is missing */
};
void person_ids_add(struct person_ids *ids, uint64_t id);
/* Lowest first, each once. */
void person_ids_sort(struct person_ids *ids);

struct day_work {
    uint64_t until, slice, records, fields, values, unread;
};

struct person_days {
    struct slice_note {
        uint32_t day;
        struct day_work work;
    } list[PERSON_DAYS_MAX];
    size_t count;
    struct unread_note {
        uint64_t until;
        char name[256];
    } unread[PERSON_UNREAD_MAX];
    uint64_t heeded[100]; /* what each node answered to last */
    struct person_work *work;
};

/* -1: the store failed. */
int person_work_read(struct person *person, struct person_work *work, struct person_days *days,
                     struct error *why);
/* NULL: nothing was done for that day and that moment. */
const struct day_work *person_day(const struct person_days *days, uint32_t day, int64_t until);

/* Queue. */
void person_note_began(struct person *person, const struct person_work *work);
void person_note_day(struct person *person, uint32_t day, const struct day_work *work);
void person_note_unread(struct person *person, size_t number, uint64_t until, const char *said);
void person_note_done(struct person *person, const struct person_work *work);

#endif
