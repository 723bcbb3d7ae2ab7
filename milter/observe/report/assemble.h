/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assemble: what fields and text say of each recipient becomes one row of the report, with the
 * reason that the phrasebook finds.
 */
#ifndef REPORT_ASSEMBLE_H
#define REPORT_ASSEMBLE_H

#include "around.h"
#include "arena.h"
#include "dialect.h"
#include "session.h"
#include "status.h"

struct assembly {
    const struct phrasebook *book;
    struct arena *arena;
    const struct page *page;
    struct places places; /* of page->text */
    struct report *report;
    size_t room;
    struct transcript transcript;
    size_t words_seen; /* bytes of words, of all recipients */
};

/* A new row, zeroed; NULL: there are too many, or no memory: the report is partial. */
struct report_recipient *assemble_add(struct assembly *assembly);
/* From the fields; `findings` (what a dialect read, maybe nothing) helps with words and names. */
void assemble_groups(struct assembly *assembly, const struct groups *groups,
                     const struct findings *findings);
/* From the text alone. */
void assemble_findings(struct assembly *assembly, const struct groups *groups,
                       const struct findings *findings);

#endif
