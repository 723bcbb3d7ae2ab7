/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: the start of a program that stays. Promise: after daemon_drop_root returned 0 for root,
 * nothing brings root back.
 */
#include "waybill/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

static atomic_bool silenced;

/* open(2) takes the lowest free number, so the closed ones fill up in order. */
int daemon_keep_standard_fds(struct error *why)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", O_RDWR) != fd)
            return error_set(why, "cannot open '/dev/null': %s", strerror(errno));
    }
    return 0;
}

static int become(const struct passwd *entry, struct error *why)
{
    const char *user = entry->pw_name;

    if (initgroups(user, entry->pw_gid) < 0)
        return error_set(why, "cannot take the groups of '%s': %s", user, strerror(errno));
    if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0)
        return error_set(why, "cannot take the group of '%s': %s", user, strerror(errno));
    if (setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
        return error_set(why, "cannot become '%s': %s", user, strerror(errno));
    if (setuid(0) == 0 || geteuid() != entry->pw_uid || getuid() != entry->pw_uid)
        return error_set(why, "cannot become '%s': root came back", user);
    return 0;
}

int daemon_drop_root(const char *user, struct error *why)
{
    const struct passwd *entry;

    if (geteuid() != 0)
        return 0;
    if (user == NULL || user[0] == '\0')
        return error_set(why, "will not run as root: set 'user' to whom to become");
    errno = 0;
    entry = getpwnam(user);
    if (entry == NULL)
        return error_set(why, "cannot become '%s': %s", user,
                         errno != 0 ? strerror(errno) : "no such user");
    if (entry->pw_uid == 0)
        return error_set(why, "cannot become '%s': that is root, too", user);
    return become(entry, why);
}

void daemon_block_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;

    /* The last three are libmilter's, whose own thread takes them: in any other thread they would
     * end the process. */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
}

void daemon_notify(const char *format, ...)
{
#ifdef HAVE_SYSTEMD
    char text[1000];
    va_list arguments;

    if (atomic_load(&silenced))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sd_notify(0, text);
#else
    (void)format;
#endif
}

void daemon_silence(void)
{
    atomic_store(&silenced, true);
}
