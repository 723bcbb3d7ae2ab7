/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knock: see knock.h. The packets are those of the milter protocol, version 6: a length of four
 * bytes, the most significant first, a letter, data. libmilter's names are left to observe/smtp.
 */
#include "knock.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "waybill/clock.h"

/* "What can you do?", offering everything; and "good bye". */
static const unsigned char offer[] = {0, 0, 0, 13,   'O', 0,    0,    0,   6,
                                      0, 0, 1, 0xff, 0,   0x1f, 0xff, 0xff};
static const unsigned char quit[] = {0, 0, 0, 1, 'Q'};
#define ANSWER_HEAD 5 /* length and letter */
#define ANSWER_LEAST 13u

static int read_unix(struct knock_address *address, struct slice path, struct error *why)
{
    struct sockaddr_un *to = (struct sockaddr_un *)&address->socket;

    to->sun_family = AF_UNIX;
    address->size = sizeof *to;
    if (path.size == 0 || !slice_copy(path, to->sun_path, sizeof to->sun_path))
        return error_set(why, "the path of a socket has 1 to %zu bytes", sizeof to->sun_path - 1);
    return 0;
}

static int read_inet(struct knock_address *address, struct slice name, struct error *why)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct slice host = name, port;
    char host_text[256], port_text[32];
    struct addrinfo *found;
    int result;

    if (text_take_until(&name, '@', &port))
        host = name;
    else if (!text_cut_last(&host, ":", &port)) {
        port = name;
        host = slice_of("127.0.0.1");
    }
    if (slice_starts(host, "[") && slice_ends(host, "]"))
        host = slice_make(host.at + 1, host.size - 2);
    if (!slice_copy(host, host_text, sizeof host_text) ||
        !slice_copy(port, port_text, sizeof port_text))
        return error_set(why, "'%.*s' is too long for a host and a port", SLICE_ARGS(name));
    result = getaddrinfo(host_text, port_text, &wanted, &found);
    if (result != 0)
        return error_set(why, "'%.*s': %s", SLICE_ARGS(host), gai_strerror(result));
    memcpy(&address->socket, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

int knock_address_read(struct knock_address *address, struct slice name, struct error *why)
{
    *address = (struct knock_address){0};
    if (text_take(&name, "unix:") || text_take(&name, "local:"))
        return read_unix(address, name, why);
    if (text_take(&name, "inet:") || text_take(&name, "inet6:"))
        return read_inet(address, name, why);
    return error_set(why, "'%.*s' is no name of a socket", SLICE_ARGS(name));
}

/* Wait until `fd` is ready for `events`; false: the time is up. */
static bool wait_for(int fd, short events, int64_t end)
{
    struct pollfd one = {.fd = fd, .events = events};
    int64_t left;

    while ((left = end - clock_monotonic()) > 0)
        if (poll(&one, 1, (int)left) > 0)
            return true;
    return false;
}

static bool connect_to(int fd, const struct knock_address *address, int64_t end, int *cause)
{
    socklen_t size = sizeof *cause;

    *cause = 0;
    if (connect(fd, (const struct sockaddr *)&address->socket, address->size) == 0)
        return true;
    *cause = errno;
    if (*cause != EINPROGRESS)
        return false;
    *cause = ETIMEDOUT;
    if (wait_for(fd, POLLOUT, end))
        getsockopt(fd, SOL_SOCKET, SO_ERROR, cause, &size);
    return *cause == 0;
}

static enum knock_end read_answer(int fd, int64_t end)
{
    unsigned char head[ANSWER_HEAD];
    size_t have = 0, length;
    ssize_t size;

    while (have < sizeof head) {
        if (!wait_for(fd, POLLIN, end))
            return KNOCK_SILENT;
        size = recv(fd, head + have, sizeof head - have, 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (size <= 0)
            return have == 0 ? KNOCK_CLOSED : KNOCK_STRANGE;
        have += (size_t)size;
    }
    length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    return head[4] == 'O' && length >= ANSWER_LEAST && length < 65536 ? KNOCK_ANSWERED
                                                                      : KNOCK_STRANGE;
}

static void talk(int fd, const struct knock_address *address, struct knock *knock)
{
    int64_t begin = clock_monotonic(), end = begin + KNOCK_MS;

    if (!connect_to(fd, address, end, &knock->cause))
        return;
    if (send(fd, offer, sizeof offer, MSG_NOSIGNAL) != (ssize_t)sizeof offer) {
        knock->end = KNOCK_CLOSED;
        return;
    }
    knock->end = read_answer(fd, end);
    knock->ms = clock_monotonic() - begin;
    if (knock->end == KNOCK_ANSWERED)
        (void)!send(fd, quit, sizeof quit, MSG_NOSIGNAL);
}

void knock_try(const struct knock_address *address, struct knock *knock)
{
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    *knock = (struct knock){.end = KNOCK_NO_WAY, .cause = errno};
    if (fd < 0)
        return;
    talk(fd, address, knock);
    close(fd);
}
