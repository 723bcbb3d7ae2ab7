/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dialects that are a row and nothing else: marks, and the form of the text.
 */
#include "dialects.h"
#include "prose.h"

#define DAEMON "mailer-daemon|postmaster|mail delivery|mail.delivery|mail deliver"

const struct dialect dialect_courier = {
    .name = "courier",
    .marks = {{MARK_TEXT, "UNDELIVERABLE MAIL|DELAYED MAIL|running the Courier mail server", NULL},
              {MARK_TEXT, "Your message to the following recipient", NULL}},
    .form = {.begin = "Your message to the following recipient",
             .shapes = PROSE_ALONE | PROSE_FLUSH,
             .end = "---------",
             .delayed = "DELAYED MAIL|has been delayed|WARNING MESSAGE ONLY|temporarily"},
};

const struct dialect dialect_opensmtpd = {
    .name = "opensmtpd",
    .marks = {{MARK_TEXT, "This is the MAILER-DAEMON, please DO NOT REPLY", NULL}},
    .form = {.begin = "list of recipients:|to these recipients:|DO NOT REPLY",
             .shapes = PROSE_HEADED | PROSE_FLUSH,
             .end = "Below is a copy of the original|Below is a copy of your",
             .delayed = "temporary failure report|message is delayed for|is kept in the queue",
             .delivered = "was successfully delivered|been successfully delivered"},
};

const struct dialect dialect_dragonfly = {
    .name = "dragonfly",
    .marks = {{MARK_TEXT, "This is the DragonFly Mail Agent", NULL}},
    .form = {.label = "There was an error delivering your mail to",
             .end = "Message headers follow|Original message follows"},
};

const struct dialect dialect_mmdf = {
    .name = "mmdf",
    .marks = {{MARK_TEXT, "was not delivered to|could not be delivered to", NULL},
              {MARK_TEXT, "for the following reason: '|for the following reason: \"", NULL},
              {MARK_FROM, DAEMON "|memo service|mmdf", NULL}},
    .form = {.label = "was not delivered to|could not be delivered to"},
};

const struct dialect dialect_pp = {
    .name = "pp",
    .marks = {{MARK_TEXT, "This report relates to your message:", NULL},
              {MARK_TEXT, "Your message was not delivered to", NULL}},
    .form = {.label = "Your message was not delivered to"},
};

const struct dialect dialect_zmailer = {
    .name = "zmailer",
    .marks = {{MARK_TEXT, "This is a collection of reports about email delivery", NULL}},
    .form = {.label = "Final Recipient:", .delayed = "DELAYED:"},
};

/* "Unknown user: jane@example.org", "undeliverable to jane@example.org", and what was answered. */
const struct dialect dialect_imail = {
    .name = "imail",
    .marks = {{MARK_FIELD, "<SMTP32", "X-Mailer"},
              {MARK_TEXT,
               "user: |userid: |Delivery failed|undeliverable to|mailbox exceeds|"
               "generated following response|generated response",
               NULL}},
    .form = {.label = "user: |userid: |attempts: |undeliverable to|mailbox exceeds allowed size: |"
                      "mailbox full: |mail box: ",
             .end = "Original message follows"},
};

/* Software.com's Post.Office and InterMail: with a reason for each, or one for all. */
const struct dialect dialect_postoffice = {
    .name = "post.office",
    .marks = {{MARK_TEXT, "This Message was undeliverable due to the following reason", NULL},
              {MARK_TEXT, "Recipient: <", NULL}},
    .form = {.label = "Recipient: <", .end = "Please reply to"},
};

const struct dialect dialect_intermail = {
    .name = "post.office",
    .marks = {{MARK_TEXT, "This Message was undeliverable due to the following reason", NULL}},
    .form = {.begin = "due to the following reason",
             .end = "Please reply to",
             .shapes = PROSE_ALONE | PROSE_BRACKETS | PROSE_BARE,
             .why = "undeliverable due to the following reason",
             .why_end = "The following recipient|Please reply to"},
};

const struct dialect dialect_communigate = {
    .name = "communigate",
    .marks = {{MARK_TEXT, "Failed to deliver to '|Message delivery to '|Delivery to '", NULL},
              {MARK_TEXT, "reports:|failed|delayed", NULL}},
    .form = {.label = "Failed to deliver to|Message delivery to|Delivery to",
             .delayed = "' delayed|delivery delayed"},
};

const struct dialect dialect_messagingserver = {
    .name = "messagingserver",
    .marks = {{MARK_TEXT, "This report relates to a message you sent", NULL},
              {MARK_TEXT, "Recipient address:", NULL}},
    .form = {.label = "Recipient address:",
             .end = "Original-envelope-id:|Reporting-MTA:",
             .delayed = "has been enqueued and undeliverable|have been enqueued and undeliverable",
             .delivered = "has been successfully|have been successfully|was successfully"},
};

const struct dialect dialect_mdaemon = {
    .name = "mdaemon",
    .marks = {{MARK_TEXT, "did NOT receive a copy of your message|did NOT receive this message",
               NULL}},
    .form = {.begin = "did NOT receive",
             .end = "Session Transcript|--- ",
             .shapes = PROSE_ALONE | PROSE_HEADED,
             .why = "Session Transcript",
             .why_end = "--- End Transcript|End of Transcript",
             .delayed = "will remain in|still in the queue|will continue to|DELIVERY WARNING"},
};

/* [<00>] XMail bounce: Rcpt=[jane@example.org];Error=[550 no such user] */
const struct dialect dialect_xmail = {
    .name = "xmail",
    .marks = {{MARK_TEXT, "XMail bounce: Rcpt=[", NULL}},
    .form = {.label = "Rcpt=[",
             .end = "[<01>]",
             .why = "reason of the delivery failure was:",
             .why_end = "[<0"},
};

const struct dialect dialect_amavis = {
    .name = "amavis",
    .marks = {{MARK_TEXT, "nondelivery report was generated by the program amavis", NULL}},
    .form = {.shapes = PROSE_HEADED | PROSE_ALONE | PROSE_INDENTED | PROSE_BRACKETS | PROSE_GAP},
};

const struct dialect dialect_mfilter = {
    .name = "m-filter",
    .marks = {{MARK_FIELD, "m-FILTER", "X-Mailer"}, {MARK_TEXT, "-------server message", NULL}},
    .form = {.end = "-------server message",
             .shapes = PROSE_ALONE,
             .why = "-------server message",
             .why_end = "-------SMTP command|-------original"},
};

/* "A list of the affected recipients follows. This list is in a special format" */
const struct dialect dialect_lsmtp = {
    .name = "lsmtp",
    .marks = {{MARK_TEXT, "Error-for:", NULL}, {MARK_TEXT, "Error-Text:", NULL}},
    .form = {.label = "Error-for:", .end = "Error-End:"},
};

const struct dialect dialect_fml = {
    .name = "fml",
    .marks = {{MARK_TEXT, "You are not a member of this mailing list <", NULL},
              {MARK_TEXT, "guide", NULL}},
    .form = {.shapes = PROSE_TAIL, .end = "If you"},
};

const struct dialect dialect_notification = {
    .name = "notification",
    .marks = {{MARK_TEXT, "This is an automatically generated Delivery Status Notification", NULL},
              {MARK_TEXT, "following recipients failed|following recipient failed", NULL}},
    .form = {.begin = "following recipient",
             .end = "===",
             .shapes = PROSE_ALONE,
             .why = "Technical details:",
             .why_end = "==="},
};

const struct dialect dialect_trouble = {
    .name = "trouble",
    .marks = {{MARK_TEXT, "We had trouble delivering your message", NULL},
              {MARK_TEXT, "rejected recipient", NULL}},
    .form = {.label = "rejected recipient"},
};

const struct dialect dialect_mailfoundry = {
    .name = "mailfoundry",
    .marks = {{MARK_TEXT, "Unable to deliver message to: <", NULL},
              {MARK_TEXT, "Delivery failed for the following reason:", NULL}},
    .form = {.label = "Unable to deliver message to:",
             .why = "Delivery failed for the following reason:",
             .why_end = "This has been a"},
};

const struct dialect dialect_james = {
    .name = "james",
    .marks = {{MARK_TEXT, "Hi. This is the", NULL},
              {MARK_TEXT, "Failed recipient(s):", NULL},
              {MARK_TEXT, "Error message", NULL}},
    .form = {.begin = "Failed recipient(s):",
             .end = "Error message",
             .shapes = PROSE_ALONE,
             .why = "Error message:|Error message below:",
             .why_end = "Message details:"},
};

const struct dialect dialect_surfcontrol = {
    .name = "surfcontrol",
    .marks = {{MARK_TEXT, "A transcript of the attempts to send the message follows", NULL},
              {MARK_TEXT, "Addressed To:", NULL}},
    .form = {.label = "Addressed To:", .end = "--- "},
};

/* "  <jane@example.org>  delivery failed; will not continue trying" */
const struct dialect dialect_powermta = {
    .name = "powermta",
    .marks = {{MARK_TEXT, "to inform you on the delivery status of a message you previously sent",
               NULL}},
    .form = {.begin = "list of the affected recipients",
             .shapes = PROSE_FRONT | PROSE_INDENTED | PROSE_BRACKETS | PROSE_GAP,
             .delayed = "will continue trying"},
};

/* "   *** jane@example.org" */
const struct dialect dialect_mercury = {
    .name = "mercury",
    .marks = {{MARK_TEXT, "given to explain the problem:", NULL}, {MARK_TEXT, "*** ", NULL}},
    .form = {.begin = "given to explain the problem:", .shapes = PROSE_ALONE | PROSE_INDENTED},
};

const struct dialect dialect_pmdf = {
    .name = "pmdf",
    .marks = {{MARK_TEXT, "could not be delivered to:", NULL},
              {MARK_TEXT, "Addressee:", NULL},
              {MARK_TEXT, "Reason:", NULL}},
    .form = {.label = "Addressee:"},
};
