/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail servers of companies other than Microsoft's.
 */
#include "offices.h"
#include "prose.h"

/* Lotus Notes and its SMTP gateway: the reason stands above the address. */
static void read_notes(const struct page *page, struct findings *findings)
{
    struct slice rest = prose_between(page->text, "------- Failure Reasons", "------- Returned");
    struct slice line, words = SLICE_ABSENT;
    while (page_line(&rest, &line)) {
        struct slice address = prose_alone(line);
        if (address.at != NULL) {
            (void)prose_add(findings, address, REPORTED_FAILED, slice_trim(words));
            words = SLICE_ABSENT;
        } else if (!prose_is_empty(line)) {
            words = words.at == NULL ? line : prose_span(words, line);
        }
    }
}
const struct dialect dialect_notes = {
    .name = "notes",
    .marks = {{MARK_TEXT, "------- Failure Reasons ------", NULL}},
    .read = read_notes,
};

#define DOMINO_TO                                                                                  \
    "was not delivered to:|konnte nicht zugestellt werden an:|wurde nicht zugestellt an:"
#define DOMINO_BECAUSE "because:|weil:|Grund:|da:"
const struct dialect dialect_domino = {
    .name = "domino",
    .marks = {{MARK_TEXT, DOMINO_TO, NULL},
              {MARK_TEXT, DOMINO_BECAUSE, NULL},
              {MARK_TEXT, "Your message|Ihre Nachricht|Ihr Dokument", NULL}},
    .form = {.begin = DOMINO_TO,
             .shapes = PROSE_LIST,
             .end = DOMINO_BECAUSE,
             .why = DOMINO_BECAUSE,
             .why_end = "What should you do?|Routing path"},
};

/* The same as a document, a table of labels. */
#define DOMINO_DOCUMENT                                                                            \
    "could not be delivered to:|was not delivered to:|konnte nicht zugestellt werden an:"
const struct dialect dialect_domino_document = {
    .name = "domino",
    .marks = {{MARK_TEXT, DOMINO_DOCUMENT, NULL},
              {MARK_TEXT, "because:|weil:|Grund:", NULL},
              {MARK_TEXT, "Your document:|Ihr Dokument:", NULL}},
    .form = {.label = "delivered to:|zugestellt werden an:",
             .end = "because:|weil:|Grund:",
             .why = "because:|weil:|Grund:",
             .why_end = "What should you do?|Routing path"},
};

/* GroupWise names its own users without a domain; then nobody is named. */
#define GROUPWISE "The message that you sent was undeliverable to the following:"
static void read_groupwise(const struct page *page, struct findings *findings)
{
    static const struct form form = {.begin = GROUPWISE,
                                     .shapes = PROSE_FRONT | PROSE_GAP,
                                     .end = "Possibly truncated original message"};
    prose_read_form(page->text, &form, findings);
    if (findings->count == 0)
        (void)findings_add(findings, SLICE_ABSENT);
    prose_fill_words(findings, slice_trim(prose_between(page->text, GROUPWISE, "Possibly trunc")));
}
const struct dialect dialect_groupwise = {
    .name = "groupwise",
    .marks = {{MARK_TEXT, GROUPWISE, NULL}},
    .read = read_groupwise,
};

const struct dialect dialect_hmailserver = {
    .name = "hmailserver",
    .marks = {{MARK_TEXT, "hMailServer", NULL},
              {MARK_TEXT, "Your message did not reach some or all of the intended recipients",
               NULL}},
    .form = {.begin = "The following recipient(s) could not be reached:",
             .shapes = PROSE_ALONE | PROSE_HEADED},
};

const struct dialect dialect_mailenable = {
    .name = "mailenable",
    .marks = {{MARK_TEXT,
               "MailEnable:|The following recipient(s) could not be reached:|"
               "Message could not be delivered to the following recipient",
               NULL},
              {MARK_TEXT, "Recipient: [SMTP:", NULL}},
    .form = {.label = "Recipient: [SMTP:",
             .end = "Message headers follow",
             .delayed = "Message delivery has been delayed"},
};

/* Gateways of X.400: Isode, MAILbus, PMDF. */
const struct dialect dialect_x400 = {
    .name = "x400",
    .marks = {{MARK_TEXT, "Your message was not delivered to", NULL},
              {MARK_TEXT, "for the following reason:", NULL},
              {MARK_TEXT, "Diagnostic was|Information ", NULL}},
    .form = {.label = "Your message was not delivered to",
             .end = "The Original Message follows",
             .why = "for the following reason:",
             .why_end = "The Original Message follows|Message details"},
};

/* Dovecot, by Sieve or where a quota is reached; it often names the mailbox only. */
const struct dialect dialect_dovecot = {
    .name = "dovecot",
    .marks = {{MARK_TEXT, "Your message to <", NULL},
              {MARK_TEXT, "was automatically rejected:", NULL}},
    .form = {.label = "Your message to <",
             .end = "was automatically rejected:",
             .why = "was automatically rejected:",
             .nobody = true},
};

/* The same where the notification is empty. */
static void read_rejected(const struct page *page, struct findings *findings)
{
    if (page->null_sender)
        (void)prose_add(findings, SLICE_ABSENT, REPORTED_FAILED, slice_trim(page->text));
}
const struct dialect dialect_dovecot_empty = {
    .name = "dovecot",
    .marks = {{MARK_FIELD, "auto-replied (rejected)", "Auto-Submitted"},
              {MARK_SUBJECT, "Automatically rejected mail", NULL},
              {MARK_FROM, "postmaster@|mailer-daemon@", NULL}},
    .read = read_rejected,
};

const struct dialect dialect_notice = {
    .name = "notice",
    .marks = {{MARK_TEXT, "automatic bounce notification", NULL},
              {MARK_TEXT, "reject reason:", NULL},
              {MARK_TEXT, "target mail address:", NULL}},
    .form = {.label = "target mail address:",
             .why = "reject reason:",
             .why_end = "target mail address:"},
};

const struct dialect dialect_smartermail = {
    .name = "smartermail",
    .marks = {{MARK_TEXT, "Could not deliver message to the following recipient(s):", NULL},
              {MARK_TEXT, "Failed Recipient:", NULL}},
    .form = {.label = "Failed Recipient:", .end = "-- The header and top"},
};
