/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters and gateways in front of a mail server.
 */
#include "offices.h"
#include "prose.h"

const struct dialect dialect_ironport = {
    .name = "ironport",
    .marks = {{MARK_TEXT, "The following message to <", NULL},
              {MARK_TEXT, "was undeliverable.", NULL},
              {MARK_TEXT, "The reason for the problem:", NULL}},
    .form = {.label = "The following message to", .why = "The reason for the problem:"},
};

const struct dialect dialect_barracuda = {
    .name = "barracuda",
    .marks = {{MARK_TEXT, "was blocked by our Spam Firewall", NULL},
              {MARK_TEXT, "has NOT BEEN DELIVERED", NULL}},
    .form = {.label = "Your message to:", .why = "Your message to:"},
};

const struct dialect dialect_mcafee = {
    .name = "mcafee",
    .marks = {{MARK_TEXT, "--- The following addresses had delivery problems ---", NULL}},
    .form = {.begin = "--- The following addresses had delivery problems ---",
             .shapes = PROSE_FRONT | PROSE_GAP,
             .why = "--- Transcript of session follows ---"},
};

const struct dialect dialect_mailmarshal = {
    .name = "mailmarshal",
    .marks = {{MARK_TEXT, "Could not be delivered because of", NULL},
              {MARK_TEXT,
               "The following recipients were affected:|"
               "The following recipient was affected:",
               NULL}},
    .form = {.begin =
                 "The following recipients were affected:|The following recipient was affected:",
             .shapes = PROSE_LIST,
             .end = "Additional Information",
             .why = "Could not be delivered because of",
             .why_end = "The following recipient"},
};

/* MXLogic; it has "address", where Exim has "address(es)". */
const struct dialect dialect_mxlogic = {
    .name = "mxlogic",
    .marks = {{MARK_TEXT, "A message that you have sent could not be delivered to one or more",
               NULL},
              {MARK_TEXT, "The following address failed:|The following addresses failed:", NULL}},
    .form = {.begin = "The following address failed:|The following addresses failed:",
             .shapes = PROSE_HEADED | PROSE_ALONE,
             .end = "Included is a copy of the message header"},
};

const struct dialect dialect_symantec = {
    .name = "symantec",
    .marks = {{MARK_TEXT, "Your message with Subject:", NULL},
              {MARK_TEXT, "could not be delivered to the following recipients:", NULL},
              {MARK_TEXT, "Please do not resend your original message|Delivery attempts", NULL}},
    .form = {.begin = "could not be delivered to the following recipients:",
             .shapes = PROSE_LIST,
             .why_end = "Please do not resend",
             .delayed = "Delivery attempts will continue to be made"},
};

/* The older one tells nobody's name. */
static void read_viruswall(const struct page *page, struct findings *findings)
{
    (void)prose_add(findings, SLICE_ABSENT, REPORTED_FAILED,
                    slice_trim(prose_before(prose_from(page->text, "Reason:"), "*****")));
}
const struct dialect dialect_viruswall = {
    .name = "viruswall",
    .marks = {{MARK_TEXT, "Message from InterScan E-Mail VirusWall", NULL},
              {MARK_TEXT, "The following mail could not be delivered.", NULL}},
    .read = read_viruswall,
};

const struct dialect dialect_mimesweeper = {
    .name = "mimesweeper",
    .marks = {{MARK_TEXT, "A message could not be delivered to:", NULL},
              {MARK_FIELD, "multipart/report", "Content-Type"}},
    .form = {.begin = "A message could not be delivered to:", .shapes = PROSE_LIST},
};

const struct dialect dialect_messagelabs = {
    .name = "messagelabs",
    .marks = {{MARK_TEXT, "This is the mail delivery agent at", NULL}},
    .form = {.begin = "deliver your message to the following",
             .shapes = PROSE_ALONE | PROSE_HEADED,
             .end = "--- Below this line"},
};

const struct dialect dialect_xwall = {
    .name = "xwall",
    .marks = {{MARK_FIELD, "XWall", "X-Mailer"},
              {MARK_TEXT, "has encountered a delivery problem.", NULL}},
    .form = {.label = "Final-Recipient:", .why = "Reason:", .why_end = "Additional info:"},
};

/* amavis tells the sender what it did not let pass. */
const struct dialect dialect_amavis_content = {
    .name = "amavis",
    .marks = {{MARK_TEXT, "Our internal reference code for your message is", NULL},
              {MARK_TEXT, "Delivery of the email was stopped|was not delivered to", NULL}},
    .form = {.label = "->",
             .why = "Our content checker found|was considered",
             .why_end = "to the following recipient|Our internal reference code"},
};

const struct dialect dialect_mimecast = {
    .name = "mimecast",
    .marks = {{MARK_TEXT, "This is a delivery failure notification message indicating that", NULL},
              {MARK_TEXT, "The problem appears to be", NULL}},
    .form = {.label = "addressed to email address",
             .end = "The problem appears to be",
             .why = "The problem appears to be",
             .why_end = "This condition occurred"},
};
