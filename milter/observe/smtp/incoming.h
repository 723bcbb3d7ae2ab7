/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * incoming: a mail that may be a report on another mail. It is read as it streams by, and what it
 * says is told at its end, one fact for each recipient that it names. What it says is not
 * believed here; see waybill.h, trust.
 */
#ifndef OBSERVE_SMTP_INCOMING_H
#define OBSERVE_SMTP_INCOMING_H

#include <stdbool.h>
#include <stddef.h>

struct session;

struct incoming {
    struct report_reader *reader; /* NULL: not begun, or this mail is not read (any more) */
    bool over;                    /* do not begin: it is no report, or cannot be read */
    bool enough;                  /* nothing more of its body can matter */
};

void incoming_clear(struct incoming *incoming);
void incoming_header(struct session *session, const char *name, const char *value);
/* All fields are in: is the body worth reading? */
void incoming_end_of_header(struct session *session);
/* A chunk of the body. False: the rest is of no interest. */
bool incoming_body(struct session *session, const unsigned char *bytes, size_t size);
/* The mail is complete: tell what it says. */
void incoming_tell(struct session *session);

#endif
