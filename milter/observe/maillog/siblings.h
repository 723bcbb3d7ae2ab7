/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * siblings: a log file and those that rotation made of it, oldest first.
 */
#ifndef MAILLOG_SIBLINGS_H
#define MAILLOG_SIBLINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "waybill/error.h"

#define SIBLINGS_MAX 1000

struct sibling {
    char *path;
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t changed; /* ns: when it was last written */
    bool compressed;
    bool current; /* the path itself; always the last one */
};

struct siblings {
    struct sibling *list;
    size_t count;
};

/* All files named `path`, or `path` and what rotation adds: ".1", "-20261121", ".2.gz". */
int siblings_read(struct siblings *siblings, const char *path, struct error *why);
void siblings_clear(struct siblings *siblings);

#endif
