/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters and gateways in front of a mail server.
 */
#include "offices.h"
#include "form.h"

FORM_READ(read_ironport, .names = "The following message to",
          .why = "The reason for the problem:", .shape = FORM_ONE)
const struct dialect dialect_ironport = {
    .name = "ironport",
    .marks = {{MARK_TEXT, "The following message to <", NULL},
              {MARK_TEXT, "was undeliverable.", NULL},
              {MARK_TEXT, "The reason for the problem:", NULL}},
    .read = read_ironport,
};

FORM_READ(read_barracuda, .names = "Your message to:|Your message to",
          .why = "was blocked by our Spam Firewall", .shape = FORM_ONE)
const struct dialect dialect_barracuda = {
    .name = "barracuda",
    .marks = {{MARK_TEXT, "was blocked by our Spam Firewall", NULL},
              {MARK_TEXT, "has NOT BEEN DELIVERED", NULL}},
    .read = read_barracuda,
};

FORM_READ(read_mcafee, .names = "--- The following addresses had delivery problems ---",
          .shape = FORM_LINES)
const struct dialect dialect_mcafee = {
    .name = "mcafee",
    .marks = {{MARK_TEXT, "--- The following addresses had delivery problems ---", NULL}},
    .read = read_mcafee,
};

FORM_READ(read_mailmarshal,
          .names = "The following recipients were affected:|The following recipient was affected:",
          .until = "Additional Information", .why = "Could not be delivered because of",
          .end = "The following recipient", .shape = FORM_LIST)
const struct dialect dialect_mailmarshal = {
    .name = "mailmarshal",
    .marks = {{MARK_TEXT, "Could not be delivered because of", NULL},
              {MARK_TEXT,
               "The following recipients were affected:|"
               "The following recipient was affected:",
               NULL}},
    .read = read_mailmarshal,
};

FORM_READ(read_mailfoundry, .names = "Unable to deliver message to:",
          .why = "Delivery failed for the following reason:", .end = "This has been a permanent",
          .shape = FORM_ONE)
const struct dialect dialect_mailfoundry = {
    .name = "mailfoundry",
    .marks = {{MARK_TEXT, "Unable to deliver message to:", NULL},
              {MARK_TEXT, "Delivery failed for the following reason:", NULL}},
    .read = read_mailfoundry,
};

/* MXLogic; it has "address", where Exim has "address(es)". */
FORM_READ(read_mxlogic, .names = "The following address failed:|The following addresses failed:",
          .until = "Included is a copy of the message header", .shape = FORM_BLOCKS)
const struct dialect dialect_mxlogic = {
    .name = "mxlogic",
    .marks = {{MARK_TEXT, "A message that you have sent could not be delivered to one or more",
               NULL},
              {MARK_TEXT, "The following address failed:|The following addresses failed:", NULL}},
    .read = read_mxlogic,
};

FORM_READ(read_symantec, .names = "could not be delivered to the following recipients:",
          .delayed = "Delivery attempts will continue to be made", .end = "Please do not resend",
          .shape = FORM_LIST)
const struct dialect dialect_symantec = {
    .name = "symantec",
    .marks = {{MARK_TEXT, "Your message with Subject:", NULL},
              {MARK_TEXT, "could not be delivered to the following recipients:", NULL},
              {MARK_TEXT, "Please do not resend your original message|Delivery attempts", NULL}},
    .read = read_symantec,
};

FORM_READ(read_interscan, .names = "Sent <<< RCPT TO:", .until = "*****", .shape = FORM_EACH)
const struct dialect dialect_interscan = {
    .name = "interscan",
    .marks = {{MARK_TEXT, "Sent <<< RCPT TO:", NULL}, {MARK_TEXT, "Received >>>", NULL}},
    .read = read_interscan,
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

FORM_READ(read_surfcontrol, .names = "Addressed To:", .why = "Failed to send", .shape = FORM_ONE)
const struct dialect dialect_surfcontrol = {
    .name = "surfcontrol",
    .marks = {{MARK_TEXT, "A transcript of the attempts to send the message follows", NULL},
              {MARK_TEXT, "Addressed To:", NULL}},
    .read = read_surfcontrol,
};

FORM_READ(read_mimesweeper, .names = "A message could not be delivered to:", .shape = FORM_LIST)
const struct dialect dialect_mimesweeper = {
    .name = "mimesweeper",
    .marks = {{MARK_TEXT, "A message could not be delivered to:", NULL},
              {MARK_FIELD, "multipart/report", "Content-Type"}},
    .read = read_mimesweeper,
};

FORM_READ(read_messagelabs,
          .names = "deliver your message to the following addresses|"
                   "deliver your message to the following recipients|"
                   "deliver your message to the following address",
          .until = "--- Below this line", .shape = FORM_BLOCKS)
const struct dialect dialect_messagelabs = {
    .name = "messagelabs",
    .marks = {{MARK_TEXT, "This is the mail delivery agent at", NULL}},
    .read = read_messagelabs,
};

FORM_READ(read_xwall, .names = "Final-Recipient:", .why = "Reason:", .end = "Additional info:",
          .shape = FORM_EACH)
const struct dialect dialect_xwall = {
    .name = "xwall",
    .marks = {{MARK_FIELD, "XWall", "X-Mailer"},
              {MARK_TEXT, "has encountered a delivery problem.", NULL}},
    .read = read_xwall,
};

/* amavis tells the sender what it did not let pass. */
FORM_READ(read_amavis, .names = "->", .why = "Our content checker found|was considered unsolicited",
          .end = "Our internal reference code", .shape = FORM_EACH)
const struct dialect dialect_amavis = {
    .name = "amavis",
    .marks = {{MARK_TEXT, "Our internal reference code for your message is", NULL},
              {MARK_TEXT, "Delivery of the email was stopped|was not delivered to", NULL},
              {MARK_TEXT, "->", NULL}},
    .read = read_amavis,
};
