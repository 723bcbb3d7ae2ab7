/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: what belongs to one connection of an MTA's client, and stays from mail to mail.
 * It may go from thread to thread, but only one works with it at a time.
 */
#ifndef OBSERVE_SMTP_SESSION_H
#define OBSERVE_SMTP_SESSION_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "message.h"
#include "witness.h"

#define SESSION_TEXT_MAX 1024 /* longest name that is kept from one command to another */

struct session {
    unsigned long granted; /* protocol flags as negotiated; 0: unknown */
    unsigned long actions; /* what the MTA will do for us; 0: unknown */
    struct rules *rules;
    char *client, *helo, *daemon, *daemon_port; /* NULL: not known */
    char ip[INET6_ADDRSTRLEN];                  /* "": not known */
    char port[6];
    bool confirmed; /* the client's name leads back to its address */
    struct message message;
};

/* NULL: no memory. */
struct session *session_new(unsigned long granted);
/* Frees the open mail too; the caller has said what became of it. */
void session_free(struct session *session);

/* What the MTA told at CONNECT; macros are "" where it sent none. */
struct session_connect {
    const char *host;               /* callback's argument: a name, or an address in brackets */
    const struct sockaddr *address; /* NULL: not an internet client, or not known */
    const char *client_name, *client_resolve, *client_address, *client_port;
    const char *daemon_name, *daemon_port;
};
void session_connect(struct session *session, const struct session_connect *told);
void session_helo(struct session *session, const char *name);
/* Put what is known of the connection into the fact, as views into the session. */
void session_fill(const struct session *session, struct fact *fact);
/* Of that, only who the client is; a name that is not confirmed is "unknown". */
void session_fill_client(const struct session *session, struct fact *fact);
/* Did the MTA itself hand in the open mail, or sendmail(1) on this machine? Postfix shows these as
 * coming from port 0 of localhost, the sender without brackets; the network can do neither. */
bool session_is_local(const struct session *session);

#endif
