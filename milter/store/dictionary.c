/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dictionary: the shipped one.
 *
 *     # remarks          up to the first empty line
 *
 *     text               what is likely in a record; the most likely stands last
 *     # samples
 *     record             whole records, an empty line between two
 */
#include "dictionary.h"

#include <stdlib.h>
#include <zdict.h>

#include "waybill/digest.h"
#include "waybill/text.h"

#define SAMPLES_MAX 2000u

extern const unsigned char shipped_dictionary[];
extern const size_t shipped_dictionary_size;

struct parts {
    struct slice all, text, samples;
};

static struct slice cut_at(struct slice *from, const char *mark)
{
    ptrdiff_t at = slice_find_text(*from, mark);
    struct slice before = slice_make(from->at, at < 0 ? from->size : (size_t)at);

    *from = slice_make(from->at + before.size, from->size - before.size);
    text_take(from, mark);
    return before;
}

static struct parts parts_of(void)
{
    struct slice rest = slice_make((const char *)shipped_dictionary, shipped_dictionary_size);
    struct parts parts;

    cut_at(&rest, "\n\n");
    parts.all = rest;
    parts.text = cut_at(&rest, "\n# samples\n");
    parts.samples = rest;
    return parts;
}

uint32_t dictionary_number(void)
{
    struct parts parts = parts_of();

    return 32768u + (uint32_t)(digest_64(parts.all.at, parts.all.size) % 32768u);
}

/* ZDICT wants samples without anything between them. */
static unsigned samples_join(struct slice samples, struct buffer *joined, size_t sizes[])
{
    unsigned count = 0;

    while (samples.size > 0 && count < SAMPLES_MAX) {
        struct slice sample = cut_at(&samples, "\n\n");

        if (buffer_add(joined, sample.at, sample.size) == 0)
            sizes[count++] = sample.size;
    }
    return count;
}

static int finalize(struct parts parts, char *room, struct buffer *joined, size_t *sizes,
                    struct buffer *to, struct error *why)
{
    ZDICT_params_t how = {.dictID = dictionary_number()};
    unsigned count = samples_join(parts.samples, joined, sizes);
    size_t size = ZDICT_finalizeDictionary(room, DICTIONARY_MAX, parts.text.at, parts.text.size,
                                           joined->data, sizes, count, how);

    if (ZDICT_isError(size))
        return error_set(why, "zstd cannot make the dictionary: %s", ZDICT_getErrorName(size));
    if (buffer_add(to, room, size))
        return error_set(why, "no memory for the dictionary");
    return 0;
}

int dictionary_make(struct buffer *to, struct error *why)
{
    char *room = malloc(DICTIONARY_MAX);
    size_t *sizes = calloc(SAMPLES_MAX, sizeof *sizes);
    struct buffer joined;
    int result = -1;

    buffer_clear(to);
    buffer_init(&joined, DICTIONARY_MAX);
    if (room && sizes)
        result = finalize(parts_of(), room, &joined, sizes, to, why);
    else
        error_set(why, "no memory for the dictionary");
    buffer_free(&joined);
    free(sizes);
    free(room);
    return result;
}
