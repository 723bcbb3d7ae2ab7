/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credential: credential:NAME is a file below a directory that only the unit can read.
 */
#include "credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "credential:"
#define NAME_LIMIT 255
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

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

char *credential_path(const char *value)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    const char *name = value + sizeof PREFIX - 1;
    size_t size;
    char *path;

    if (directory == NULL || directory[0] != '/')
        directory = DIRECTORY_OF_UNIT;
    size = strlen(directory) + 1 + strlen(name) + 1;
    path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%s", directory, name);
    return path;
}
