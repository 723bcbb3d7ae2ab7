/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notes: a note keeps the time of its own record when it is repeated at the head of a later
 * segment, so that an old generation that is taken up again does not pass an old log position
 * off as a new one.
 */
#include "notes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "scan.h"

struct note *notes_find(struct notes *notes, struct slice name)
{
    for (size_t i = 0; i < notes->count; i++)
        if (slice_equal(slice_make(notes->note[i].name, notes->note[i].name_size), name))
            return &notes->note[i];
    return NULL;
}

bool notes_room(struct notes *notes, struct slice name)
{
    return notes->count < JOURNAL_NOTES_MAX || notes_find(notes, name) != NULL;
}

bool notes_set(struct notes *notes, struct slice name, struct slice value, uint64_t time)
{
    if (name.size == 0 || name.size > JOURNAL_NOTE_NAME_MAX ||
        value.size > JOURNAL_NOTE_VALUE_MAX || !notes_room(notes, name))
        return false;
    struct note *note = notes_find(notes, name);
    if (!note) {
        note = &notes->note[notes->count++];
        memcpy(note->name, name.at, name.size);
        note->name_size = (unsigned short)name.size;
    } else if (note->time > time) {
        return true;
    }
    if (value.size > 0)
        memcpy(note->value, value.at, value.size);
    note->value_size = (unsigned short)value.size;
    note->time = time;
    return true;
}

void notes_take(struct notes *notes, const struct record_view *record)
{
    struct slice name, value;

    if (record->type == JOURNAL_NOTE && journal_note_read(record->payload, &name, &value))
        notes_set(notes, name, value, record->time);
}

int notes_copy(struct notes *notes, const char *name, char *value, size_t room)
{
    const struct note *note = notes_find(notes, slice_of(name));

    if (!note || note->value_size >= room)
        return -1;
    return slice_copy(slice_make(note->value, note->value_size), value, room) ? 0 : -1;
}

/* False: the segment is damaged, so notes may be missing. */
static bool notes_gather_segment(struct notes *notes, struct scan *scan, int directory,
                                 struct place place)
{
    char name[SEGMENT_NAME_SIZE];
    struct record_view record;
    enum scan_result result;

    segment_name(place.segment, name);
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool whole = scan_start(scan, fd, place);
    while ((result = scan_next(scan, &record)) != SCAN_END) {
        if (result == SCAN_RECORD) {
            notes_take(notes, &record);
            continue;
        }
        whole = false;
        if (!scan_resync(scan))
            break;
    }
    close(fd);
    return whole;
}

void notes_gather(struct notes *notes, int directory, unsigned generation)
{
    struct segment_list list;
    struct scan scan;

    if (scan_init(&scan) < 0)
        return;
    if (segment_list_read(&list, directory) == 0)
        for (size_t i = list.count; i > 0; i--)
            if (notes_gather_segment(notes, &scan, directory,
                                     (struct place){generation, list.numbers[i - 1]}))
                break;
    segment_list_clear(&list);
    scan_clear(&scan);
}
