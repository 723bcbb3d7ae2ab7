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

#define SIBLINGS_MAX 100000 /* a bound on memory: what is over may be the next file to read */

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

/* All files named `path`, or `path` and what rotation adds: ".1", "-20261121", ".2.gz", also in
 * front of the name's extension. A file that is just being compressed is there once. */
int siblings_read(struct siblings *siblings, const char *path, struct error *why);
void siblings_clear(struct siblings *siblings);

/* By its name: did rotation make `other` of the file `path`, whether both are there or not? */
bool siblings_is_rotated(const char *path, const char *other);
/* By its name. */
bool siblings_is_compressed(const char *path);

#endif
