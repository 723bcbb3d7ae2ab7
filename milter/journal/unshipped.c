/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unshipped: how much of a generation waits for the leader, who may be another process: the cursor
 * that he makes durable tells it.
 */
#include "inside.h"

#include <sys/stat.h>

#include "cursor.h"
#include "directory.h"
#include "layout.h"

/* A head without records is nothing that could be shipped. */
static uint64_t segment_bytes(const struct journal *journal, uint64_t segment, uint64_t from)
{
    char name[SEGMENT_NAME_SIZE];
    struct stat status;

    segment_name(segment, name);
    if (fstatat(journal->directory, name, &status, 0) != 0 || (uint64_t)status.st_size <= from)
        return 0;
    return (uint64_t)status.st_size - from;
}

uint64_t journal_unshipped(const struct journal *journal)
{
    struct cursor_view cursor = {0};
    struct segment_list list;
    uint64_t bytes = 0;

    /* Without a cursor nothing is known to be shipped. */
    (void)cursor_read(journal->directory, journal->generation, &cursor);
    if (segment_list_read(&list, journal->directory) == 0)
        for (size_t i = 0; i < list.count; i++)
            if (list.numbers[i] >= cursor.segment)
                bytes += segment_bytes(journal, list.numbers[i],
                                       list.numbers[i] == cursor.segment ? cursor.offset
                                                                         : SEGMENT_HEAD);
    segment_list_clear(&list);
    return bytes;
}
