/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret: files that hold a password or a key.
 *
 * The file is opened first and then looked at, so what is checked is what is read.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALLOWED_MODE 0640u

static int secret_open(const char *path, struct error *why)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &about)) {
        error_set(why, "cannot read '%s': %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (!S_ISREG(about.st_mode) || (about.st_mode & 0777u & ~ALLOWED_MODE)) {
        close(fd);
        return S_ISREG(about.st_mode)
                   ? error_set(why, "will not use '%s': its mode is %04o, at most 0640 is safe",
                               path, (unsigned)about.st_mode & 07777u)
                   : error_set(why, "will not use '%s': it is not a regular file", path);
    }
    return fd;
}

int secret_file_check(const char *path, struct error *why)
{
    int fd = secret_open(path, why);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

int secret_file_read(const char *path, char secret[static SECRET_MAX], struct error *why)
{
    ssize_t size;
    size_t line;
    int fd = secret_open(path, why);

    if (fd < 0)
        return -1;
    size = read(fd, secret, SECRET_MAX);
    close(fd);
    if (size < 0)
        return error_set(why, "cannot read '%s': %s", path, strerror(errno));
    for (line = 0; line < (size_t)size && secret[line] != '\n' && secret[line] != '\r'; line++)
        ;
    if (line == 0 || line == SECRET_MAX || memchr(secret, '\0', line)) {
        explicit_bzero(secret, SECRET_MAX);
        return error_set(why, "cannot use '%s': its first line must have 1 to %d bytes, none NUL",
                         path, SECRET_MAX - 1);
    }
    secret[line] = '\0';
    return 0;
}
