/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A milter that does nothing, for tests/bench/intake: the same libmilter, the same flags, macros
 * and answers as waybilld, but no look at what comes. What it costs is the floor.
 *
 *     nothing_milter unix:PATH
 */
#include "milter/observe/smtp/negotiate.h"

#include <stdint.h>
#include <stdio.h>

/* The flags fit into the private pointer: no memory to manage. */
static sfsistat go_on(SMFICTX *context, unsigned long no_reply)
{
    return ((uintptr_t)smfi_getpriv(context) & no_reply) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat on_negotiate(SMFICTX *context, unsigned long actions, unsigned long protocol,
                             unsigned long reserved0, unsigned long reserved1,
                             unsigned long *want_actions, unsigned long *want_protocol,
                             unsigned long *want0, unsigned long *want1)
{
    (void)reserved0;
    (void)reserved1;
    *want_actions = negotiate_actions(actions, false);
    *want_protocol = negotiate_protocol(protocol);
    *want0 = *want1 = 0;
    smfi_setpriv(context, (void *)(uintptr_t)*want_protocol);
    if ((*want_actions & SMFIF_SETSYMLIST) != 0)
        negotiate_macros(context);
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
    (void)host;
    (void)address;
    return go_on(context, SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *context, char *name)
{
    (void)name;
    return go_on(context, SMFIP_NR_HELO);
}

static sfsistat on_mail(SMFICTX *context, char **words)
{
    (void)words;
    return go_on(context, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *context, char **words)
{
    (void)words;
    return go_on(context, SMFIP_NR_RCPT);
}

static sfsistat on_data(SMFICTX *context)
{
    return go_on(context, SMFIP_NR_DATA);
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
    (void)name;
    (void)value;
    return go_on(context, SMFIP_NR_HDR);
}

static sfsistat on_end_of_header(SMFICTX *context)
{
    return go_on(context, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *context, unsigned char *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return go_on(context, SMFIP_NR_BODY);
}

static sfsistat on_end_of_message(SMFICTX *context)
{
    (void)context;
    return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *context)
{
    (void)context;
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context)
{
    smfi_setpriv(context, NULL);
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
    struct smfiDesc table = {
        .xxfi_name = "nothing",
        .xxfi_version = SMFI_VERSION,
        .xxfi_negotiate = on_negotiate,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_rcpt,
        .xxfi_data = on_data,
        .xxfi_header = on_header,
        .xxfi_eoh = on_end_of_header,
        .xxfi_body = on_body,
        .xxfi_eom = on_end_of_message,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
    };

    if (argc != 2 || smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(table) != MI_SUCCESS ||
        smfi_opensocket(1) != MI_SUCCESS) {
        fprintf(stderr, "usage: nothing_milter unix:PATH\n");
        return 64;
    }
    return smfi_main() == MI_SUCCESS ? 0 : 1;
}
