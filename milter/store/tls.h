/* SPDX-License-Identifier: BSD-2-Clause */
/* tls: OpenSSL over a non-blocking socket. Its names stay in tls.c. */
#ifndef STORE_TLS_H
#define STORE_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "waybill/error.h"
#include "waybill/settings.h"

struct tls;         /* what we trust and who we are; for the life of a store */
struct tls_session; /* one connection */

/* Reads the CA, certificate and key files that the settings name, which must live as long. -1: a
 * fault of the configuration. */
int tls_open(struct tls **tls, const struct settings *settings, struct error *why);
void tls_close(struct tls **tls);

/* The server's certificate must be for `host`, or for redis_server_name where that is set. */
int tls_session_open(struct tls_session **session, struct tls *tls, const char *host, int fd,
                     struct error *why);
void tls_session_close(struct tls_session **session);

/* When the server's certificate ends, ms since 1970; 0: not known. After the handshake. */
int64_t tls_session_until(const struct tls_session *session);

/* Each returns over 0: done so much; 0: not now, *events are to be polled for; -1: broken. */
int tls_handshake(struct tls_session *session, short *events, struct error *why);
ssize_t tls_send(struct tls_session *session, const void *data, size_t size, short *events,
                 struct error *why);
ssize_t tls_receive(struct tls_session *session, void *data, size_t size, short *events,
                    struct error *why);

#endif
