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
/* Does its header say that a mail server wrote it? May be forged; but who only tells of a bounce
 * has no reason to. */
bool kind_is_by_server(const struct page *page);
/* Does it come from a mail server's own sender, and with the envelope that only reports have? That
 * is as much as can be known without a machine-readable part. */
bool kind_is_trusted(const struct page *page);
/* Does what stands before the server's own words, as `opening` ends, or their line itself, say
 * that they are quoted? */
bool kind_is_quoted(const struct page *page, struct slice opening);
/* Does it want something of the reader, as no mail server does? */
bool kind_is_bait(const struct page *page);
/* Its fields or its subject say that a program answers for a person who is away. */
bool kind_is_absence(const struct page *page);
/* A program answers for somebody: vacation, receipt of a ticket, challenge. */
bool kind_is_autoreply(const struct page *page);

#endif
