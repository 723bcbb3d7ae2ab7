/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail providers, each with a form of its own.
 */
#include "offices.h"
#include "form.h"

/* Yahoo, those whom it hosts (AT&T, SBC, Rogers, AOL today), and all who took its form. */
#define YAHOO                                                                                      \
    "Unable to deliver message to the following address(es).|"                                     \
    "Sorry, we were unable to deliver your message to the following address.|"                     \
    "Sorry, we were unable to deliver your message to the following addresses."
FORM_READ(read_yahoo, .names = YAHOO,
          .until = "--- Original message follows|--- Below this line is a copy",
          .shape = FORM_BLOCKS)
const struct dialect dialect_yahoo = {
    .name = "yahoo",
    .marks = {{MARK_TEXT, YAHOO, NULL}},
    .read = read_yahoo,
};

/* AOL as it was. Its own users go by their names there, without a domain: then nobody is named,
 * but it is a bounce. */
#define AOL "Your mail to the following recipients could not be delivered because"
static void read_aol(const struct page *page, struct findings *findings)
{
    struct slice line, rest = prose_after(page->text, AOL);
    while (page_line(&rest, &line))
        (void)form_add_line(line, REPORTED_FAILED, findings);
    if (findings->count == 0)
        (void)findings_add(findings, SLICE_ABSENT);
    prose_fill_words(findings, slice_trim(prose_from(page->text, AOL)));
}
const struct dialect dialect_aol = {
    .name = "aol",
    .marks = {{MARK_TEXT, AOL, NULL}},
    .read = read_aol,
};

/* GMX, mail.com, web.de, 1&1, IONOS, Kundenserver: nearly Exim's words, but not its layout. */
#define IONOS                                                                                      \
    "The following address failed:|The following addresses failed:|"                               \
    "Die folgende Adresse schlug fehl:|Die folgenden Adressen schlugen fehl:|"                     \
    "Die folgende Adresse konnte nicht erreicht werden:|"                                          \
    "Die folgenden Adressen konnten nicht erreicht werden:"
#define IONOS_HEADER                                                                               \
    "--- The header of the original message is following|--- Der Header der urspr\xc3\xbcnglichen"
FORM_READ(read_ionos, .names = IONOS, .until = IONOS_HEADER, .end = IONOS_HEADER,
          .why = "For the following reason:|Reason:|Aus folgendem Grund:|Grund:|"
                 "SMTP error from remote server",
          .shape = FORM_LIST)
const struct dialect dialect_ionos = {
    .name = "ionos",
    .marks = {{MARK_TEXT, IONOS, NULL}, {MARK_COPY, IONOS_HEADER, NULL}},
    .read = read_ionos,
};

/* Mail.ru: Exim under a Russian head; what its own filter refuses is told in a sentence. */
FORM_READ(read_mailru_list,
          .names = "The following address(es) failed:", .until = "------ This is a copy",
          .shape = FORM_BLOCKS)
FORM_READ(read_mailru_sentence, .names = "Local mailbox", .why = "Local mailbox",
          .end = "**********", .shape = FORM_ONE)
static void read_mailru(const struct page *page, struct findings *findings)
{
    read_mailru_list(page, findings);
    if (findings->count == 0)
        read_mailru_sentence(page, findings);
}
const struct dialect dialect_mailru = {
    .name = "mailru",
    .marks = {{MARK_TEXT, "Это письмо создано автоматически сервером Mail.Ru", NULL}},
    .read = read_mailru,
};

/* Zoho: one form where it gives up, another one while it goes on. */
FORM_READ(read_zoho_lines, .names = "one or more of its recipients. This is a permanent error.",
          .until = "Received:", .shape = FORM_LINES)
FORM_READ(read_zoho_statuses, .names = "Address:", .until = "----- Transcript of session",
          .delayed = "Message will be retried for", .shape = FORM_EACH)
static void read_zoho(const struct page *page, struct findings *findings)
{
    if (phrase_find(page->text, "[Status:").at != NULL)
        read_zoho_statuses(page, findings);
    else
        read_zoho_lines(page, findings);
}
const struct dialect dialect_zoho = {
    .name = "zoho",
    .marks = {{MARK_TEXT, ", ERROR_CODE :|[Status: Error, Address:", NULL},
              {MARK_TEXT, "This message was created automatically by mail delivery", NULL}},
    .read = read_zoho,
};

/* Verizon's gateway to its phones. */
FORM_READ(read_verizon, .names = "RCPT TO:", .why = "Error message below:",
          .end = "Message details:", .shape = FORM_ONE)
const struct dialect dialect_verizon = {
    .name = "verizon",
    .marks = {{MARK_TEXT, "Error message below:", NULL},
              {MARK_TEXT, "Message details:", NULL},
              {MARK_TEXT, "RCPT TO:", NULL}},
    .read = read_verizon,
};

FORM_READ(read_earthlink, .names = "Sorry, unable to deliver your message to",
          .why = "for the following reason:", .end = "A copy of the original message",
          .shape = FORM_ONE)
const struct dialect dialect_earthlink = {
    .name = "earthlink",
    .marks = {{MARK_TEXT, "Sorry, unable to deliver your message to", NULL},
              {MARK_TEXT, "for the following reason:", NULL}},
    .read = read_earthlink,
};

FORM_READ(read_demon, .names = "The following message, addressed to", .why = "failed because",
          .end = "Here is a copy", .shape = FORM_ONE)
const struct dialect dialect_demon = {
    .name = "demon",
    .marks = {{MARK_TEXT, "could not be delivered to all of its recipients.", NULL},
              {MARK_TEXT, "The following message, addressed to", NULL}},
    .read = read_demon,
};

FORM_READ(read_hostcenter, .names = "Delivery of email to this address", .why = "has failed",
          .end = "Please try to send your message", .shape = FORM_ONE)
const struct dialect dialect_hostcenter = {
    .name = "hostcenter",
    .marks = {{MARK_TEXT, "Delivery of email to this address", NULL},
              {MARK_TEXT, "attempts to deliver this message", NULL}},
    .read = read_hostcenter,
};

/* Amen, Namebay and their kin. */
#define AMEN                                                                                       \
    "Delivery to the following recipients failed permanently:|"                                    \
    "Delevery to the following recipients failed permanently:"
FORM_READ(read_amen, .names = AMEN, .why = "Technical details:", .shape = FORM_LIST)
const struct dialect dialect_amen = {
    .name = "amen",
    .marks = {{MARK_TEXT, AMEN, NULL},
              {MARK_TEXT, "This is an automatically generated Delivery Status Notification", NULL}},
    .read = read_amen,
};

FORM_READ(read_sendgrid, .names = "to one of its intended recipients.",
          .until = "--- Below this line", .shape = FORM_BLOCKS)
const struct dialect dialect_sendgrid = {
    .name = "sendgrid",
    .marks = {{MARK_TEXT, "This is an automatically generated message from SendGrid", NULL}},
    .read = read_sendgrid,
};
