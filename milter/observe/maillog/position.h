/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * position: a place in a log file that is still found after the file was renamed.
 *
 * A name says nothing (it is the next file's tomorrow), an inode is reused, so a file is known by
 * device, inode and the hash of its first bytes.
 */
#ifndef MAILLOG_POSITION_H
#define MAILLOG_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "waybill/text.h"

#define POSITION_HEAD 256u
#define POSITION_COPY_HEAD 64u /* holds a line's time and words: no other file has these bytes */

struct position {
    uint64_t device, inode; /* inode 0: there was no file yet */
    uint64_t head;          /* hash of the first `headed` bytes */
    uint32_t headed;        /* at most POSITION_HEAD */
    uint64_t offset;        /* of the next line */
    int64_t time;           /* of the last line, ms; until then all is told */
};

#define POSITION_TEXT_SIZE 160
void position_format(const struct position *position, char text[static POSITION_TEXT_SIZE]);
bool position_parse(struct position *position, struct slice text);

/* Is the open file the one that the position speaks of? Looks at its first bytes only, so a copy
 * of it is one too, if it has enough of them to tell. */
bool position_in(const struct position *position, int fd, const struct stat *status);
bool position_in_copy(const struct position *position, int fd);
/* The file has grown: hash more of its head. -1: the head that was hashed is not there any more. */
int position_learn(struct position *position, int fd);

#endif
