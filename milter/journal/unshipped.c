/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unshipped: how much of our own generation waits for the leader, who may be another process: the
 * cursor that he makes durable tells it.
 */
#include "inside.h"

#include "cursor.h"
#include "directory.h"

uint64_t journal_unshipped(const struct journal *journal)
{
    struct cursor_view cursor = {0};

    /* Without a cursor nothing is known to be shipped. */
    (void)cursor_read(journal->directory, journal->generation, &cursor);
    return directory_backlog(journal->directory, cursor.segment, cursor.offset);
}
