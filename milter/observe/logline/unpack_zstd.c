/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack_zstd: any number of frames, also those that are to be skipped. The window is the largest
 * that zstd takes without --long: 128 MiB.
 */
#include <stdlib.h>
#include <zstd.h>

#include "unpack.h"

#define FRAME_BEGIN ((size_t)5)

struct zstd {
    ZSTD_DStream *stream;
    bool inside;  /* a frame */
    bool flushed; /* nothing waits to be told */
    size_t wanted; /* input up to the end of a block: more would lose it to damage behind it */
};

static void *zstd_open(void)
{
    struct zstd *zstd = calloc(1, sizeof *zstd);
    if (zstd == NULL || (zstd->stream = ZSTD_createDStream()) == NULL) {
        free(zstd);
        return NULL;
    }
    zstd->flushed = true;
    zstd->wanted = FRAME_BEGIN;
    return zstd;
}

static void zstd_close(void *state)
{
    struct zstd *zstd = state;
    ZSTD_freeDStream(zstd->stream);
    free(zstd);
}

static ssize_t zstd_unpack(void *state, struct input *input, char *to, size_t room,
                           struct error *why)
{
    struct zstd *zstd = state;
    ZSTD_outBuffer out = {to, room, 0};
    while (out.pos == 0) {
        if (input_fill(input, why) != 0)
            return -1;
        if (input->size == 0 && !zstd->inside)
            return 0;
        if (input->size == 0 && zstd->flushed)
            return error_set(why, "the zstd data is cut off");
        ZSTD_inBuffer in = {input->chunk + input->at,
                            input->size < zstd->wanted ? input->size : zstd->wanted, 0};
        size_t result = ZSTD_decompressStream(zstd->stream, &out, &in);
        if (ZSTD_isError(result))
            return error_set(why, "zstd data: %s", ZSTD_getErrorName(result));
        input->at += in.pos;
        input->size -= in.pos;
        zstd->inside = result != 0;
        zstd->wanted = result != 0 ? result : FRAME_BEGIN;
        zstd->flushed = out.pos < room;
    }
    return (ssize_t)out.pos;
}

const struct unpacker unpacker_zstd = {"\x28\xb5\x2f\xfd", 4, zstd_open, zstd_unpack, zstd_close};
