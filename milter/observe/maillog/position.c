/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * position: "1 DEVICE INODE HEADED HEAD OFFSET TIME", decimal numbers.
 */
#include "position.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "waybill/digest.h"

void position_format(const struct position *position, char text[static POSITION_TEXT_SIZE])
{
    snprintf(text, POSITION_TEXT_SIZE,
             "1 %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRId64,
             position->device, position->inode, position->headed, position->head, position->offset,
             position->time);
}

bool position_parse(struct position *position, struct slice text)
{
    uint64_t headed, time;
    if (!text_take(&text, "1 ") || !text_take_number(&text, &position->device) ||
        !text_take_char(&text, ' ') || !text_take_number(&text, &position->inode) ||
        !text_take_char(&text, ' ') || !text_take_number(&text, &headed) ||
        !text_take_char(&text, ' ') || !text_take_number(&text, &position->head) ||
        !text_take_char(&text, ' ') || !text_take_number(&text, &position->offset) ||
        !text_take_char(&text, ' ') || !text_take_number(&text, &time) || text.size != 0 ||
        headed > POSITION_HEAD || position->offset > INT64_MAX || time > INT64_MAX)
        return false;
    position->headed = (uint32_t)headed;
    position->time = (int64_t)time;
    return true;
}

/* The first bytes of a file, at most `size`; fewer if it has fewer. */
static size_t read_head(int fd, unsigned char head[static POSITION_HEAD], size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t n = pread(fd, head + have, size - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    return have;
}

static bool same_head(const struct position *position, int fd)
{
    unsigned char head[POSITION_HEAD];
    return read_head(fd, head, position->headed) == position->headed &&
           digest_64(head, position->headed) == position->head;
}

bool position_in(const struct position *position, int fd, const struct stat *status)
{
    if (position->inode != (uint64_t)status->st_ino)
        return false;
    /* A device number may change from boot to boot; the head tells better, if there is one. */
    return position->headed > 0 ? same_head(position, fd)
                                : position->device == (uint64_t)status->st_dev;
}

bool position_in_copy(const struct position *position, int fd)
{
    return position->headed >= POSITION_COPY_HEAD && same_head(position, fd);
}

int position_learn(struct position *position, int fd)
{
    unsigned char head[POSITION_HEAD];
    size_t size = read_head(fd, head, POSITION_HEAD);
    if (size < position->headed ||
        (position->headed > 0 && digest_64(head, position->headed) != position->head))
        return -1;
    if (size > position->headed) {
        position->headed = (uint32_t)size;
        position->head = digest_64(head, size);
    }
    return 0;
}
