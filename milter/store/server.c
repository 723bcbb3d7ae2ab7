/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: where the server is, as the option `redis` says it.
 */
#include "server.h"

#include <stdio.h>
#include <string.h>

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

int servers_parse(struct server servers[static SERVERS_MAX], size_t *count, const char *text,
                  struct error *why)
{
    struct slice rest = slice_of(text ? text : ""), part;
    char one[sizeof servers->name];

    bool more;

    *count = 0;
    do {
        more = text_take_until(&rest, ',', &part);
        if (!more)
            part = rest;
        if (*count == SERVERS_MAX)
            return error_set(why, "cannot use over %u addresses", SERVERS_MAX);
        if (!slice_copy(slice_trim(part), one, sizeof one))
            return server_odd(text, why);
        if (server_parse(&servers[(*count)++], one, why))
            return -1;
    } while (more);
    return 0;
}

#define HOST_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_%"

/* It goes into messages and to the resolver: no blanks, controls, or anything that no name has. */
static bool host_can_be(struct slice host)
{
    for (size_t i = 0; i < host.size; i++)
        if (host.at[i] == '\0' || !strchr(HOST_BYTES, host.at[i]))
            return false;
    return host.size > 0;
}

int server_announced(struct server *server, enum server_kind kind, struct slice host, uint64_t port)
{
    bool numeric = slice_find(host, ':') >= 0;

    *server = (struct server){.kind = kind};
    if (port == 0 || port > 65535 || !host_can_be(host) ||
        !slice_copy(host, server->host, sizeof server->host))
        return -1;
    snprintf(server->port, sizeof server->port, "%u", (unsigned)port);
    snprintf(server->name, sizeof server->name, "%s:%s%s%s:%s", kind == SERVER_TLS ? "tls" : "tcp",
             numeric ? "[" : "", server->host, numeric ? "]" : "", server->port);
    return 0;
}

bool server_equal(const struct server *one, const struct server *other)
{
    return one->kind == other->kind && strcmp(one->host, other->host) == 0 &&
           strcmp(one->port, other->port) == 0 && strcmp(one->path, other->path) == 0;
}
