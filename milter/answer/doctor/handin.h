/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handin: hand one small mail to the mail server of this machine, by SMTP.
 */
#ifndef WAYBILL_DOCTOR_HANDIN_H
#define WAYBILL_DOCTOR_HANDIN_H

#include <stdint.h>

#include "doctor.h"

struct handin {
    const char *helo, *from, *to, *text; /* text: header and body, lines end with CR LF */
    char where[300];                     /* out: "127.0.0.1:25" */
    char reply[512];                     /* out: the last words of the server, its last line */
};

/* May this stand between < and > of MAIL and RCPT? */
bool handin_address_fits(const char *address);
/* Where a service of master.cf listens that names no address, by inet_interfaces and
 * inet_protocols: loopback if it is among them. False: nowhere. */
bool handin_host(struct slice interfaces, struct slice protocols, char host[static 256]);
/* 0: taken. -1: `why` says who refused what; `reply` is then what it said, or empty. */
int handin_send(const struct doctor *doctor, struct handin *mail, struct error *why);

#endif
