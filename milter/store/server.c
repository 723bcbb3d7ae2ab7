/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: where the server is, as the option `redis` says it.
 */
#include "server.h"

#include <stdio.h>

#include "waybill/text.h"

static int server_odd(const char *text, struct error *why)
{
    return error_set(why,
                     "cannot read the address '%s': it must be tcp:HOST:PORT, tls:HOST:PORT "
                     "or unix:PATH",
                     text);
}

static bool server_take_host(struct slice *from, struct slice *host)
{
    if (text_take_char(from, '['))
        return text_take_until_text(from, "]:", host) && host->size > 0;
    return text_take_until(from, ':', host) && host->size > 0;
}

int server_parse(struct server *server, const char *text, struct error *why)
{
    struct slice from = slice_of(text ? text : ""), host;
    uint64_t port;

    *server = (struct server){0};
    if (!slice_copy(from, server->name, sizeof server->name))
        return server_odd(text, why);
    if (text_take(&from, "unix:")) {
        server->kind = SERVER_UNIX;
        if (from.size == 0 || !slice_copy(from, server->path, sizeof server->path))
            return error_set(why, "cannot use the socket '%s': a path must have 1 to %zu bytes",
                             text, sizeof server->path - 1);
        return 0;
    }
    if (text_take(&from, "tls:"))
        server->kind = SERVER_TLS;
    else if (!text_take(&from, "tcp:"))
        return server_odd(server->name, why);
    if (!server_take_host(&from, &host) || !slice_copy(host, server->host, sizeof server->host) ||
        !text_number(from, 1, 65535, &port))
        return server_odd(server->name, why);
    snprintf(server->port, sizeof server->port, "%u", (unsigned)port);
    return 0;
}
