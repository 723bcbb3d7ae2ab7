/* SPDX-License-Identifier: BSD-2-Clause */
/* asker: see asker.h. */
#include "asker.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *asker(char name[static ASKER_SIZE])
{
    const char *before = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());

    if (user == NULL)
        snprintf(name, ASKER_SIZE, "user %u", (unsigned)getuid());
    else if (getuid() == 0 && before != NULL && *before != '\0')
        snprintf(name, ASKER_SIZE, "%s as %s", before, user->pw_name);
    else
        snprintf(name, ASKER_SIZE, "%s", user->pw_name);
    return name;
}
