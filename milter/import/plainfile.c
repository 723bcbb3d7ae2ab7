/* SPDX-License-Identifier: BSD-2-Clause */
/* plainfile: the contract logfile.h for plain files only, until the room that keeps it has more. */
#include "waybill/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/clock.h"

#define ROOM ((size_t)1 << 18)

struct logfile {
    int fd;
    uint64_t at, total;
    int64_t written;
    size_t begin, end;
    bool over;
    char bytes[ROOM];
};

int logfile_open(struct logfile **file, const char *path, struct error *why)
{
    bool standard = strcmp(path, "-") == 0;
    struct stat status;
    int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    *file = fd < 0 ? NULL : calloc(1, sizeof **file);
    if (*file == NULL || fstat(fd, &status) != 0)
        return error_set(why, "cannot read '%s': %s", path, strerror(errno));
    (*file)->fd = fd;
    (*file)->total = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    (*file)->written = S_ISREG(status.st_mode) ? status.st_mtime * SECOND_MS : clock_now();
    return 0;
}

void logfile_close(struct logfile **file)
{
    if (*file != NULL)
        close((*file)->fd);
    free(*file);
    *file = NULL;
}

enum logfile_news logfile_next(struct logfile *file, struct slice *line, struct error *why)
{
    (void)why;
    for (;;) {
        char *from = file->bytes + file->begin;
        char *end = memchr(from, '\n', file->end - file->begin);
        if (end != NULL || (file->over && file->begin < file->end)) {
            size_t size = end != NULL ? (size_t)(end - from) : file->end - file->begin;
            *line = slice_make(from, size);
            file->begin += size + (end != NULL);
            file->at += size + (end != NULL);
            return end == NULL ? LOGFILE_CUT : size > LOGFILE_LINE_MAX ? LOGFILE_TOO_LONG : LOGFILE_LINE;
        }
        if (file->over)
            return LOGFILE_END;
        memmove(file->bytes, from, file->end - file->begin);
        file->end -= file->begin;
        file->begin = 0;
        if (file->end == ROOM)
            return LOGFILE_FAILED;
        ssize_t got = read(file->fd, file->bytes + file->end, ROOM - file->end);
        file->over = got <= 0;
        file->end += got > 0 ? (size_t)got : 0;
    }
}

void logfile_where(const struct logfile *file, struct logfile_place *place)
{
    *place = (struct logfile_place){file->at, file->at, file->total, file->written};
}
