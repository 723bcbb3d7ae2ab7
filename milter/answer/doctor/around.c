/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * around: see around.h.
 */
#include "around.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waybill/run.h"

#define GROUPS_MAX 256
#define TRIAL_SECONDS 5 /* a hung network file system */

static bool path_of(const struct doctor *doctor, const char *path, char whole[static PATH_MAX])
{
    int size = snprintf(whole, PATH_MAX, "%s%s", doctor->root, path);

    return size > 0 && size < PATH_MAX;
}

bool around_read(const struct doctor *doctor, const char *path, struct buffer *to)
{
    char whole[PATH_MAX], block[8192];
    struct stat status;
    ssize_t size;
    int fd;

    buffer_init(to, AROUND_FILE_MAX);
    if (!path_of(doctor, path, whole))
        return false;
    fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && status.st_size > (off_t)AROUND_FILE_MAX)
        (void)lseek(fd, status.st_size - (off_t)AROUND_FILE_MAX, SEEK_SET);
    while ((size = read(fd, block, sizeof block)) > 0 &&
           buffer_add(to, block, (size_t)size) == 0)
        continue;
    close(fd);
    return size >= 0;
}

bool around_is_there(const struct doctor *doctor, const char *path)
{
    char whole[PATH_MAX];

    return path_of(doctor, path, whole) && access(whole, F_OK) == 0;
}

bool around_systemd(const struct doctor *doctor)
{
    return around_is_there(doctor, "/run/systemd/system");
}

bool around_property(const struct doctor *doctor, const char *unit, const char *property,
                     struct buffer *to)
{
    const char *const words[] = {"systemctl", "show", "--property", property, "--value", unit, NULL};
    struct slice value;

    buffer_init(to, 65536);
    if (!around_systemd(doctor) || run_program(words, to, NULL) != 0)
        return false;
    value = slice_trim(slice_make(to->data, to->size));
    buffer_cut(to, value.size + (size_t)(value.at - to->data));
    return true;
}

struct slice around_value(struct slice text, const char *name)
{
    struct slice value = SLICE_ABSENT, line;

    while (text_take_part(&text, '\n', &line)) {
        line = slice_trim(line);
        if (!text_take(&line, name))
            continue;
        line = slice_trim(line);
        if (text_take_char(&line, '='))
            value = slice_trim(line);
    }
    return value;
}

/* ---- the daemon's user ---- */

static const char *const unit_files[] = {"/etc/systemd/system/waybill.service",
                                         "/usr/lib/systemd/system/waybill.service",
                                         "/lib/systemd/system/waybill.service"};

/* The groups of the user himself, then those that the unit adds. */
static int groups_of(const struct doctor *doctor, const struct passwd *user,
                     gid_t groups[static GROUPS_MAX])
{
    int count = GROUPS_MAX / 2;
    struct buffer unit;
    struct slice names = SLICE_ABSENT, name;

    if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        count = GROUPS_MAX / 2;
    for (size_t i = 0; i < sizeof unit_files / sizeof unit_files[0]; i++) {
        if (around_read(doctor, unit_files[i], &unit))
            names = around_value(slice_make(unit.data, unit.size), "SupplementaryGroups");
        while (text_take_word(&names, &name) && count < GROUPS_MAX) {
            char text[64];
            const struct group *group;

            slice_copy(name, text, sizeof text);
            group = getgrnam(text);
            if (group != NULL)
                groups[count++] = group->gr_gid;
            names = slice_trim(names);
        }
        buffer_free(&unit);
        names = SLICE_ABSENT;
    }
    return count;
}

static const struct passwd *daemon_user(const struct doctor *doctor)
{
    return doctor->settings != NULL && doctor->settings->user != NULL
               ? getpwnam(doctor->settings->user)
               : NULL;
}

bool around_has_group(const struct doctor *doctor, const char *name)
{
    const struct passwd *user = daemon_user(doctor);
    const struct group *group = getgrnam(name);
    gid_t wanted = group != NULL ? group->gr_gid : 0, groups[GROUPS_MAX];
    int count;

    if (user == NULL || group == NULL)
        return false;
    count = groups_of(doctor, user, groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

/* Each directory on the way must let through, then the end must let itself be opened. */
static void walk(const char *path, int mode, struct around_may *may)
{
    for (size_t size = 1; path[size] != '\0'; size++) {
        if (path[size] != '/')
            continue;
        may->is_folder = true;
        if (!slice_copy(slice_make(path, size), may->blocked, sizeof may->blocked) ||
            faccessat(AT_FDCWD, may->blocked, X_OK, AT_EACCESS) != 0)
            return;
    }
    may->is_folder = false;
    slice_copy(slice_of(path), may->blocked, sizeof may->blocked);
    may->may = faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

/* The child's life. */
static _Noreturn void try_here(const struct passwd *user, const gid_t *groups, int count,
                               const char *path, int mode, int to)
{
    struct around_may may = {.may = false};

    alarm(TRIAL_SECONDS);
    if (geteuid() == 0 && (setgroups((size_t)count, groups) != 0 || setgid(user->pw_gid) != 0 ||
                           setuid(user->pw_uid) != 0))
        _exit(1);
    walk(path, mode, &may);
    _exit(write(to, &may, sizeof may) == (ssize_t)sizeof may ? 0 : 1);
}

int around_try(const struct doctor *doctor, const char *path, int mode, struct around_may *may,
               struct error *why)
{
    const struct passwd *user = daemon_user(doctor);
    gid_t groups[GROUPS_MAX];
    ssize_t size;
    int ends[2], count;
    pid_t child;

    if (user == NULL)
        return error_set(why, "there is no user '%s'", doctor->settings->user);
    if (geteuid() != 0 && geteuid() != user->pw_uid)
        return error_set(why, "only root may act as user '%s'", user->pw_name);
    count = groups_of(doctor, user, groups);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(why, "cannot try '%s': %s", path, strerror(errno));
    child = fork();
    if (child == 0)
        try_here(user, groups, count, path, mode, ends[1]);
    close(ends[1]);
    size = child < 0 ? -1 : read(ends[0], may, sizeof *may);
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return size == (ssize_t)sizeof *may ? 0 : error_set(why, "cannot try '%s' in time", path);
}
