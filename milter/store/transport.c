/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport: bytes to the server and back, by TCP, a Unix socket or TLS.
 *
 * The socket never blocks; every wait is a poll with a deadline on the monotonic clock. Only the
 * look-up of a host name is outside of our hands (the resolver's own time-out).
 */
#include "transport.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "waybill/clock.h"

void transport_init(struct transport *transport)
{
    *transport = (struct transport){.fd = -1};
}

void transport_close(struct transport *transport)
{
    tls_session_close(&transport->session);
    if (transport->fd >= 0)
        close(transport->fd);
    transport_init(transport);
}

static int wait_for(int fd, short events, int64_t timeout, struct error *why)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int64_t until = clock_monotonic() + timeout;

    for (;;) {
        int64_t left = until - clock_monotonic();
        int ready = poll(&poll_fd, 1, left > INT32_MAX ? INT32_MAX : left > 0 ? (int)left : 0);

        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return error_set(why, "cannot wait: %s", strerror(errno));
        if (clock_monotonic() >= until)
            return error_set(why, "no answer within %lld ms", (long long)timeout);
    }
}

/* ---- connecting ---- */

/* Returns the connected socket or -1. */
static int connect_to(const struct sockaddr *address, socklen_t size, int64_t timeout,
                      struct error *why)
{
    int cause = 0, on = 1;
    socklen_t cause_size = sizeof cause;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_set(why, "cannot make a socket: %s", strerror(errno));
    if (address->sa_family != AF_UNIX) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (connect(fd, address, size) == 0)
        return fd;
    if (errno != EINPROGRESS && errno != EINTR) {
        error_set(why, "%s", strerror(errno));
    } else if (wait_for(fd, POLLOUT, timeout, why) == 0) {
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &cause_size))
            cause = errno;
        if (cause == 0)
            return fd;
        error_set(why, "%s", strerror(cause));
    }
    close(fd);
    return -1;
}

static int connect_unix(const struct server *server, int64_t timeout, struct error *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, server->path, sizeof address.sun_path);
    return connect_to((const struct sockaddr *)&address, sizeof address, timeout, why);
}

/* All addresses of the host in turn. */
static int connect_inet(const struct server *server, int64_t timeout, struct error *why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int cause = getaddrinfo(server->host, server->port, &hints, &found), fd = -1;

    if (cause)
        return error_set(why, "%s", cause == EAI_SYSTEM ? strerror(errno) : gai_strerror(cause));
    for (struct addrinfo *each = found; each && fd < 0; each = each->ai_next)
        fd = connect_to(each->ai_addr, each->ai_addrlen, timeout, why);
    freeaddrinfo(found);
    return fd;
}

static int transport_shake_hands(struct transport *transport, struct tls *tls, const char *host,
                                 int64_t timeout, struct error *why)
{
    int64_t until = clock_monotonic() + timeout;
    short events = 0;
    int done;

    if (tls_session_open(&transport->session, tls, host, transport->fd, why))
        return -1;
    while ((done = tls_handshake(transport->session, &events, why)) == 0) {
        int64_t left = until - clock_monotonic();

        if (wait_for(transport->fd, events, left > 0 ? left : 0, NULL))
            return error_set(why, "no TLS handshake within %lld ms", (long long)timeout);
    }
    return done < 0 ? -1 : 0;
}

int transport_open(struct transport *transport, const struct server *server, struct tls *tls,
                   int64_t timeout, struct error *why)
{
    transport_close(transport);
    transport->fd = server->kind == SERVER_UNIX ? connect_unix(server, timeout, why)
                                                : connect_inet(server, timeout, why);
    if (transport->fd < 0)
        return -1;
    if (server->kind == SERVER_TLS &&
        transport_shake_hands(transport, tls, server->host, timeout, why)) {
        transport_close(transport);
        return -1;
    }
    return 0;
}

/* ---- bytes ---- */

static const char *cause_of(int cause)
{
    return cause == EPIPE || cause == ECONNRESET ? "the server closed the connection"
                                                 : strerror(cause);
}

ssize_t transport_send(struct transport *transport, const void *data, size_t size,
                       struct error *why)
{
    ssize_t sent;

    transport->send_events = POLLOUT;
    if (transport->session)
        return tls_send(transport->session, data, size, &transport->send_events, why);
    sent = send(transport->fd, data, size, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return sent < 0 ? error_set(why, "%s", cause_of(errno)) : sent;
}

ssize_t transport_receive(struct transport *transport, void *data, size_t size, struct error *why)
{
    ssize_t got;

    transport->receive_events = POLLIN;
    if (transport->session)
        return tls_receive(transport->session, data, size, &transport->receive_events, why);
    got = recv(transport->fd, data, size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got < 0)
        return error_set(why, "%s", cause_of(errno));
    return got == 0 ? error_set(why, "the server closed the connection") : got;
}

short transport_events(const struct transport *transport, bool sending)
{
    short events = transport->receive_events;

    return (short)(sending ? events | transport->send_events : events);
}
