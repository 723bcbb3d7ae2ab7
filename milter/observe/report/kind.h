/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kind: what is this mail? Whoever only looks like a report is none: a From and a Subject are
 * written by anybody.
 */
#ifndef REPORT_KIND_H
#define REPORT_KIND_H

#include "page.h"

/* Somebody passes on or talks about what may be a bounce: a list, a forward, an answer. Then words
 * in its text prove nothing. */
bool kind_is_talk(const struct page *page);
/* A program answers for somebody: vacation, receipt of a ticket, challenge. */
bool kind_is_autoreply(const struct page *page);

#endif
