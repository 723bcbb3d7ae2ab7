/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * directories: where waybilld keeps things. systemd makes them for its unit (StateDirectory=,
 * RuntimeDirectory=); this is for all other ways to start.
 */
#include "directories.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/endpoint.h"
#include "waybill/text.h"

struct maker {
    const struct passwd *owner; /* NULL: we are not root */
    mode_t mode;
};

/* Only what we made ourselves changes its owner: never a directory that was there. */
static int make_one(const struct maker *maker, const char *path, struct error *why)
{
    if (mkdir(path, maker->mode) < 0) {
        if (errno == EEXIST)
            return 0;
        return error_set(why, "cannot make directory '%s': %s", path, strerror(errno));
    }
    if (maker->owner == NULL)
        return 0;
    if (lchown(path, maker->owner->pw_uid, maker->owner->pw_gid) < 0)
        return error_set(why, "cannot give '%s' to '%s': %s", path, maker->owner->pw_name,
                         strerror(errno));
    return 0;
}

static int make_all(const struct maker *maker, struct slice path, struct error *why)
{
    char part[PATH_MAX];

    if (!slice_copy(path, part, sizeof part))
        return error_set(why, "cannot make directory '%.100s...': its name is too long", part);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (make_one(maker, part, why) < 0)
            return -1;
        *slash = '/';
    }
    return make_one(maker, part, why);
}

int directories_make(const struct settings *settings, struct error *why)
{
    struct maker private = {.mode = 0700}, shared = {.mode = 0755};
    struct slice socket = endpoint_directory(settings->listen);
    struct slice metrics = endpoint_directory(settings->metrics);

    if (geteuid() == 0)
    private.owner = shared.owner = getpwnam(settings->user);
    if (make_all(&private, slice_of(settings->state_directory), why) < 0)
        return -1;
    if (geteuid() != 0)
        return 0;
    /* if this one cannot be made, nobody can bind there, and that is told then */
    if (metrics.at != NULL)
        (void)make_all(&shared, metrics, NULL);
    return socket.at != NULL ? make_all(&shared, socket, why) : 0;
}

int directories_check(const struct settings *settings, struct error *why)
{
    if (access(settings->state_directory, R_OK | W_OK | X_OK) < 0)
        return error_set(why, "cannot write into state_directory '%s': %s",
                         settings->state_directory, strerror(errno));
    return 0;
}
