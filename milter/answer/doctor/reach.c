/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reach: see reach.h. The order is Postfix's own: groups while /etc/group can be read, then the
 * chroot, then the user.
 */
#include "reach.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_MS (2 * KNOCK_MS)

/* The first directory of the path that cannot be entered, else the path itself. */
static void find_blocked(const char *path, char *to, size_t room)
{
    for (size_t size = 1; path[size] != '\0'; size++) {
        if (path[size] != '/')
            continue;
        slice_copy(slice_make(path, size), to, room);
        if (faccessat(AT_FDCWD, to, X_OK, AT_EACCESS) != 0)
            return;
    }
    slice_copy(slice_of(path), to, room);
}

static bool become(const struct reach_as *as, const struct passwd *user)
{
    return initgroups(as->user, user->pw_gid) == 0 && (!as->chroot || chroot(as->directory) == 0) &&
           chdir(as->chroot ? "/" : as->directory) == 0 && setgid(user->pw_gid) == 0 &&
           setuid(user->pw_uid) == 0;
}

/* The child's life: exits with an errno if it could not become who it is to be. */
static _Noreturn void try_here(const struct reach_as *as, const struct passwd *user,
                               const struct knock_address *address, int to)
{
    struct reach reach = {0};

    alarm(CHILD_MS / 1000);
    if (!become(as, user))
        _exit(errno);
    knock_try(address, &reach.knock);
    if (reach.knock.end == KNOCK_NO_WAY && address->socket.ss_family == AF_UNIX)
        find_blocked(((const struct sockaddr_un *)&address->socket)->sun_path, reach.blocked,
                     sizeof reach.blocked);
    _exit(write(to, &reach, sizeof reach) == (ssize_t)sizeof reach ? 0 : EPIPE);
}

static int collect(int from, pid_t child, struct reach *reach, const char *user, struct error *why)
{
    ssize_t size = read(from, reach, sizeof *reach);
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (size == (ssize_t)sizeof *reach)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        return error_set(why, "cannot act as user '%s': %s", user, strerror(WEXITSTATUS(status)));
    return error_set(why, "cannot act as user '%s': the trial did not end in time", user);
}

int reach_try(const struct reach_as *as, const struct knock_address *address, struct reach *reach,
              struct error *why)
{
    const struct passwd *user = getpwnam(as->user);
    int ends[2], result;
    pid_t child;

    if (user == NULL)
        return error_set(why, "there is no user '%s'", as->user);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(why, "cannot try the socket: %s", strerror(errno));
    child = fork();
    if (child == 0)
        try_here(as, user, address, ends[1]);
    close(ends[1]);
    result = child < 0 ? error_set(why, "cannot try the socket: %s", strerror(errno))
                       : collect(ends[0], child, reach, as->user, why);
    close(ends[0]);
    return result;
}
