/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack_xz: any number of streams, with zeros between them.
 */
#include <lzma.h>
#include <stdlib.h>

#include "unpack.h"

#define MEMORY_MOST (UINT64_C(128) << 20) /* xz -9 asks for 65 MiB */

static void *xz_open(void)
{
    static const lzma_stream fresh = LZMA_STREAM_INIT;
    lzma_stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return NULL;
    *stream = fresh;
    if (lzma_stream_decoder(stream, MEMORY_MOST, LZMA_CONCATENATED) != LZMA_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

static void xz_close(void *state)
{
    lzma_end(state);
    free(state);
}

static const char *xz_trouble(lzma_ret result)
{
    switch (result) {
    case LZMA_MEM_ERROR:
        return "no memory";
    case LZMA_MEMLIMIT_ERROR:
        return "it asks for more than 128 MiB of memory";
    case LZMA_BUF_ERROR:
        return "it is cut off";
    case LZMA_OPTIONS_ERROR:
        return "it uses what this liblzma does not know";
    default:
        return "it is damaged";
    }
}

static ssize_t xz_unpack(void *state, struct input *input, char *to, size_t room,
                         struct error *why)
{
    lzma_stream *stream = state;
    lzma_ret result = LZMA_OK;
    stream->next_out = (uint8_t *)to;
    stream->avail_out = room;
    while (stream->avail_out == room && result == LZMA_OK) {
        if (input_fill(input, why) != 0)
            return -1;
        stream->next_in = input->chunk + input->at;
        stream->avail_in = input->size;
        result = lzma_code(stream, input->size == 0 ? LZMA_FINISH : LZMA_RUN);
        input->at += input->size - stream->avail_in;
        input->size = stream->avail_in;
    }
    if (stream->avail_out == room && result != LZMA_STREAM_END)
        return error_set(why, "xz data: %s", xz_trouble(result));
    return (ssize_t)(room - stream->avail_out);
}

const struct unpacker unpacker_xz = {"\xfd"
                                     "7zXZ",
                                     6, xz_open, xz_unpack, xz_close};
