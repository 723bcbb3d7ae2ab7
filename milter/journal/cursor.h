/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cursor: up to where a generation is shipped. Durable before anything that rests on it.
 *
 * Two slots of 512 bytes, written in turn and in place: a torn write spoils the older one only,
 * and a full disk cannot refuse what is there already.
 */
#ifndef WAYBILL_JOURNAL_CURSOR_H
#define WAYBILL_JOURNAL_CURSOR_H

#include "layout.h"

#include "waybill/error.h"

#define CURSOR_NAME "cursor"

/* Make the file, if it is not there, so that its room is taken. 0 or -1 with errno. */
int cursor_prepare(int directory, unsigned generation);
/* What stands there; all 0 if there is no good slot: then nothing is known to be shipped. -1: it
 * cannot be read, which says nothing. */
int cursor_read(int directory, unsigned generation, struct cursor_view *cursor);
/* Write the next slot and make it durable (`sync` false: leave that to the kernel);
 * cursor->counter goes up. -1: it may or may not stand there after a crash; the file is replaced
 * by the next write. */
int cursor_write(int directory, unsigned generation, struct cursor_view *cursor, bool sync,
                 struct error *why);

#endif
