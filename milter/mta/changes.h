/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * changes: the list of what is to be changed, while it grows; private to the room.
 */
#ifndef WAYBILL_MTA_CHANGES_H
#define WAYBILL_MTA_CHANGES_H

#include "waybill/mta.h"

#define VALUE_MAX ((size_t)64 << 10)

/* Add one; texts are copied; absent: not set. The command follows. -1: no memory. */
int changes_add(struct mta_changes *changes, const struct mta *mta, enum mta_change_kind kind,
                struct slice parameter, struct slice before, struct slice after,
                const char *reason);
int changes_note(struct mta_changes *changes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The change of that parameter, or NULL. */
struct mta_change *changes_find(const struct mta_changes *changes, enum mta_change_kind kind,
                                struct slice parameter);
/* A copy, NUL at its end. */
char *slice_dup(struct slice from);

#endif
