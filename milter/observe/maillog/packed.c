/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: the head of the log is put together again out of its first lines.
 */
#include "packed.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "waybill/digest.h"
#include "waybill/logfile.h"

bool packed_is_readable(const char *path)
{
    return !slice_ends(slice_of(path), ".bz2");
}

/* At most `size` bytes; how many there are. */
static size_t take_head(struct logfile *file, char head[static POSITION_HEAD], size_t size)
{
    size_t have = 0;
    struct slice line;
    struct error why;
    enum logfile_news news = LOGFILE_LINE;
    while (have < size && news == LOGFILE_LINE) {
        news = logfile_next(file, &line, &why);
        if (news != LOGFILE_LINE && news != LOGFILE_CUT)
            break;
        size_t take = line.size < size - have ? line.size : size - have;
        memcpy(head + have, line.at, take);
        have += take;
        if (news == LOGFILE_LINE && have < size)
            head[have++] = '\n';
    }
    return have;
}

static ssize_t read_head(int fd, const char *path, char head[static POSITION_HEAD], size_t size,
                         struct error *why)
{
    struct logfile *file;
    if (logfile_open_fd(&file, fd, path, why) != 0)
        return -1;
    size_t have = take_head(file, head, size);
    logfile_close(&file);
    return lseek(fd, 0, SEEK_SET) == 0 ? (ssize_t)have : -1;
}

bool packed_holds(const struct position *position, int fd, const char *path)
{
    char head[POSITION_HEAD];
    struct error why;
    return position->headed >= POSITION_COPY_HEAD &&
           read_head(fd, path, head, position->headed, &why) == (ssize_t)position->headed &&
           digest_64(head, position->headed) == position->head;
}

int packed_learn(struct position *position, int fd, const char *path, struct error *why)
{
    char head[POSITION_HEAD];
    ssize_t size = read_head(fd, path, head, POSITION_HEAD, why);
    if (size < 0)
        return -1;
    position->headed = (uint32_t)size;
    position->head = digest_64(head, (size_t)size);
    return 0;
}
