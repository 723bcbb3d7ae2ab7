/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds_look: private to feeds*.c.
 */
#ifndef MAILLOG_FEEDS_LOOK_H
#define MAILLOG_FEEDS_LOOK_H

#include "feeds.h"

/* In feeds.c: begin to read the source `name`; `position` as in source.h. */
int feeds_add(struct feeds *feeds, const char *name, const char *note, int slot,
              const char *position, struct error *why);

bool feeds_is_pattern(const char *name);
int feeds_add_pattern(struct feeds *feeds, const char *pattern, struct feeds_memory memory,
                      struct error *why);
/* Each pattern with the moment of its last look. The last note's ticket; 0: there is none. */
uint64_t feeds_note_patterns(struct feeds *feeds, struct journal *journal);
/* Go on with the files that an earlier run had found, then look for others. */
void feeds_look_first(struct feeds *feeds, struct feeds_memory memory);

#endif
