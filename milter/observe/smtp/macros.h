/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * macros: what the MTA tells beside the commands, read out of libmilter without trusting it.
 */
#ifndef OBSERVE_SMTP_MACROS_H
#define OBSERVE_SMTP_MACROS_H

#include <libmilter/mfapi.h>

#include "waybill/error.h"

#define MACRO_ROOM 1024 /* a longer value is cut */

struct macro {
    char text[MACRO_ROOM]; /* "": the MTA did not send it */
};

/* Start-up, one thread: take over SIGSEGV for the moments in which macros are read. */
int macros_guard(struct error *why);
/* Copy the value; returns its text. */
const char *macro_read(SMFICTX *context, const char *name, struct macro *macro);

#endif
