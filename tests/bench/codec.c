/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec: what compressing records costs and saves, level by level, with the shipped dictionary.
 *
 *     record_size --seed 8 --show 20000 | codec
 *
 * The records on standard input must be others than the dictionary was made of. The time is CPU
 * of this one thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

#include "milter/store/codec.h"
#include "waybill/buffer.h"

#define RECORDS_MAX 200000u

static double cpu(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const struct buffer *dictionary, int level, const struct slice *records,
                    size_t count)
{
    static char frame[1 << 21], text[1 << 21];
    ZSTD_CDict *writer = ZSTD_createCDict(dictionary->data, dictionary->size, level);
    ZSTD_DDict *reader = ZSTD_createDDict(dictionary->data, dictionary->size);
    ZSTD_CCtx *packer = ZSTD_createCCtx();
    ZSTD_DCtx *unpacker = ZSTD_createDCtx();
    double packing = 0, unpacking = 0, bytes = 0, texts = 0, at;

    ZSTD_CCtx_refCDict(packer, writer);
    for (size_t i = 0; i < count; i++) {
        size_t size;

        at = cpu();
        size = ZSTD_compress2(packer, frame, sizeof frame, records[i].at, records[i].size);
        packing += cpu() - at;
        at = cpu();
        ZSTD_decompress_usingDDict(unpacker, text, sizeof text, frame, size, reader);
        unpacking += cpu() - at;
        bytes += (double)size;
        texts += (double)records[i].size;
    }
    printf("level %2d: %6.1f of %6.1f bytes, %6.2f us to write, %5.2f us to read\n", level,
           bytes / (double)count, texts / (double)count, packing * 1e6 / (double)count,
           unpacking * 1e6 / (double)count);
    ZSTD_freeCDict(writer);
    ZSTD_freeDDict(reader);
    ZSTD_freeCCtx(packer);
    ZSTD_freeDCtx(unpacker);
}

int main(void)
{
    static const int levels[] = {1, 3, 5, 6, 7, 9, 12, 15, 19};
    static struct slice records[RECORDS_MAX];
    struct buffer input, dictionary;
    struct slice rest;
    struct error why;
    static char part[65536];
    size_t got, count = 0;

    buffer_init(&input, (size_t)1 << 30);
    buffer_init(&dictionary, DICTIONARY_MAX);
    while ((got = fread(part, 1, sizeof part, stdin)) > 0)
        buffer_add(&input, part, got);
    for (rest = slice_make(input.data, input.size); rest.size > 0 && count < RECORDS_MAX;) {
        ptrdiff_t at = slice_find_text(rest, "\n\n");
        size_t size = at < 0 ? rest.size : (size_t)at;

        records[count++] = slice_make(rest.at, size);
        rest = slice_make(rest.at + size, rest.size - size);
        text_take(&rest, "\n\n");
    }
    if (count == 0 || dictionary_make(&dictionary, &why)) {
        fprintf(stderr, "codec: %s\n", count == 0 ? "no records on standard input" : why.text);
        return 1;
    }
    printf("%zu records, dictionary %u of %zu bytes\n", count, dictionary_number(),
           dictionary.size);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        measure(&dictionary, levels[i], records, count);
    buffer_free(&dictionary);
    buffer_free(&input);
    return 0;
}
