/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack: the bytes of a log, whether its file is plain or compressed; private to this room.
 *
 *     file -> input, a chunk -> one of the unpackers -> whoever asks
 *
 * The first bytes decide which unpacker it is. Memory is bounded, whatever the file says of
 * itself; how much comes out is not: what unpacks to a terabyte is a long log.
 */
#ifndef LOGLINE_UNPACK_H
#define LOGLINE_UNPACK_H

#include <stdint.h>
#include <sys/types.h>

#include "waybill/error.h"
#include "waybill/text.h"

struct input {
    int fd;
    unsigned char *chunk;
    size_t at, size;   /* what of the chunk is not used yet */
    uint64_t read;     /* bytes out of the file so far */
    bool ended;
};
/* Have bytes, unless the file has ended. -1: it cannot be read. */
int input_fill(struct input *input, struct error *why);

/* `open` NULL: no memory. `unpack` makes at most `room` bytes: how many, 0 at the end, -1: damaged
 * or cut off; what it made before is good. */
struct unpacker {
    const char *magic;
    size_t magic_size;
    void *(*open)(void);
    ssize_t (*unpack)(void *state, struct input *input, char *to, size_t room, struct error *why);
    void (*close)(void *state);
};
extern const struct unpacker unpacker_gzip, unpacker_xz, unpacker_zstd;

struct unpack;
/* Takes `fd`, and closes it. NULL: no memory; it is closed then, too. */
struct unpack *unpack_open(int fd);
void unpack_close(struct unpack **unpack);
/* As struct unpacker's. */
ssize_t unpack_read(struct unpack *unpack, char *to, size_t room, struct error *why);
uint64_t unpack_packed(const struct unpack *unpack); /* bytes of the file, as far as it was read */
/* The file, if it is a plain one (known from the first read on), else -1. */
int unpack_plain(const struct unpack *unpack);
/* A plain file that can be read anywhere is read on from there. */
int unpack_seek(struct unpack *unpack, uint64_t place, struct error *why);

#endif
