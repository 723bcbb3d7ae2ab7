/* SPDX-License-Identifier: BSD-2-Clause */
/* server: where the server is, as the option `redis` says it. */
#ifndef STORE_SERVER_H
#define STORE_SERVER_H

#include <stddef.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define SERVERS_MAX 32u

enum server_kind { SERVER_TCP, SERVER_TLS, SERVER_UNIX };

struct server {
    enum server_kind kind;
    char host[256]; /* without the brackets of an IPv6 address */
    char port[6];
    char path[108]; /* of a Unix socket; fits sun_path */
    char name[320]; /* as given, for messages */
};

/* Reads tcp:HOST:PORT, tls:HOST:PORT (HOST may be [IPv6]) or unix:PATH. */
int server_parse(struct server *server, const char *text, struct error *why);
/* One or several of these, parted by commas and blanks. */
int servers_parse(struct server servers[static SERVERS_MAX], size_t *count, const char *text,
                  struct error *why);
/* What a server told of another one. -1: no host or port that could be one. */
int server_announced(struct server *server, enum server_kind kind, struct slice host,
                     uint64_t port);
bool server_equal(const struct server *one, const struct server *other);

#endif
