/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket that the MTA connects to. Promise: a socket that another process serves is never
 * taken from it unless that was asked for; libmilter alone would do so without a word. And no name
 * is removed that has become another process's.
 */
#include "listen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "waybill/endpoint.h"
#include "waybill/text.h"

#define PATH_SIZE sizeof((struct sockaddr_un *)NULL)->sun_path

static struct {
    char path[PATH_SIZE]; /* the public name; "": no unix socket */
    char own[PATH_SIZE];
    int held; /* while it is open, no other socket can get our inode's number */
    dev_t device;
    ino_t inode;
} place = {.held = -1};

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

    if (strlen(path) >= PATH_SIZE)
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

/* ---- names ---- */

static bool is_ours(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && status.st_dev == place.device &&
           status.st_ino == place.inode;
}

/* "PID" while a process opens, "PID." for the socket that it replaced. */
static bool is_suffix(struct slice name)
{
    uint64_t process;

    return text_take_number(&name, &process) && (name.size == 0 || slice_is(name, "."));
}

/* Visit each name PATH.PID and PATH.PID. that is there. */
static void each_beside(const char *path, void (*visit)(const char *name, void *context),
                        void *context)
{
    const char *base = strrchr(path, '/') + 1;
    size_t length = strlen(base);
    char directory[PATH_SIZE], whole[PATH_SIZE + 1];
    const struct dirent *entry;
    DIR *names;

    snprintf(directory, sizeof directory, "%.*s", (int)(base - path), path);
    names = opendir(directory);
    while (names != NULL && (entry = readdir(names)) != NULL)
        if (strncmp(entry->d_name, base, length) == 0 && entry->d_name[length] == '.' &&
            is_suffix(slice_of(entry->d_name + length + 1)) &&
            (size_t)snprintf(whole, sizeof whole, "%s%s", directory, entry->d_name) < sizeof whole)
            visit(whole, context);
    if (names != NULL)
        closedir(names);
}

static void remove_if_dead(const char *name, void *context)
{
    struct error why;

    (void)context;
    if (strlen(name) < PATH_SIZE)
        (void)listen_clear(name, &why); /* one that is served is an old process's, and stays */
}

/* What killed processes left: each has another number, so they would heap up. */
static void remove_dead(const char *path)
{
    each_beside(path, remove_if_dead, NULL);
}

static void keep_if_ours(const char *name, void *context)
{
    if (is_ours(name))
        memcpy(context, name, strlen(name) + 1);
}

/* Where whoever replaced us put our socket. */
static bool find_ours(char found[PATH_SIZE + 1])
{
    found[0] = '\0';
    each_beside(place.path, keep_if_ours, found);
    return found[0] != '\0';
}

/* Our socket gets the public name, and the one that had it until now a name from which its process
 * can take it back. At no time has a socket two names: Sendmail takes none of those. */
static int replace_public(struct error *why)
{
    char replaced[PATH_SIZE + 1];

    snprintf(replaced, sizeof replaced, "%s.", place.own);
    if (renameat2(AT_FDCWD, place.own, AT_FDCWD, place.path, RENAME_EXCHANGE) == 0) {
        (void)rename(place.own, replaced); /* libmilter removes what has the name that it bound */
        remove_if_dead(replaced, NULL);
        return 0;
    }
    if (rename(place.own, place.path) == 0) /* none had it, or the file system cannot exchange */
        return 0;
    return error_set(why, "cannot give '%s' to our socket: %s", place.path, strerror(errno));
}

/* link(2) puts nothing in the place of what is there, so of two who start at once one fails. */
static int take_free_public(struct error *why)
{
    if (link(place.own, place.path) == 0 && unlink(place.own) == 0)
        return 0;
    return error_set(why, "cannot listen on '%s': %s", place.path,
                     errno == EEXIST ? "another process serves it" : strerror(errno));
}

/* ---- opening ---- */

static int bind_name(const char *name, const char *public, struct error *why)
{
    errno = 0;
    if (smfi_setconn((char *)(void *)name) == MI_SUCCESS && smfi_opensocket(false) == MI_SUCCESS)
        return 0;
    return error_set(why, "cannot listen on '%s': %s", public,
                     errno != 0 ? strerror(errno) : "libmilter told syslog why");
}

static int name_own(const char *path, struct error *why)
{
    int size = snprintf(place.own, sizeof place.own, "%s.%ld", path, (long)getpid());

    if (size < 0 || (size_t)size >= sizeof place.own)
        return error_set(why, "cannot listen on '%s': the path is longer than a socket's may be",
                         path);
    memcpy(place.path, path, strlen(path) + 1);
    return listen_clear(place.own, why);
}

static int bind_own(mode_t mode, const char *name, struct error *why)
{
    char own_name[PATH_SIZE + 8];
    struct stat status;

    snprintf(own_name, sizeof own_name, "unix:%s", place.own);
    if (bind_name(own_name, name, why) < 0)
        return -1;
    /* by default only the owner could connect, and the MTA is another user */
    if (chmod(place.own, mode) < 0)
        return error_set(why, "cannot set the mode of '%s': %s", place.own, strerror(errno));
    place.held = open(place.own, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place.held < 0 || fstat(place.held, &status) < 0)
        return error_set(why, "cannot listen on '%s': %s", place.path, strerror(errno));
    place.device = status.st_dev;
    place.inode = status.st_ino;
    return 0;
}

/* Whatever socket is there may be replaced; what is none may not. */
static int check_public(const char *path, struct error *why)
{
    struct stat status;

    if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
        return error_set(why, "cannot listen on '%s': it exists and is no socket", path);
    return 0;
}

static int open_unix(const char *name, const char *path, mode_t mode, bool take_over,
                     struct error *why)
{
    if ((take_over ? check_public(path, why) : listen_clear(path, why)) < 0)
        return -1;
    remove_dead(path);
    if (name_own(path, why) < 0)
        return -1;
    if (bind_own(mode, name, why) < 0 ||
        (take_over ? replace_public(why) : take_free_public(why)) < 0) {
        listen_close();
        return -1;
    }
    return 0;
}

int listen_open(const char *name, mode_t mode, bool take_over, struct error *why)
{
    const char *path = endpoint_path(name);

    listen_close();
    return path == NULL ? bind_name(name, name, why) : open_unix(name, path, mode, take_over, why);
}

/* ---- while it serves ---- */

int listen_mend(struct error *why)
{
    if (place.path[0] == '\0' || is_ours(place.path))
        return 0;
    if (check_public(place.path, why) < 0)
        return -1;
    int served = is_served(place.path, why);
    if (served != 0)
        return served < 0 ? -1 : 0;
    char found[PATH_SIZE + 1];
    if (!find_ours(found))
        return error_set(why, "'%s' was removed; a reload makes it anew", place.path);
    if (rename(found, place.path) < 0)
        return error_set(why, "cannot give '%s' to our socket: %s", place.path, strerror(errno));
    return 1;
}

bool listen_replaced(void)
{
    return place.path[0] != '\0' && !is_ours(place.path) && is_served(place.path, NULL) != 0;
}

/* Is this descriptor a connection to our socket, or our socket with somebody in its queue? What was
 * accepted bears the name under which the listening one was bound. */
static bool is_connection(int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNSPEC};
    struct pollfd queue = {.fd = fd, .events = POLLIN};
    socklen_t size = sizeof address, room = sizeof(int);
    int listens;

    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 || address.sun_family != AF_UNIX ||
        strncmp(address.sun_path, place.own, sizeof address.sun_path) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &room) < 0)
        return false;
    return !listens || poll(&queue, 1, 0) > 0;
}

/* libmilter knows of no session before the MTA has said something, and the callbacks not even then;
 * the kernel knows all. */
int listen_connections(void)
{
    DIR *files = opendir("/proc/self/fd");
    const struct dirent *entry;
    int count = 0;

    if (files == NULL)
        return -1;
    while (place.held >= 0 && (entry = readdir(files)) != NULL) {
        uint64_t fd;
        if (text_number(slice_of(entry->d_name), 0, INT32_MAX, &fd))
            count += is_connection((int)fd);
    }
    closedir(files);
    return count;
}

/* ---- the end ---- */

static void remove_if_ours(const char *path)
{
    if (is_ours(path))
        (void)unlink(path);
}

void listen_close(void)
{
    char found[PATH_SIZE + 1];

    if (place.held >= 0) {
        remove_if_ours(place.path);
        if (find_ours(found))
            remove_if_ours(found);
        close(place.held);
    }
    place.held = -1;
    place.path[0] = place.own[0] = '\0';
}
