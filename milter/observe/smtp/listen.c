/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket that the MTA connects to. Promise: a socket that another process serves is never
 * taken from it; libmilter alone would do so without a word.
 */
#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

const char *listen_path(const char *name)
{
    const char *colon = strchr(name, ':');

    if (colon == NULL)
        return name;
    if (strncmp(name, "unix:", 5) == 0 || strncmp(name, "local:", 6) == 0)
        return colon + 1;
    return NULL;
}

/* 1: somebody answers; 0: nobody; -1: it cannot be told. */
static int is_served(const char *path, struct error *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, result, cause;

    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(why, "cannot try socket '%s': %s", path, strerror(errno));
    result = connect(fd, (const struct sockaddr *)&address, sizeof address);
    cause = errno;
    close(fd);
    if (result == 0 || cause == EAGAIN) /* EAGAIN: its queue is full, so there is one */
        return 1;
    if (cause == ECONNREFUSED || cause == ENOENT)
        return 0;
    return error_set(why, "cannot try socket '%s': %s", path, strerror(cause));
}

int listen_clear(const char *path, struct error *why)
{
    struct stat status;
    int served;

    if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return error_set(why, "cannot listen on '%s': the path is longer than a socket's may be",
                         path);
    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0
                               : error_set(why, "cannot listen on '%s': %s", path, strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return error_set(why, "cannot listen on '%s': it exists and is no socket", path);
    served = is_served(path, why);
    if (served > 0)
        return error_set(why, "cannot listen on '%s': another process serves it", path);
    if (served == 0 && unlink(path) < 0 && errno != ENOENT)
        return error_set(why, "cannot remove the stale socket '%s': %s", path, strerror(errno));
    return served;
}

int listen_open(const char *name, mode_t mode, struct error *why)
{
    const char *path = listen_path(name);

    if (path != NULL && listen_clear(path, why) < 0)
        return -1;
    errno = 0;
    if (smfi_setconn((char *)(void *)name) != MI_SUCCESS || smfi_opensocket(false) != MI_SUCCESS)
        return error_set(why, "cannot listen on '%s': %s", name,
                         errno != 0 ? strerror(errno) : "libmilter told syslog why");
    /* by default only the owner could connect, and the MTA is another user */
    if (path != NULL && chmod(path, mode) < 0)
        return error_set(why, "cannot set the mode of '%s': %s", path, strerror(errno));
    return 0;
}
