/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix: the dialect of Postfix, read strictly from left to right.
 *
 * A reader gets what follows "QID: " and the word that brought it here; it returns 1 (the fact is
 * filled in), 0 (a line of ours that says nothing of a mail's fate), or -1 (it should, and cannot
 * be read). Values are views into the line.
 */
#ifndef MAILLOG_POSTFIX_H
#define MAILLOG_POSTFIX_H

#include "waybill/logline.h"

struct reading {
    struct slice service; /* smtpd, cleanup, smtp, ... */
    struct slice word;    /* what the message began with: "reject: " */
    struct slice rest;    /* what is still to be read */
    struct fact *fact;
};

/* "Nov 21 ... postfix/smtp[1]: message" as a fact. 1, 0, -1 as above; 0 also for the lines of
 * programs that are not Postfix's. */
int postfix_read(const struct logline *line, struct fact *fact);

/* to=<..>, relay=.., ..., status=.. (..): what a delivery agent says. */
int postfix_read_delivery(struct reading *reading);
/* reject, milter-reject, hold, discard: what smtpd and cleanup say, with or without a queue id. */
int postfix_read_refusal(struct reading *reading);

/* The shared pieces. */

/* A queue id, short or long, and no word of the language. */
bool postfix_take_queue_id(struct slice *from, struct slice *id);
/* What stands up to the '>' that is followed by one of the words of `next` (NULL ends them). An
 * address whose local part is quoted may hold any of these. The '>' is eaten, `next` is not. */
bool postfix_take_address(struct slice *from, const char *const next[], struct slice *address);
/* "name[ip]", "name[ip]:port", "[ip]:port" into client, ip and port. */
bool postfix_take_client(struct slice *from, struct fact *fact);
/* The enhanced status code at the front of a reply: "550 5.7.1 no", "5.7.1 no". Absent: none. */
struct slice postfix_reply_status(struct slice reply);

#endif
