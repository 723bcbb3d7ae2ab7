/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: is a compressed file one that was followed before it was compressed?
 */
#ifndef MAILLOG_PACKED_H
#define MAILLOG_PACKED_H

#include "position.h"
#include "waybill/error.h"

/* Can files of this name be read? bzip2's cannot. */
bool packed_is_readable(const char *path);
/* Both look into the open file, which `path` only names, and leave it at its first byte.
 *
 * Does it begin as the file that the position speaks of did? Inodes say nothing here, so a
 * position that knows too few bytes of its file is found nowhere. */
bool packed_holds(const struct position *position, int fd, const char *path);
/* Let the position know the file by its first bytes. -1: it cannot be read. */
int packed_learn(struct position *position, int fd, const char *path, struct error *why);

#endif
