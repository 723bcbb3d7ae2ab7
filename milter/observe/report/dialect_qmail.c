/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmail, netqmail, notqmail, nullmailer and all who write QSBMF (cr.yp.to/proto/qsbmf.txt): an
 * introduction, then a paragraph for each recipient, "<jane@example.org>:" and below it why; then
 * a line of dashes and the mail.
 *
 * Many write their own introduction, in their own language. What they keep is the address in
 * brackets, alone, at the left, with a colon behind it, and a paragraph that begins with "--- ".
 */
#include "dialects.h"
#include "prose.h"

#define DELAYED "I will keep trying|You do NOT need to resend|addresses yet"

static bool is_opener(struct slice line)
{
    line = slice_trim(line);
    return slice_starts(line, "<") && slice_ends(line, ">:") && prose_alone(line).at != NULL;
}

/* Where the mail begins; a mark that a server's answer may hold ends nothing inside a line. */
static bool is_break(struct slice line, bool first)
{
    return first && slice_starts(line, "--- ");
}

static void read_paragraphs(const struct page *page, struct findings *findings)
{
    struct slice rest = page->text, line;
    struct found *row = NULL;
    bool first = true; /* of its paragraph */
    enum report_action action =
        phrase_find(page->text, DELAYED).at != NULL ? REPORTED_DELAYED : REPORTED_FAILED;
    while (page_line(&rest, &line) && !is_break(line, first)) {
        first = prose_is_empty(line);
        if (is_opener(line))
            row = prose_add(findings, prose_alone(line), action, SLICE_ABSENT);
        else if (row != NULL && !first)
            row->words = prose_span(row->words.size == 0 ? line : row->words, line);
    }
}

const struct dialect dialect_qmail = {
    .name = "qmail",
    .marks = {{MARK_TEXT,
               "Hi. This is the qmail-send program at|Hi. This is the|"
               "This is the mail delivery agent at",
               NULL},
              {MARK_TEXT,
               "wasn't able to deliver|was not able to deliver|unable to deliver|"
               "I tried to deliver a bounce",
               NULL}},
    .read = read_paragraphs,
};

const struct dialect dialect_qsbmf = {
    .name = "qmail",
    .marks = {{MARK_FROM, "mailer-daemon|postmaster", NULL},
              {MARK_COPY,
               "--- Below this line|--- Enclosed|--- Original message|--- Undelivered|"
               "--- Mensaje original|--- \xe9\x99\x84\xe4\xbb\xb6|--- \xe4\xbb\xa5\xe4\xb8\x8b|"
               "--- Returned|--- Mensagem original",
               NULL}},
    .read = read_paragraphs,
};
