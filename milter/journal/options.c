/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: from the settings to a journal, for all programs that open the same one.
 */
#include "waybill/journal.h"

#include <stdio.h>

#define MEGABYTE (INT64_C(1) << 20)

/* The option's shape keeps the path short enough. */
void journal_options_of(struct journal_options *options, const struct settings *settings,
                        char directory[static PATH_MAX])
{
    int size = snprintf(directory, PATH_MAX, "%s/journal", settings->state_directory);

    if (size < 0 || size >= PATH_MAX)
        directory[0] = '\0';
    *options = (struct journal_options){
        .directory = directory,
        .sync = (enum sync_mode)settings->journal_sync,
        .sync_ms = settings->journal_sync_ms,
        .segment_size = settings->journal_segment_mb * MEGABYTE,
        .total_size = settings->journal_max_mb * MEGABYTE,
        .ring = (size_t)settings->journal_ring,
    };
}
