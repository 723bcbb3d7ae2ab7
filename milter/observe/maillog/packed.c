/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: the head of the log is put together again out of its first lines.
 */
#include "packed.h"

#include <stdint.h>
#include <string.h>

#include "waybill/digest.h"
#include "waybill/logfile.h"

bool packed_is_readable(const char *path)
{
    return !slice_ends(slice_of(path), ".bz2");
}

/* At most `size` bytes; how many there are. */
static size_t read_head(struct logfile *file, char head[static POSITION_HEAD], size_t size)
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

bool packed_holds(const struct position *position, const char *path)
{
    char head[POSITION_HEAD];
    struct logfile *file;
    struct error why;
    if (position->headed < POSITION_COPY_HEAD || !packed_is_readable(path) ||
        logfile_open(&file, path, &why) != 0)
        return false;
    size_t size = read_head(file, head, position->headed);
    logfile_close(&file);
    return size == position->headed && digest_64(head, size) == position->head;
}

int packed_learn(struct position *position, const char *path, struct error *why)
{
    char head[POSITION_HEAD];
    struct logfile *file;
    if (logfile_open(&file, path, why) != 0)
        return -1;
    position->headed = (uint32_t)read_head(file, head, POSITION_HEAD);
    position->head = digest_64(head, position->headed);
    logfile_close(&file);
    return 0;
}
