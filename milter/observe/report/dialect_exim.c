/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exim: addresses by two blanks, below each, deeper, what is the matter.
 */
#include "dialects.h"
#include "prose.h"

static void read_list(const struct page *page, struct findings *findings)
{
    enum report_action action = phrase_find(page->text, "has not yet been delivered").at != NULL
                                    ? REPORTED_DELAYED
                                    : REPORTED_FAILED;
    prose_read_blocks(page->text, PROSE_ALONE | PROSE_INDENTED, action, findings);
}

const struct dialect dialect_exim = {
    .name = "exim",
    .marks = {{MARK_TEXT, "This message was created automatically by mail delivery software", NULL},
              {MARK_TEXT, "A message that you sent", NULL}},
    .read = read_list,
};
