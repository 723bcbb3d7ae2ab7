/* SPDX-License-Identifier: BSD-2-Clause */
/* owner: see owner.h. */
#include "owner.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/daemon.h"

int owner_become(const struct settings *settings, struct error *why)
{
    const char *directory = settings->state_directory;
    struct stat status;
    const struct passwd *owner;

    if (stat(directory, &status) != 0)
        return error_set(why, "cannot use state_directory '%s': %s; start waybilld once, which "
                              "makes it, or make it for its user",
                         directory, strerror(errno));
    owner = getpwuid(status.st_uid);
    if (geteuid() == 0)
        return daemon_drop_root(owner != NULL ? owner->pw_name : NULL, why) != 0
                   ? error_prefix(why, "state_directory '%s'", directory)
                   : 0;
    if (geteuid() != status.st_uid)
        return error_set(why, "state_directory '%s' is the user %s's: run this command as that "
                              "user or as root",
                         directory, owner != NULL ? owner->pw_name : "of another machine");
    return 0;
}
