/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reach: does a milter answer where the mail server would look for it? Asked by a child that has
 * the mail server's user, its group, its directory and its chroot. Promise: the child ends in time
 * and touches nothing.
 */
#include "waybill/mta.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lists.h"
#include "setup.h"

#define WAIT_SECONDS 3

bool mta_is_chrooted(const struct mta *mta)
{
    for (size_t i = 0; i < mta->service_count; i++) {
        const struct mta_service *at = &mta->services[i];
        if (at->chroot && (slice_is(at->command, "smtpd") || slice_is(at->command, "cleanup")))
            return true;
    }
    return false;
}

static int become(const struct mta *mta, struct error *why)
{
    const struct passwd *user;
    char queue[4096], name[256];

    slice_copy(mta_value(mta, "queue_directory"), queue, sizeof queue);
    slice_copy(mta_value(mta, "mail_owner"), name, sizeof name);
    user = getpwnam(name);
    if (user == NULL)
        return error_set(why, "mail_owner '%s' is no user of this machine", name);
    if (chdir(queue) < 0 || (mta_is_chrooted(mta) && chroot(queue) < 0))
        return error_set(why, "cannot go into '%s': %s", queue, strerror(errno));
    if (setgroups(1, &user->pw_gid) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
        return error_set(why, "cannot become '%s': %s", name, strerror(errno));
    return 0;
}

static int connect_unix(const char *path, struct error *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        return error_set(why, "cannot try socket '%s'", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return error_set(why, "cannot connect to '%s': %s", path, strerror(errno));
    return fd;
}

static int connect_any(const struct addrinfo *found)
{
    for (; found != NULL; found = found->ai_next) {
        int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

/* "localhost:8892" */
static int connect_inet(const char *words, struct error *why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct slice host = slice_of(words), port;
    struct addrinfo *found = NULL;
    char host_name[256], port_name[32];
    int fd;

    text_cut_last(&host, ":", &port);
    if (text_take_char(&host, '[') && slice_ends(host, "]"))
        host.size--;
    slice_copy(host, host_name, sizeof host_name);
    slice_copy(port, port_name, sizeof port_name);
    if (getaddrinfo(host_name, port_name, &hints, &found) != 0)
        return error_set(why, "cannot look up '%s'", words);
    fd = connect_any(found);
    if (fd < 0)
        error_set(why, "cannot connect to '%s': %s", words, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

/* The first packet of a session, which offers everything; its answer has the same letter. */
static int negotiate(int fd, const char *words, struct error *why)
{
    static const unsigned char hello[] = {0, 0, 0,    13,   'O', 0,    0,    0,   6,
                                          0, 0, 0x01, 0xff, 0,   0x1f, 0xff, 0xff};
    static const unsigned char quit[] = {0, 0, 0, 1, 'Q'};
    struct pollfd wait = {fd, POLLIN, 0};
    unsigned char answer[5];

    if (send(fd, hello, sizeof hello, MSG_NOSIGNAL) != (ssize_t)sizeof hello ||
        poll(&wait, 1, WAIT_SECONDS * 1000) != 1 ||
        recv(fd, answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer || answer[4] != 'O')
        return error_set(why, "something listens at '%s' but does not answer as a milter", words);
    return send(fd, quit, sizeof quit, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int try_it(const struct mta *mta, const char *listen, struct error *why)
{
    struct buffer address;
    const char *words;
    int fd;

    buffer_init(&address, VALUE_MAX);
    lists_address(mta, listen, &address);
    if (become(mta, why) < 0)
        return -1;
    alarm(WAIT_SECONDS + 1); /* connect may wait as well */
    words = strchr(address.data, ':') + 1;
    fd = strncmp(address.data, "inet:", 5) == 0 ? connect_inet(words, why)
                                                : connect_unix(words, why);
    return fd < 0 ? -1 : negotiate(fd, words, why);
}

int mta_reach(const struct mta *mta, const char *listen, struct error *why)
{
    struct error said = {{0}};
    int both[2], status = 0;
    ssize_t size;
    pid_t pid;

    if (geteuid() != 0)
        return error_set(why, "only root can try the socket as the mail server's user");
    if (pipe(both) < 0 || (pid = fork()) < 0)
        return error_set(why, "cannot try the socket: %s", strerror(errno));
    if (pid == 0) {
        int result = try_it(mta, listen, &said);
        if (result < 0 && write(both[1], said.text, strlen(said.text)) < 0)
            _exit(2);
        _exit(result == 0 ? 0 : 1);
    }
    close(both[1]);
    size = read(both[0], said.text, sizeof said.text - 1);
    close(both[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (size <= 0)
        return error_set(why, "nothing answers within %d seconds", WAIT_SECONDS);
    said.text[size] = '\0';
    return error_set(why, "%s", said.text);
}
