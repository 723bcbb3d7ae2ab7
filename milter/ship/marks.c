/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marks: open addressing over a power of two, at most half full. The numbers are hashes already,
 * so their low bits are the place. An outsider cannot choose them: they come out of SHA-256.
 */
#include "marks.h"

#include <stdlib.h>
#include <string.h>

#define MARKS_FIRST 16

static uint64_t mark_of(uint64_t mark)
{
    return mark ? mark : 1;
}

/* The slot that holds the mark, or the empty one where it would go. */
static size_t marks_place(const struct marks *marks, uint64_t mark)
{
    size_t place = (size_t)mark & (marks->room - 1);
    while (marks->slot[place] != 0 && marks->slot[place] != mark)
        place = (place + 1) & (marks->room - 1);
    return place;
}

bool marks_have(const struct marks *marks, uint64_t mark)
{
    mark = mark_of(mark);
    return marks->room > 0 && marks->slot[marks_place(marks, mark)] == mark;
}

static int marks_grow(struct marks *marks)
{
    struct marks larger = {.room = marks->room ? marks->room * 2 : MARKS_FIRST};
    larger.slot = calloc(larger.room, sizeof *larger.slot);
    if (larger.slot == NULL)
        return -1;
    for (size_t i = 0; i < marks->room; i++)
        if (marks->slot[i] != 0)
            larger.slot[marks_place(&larger, marks->slot[i])] = marks->slot[i];
    larger.count = marks->count;
    free(marks->slot);
    *marks = larger;
    return 0;
}

int marks_add(struct marks *marks, uint64_t mark)
{
    mark = mark_of(mark);
    if (marks_have(marks, mark))
        return 0;
    if ((marks->count + 1) * 2 > marks->room && marks_grow(marks) != 0)
        return -1;
    marks->slot[marks_place(marks, mark)] = mark;
    marks->count++;
    return 0;
}

int marks_take(struct marks *marks, struct marks *from)
{
    for (size_t i = 0; i < from->room; i++)
        if (from->slot[i] != 0 && marks_add(marks, from->slot[i]) != 0)
            return -1;
    marks_clear(from);
    return 0;
}

void marks_clear(struct marks *marks)
{
    free(marks->slot);
    memset(marks, 0, sizeof *marks);
}
