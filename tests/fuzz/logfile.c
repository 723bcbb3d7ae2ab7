/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the file of a log: plain, packed, entries of a journal. Lines must be within their
 * bound, their places must grow, and reading on behind a line must give the lines that follow it.
 */
#include "waybill/logfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "waybill/digest.h"

#define LINES_MOST 2000u /* a packed log may be long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    enum logfile_news news;
    uint64_t hash, place;
};

static size_t read_all(const char *path, uint64_t skip, struct told *told)
{
    struct logfile *file;
    struct logfile_place place = {0};
    struct slice line;
    struct error why;
    uint64_t before = skip;
    size_t count = 0;
    if (logfile_open(&file, path, &why) != 0 ||
        (skip > 0 && logfile_skip(file, skip, &why) != 0))
        abort();
    do {
        struct told *one = &told[count++];
        one->news = logfile_next(file, &line, &why);
        bool text = one->news == LOGFILE_LINE || one->news == LOGFILE_CUT;
        if (text && line.size > LOGFILE_LINE_MAX)
            abort();
        one->hash = text ? digest_64(line.at, line.size) : 0;
        logfile_where(file, &place);
        one->place = place.bytes;
        if (one->place < before)
            abort();
        before = one->place;
    } while (told[count - 1].news < LOGFILE_END && count < LINES_MOST);
    if (told[count - 1].news == LOGFILE_END && logfile_next(file, &line, &why) != LOGFILE_END)
        abort();
    logfile_close(&file);
    return count;
}

static void check(const char *path)
{
    static struct told all[LINES_MOST], rest[LINES_MOST];
    size_t count = read_all(path, 0, all), from = count / 2;
    if (count < 2 || count == LINES_MOST || all[count - 1].news != LOGFILE_END)
        return;
    size_t again = read_all(path, all[from - 1].place, rest);
    if (again != count - from || (again > 0 && memcmp(rest, all + from, again * sizeof *all) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("log", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check(path);
    close(fd);
    return 0;
}
