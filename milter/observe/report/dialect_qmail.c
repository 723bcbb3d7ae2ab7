/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmail, netqmail, notqmail and all who write QSBMF (cr.yp.to/proto/qsbmf.txt): an introduction
 * that begins with "Hi. This is the", then a paragraph for each recipient, "<address>:" and below
 * it why; the mail itself behind "--- Below this line".
 */
#include "dialects.h"
#include "prose.h"

static void read_paragraphs(const struct page *page, struct findings *findings)
{
    prose_read_blocks(prose_before(page->text, "--- Below this line|--- Enclosed"),
                      PROSE_ALONE | PROSE_FLUSH, REPORTED_FAILED, findings);
}

const struct dialect dialect_qmail = {
    .name = "qmail",
    .marks = {{MARK_TEXT, "Hi. This is the qmail-send program at|Hi. This is the", NULL}},
    .read = read_paragraphs,
};
