/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys derived from the secret in a file. Promise: a file that everybody can read is refused,
 * since a hash under a known key hides nothing.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/digest.h"

static int refuse_open_to_all(int fd, const char *path, struct error *why)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return error_set(why, "cannot read key_file '%s': %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(why, "cannot use key_file '%s': not a file", path);
    if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        return error_set(why, "cannot use key_file '%s': its mode %04o is wider than 0640", path,
                         (unsigned)(status.st_mode & 07777));
    return 0;
}

static int read_whole(int fd, const char *path, unsigned char *data, size_t room, size_t *size,
                      struct error *why)
{
    size_t have = 0;

    while (have < room) {
        ssize_t got = read(fd, data + have, room - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(why, "cannot read key_file '%s': %s", path, strerror(errno));
        if (got == 0)
            break;
        have += (size_t)got;
    }
    if (have < SECRET_LEAST || have > SECRET_MOST)
        return error_set(why, "cannot use key_file '%s': it must have %u to %u bytes", path,
                         SECRET_LEAST, SECRET_MOST);
    *size = have;
    return 0;
}

int secret_derive(const char *path, const char *purpose, unsigned char key[static 32],
                  struct error *why)
{
    unsigned char secret[SECRET_MOST + 1];
    size_t size = 0;
    int fd, result;

    if (path == NULL || path[0] == '\0')
        return error_set(why, "cannot hash subjects: key_file is not set");
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(why, "cannot open key_file '%s': %s", path, strerror(errno));
    result = refuse_open_to_all(fd, path, why);
    if (result == 0)
        result = read_whole(fd, path, secret, sizeof secret, &size, why);
    close(fd);
    if (result == 0)
        digest_hmac(secret, size, purpose, strlen(purpose), key);
    explicit_bzero(secret, sizeof secret);
    return result;
}
