/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listening: see listening.h. Promise: whoever connects to the name of a unix socket always finds
 * somebody there, and never one that others than owner and group may write to.
 */
#include "waybill/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "waybill/text.h"

#define BACKLOG 1024 /* the kernel may know a lower bound */
#define MODE 0660

static int fail(int fd, const char *name, struct error *why)
{
    int cause = errno;

    if (fd >= 0)
        close(fd);
    return error_set(why, "cannot listen at '%s': %s", name, strerror(cause));
}

/* ---- a unix socket ---- */

static int bind_private(const struct sockaddr_un *private, const char *name, struct error *why)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return fail(fd, name, why);
    (void)unlink(private->sun_path); /* of an earlier process with our pid, killed just here */
    if (bind(fd, (const struct sockaddr *)private, sizeof *private) < 0)
        return fail(fd, name, why);
    if (chmod(private->sun_path, MODE) < 0 || listen(fd, BACKLOG) < 0) {
        fail(fd, name, why);
        (void)unlink(private->sun_path);
        return -1;
    }
    return fd;
}

/* A file of somebody's that is no socket is not ours to replace. */
static int check_place(const char *path, const char *name, struct error *why)
{
    struct stat status;

    if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
        return error_set(why, "cannot listen at '%s': it exists and is no socket", name);
    return 0;
}

static int open_unix(struct listening *listening, const char *path, const char *name,
                     struct error *why)
{
    struct sockaddr_un private = {.sun_family = AF_UNIX};
    struct stat status;
    int size = snprintf(private.sun_path, sizeof private.sun_path, "%s.%ld", path, (long)getpid());

    if (size < 0 || (size_t)size >= sizeof private.sun_path)
        return error_set(why, "cannot listen at '%s': the path is too long for a socket",
                         name);
    if (check_place(path, name, why) < 0)
        return -1;
    listening->fd = bind_private(&private, name, why);
    if (listening->fd < 0)
        return -1;
    if (lstat(private.sun_path, &status) < 0 || rename(private.sun_path, path) < 0) {
        fail(listening->fd, name, why);
        (void)unlink(private.sun_path);
        return -1;
    }
    snprintf(listening->path, sizeof listening->path, "%s", path);
    listening->device = status.st_dev;
    listening->inode = status.st_ino;
    return 0;
}

/* ---- a port of this machine ---- */

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool read_endpoint(struct slice from, union endpoint *to, socklen_t *size)
{
    uint64_t port;

    *to = (union endpoint){.v6 = {.sin6_family = AF_UNSPEC}};
    if (text_take(&from, "127.0.0.1:")) {
        to->v4 =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        *size = sizeof to->v4;
    } else if (text_take(&from, "[::1]:")) {
        to->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
        *size = sizeof to->v6;
    } else {
        return false;
    }
    if (!text_number(from, 1, UINT16_MAX, &port))
        return false;
    if (to->any.sa_family == AF_INET)
        to->v4.sin_port = htons((uint16_t)port);
    else
        to->v6.sin6_port = htons((uint16_t)port);
    return true;
}

/* SO_REUSEPORT lets the next generation of us in while we are still there, and, by the kernel's
 * rule, nobody of another user. */
static int open_tcp(struct listening *listening, const union endpoint *endpoint, socklen_t size,
                    const char *name, struct error *why)
{
    int fd = socket(endpoint->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0 ||
        bind(fd, &endpoint->any, size) < 0 || listen(fd, BACKLOG) < 0)
        return fail(fd, name, why);
    listening->fd = fd;
    return 0;
}

int listening_open(struct listening *listening, const char *name, struct error *why)
{
    struct slice rest = slice_of(name);
    union endpoint endpoint;
    socklen_t size;

    *listening = (struct listening){.fd = -1};
    if (text_take(&rest, "unix:"))
        return open_unix(listening, rest.at, name, why);
    if (text_take(&rest, "tcp:") && read_endpoint(rest, &endpoint, &size))
        return open_tcp(listening, &endpoint, size, name, why);
    return error_set(why,
                     "cannot listen at '%s': it is neither unix:/PATH nor a port of "
                     "127.0.0.1 or [::1]",
                     name);
}

void listening_release(struct listening *listening)
{
    struct stat status;

    if (listening->path[0] == '\0')
        return;
    if (lstat(listening->path, &status) == 0 && status.st_dev == listening->device &&
        status.st_ino == listening->inode)
        (void)unlink(listening->path);
    listening->path[0] = '\0';
}
