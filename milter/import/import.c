/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: from files to the sink.
 */
#include "waybill/import.h"

#include <stdlib.h>

struct import {
    struct import_options options;
    struct import_tally tally;
};

int import_open(struct import **import, const struct import_options *options, struct error *why)
{
    *import = calloc(1, sizeof **import);
    if (*import == NULL)
        return error_set(why, "no memory to import");
    (*import)->options = *options;
    return 0;
}

enum import_result import_logs(struct import *import, const char *const *paths, size_t count,
                               struct error *why)
{
    (void)paths;
    import->tally.files += count;
    error_set(why, "logs cannot be imported yet");
    return count > 0 ? IMPORT_UNREADABLE : IMPORT_DONE;
}

enum import_result import_mail(struct import *import, const struct fact *facts, size_t count,
                               struct error *why)
{
    (void)why;
    (void)facts;
    import->tally.mails++;
    import->tally.facts += count;
    return IMPORT_DONE;
}

enum import_result import_finish(struct import *import, struct error *why)
{
    (void)why;
    return import->options.dry_run ? IMPORT_DONE : IMPORT_UNREACHABLE;
}

const struct import_tally *import_counts(const struct import *import)
{
    return &import->tally;
}

void import_close(struct import **import)
{
    free(*import);
    *import = NULL;
}
