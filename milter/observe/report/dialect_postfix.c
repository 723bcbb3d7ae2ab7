/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Postfix where it sent no fields, or where they were lost, and those who wear its clothes.
 *
 *     <jane@example.org> (expanded from <team@example.com>): host
 *         mx.example.org[192.0.2.1] said: 550 no such user (in reply to RCPT TO command)
 */
#include "dialects.h"
#include "prose.h"

#define POSTFIX_FORM(names_nobody)                                                                 \
    {                                                                                              \
        .nobody = (names_nobody),                                                                  \
        .shapes = PROSE_HEADED | PROSE_FLUSH | PROSE_BRACKETS | PROSE_GAP,                         \
        .delayed = "THIS IS A WARNING ONLY|will be retried until|"                                 \
                   "You do not need to resend your message",                                       \
        .delivered = "was successfully delivered to the destination",                              \
    }

const struct dialect dialect_postfix = {
    .name = "postfix",
    .marks = {{MARK_TEXT, "This is the|THIS IS A WARNING ONLY", NULL},
              {MARK_TEXT,
               "mail system at host|program at host|server at host|It will be retried until it is",
               NULL},
              {MARK_TEXT,
               "could not be delivered|could not be sent|was successfully delivered|"
               "could not be delivered for",
               NULL}},
    .form = POSTFIX_FORM(true),
};

/* Any introduction; but only smtp(8) and lmtp(8) end a reply like this. */
const struct dialect dialect_postfix_reply = {
    .name = "postfix",
    .marks = {{MARK_FROM, "mailer-daemon|postmaster|mail delivery", NULL},
              {MARK_TEXT, "(in reply to", NULL},
              {MARK_TEXT, "] said:|] refused to talk to me:", NULL}},
    .form = POSTFIX_FORM(false),
};
