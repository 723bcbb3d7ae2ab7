/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamp: an envelope id of ours (ENVID, RFC 3461) for a mail that came without one. It travels
 * with the mail, and a report of another server brings it back.
 */
#ifndef OBSERVE_SMTP_STAMP_H
#define OBSERVE_SMTP_STAMP_H

#include <libmilter/mfapi.h>
#include <stdbool.h>

#include "waybill/token.h"

struct session;

struct stamp {
    char *sender;                 /* as the client typed it; NULL: this mail gets no stamp */
    bool has_ret;                 /* the client has said what a report shall return */
    char token[TOKEN_ENVID_ROOM]; /* "": not stamped (yet) */
};

void stamp_clear(struct stamp *stamp);
/* At MAIL: decide. `words`: the address as typed and its parameters; a NULL ends them. */
void stamp_prepare(struct session *session, char **words);
/* At EOM: ask the MTA to put the envelope id to the sender. */
void stamp_put(SMFICTX *context, struct session *session);

#endif
