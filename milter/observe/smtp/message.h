/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: one mail, from MAIL to EOM or to its abandoning. Its facts are told as they happen.
 * Every function may be called in any order, with or without a mail open: a client, an MTA or
 * an attacker may leave out any command.
 */
#ifndef OBSERVE_SMTP_MESSAGE_H
#define OBSERVE_SMTP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "headers.h"
#include "incoming.h"
#include "stamp.h"

struct session;

#define QUEUE_ID_ROOM 64 /* the longest of Postfix has 15, of Sendmail 14; a longer one is none */

enum phase { PHASE_MAIL, PHASE_RCPT, PHASE_DATA, PHASE_HEADER, PHASE_BODY };

struct message {
    uint64_t waybill; /* 0: no mail is open */
    unsigned facts;   /* told so far; the number of the next one */
    enum phase phase; /* of the last command */
    bool null_sender;
    bool bracketed; /* the sender's address came in angle brackets, as the network has to give it */
    bool headers_told;
    bool skipped; /* the MTA was asked to leave out the rest of the body */
    unsigned chunks;
    uint64_t body_bytes;
    char queue_id[QUEUE_ID_ROOM];
    struct headers headers;
    struct incoming incoming;
    struct stamp stamp;
};

/* Macros of the MTA; "" where it sent none. */
struct mail_macros {
    const char *queue_id, *login, *mechanism, *tls_version, *cipher, *cipher_bits;
};
struct rcpt_macros {
    const char *queue_id, *mailer, *host, *address;
};

/* `words`: the address and its parameters, ended by NULL. A mail that is still open is abandoned
 * first. */
void message_mail(struct session *session, char **words, const struct mail_macros *macros);
void message_rcpt(struct session *session, char **words, const struct rcpt_macros *macros);
void message_data(struct session *session, const char *queue_id);
void message_header(struct session *session, const char *name, const char *value);
void message_end_of_header(struct session *session, const char *queue_id);
/* One chunk of the body. False: the rest is of no interest. */
bool message_body(struct session *session, const unsigned char *bytes, size_t size);
/* The rest of the body will not come. */
void message_skip(struct session *session);
/* Returns when the facts are safe in the journal, or after `eom_wait_ms`. `size` is the MTA's own
 * count, "" if it does not tell. */
void message_end(struct session *session, const char *queue_id, const char *size);
/* The client left or began anew. */
void message_abandon(struct session *session);
/* Forget the mail, telling nothing. */
void message_clear(struct message *message);

#endif
