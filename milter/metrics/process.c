/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process: what the kernel knows of us: proc(5), /proc/self/stat and /proc/self/fd. /proc/stat is
 * not read: a unit with ProcSubset=pid does not see it.
 */
#include "waybill/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Fields of /proc/self/stat behind the name, the first of them (state) being 3. */
enum {
    STAT_FIRST = 3,
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_THREADS = 20,
    STAT_VSIZE = 23,
    STAT_RSS = 24,
    STAT_LAST = STAT_RSS
};

static bool read_stat(char *text, size_t room)
{
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t size;

    if (fd < 0)
        return false;
    size = read(fd, text, room - 1);
    close(fd);
    if (size <= 0)
        return false;
    text[size] = '\0';
    return true;
}

/* The name stands in brackets and may itself have some. */
static bool stat_fields(struct slice text, uint64_t fields[static STAT_LAST + 1])
{
    struct slice word;
    size_t name_end = text.size;

    while (name_end > 0 && text.at[name_end - 1] != ')')
        name_end--;
    if (name_end == 0)
        return false;
    text = slice_trim(slice_make(text.at + name_end, text.size - name_end));
    for (int i = STAT_FIRST; i <= STAT_LAST; i++) {
        if (!text_take_until(&text, ' ', &word))
            return false;
        if (!text_number(word, 0, UINT64_MAX, &fields[i]))
            fields[i] = 0; /* the state's letter, negative numbers */
    }
    return true;
}

static uint64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    uint64_t count = 0;

    if (folder == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count > 0 ? count - 1 : 0; /* less the one by which we looked */
}

int process_read(struct process_figures *figures)
{
    uint64_t fields[STAT_LAST + 1];
    char text[1024];
    struct rlimit limit;

    if (!read_stat(text, sizeof text) || !stat_fields(slice_of(text), fields))
        return -1;
    *figures = (struct process_figures){
        .cpu_seconds =
            (double)(fields[STAT_UTIME] + fields[STAT_STIME]) / (double)sysconf(_SC_CLK_TCK),
        .resident_bytes = fields[STAT_RSS] * (uint64_t)sysconf(_SC_PAGESIZE),
        .virtual_bytes = fields[STAT_VSIZE],
        .threads = fields[STAT_THREADS],
        .open_fds = count_fds(),
    };
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        figures->max_fds = limit.rlim_cur;
    return 0;
}
