/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack_gzip: RFC 1952, any number of members; zeros behind the last one, as tapes leave them.
 */
#include <stdlib.h>
#include <zlib.h>

#include "unpack.h"

#define WINDOW (15 + 16) /* the largest, and gzip's header */

struct gzip {
    z_stream stream;
    bool inside; /* a member */
};

static void *gzip_open(void)
{
    struct gzip *gzip = calloc(1, sizeof *gzip);
    if (gzip != NULL && inflateInit2(&gzip->stream, WINDOW) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return gzip;
}

static void gzip_close(void *state)
{
    struct gzip *gzip = state;
    inflateEnd(&gzip->stream);
    free(gzip);
}

/* Trouble behind good bytes is found again by the next step. */
static int gzip_step(struct gzip *gzip, struct input *input, size_t room, struct error *why)
{
    z_stream *stream = &gzip->stream;
    stream->next_in = input->chunk + input->at;
    stream->avail_in = (uInt)input->size;
    int result = inflate(stream, Z_NO_FLUSH);
    input->at += input->size - stream->avail_in;
    input->size = stream->avail_in;
    gzip->inside = result != Z_STREAM_END;
    if (result == Z_STREAM_END)
        result = inflateReset(stream);
    if (result != Z_OK && result != Z_BUF_ERROR && stream->avail_out == room)
        return error_set(why, "damaged gzip data: %s",
                         stream->msg != NULL ? stream->msg : "it cannot be unpacked");
    return 0;
}

static ssize_t gzip_unpack(void *state, struct input *input, char *to, size_t room,
                           struct error *why)
{
    struct gzip *gzip = state;
    gzip->stream.next_out = (Bytef *)to;
    gzip->stream.avail_out = (uInt)room;
    while (gzip->stream.avail_out == room) {
        if (input_fill(input, why) != 0)
            return -1;
        if (input->size == 0 && !gzip->inside)
            return 0;
        if (input->size == 0)
            return error_set(why, "the gzip data is cut off");
        if (!gzip->inside && input->chunk[input->at] == 0) {
            input->at++;
            input->size--;
        } else if (gzip_step(gzip, input, room, why) != 0) {
            return -1;
        }
    }
    return (ssize_t)(room - gzip->stream.avail_out);
}

const struct unpacker unpacker_gzip = {"\x1f\x8b", 2, gzip_open, gzip_unpack, gzip_close};
