/* SPDX-License-Identifier: BSD-2-Clause */
/* transport: bytes to the server and back, by TCP, a Unix socket or TLS; no step without a
 * deadline. */
#ifndef STORE_TRANSPORT_H
#define STORE_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "server.h"
#include "tls.h"

struct transport {
    int fd; /* -1: closed */
    struct tls_session *session;
    short send_events, receive_events; /* what each waits for */
};

void transport_init(struct transport *transport);
/* Connect, and with `tls` shake hands; `timeout` ms for each address and for the handshake. */
int transport_open(struct transport *transport, const struct server *server, struct tls *tls,
                   int64_t timeout, struct error *why);
void transport_close(struct transport *transport);

/* Over 0: so many bytes; 0: not now, wait; -1: broken, or (receive) closed by the server. */
ssize_t transport_send(struct transport *transport, const void *data, size_t size,
                       struct error *why);
ssize_t transport_receive(struct transport *transport, void *data, size_t size, struct error *why);
/* What to poll `fd` for, until what returned 0 is worth a new try. */
short transport_events(const struct transport *transport, bool sending);

#endif
