/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz the reader of Redis' replies: what a hostile server sends, in pieces of any size. The
 * first byte says how large the pieces are. In one piece or in many, the replies are the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../milter/store/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Mix all of a reply into a number; bounded by the parser's own depth. */
static uint64_t reply_mix(const struct reply *reply)
{
    uint64_t mixed = reply->type * UINT64_C(31) + (uint64_t)reply->number;

    for (size_t i = 0; i < reply->text.size; i++)
        mixed = mixed * 131 + (unsigned char)reply->text.at[i];
    for (size_t i = 0; i < reply->count; i++)
        mixed = mixed * 137 + reply_mix(reply->items[i]);
    return mixed;
}

static uint64_t read_all(const char *data, size_t size, size_t piece)
{
    struct reply_reader *reader;
    const struct reply *reply;
    struct error why;
    uint64_t mixed = 1;
    int result = 0;

    if (reply_reader_open(&reader))
        return 0;
    for (size_t at = 0; at < size && result >= 0; at += piece) {
        size_t now = size - at < piece ? size - at : piece;

        result = reply_reader_feed(reader, data + at, now, &why);
        while (result >= 0 && (result = reply_reader_next(reader, &reply, &why)) == 1)
            mixed = mixed * 139 + reply_mix(reply);
    }
    reply_reader_close(&reader);
    return mixed * 2 + (result < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data + 1;

    if (size < 2)
        return 0;
    if (read_all(bytes, size - 1, size) != read_all(bytes, size - 1, data[0] % 16 + 1u))
        abort();
    return 0;
}
