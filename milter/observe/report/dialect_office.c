/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail servers of companies other than Microsoft's.
 */
#include "offices.h"
#include "form.h"

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

FORM_READ(read_domino,
          .names = "was not delivered to:|could not be delivered to:|"
                   "konnte nicht zugestellt werden an:|n'a pas pu être remis à :",
          .until = "because:|weil:|Grund:|car :", .why = "because:|weil:|Grund:|car :",
          .end = "What should you do?|Routing path|To:", .shape = FORM_LIST)
const struct dialect dialect_domino = {
    .name = "domino",
    .marks = {{MARK_TEXT,
               "was not delivered to:|could not be delivered to:|"
               "konnte nicht zugestellt werden an:|n'a pas pu être remis à :",
               NULL},
              {MARK_TEXT, "because:|weil:|Grund:|car :", NULL},
              {MARK_TEXT, "Your message|Your document:|Ihr Dokument:|Votre document :", NULL}},
    .read = read_domino,
};

/* GroupWise names its own users without a domain; then nobody is named. */
#define GROUPWISE "The message that you sent was undeliverable to the following:"
FORM_READ(read_groupwise_lines, .names = GROUPWISE, .until = "Possibly truncated original message",
          .shape = FORM_LINES)
static void read_groupwise(const struct page *page, struct findings *findings)
{
    read_groupwise_lines(page, findings);
    if (findings->count == 0)
        (void)findings_add(findings, SLICE_ABSENT);
    prose_fill_words(findings, slice_trim(prose_between(page->text, GROUPWISE, "Possibly trunc")));
}
const struct dialect dialect_groupwise = {
    .name = "groupwise",
    .marks = {{MARK_TEXT, GROUPWISE, NULL}},
    .read = read_groupwise,
};

FORM_READ(read_hmailserver,
          .names = "The following recipient(s) could not be reached:|Recipient(s):",
          .shape = FORM_BLOCKS)
const struct dialect dialect_hmailserver = {
    .name = "hmailserver",
    .marks = {{MARK_TEXT, "hMailServer", NULL},
              {MARK_TEXT, "Your message did not reach some or all of the intended recipients",
               NULL}},
    .read = read_hmailserver,
};

FORM_READ(read_mailenable, .names = "Recipient: [SMTP:", .until = "Message headers follow",
          .delayed = "Message delivery has been delayed", .shape = FORM_EACH)
const struct dialect dialect_mailenable = {
    .name = "mailenable",
    .marks = {{MARK_TEXT, "MailEnable:|The following recipient(s) could not be reached:", NULL},
              {MARK_TEXT, "Recipient: [SMTP:", NULL}},
    .read = read_mailenable,
};

FORM_READ(read_mercury, .names = "***", .until = "original message", .shape = FORM_EACH)
const struct dialect dialect_mercury = {
    .name = "mercury",
    .marks = {{MARK_TEXT,
               "The following error report or reports were given to explain the problem:", NULL}},
    .read = read_mercury,
};

/* InterMail, Openwave, Post.Office, Critical Path. */
FORM_READ(read_intermail,
          .names = "The following recipients did not receive your message:|"
                   "The following recipients did not receive this message:|"
                   "The following destination addresses were unknown (please check "
                   "the addresses and re-mail the message):",
          .until = "Please reply to",
          .why = "due to the following reason:|The following destination "
                 "addresses were unknown",
          .end = "The following recipients did not receive|Please reply to", .shape = FORM_LIST)
const struct dialect dialect_intermail = {
    .name = "intermail",
    .marks = {{MARK_TEXT,
               "The following recipients did not receive|"
               "The following destination addresses were unknown (please check",
               NULL},
              {MARK_TEXT, "This Message was undeliverable due to|Please reply to", NULL}},
    .read = read_intermail,
};

/* Gateways of X.400: Isode, MAILbus, PMDF. */
FORM_READ(read_x400, .names = "Your message was not delivered to|not delivered to:",
          .until = "for the following reason:", .why = "for the following reason:",
          .end = "The Original Message follows|Message details", .shape = FORM_LIST)
const struct dialect dialect_x400 = {
    .name = "x400",
    .marks = {{MARK_TEXT, "Your message was not delivered to", NULL},
              {MARK_TEXT, "for the following reason:", NULL},
              {MARK_TEXT, "Diagnostic was|Information ", NULL}},
    .read = read_x400,
};

FORM_READ(read_mail2000, .names = "---The following addresses had delivery errors---",
          .shape = FORM_LINES)
FORM_READ(read_mail2000_warning, .names = "---The following addresses had delivery errors---",
          .delayed = "---The following addresses had delivery errors---", .shape = FORM_LINES)
static void read_mail2000_any(const struct page *page, struct findings *findings)
{
    if (page_says(page_field(page, "Subject"), "Warning--Could not send mail for past"))
        read_mail2000_warning(page, findings);
    else
        read_mail2000(page, findings);
}
const struct dialect dialect_mail2000 = {
    .name = "mail2000",
    .marks = {{MARK_TEXT, "---The following addresses had delivery errors---", NULL}},
    .read = read_mail2000_any,
};

FORM_READ(read_lsmtp, .names = "Error-for:", .until = "Error-End:", .shape = FORM_EACH)
const struct dialect dialect_lsmtp = {
    .name = "lsmtp",
    .marks = {{MARK_TEXT, "An error was detected while processing the enclosed message", NULL},
              {MARK_TEXT, "Error-for:", NULL}},
    .read = read_lsmtp,
};

FORM_READ(read_powermta, .names = "you will find a list of the affected recipients",
          .until = "This is an automatically generated", .delayed = "; will continue trying",
          .shape = FORM_LINES)
const struct dialect dialect_powermta = {
    .name = "powermta",
    .marks = {{MARK_TEXT, "to inform you on the delivery status of a message you previously sent",
               NULL}},
    .read = read_powermta,
};

FORM_READ(read_trouble, .names = "rejected recipient", .until = "The attachment contains the",
          .shape = FORM_EACH)
const struct dialect dialect_trouble = {
    .name = "trouble",
    .marks = {{MARK_TEXT, "We had trouble delivering your message. Full details follow:", NULL},
              {MARK_TEXT, "rejected recipient", NULL}},
    .read = read_trouble,
};

FORM_READ(read_notice, .names = "target mail address:", .why = "reject reason:",
          .end = "target mail address:", .shape = FORM_ONE)
const struct dialect dialect_notice = {
    .name = "notice",
    .marks = {{MARK_TEXT, "automatic bounce notification", NULL},
              {MARK_TEXT, "reject reason:", NULL},
              {MARK_TEXT, "target mail address:", NULL}},
    .read = read_notice,
};
