/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * train_dictionary: the text of milter/store/shipped.dictionary, out of records.
 *
 *     for world in $(seq 50); do
 *         record_size --world $world --seed $world --show 700
 *         record_size --world $world --seed $world --show 700 --model
 *     done | train_dictionary [BYTES] > shipped.dictionary
 *
 * Standard input has records of made-up mails, an empty line between two; every hundredth is a
 * sample, of the others ZDICT selects what occurs most. Fifty sites with names of their own, none
 * of them that of tests/bench/store: else the figures would be those of a dictionary that knows the
 * mails' names beforehand, as none does that is shipped. A new text has a new number, and what was
 * written with the old one is still read, because the store keeps it: train anew only when the
 * form of the records has changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zdict.h>

#include "waybill/buffer.h"
#include "waybill/text.h"

#define SAMPLE_EVERY 100u
#define SAMPLES 120u

struct records {
    struct slice *of;
    size_t count, room;
};

static void fail(const char *why)
{
    fprintf(stderr, "train_dictionary: %s\n", why);
    exit(1);
}

static void read_all(struct buffer *input)
{
    static char part[65536];
    size_t got;

    buffer_init(input, (size_t)1 << 30);
    while ((got = fread(part, 1, sizeof part, stdin)) > 0)
        if (buffer_add(input, part, got))
            fail("no memory");
}

static void split(struct slice rest, struct records *records)
{
    while (rest.size > 0) {
        ptrdiff_t at = slice_find_text(rest, "\n\n");
        size_t size = at < 0 ? rest.size : (size_t)at;

        if (records->count == records->room) {
            records->room = records->room ? records->room * 2 : 1024;
            records->of = reallocarray(records->of, records->room, sizeof *records->of);
            if (records->of == NULL)
                fail("no memory");
        }
        if (size > 0)
            records->of[records->count++] = slice_make(rest.at, size);
        rest = slice_make(rest.at + size, rest.size - size);
        text_take(&rest, "\n\n");
    }
}

/* The text alone: zstd makes the tables before it anew when the dictionary is first used. */
static void select_text(const struct records *records, size_t size)
{
    struct buffer joined;
    size_t *sizes = calloc(records->count, sizeof *sizes), count = 0, made, head;
    char *room = malloc(size);

    buffer_init(&joined, (size_t)1 << 30);
    for (size_t i = 0; i < records->count; i++) {
        if (i % SAMPLE_EVERY == 0)
            continue;
        buffer_add(&joined, records->of[i].at, records->of[i].size);
        sizes[count++] = records->of[i].size;
    }
    made = ZDICT_trainFromBuffer(room, size, joined.data, sizes, (unsigned)count);
    if (ZDICT_isError(made))
        fail(ZDICT_getErrorName(made));
    head = ZDICT_getDictHeaderSize(room, made);
    fwrite(room + head, 1, made - head, stdout);
    free(room);
    free(sizes);
    buffer_free(&joined);
}

int main(int argc, char **argv)
{
    uint64_t size = 65536;
    struct records records = {0};
    struct buffer input;

    if (argc > 2 || (argc == 2 && !text_number(slice_of(argv[1]), 1024, 200000, &size)))
        fail("usage: train_dictionary [BYTES] < RECORDS");
    read_all(&input);
    split(slice_make(input.data, input.size), &records);
    if (records.count < SAMPLE_EVERY * 2)
        fail("too few records");
    puts("# The dictionary of compressed records, see dictionary.c. Made by tests/bench/train_dictionary\n"
         "# from records of made-up mails of fifty sites; what is changed here has another number.\n");
    select_text(&records, (size_t)size);
    fputs("\n# samples\n", stdout);
    for (size_t i = 0, count = 0; i < records.count && count < SAMPLES; i += SAMPLE_EVERY, count++)
        printf("%s%.*s", count ? "\n\n" : "", SLICE_ARGS(records.of[i]));
    free(records.of);
    buffer_free(&input);
    return fflush(stdout) ? 1 : 0;
}
