/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail providers, each with a form of its own.
 */
#include "offices.h"
#include "prose.h"

/* Yahoo, those whom it hosts (AT&T, SBC, Rogers, AOL today), and all who took its form. */
#define YAHOO                                                                                      \
    "Unable to deliver message to the following address(es).|"                                     \
    "Sorry, we were unable to deliver your message to the following address"
const struct dialect dialect_yahoo = {
    .name = "yahoo",
    .marks = {{MARK_TEXT, YAHOO, NULL}},
    .form = {.begin = YAHOO,
             .shapes = PROSE_ALONE | PROSE_HEADED,
             .end = "--- Original message follows|--- Below this line is a copy"},
};

/* AOL as it was. Its own users go by their names there, without a domain: then nobody is named,
 * but it is a bounce. */
#define AOL "Your mail to the following recipients could not be delivered because"
static void read_aol(const struct page *page, struct findings *findings)
{
    struct slice line, rest = prose_after(page->text, AOL);
    while (page_line(&rest, &line))
        (void)prose_list_line(line, REPORTED_FAILED, findings);
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
    "--- The header of the original message is following|--- Der Header der ursprünglichen"
const struct dialect dialect_ionos = {
    .name = "ionos",
    .marks = {{MARK_TEXT, IONOS, NULL}, {MARK_COPY, IONOS_HEADER, NULL}},
    .form = {.begin = IONOS,
             .shapes = PROSE_LIST,
             .end = IONOS_HEADER,
             .why = "For the following reason:|Reason:|Aus folgendem Grund:|Grund:",
             .why_end = IONOS_HEADER},
};

/* Mail.ru: Exim under a Russian head; what its own filter refuses is told in a sentence. */
static void read_mailru(const struct page *page, struct findings *findings)
{
    static const struct form list = {.begin = "The following address(es) failed:",
                                     .shapes = PROSE_ALONE,
                                     .end = "------ This is a copy"};
    static const struct form sentence = {
        .label = "Local mailbox", .why = "Local mailbox", .why_end = "**********"};
    prose_read_form(page->text, &list, findings);
    if (findings->count == 0)
        prose_read_form(page->text, &sentence, findings);
}
const struct dialect dialect_mailru = {
    .name = "mailru",
    .marks = {{MARK_TEXT, "Это письмо создано автоматически сервером Mail.Ru", NULL}},
    .read = read_mailru,
};

/* Zoho: one form where it gives up, another one while it goes on. */
const struct dialect dialect_zoho = {
    .name = "zoho",
    .marks = {{MARK_TEXT, ", ERROR_CODE :", NULL},
              {MARK_TEXT, "This message was created automatically by mail delivery", NULL}},
    .form = {.begin = "one or more of its recipients. This is a permanent error.",
             .shapes = PROSE_FRONT | PROSE_GAP},
};
const struct dialect dialect_zoho_status = {
    .name = "zoho",
    .marks = {{MARK_TEXT, "[Status: ", NULL},
              {MARK_TEXT, "This message was created automatically by mail delivery", NULL}},
    .form = {.label = "Address:",
             .end = "----- Transcript of session",
             .delayed = "Message will be retried for"},
};

/* Verizon's gateway to its phones. */
const struct dialect dialect_verizon = {
    .name = "verizon",
    .marks = {{MARK_TEXT, "Error message below:", NULL},
              {MARK_TEXT, "Message details:", NULL},
              {MARK_TEXT, "RCPT TO:", NULL}},
    .form = {.label = "RCPT TO:", .why = "Error message below:", .why_end = "Message details:"},
};

const struct dialect dialect_earthlink = {
    .name = "earthlink",
    .marks = {{MARK_TEXT, "Sorry, unable to deliver your message to", NULL},
              {MARK_TEXT, "for the following reason:", NULL}},
    .form = {.label = "Sorry, unable to deliver your message to",
             .why = "for the following reason:",
             .why_end = "A copy of the original message"},
};

const struct dialect dialect_demon = {
    .name = "demon",
    .marks = {{MARK_TEXT, "could not be delivered to all of its recipients.", NULL},
              {MARK_TEXT, "The following message, addressed to", NULL}},
    .form = {.label = "The following message, addressed to",
             .why = "failed because",
             .why_end = "Here is a copy"},
};

const struct dialect dialect_hostcenter = {
    .name = "hostcenter",
    .marks = {{MARK_TEXT, "Delivery of email to this address", NULL},
              {MARK_TEXT, "attempts to deliver this message", NULL}},
    .form = {.label = "Delivery of email to this address",
             .why = "has failed due to",
             .why_end = "Please try to send your message"},
};

/* "jane:000000:<jane@example.org> : 192.0.2.1 : mx.example.org:[192.0.2.2] : 550 ..." */
const struct dialect dialect_sendgrid = {
    .name = "sendgrid",
    .marks = {{MARK_TEXT, "This is an automatically generated message from SendGrid", NULL}},
    .form = {.begin = "to one of its intended recipients", .label = ":<"},
};

/* Facebook names nobody, since its users shall stay unknown. */
const struct dialect dialect_facebook = {
    .name = "facebook",
    .marks = {{MARK_TEXT, "This message was created automatically by Facebook.", NULL},
              {MARK_TEXT, "this message could not be delivered", NULL}},
    .form = {.shapes = PROSE_ALONE, .why = "created automatically by Facebook.", .nobody = true},
};

/* QQ, 163, 126 and other providers of China. */
const struct dialect dialect_tencent = {
    .name = "tencent",
    .marks = {{MARK_TEXT, "您的邮件被退回|系统退信|原邮件信息", NULL},
              {MARK_TEXT, "收件人|收 件 人", NULL},
              {MARK_TEXT, "退信原因|host ", NULL}},
    .form = {.label = "收件人|收 件 人",
             .end = "退信原因",
             .why = "退信原因",
             .why_end = "建议解决方案"},
};

/* Certified mail of Italy; the law gives the sentence. */
const struct dialect dialect_pec = {
    .name = "pec",
    .marks = {{MARK_TEXT, "stato rilevato un errore", NULL},
              {MARK_TEXT, "e destinato all'utente", NULL},
              {MARK_FROM, "posta-certificata@", NULL}},
    .form = {.label = "e destinato all'utente",
             .why = "stato rilevato un errore:",
             .why_end = "Il messaggio|Identificativo"},
};
