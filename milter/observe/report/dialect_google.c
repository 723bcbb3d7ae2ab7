/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gmail, Google Workspace and Google Groups.
 */
#include "offices.h"
#include "prose.h"

/* Until 2016: plain text. */
#define GMAIL_DELAYED                                                                              \
    "Delivery to the following recipient has been delayed:|"                                       \
    "Delivery to the following recipients has been delayed:"
#define GMAIL                                                                                      \
    "Delivery to the following recipient failed permanently:|"                                     \
    "Delivery to the following recipients failed permanently:|" GMAIL_DELAYED
const struct dialect dialect_gmail = {
    .name = "gmail",
    .marks = {{MARK_TEXT, GMAIL, NULL},
              {MARK_COPY,
               "Technical details of|----- Original message -----|"
               "----- Message header follows -----",
               NULL}},
    .form = {.begin = GMAIL,
             .shapes = PROSE_LIST,
             .why = "Technical details of permanent failure:|"
                    "Technical details of temporary failure:",
             .why_end = "----- Original message -----|----- Message header follows -----",
             .delayed = GMAIL_DELAYED},
};

/* Since 2016, in English; the server's words stand at the end. */
#define GMAIL_LETTER                                                                               \
    "Your message wasn't delivered to|There was a problem delivering your message to|"             \
    "There was a temporary problem delivering your message to"
const struct dialect dialect_gmail_letter = {
    .name = "gmail",
    .marks = {{MARK_TEXT, GMAIL_LETTER, NULL},
              {MARK_TEXT, "The response was:|The response from the remote server was:", NULL},
              {MARK_TEXT,
               "** Address not found **|** Delivery incomplete **|** Message blocked **|"
               "** Message not delivered **|** Message too large **|"
               "** Recipient inbox full **|** Error **",
               NULL}},
    .form = {.label = GMAIL_LETTER,
             .end = "The response was:|The response from the remote server was:",
             .why = "The response was:|The response from the remote server was:",
             .delayed = "Gmail will retry for|** Delivery incomplete **"},
};

/* In whichever language the text is, a field of the header names whom it failed. */
static void read_field(const struct page *page, enum report_action action, struct slice words,
                       struct findings *findings)
{
    prose_read_list(page_field(page, "X-Failed-Recipients"), action, findings);
    prose_fill_words(findings, slice_trim(words));
}

/* Since 2016, in every language. */
static void read_letter(const struct page *page, struct findings *findings)
{
    bool delayed = phrase_find(page->text, "Gmail will retry for|Delivery incomplete").at != NULL ||
                   page_says(page_field(page, "Subject"), "(Delay)");
    struct slice words = prose_from(page->text, "The response was:|The response from the remote "
                                                "server was:");
    if (words.at == NULL)
        words = page->text;
    read_field(page, delayed ? REPORTED_DELAYED : REPORTED_FAILED, words, findings);
}
const struct dialect dialect_google = {
    .name = "google",
    .marks = {{MARK_FROM, "mailer-daemon@google", NULL},
              {MARK_SUBJECT, "Delivery Status Notification (", NULL},
              {MARK_FIELD, "", "X-Failed-Recipients"}},
    .read = read_letter,
};

/* A group that does not exist or does not take mail from the sender. */
static void read_group(const struct page *page, struct findings *findings)
{
    struct slice words = page->text, greeting;
    (void)prose_paragraph(&words, &greeting);
    read_field(page, REPORTED_FAILED, words, findings);
}
const struct dialect dialect_googlegroups = {
    .name = "googlegroups",
    .marks = {{MARK_FROM, "mailer-daemon@google", NULL},
              {MARK_FIELD, "", "X-Failed-Recipients"},
              {MARK_TEXT, "https://groups.google.com/", NULL},
              {MARK_TEXT, "Google Groups", NULL}},
    .read = read_group,
};
