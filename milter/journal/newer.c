/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newer: a whole head vouches for its format by its checksum, so damage is never taken for it.
 */
#include "newer.h"

#include <fcntl.h>
#include <unistd.h>

#include "cursor.h"
#include "directory.h"

uint32_t segment_newer(int fd)
{
    unsigned char head[SEGMENT_HEAD];

    if (pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head)
        return 0;
    uint32_t format = segment_head_format(head);
    return format > FORMAT_VERSION ? format : 0;
}

static uint32_t cursor_newer(int directory)
{
    unsigned char slot[CURSOR_SLOT];
    uint32_t newest = 0;
    int fd = openat(directory, CURSOR_NAME, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (pread(fd, slot, sizeof slot, i * (off_t)CURSOR_SLOT) == (ssize_t)sizeof slot &&
            cursor_format(slot) > newest)
            newest = cursor_format(slot);
    close(fd);
    return newest > FORMAT_VERSION ? newest : 0;
}

uint32_t generation_newer(int directory)
{
    struct segment_list list;
    char name[SEGMENT_NAME_SIZE];
    uint32_t format = cursor_newer(directory);

    if (segment_list_read(&list, directory) == 0)
        for (size_t i = 0; i < list.count && format == 0; i++) {
            segment_name(list.numbers[i], name);
            int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
            if (fd < 0)
                continue;
            format = segment_newer(fd);
            close(fd);
        }
    segment_list_clear(&list);
    return format;
}
