/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notes: names with values of which the latest counts; at most JOURNAL_NOTES_MAX.
 * The table has a fixed size (150 KB) and never fails for want of memory.
 */
#ifndef WAYBILL_JOURNAL_NOTES_H
#define WAYBILL_JOURNAL_NOTES_H

#include "layout.h"

struct note {
    uint64_t time;  /* of the record that carried it first */
    bool unwritten; /* remembered, but no record says so yet */
    unsigned short name_size, value_size;
    char name[JOURNAL_NOTE_NAME_MAX];
    char value[JOURNAL_NOTE_VALUE_MAX];
};

struct notes {
    size_t count;
    struct note note[JOURNAL_NOTES_MAX];
};

struct note *notes_find(struct notes *notes, struct slice name);
/* Would notes_set take this name? */
bool notes_room(struct notes *notes, struct slice name);
/* Take a value unless a later one is known. False: too long, or too many names. */
bool notes_set(struct notes *notes, struct slice name, struct slice value, uint64_t time);
/* The same from a record. */
void notes_take(struct notes *notes, const struct record_view *record);
/* Copy a value out, terminated. 0, or -1: there is none, or it does not fit. */
int notes_copy(struct notes *notes, const char *name, char *value, size_t room);

/* Take all notes that a generation's segments know. The newest segment has them all; so the others
 * are only read if it is damaged. */
void notes_gather(struct notes *notes, int directory, unsigned generation);

#endif
