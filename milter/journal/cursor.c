/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cursor: the slot is named by the counter, so the newest good slot is never the one written.
 */
#include "cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"

#define CURSOR_NEW "cursor.new"

static int write_all(int fd, const unsigned char *bytes, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t done = pwrite(fd, bytes, size, offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        bytes += done;
        size -= (size_t)done;
        offset += done;
    }
    return 0;
}

/* Put a whole new file in the place of the old one: at the beginning, and after an error, since
 * after a failed fsync the old one's pages cannot be trusted. */
static int cursor_replace(int directory, unsigned generation, const struct cursor_view *cursor,
                          bool sync)
{
    unsigned char slots[2 * CURSOR_SLOT] = {0};
    int fd = openat(directory, CURSOR_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    cursor_make(slots + (cursor->counter % 2) * CURSOR_SLOT, generation, cursor);
    int result = write_all(fd, slots, sizeof slots, 0);
    if (result == 0 && sync)
        result = fdatasync(fd);
    int cause = errno;
    close(fd);
    errno = cause;
    if (result == 0)
        result = renameat(directory, CURSOR_NEW, directory, CURSOR_NAME);
    if (result == 0 && sync)
        result = directory_sync(directory);
    return result;
}

int cursor_prepare(int directory, unsigned generation)
{
    struct cursor_view nothing = {0};

    if (faccessat(directory, CURSOR_NAME, F_OK, 0) == 0)
        return 0;
    return cursor_replace(directory, generation, &nothing, true);
}

int cursor_read(int directory, unsigned generation, struct cursor_view *cursor)
{
    unsigned char slots[2 * CURSOR_SLOT] = {0};
    struct cursor_view view[2];
    int fd = openat(directory, CURSOR_NAME, O_RDONLY | O_CLOEXEC);

    *cursor = (struct cursor_view){0};
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    ssize_t got = pread(fd, slots, sizeof slots, 0);
    close(fd);
    for (int i = 0; i < 2 && got > 0; i++)
        if (cursor_good(slots + i * (int)CURSOR_SLOT, generation, &view[i]) &&
            view[i].counter >= cursor->counter)
            *cursor = view[i];
    return got < 0 ? -1 : 0;
}

static int cursor_overwrite(int directory, unsigned generation, const struct cursor_view *cursor,
                            bool sync)
{
    unsigned char slot[CURSOR_SLOT];
    int fd = openat(directory, CURSOR_NAME, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    cursor_make(slot, generation, cursor);
    int result = write_all(fd, slot, sizeof slot, (off_t)(cursor->counter % 2 * CURSOR_SLOT));
    if (result == 0 && sync)
        result = fdatasync(fd);
    int cause = errno;
    close(fd);
    errno = cause;
    return result;
}

int cursor_write(int directory, unsigned generation, struct cursor_view *cursor, bool sync,
                 struct error *why)
{
    cursor->counter++;
    if (cursor_overwrite(directory, generation, cursor, sync) == 0 ||
        cursor_replace(directory, generation, cursor, sync) == 0)
        return 0;
    return error_set(why, "cannot write the cursor of generation %u: %s", generation,
                     strerror(errno));
}
