/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knock: does a milter answer at a socket? Says what a mail server says first, and goes away.
 */
#ifndef WAYBILL_DOCTOR_KNOCK_H
#define WAYBILL_DOCTOR_KNOCK_H

#include <stdint.h>
#include <sys/socket.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define KNOCK_MS 3000 /* as long as a mail server that we set up waits for a command's answer */

struct knock_address {
    struct sockaddr_storage socket;
    socklen_t size;
};

enum knock_end {
    KNOCK_ANSWERED, /* a milter, in time */
    KNOCK_NO_WAY,   /* connect(2) failed, see `cause` */
    KNOCK_SILENT,   /* connected, and nothing came */
    KNOCK_CLOSED,   /* connected, and closed without an answer */
    KNOCK_STRANGE,  /* what answered is no milter */
};
struct knock {
    enum knock_end end;
    int cause;  /* errno */
    int64_t ms; /* until it answered */
};

/* "unix:PATH", "local:PATH", "inet:PORT@HOST" as in waybill.conf, or "inet:HOST:PORT" as in
 * main.cf. A relative path stays one. -1: it is neither, too long, or the host has no address. */
int knock_address_read(struct knock_address *address, struct slice name, struct error *why);
/* Waits for KNOCK_MS at most. */
void knock_try(const struct knock_address *address, struct knock *knock);

#endif
