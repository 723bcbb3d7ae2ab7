/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credential: credential:NAME is a file below a directory that only the unit can read.
 */
#include "credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "credential:"
#define NAME_LIMIT 255
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/*
 * What the unit binds to this place besides: systemd 252 shows a unit's credentials to ExecStart
 * alone, and a daemon that takes over is started by ExecReload.
 */
#define DIRECTORY_BOUND "/run/waybill/credentials"

/* Where systemd puts those of the daemon's unit. Root and the daemon's user may read them there, so
 * that `waybill` needs no other configuration. */
#define DIRECTORY_OF_UNIT "/run/credentials/waybill.service"

bool credential_named(struct slice value)
{
    if (!text_take(&value, PREFIX) || value.size == 0 || value.size > NAME_LIMIT)
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] == '\0' || strchr(NAME_BYTES, value.at[i]) == NULL)
            return false;
    return value.at[0] != '.';
}

static char *join(const char *directory, const char *name)
{
    size_t size = strlen(directory) + 1 + strlen(name) + 1;
    char *path = malloc(size);

    if (path != NULL)
        snprintf(path, size, "%s/%s", directory, name);
    return path;
}

char *credential_path(const char *value)
{
    const char *given = getenv("CREDENTIALS_DIRECTORY");
    const char *name = value + sizeof PREFIX - 1;
    const char *directories[] = {given, DIRECTORY_BOUND, DIRECTORY_OF_UNIT};
    size_t count = sizeof directories / sizeof directories[0];

    for (size_t i = 0; i < count; i++) {
        char *path;

        if (directories[i] == NULL || directories[i][0] != '/')
            continue;
        path = join(directories[i], name);
        if (path == NULL || access(path, R_OK) == 0)
            return path;
        free(path);
    }
    return join(given != NULL && given[0] == '/' ? given : DIRECTORY_OF_UNIT, name);
}
