/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory: what attach found and what it put there, in a file that only root writes; private to the
 * room. Lines, a value to the end of its line:
 *
 *     waybill-attach 1 /etc/postfix
 *     main smtpd_milters            or: service submission/inet/smtpd_milters
 *     before inet:localhost:8891    this line is missing where nothing was set
 *     after { unix:waybill/milter.sock, ... }, inet:localhost:8891
 */
#ifndef WAYBILL_MTA_MEMORY_H
#define WAYBILL_MTA_MEMORY_H

#include "changes.h"
#include "waybill/buffer.h"

struct memory {
    struct buffer text;
    struct memory_entry {
        enum mta_change_kind kind;
        struct slice parameter, before, after; /* into `text`; before may be absent */
    } * list;
    size_t count;
};

/* Read the file; that there is none is no failure. -1: it cannot be read, somebody but root could
 * have written it, or it is of another mail server. Free with memory_clear in any case. */
int memory_read(struct memory *memory, const struct mta *mta, const char *path, struct error *why);
void memory_clear(struct memory *memory);
/* Write the entries of `old` that `changes` does not replace, and `changes`; it is with the disk
 * when this returns. */
int memory_write(const struct memory *old, const struct mta *mta, const struct mta_changes *changes,
                 const char *path, struct error *why);
/* Put back what `old` was read from. */
int memory_restore(const struct memory *old, const char *path, struct error *why);

#endif
