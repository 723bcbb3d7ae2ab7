/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack: see unpack.h.
 */
#include "unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)128 << 10)

struct unpack {
    struct input input;
    bool known;                      /* what kind of file it is */
    const struct unpacker *unpacker; /* NULL: plain */
    void *state;
};

static ssize_t read_some(struct input *input, void *to, size_t room, struct error *why)
{
    ssize_t size;
    do
        size = read(input->fd, to, room);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return error_set(why, "read: %s", strerror(errno));
    input->read += (uint64_t)size;
    input->ended = size == 0;
    return size;
}

int input_fill(struct input *input, struct error *why)
{
    if (input->size > 0 || input->ended)
        return 0;
    ssize_t size = read_some(input, input->chunk, CHUNK, why);
    if (size < 0)
        return -1;
    input->at = 0;
    input->size = (size_t)size;
    return 0;
}

struct unpack *unpack_open(int fd)
{
    struct unpack *unpack = calloc(1, sizeof *unpack);
    if (unpack != NULL)
        unpack->input.chunk = malloc(CHUNK);
    if (unpack == NULL || unpack->input.chunk == NULL) {
        free(unpack);
        close(fd);
        return NULL;
    }
    unpack->input.fd = fd;
    return unpack;
}

void unpack_close(struct unpack **unpack)
{
    if (*unpack == NULL)
        return;
    if ((*unpack)->unpacker != NULL)
        (*unpack)->unpacker->close((*unpack)->state);
    close((*unpack)->input.fd);
    free((*unpack)->input.chunk);
    free(*unpack);
    *unpack = NULL;
}

/* A pipe may give the first bytes one by one. */
static int fill_magic(struct input *input, size_t size, struct error *why)
{
    while (input->size < size && !input->ended) {
        ssize_t more = read_some(input, input->chunk + input->size, CHUNK - input->size, why);
        if (more < 0)
            return -1;
        input->size += (size_t)more;
    }
    return 0;
}

static int find_kind(struct unpack *unpack, struct error *why)
{
    static const struct unpacker *const unpackers[] = {&unpacker_gzip, &unpacker_xz,
                                                       &unpacker_zstd};
    struct input *input = &unpack->input;
    if (fill_magic(input, 6, why) != 0)
        return -1;
    unpack->known = true;
    for (size_t i = 0; i < sizeof unpackers / sizeof unpackers[0]; i++) {
        const struct unpacker *unpacker = unpackers[i];
        if (input->size < unpacker->magic_size ||
            memcmp(input->chunk, unpacker->magic, unpacker->magic_size) != 0)
            continue;
        unpack->state = unpacker->open();
        if (unpack->state == NULL)
            return error_set(why, "no memory to unpack");
        unpack->unpacker = unpacker;
    }
    return 0;
}

ssize_t unpack_read(struct unpack *unpack, char *to, size_t room, struct error *why)
{
    struct input *input = &unpack->input;
    if (!unpack->known && find_kind(unpack, why) != 0)
        return -1;
    if (unpack->unpacker != NULL)
        return unpack->unpacker->unpack(unpack->state, input, to, room, why);
    if (input->size == 0)
        return input->ended ? 0 : read_some(input, to, room, why);
    size_t size = input->size < room ? input->size : room;
    memcpy(to, input->chunk + input->at, size);
    input->at += size;
    input->size -= size;
    return (ssize_t)size;
}

uint64_t unpack_packed(const struct unpack *unpack)
{
    return unpack->input.read - unpack->input.size;
}

int unpack_plain(const struct unpack *unpack)
{
    return unpack->known && unpack->unpacker == NULL ? unpack->input.fd : -1;
}

int unpack_seek(struct unpack *unpack, uint64_t place, struct error *why)
{
    struct input *input = &unpack->input;
    if (lseek(input->fd, (off_t)place, SEEK_SET) < 0)
        return error_set(why, "seek: %s", strerror(errno));
    input->read = place;
    input->at = input->size = 0;
    input->ended = false;
    return 0;
}
