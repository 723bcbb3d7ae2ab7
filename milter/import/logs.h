/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logs: the files of one import, opened all at once and put into the order of their lines: whoever
 * names mail.log* names the newest first.
 */
#ifndef IMPORT_LOGS_H
#define IMPORT_LOGS_H

#include "waybill/error.h"
#include "waybill/logfile.h"

struct log_entry {
    const char *path;
    struct logfile *file;
    int64_t first; /* ms, of the first line that names a time; standard input: the last of all */
};

struct logs {
    struct log_entry *list;
    size_t count;
    uint64_t total; /* packed bytes of all; 0: not known */
};

/* -1: one cannot be opened. logs_close in either case. */
int logs_open(struct logs *logs, const char *const *paths, size_t count, struct error *why);
void logs_close(struct logs *logs);

#endif
