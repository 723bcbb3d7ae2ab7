/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writable: from the socket's own directory up to the one below the root.
 */
#include "writable.h"

#include <string.h>
#include <sys/stat.h>

#include "waybill/endpoint.h"
#include "waybill/escape.h"

#define PATH_ROOM 512

static void find(struct doctor *doctor, const struct check *check, const struct writable *writable,
                 const char *directory)
{
    struct buffer quoted;

    doctor_find(doctor, check, writable->severity, writable->matter,
                "%s may write to %s, where the milter's socket is.", writable->who, directory);
    buffer_init(&quoted, PATH_ROOM * 4);
    escape_shell(&quoted, slice_of(directory));
    doctor_heal(doctor, "chmod %s %s", writable->mend, quoted.data);
    buffer_free(&quoted);
}

void writable_look(struct doctor *doctor, const struct check *check,
                   const struct writable *writable)
{
    const char *path = endpoint_path(doctor->settings->listen);
    char directory[PATH_ROOM];
    struct stat status;

    if (path == NULL)
        return;
    for (size_t size = strlen(path); size > 1; size--) {
        if (path[size] != '/' || !slice_copy(slice_make(path, size), directory, sizeof directory) ||
            stat(directory, &status) != 0 || (status.st_mode & writable->bit) == 0 ||
            (status.st_mode & writable->unless) != 0)
            continue;
        find(doctor, check, writable, directory);
    }
}
