/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dry: what would be made of a mail, and no more: its facts are judged as those of a record are.
 */
#ifndef IMPORT_DRY_H
#define IMPORT_DRY_H

#include "waybill/import.h"

/* Zero at first. */
struct dry {
    struct fact *facts;
    size_t room;
};

/* Room for the facts of a mail, each initialised, perhaps with old values. NULL: no memory. */
struct fact *dry_room(struct dry *dry, size_t count);
/* Add the recipients of the mail whose facts are there now to the tally; their order is put right.
 * -1: no memory. */
int dry_judge(struct dry *dry, size_t count, struct import_tally *tally, int64_t now,
              int64_t queue_lifetime, struct error *why);
void dry_free(struct dry *dry);

#endif
