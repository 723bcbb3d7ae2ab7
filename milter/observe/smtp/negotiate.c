/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked of the MTA. Promise: nothing that it does not offer, so that an old MTA is served
 * too, if with less.
 */
#include "negotiate.h"

#include <stddef.h>

/* SMFIP_NR_BODY is not here: the answer to a chunk of the body matters, it may be "skip". Nor are
 * SMFIP_NR_MAIL and SMFIP_NR_RCPT: Postfix sends nothing before it waits for an answer, so a client
 * that goes away after RCPT would show as one burst and a closed socket, and libmilter drops what
 * it has not read when poll() says POLLHUP: the mail would never have been. Nor is SMFIP_NR_UNKN:
 * with SMFIP_NOUNKNOWN such commands do not come at all. */
#define WITHOUT_REPLY (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH)

unsigned long negotiate_protocol(unsigned long offered)
{
    return offered & (unsigned long)(WITHOUT_REPLY | SMFIP_RCPT_REJ | SMFIP_SKIP |
                                     SMFIP_HDR_LEADSPC | SMFIP_NOUNKNOWN);
}

unsigned long negotiate_actions(unsigned long offered, bool stamps)
{
    return offered & (unsigned long)(SMFIF_SETSYMLIST | (stamps ? SMFIF_CHGFROM : 0));
}

/* {daemon_name} only at CONNECT: at EOM Postfix gives the one of main.cf, which would hide the
 * service's own. */
static const struct {
    int stage;
    const char *macros;
} wanted[] = {
    {SMFIM_CONNECT, "{client_addr} {client_name} {client_resolve} {client_port} {daemon_name} "
                    "{daemon_port}"},
    {SMFIM_HELO, "{tls_version} {cipher} {cipher_bits}"},
    {SMFIM_ENVFROM, "i {auth_authen} {auth_type} {tls_version} {cipher} {cipher_bits}"},
    {SMFIM_ENVRCPT, "i {rcpt_mailer} {rcpt_host} {rcpt_addr}"},
    {SMFIM_DATA, "i"},
    {SMFIM_EOH, "i"},
    {SMFIM_EOM, "i {msg_size}"},
};

void negotiate_macros(SMFICTX *context)
{
    /* a list that is refused leaves the MTA's own, from which we read what there is */
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        smfi_setsymlist(context, wanted[i].stage, (char *)(void *)wanted[i].macros);
}
