/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec: frames of zstd, one a value.
 *
 * At two hundred bytes a frame each byte counts: the checksum is left out (a frame that is
 * damaged hardly ever makes a record that can be read), the number of the dictionary takes two
 * bytes, and the size two. What a frame says of itself is checked before it is believed.
 */
#include "codec.h"

#include <stdlib.h>
#include <string.h>
#include <zdict.h>
#include <zstd.h>

#include "waybill/buffer.h"

#define LEVEL 9 /* 5 % less of a record than 3 for 35 us more of CPU: tests/bench/codec */

enum dictionary_state { FREE, WANTED, MISSING, BAD, KNOWN };

struct dictionary {
    enum dictionary_state state;
    uint32_t number;
    ZSTD_DDict *reader; /* KNOWN */
};

struct codec {
    struct dictionary dictionaries[CODEC_DICTIONARIES];
    ZSTD_DCtx *unpacker;
    ZSTD_CCtx *packer;
    ZSTD_CDict *writer; /* NULL: frames are not written */
    char *text, *frame;
    size_t text_room, frame_room;
};

struct codec *codec_open(void)
{
    return calloc(1, sizeof(struct codec));
}

static void dictionary_forget(struct dictionary *dictionary)
{
    ZSTD_freeDDict(dictionary->reader);
    *dictionary = (struct dictionary){.state = FREE};
}

void codec_close(struct codec **codec)
{
    struct codec *old = *codec;

    *codec = NULL;
    if (old == NULL)
        return;
    for (size_t i = 0; i < CODEC_DICTIONARIES; i++)
        dictionary_forget(&old->dictionaries[i]);
    ZSTD_freeDCtx(old->unpacker);
    ZSTD_freeCCtx(old->packer);
    ZSTD_freeCDict(old->writer);
    free(old->text);
    free(old->frame);
    free(old);
}

bool codec_is_frame(struct slice value)
{
    return slice_starts(value, "\x28\xb5\x2f\xfd");
}

static bool make_room(char **at, size_t *room, size_t wanted)
{
    char *grown;

    if (wanted <= *room)
        return true;
    grown = realloc(*at, wanted);
    if (grown == NULL)
        return false;
    *at = grown;
    *room = wanted;
    return true;
}

/* ---- dictionaries ---- */

static struct dictionary *dictionary_find(struct codec *codec, uint32_t number)
{
    for (size_t i = 0; i < CODEC_DICTIONARIES; i++)
        if (codec->dictionaries[i].state != FREE && codec->dictionaries[i].number == number)
            return &codec->dictionaries[i];
    return NULL;
}

/* NULL: there are too many already. */
static struct dictionary *dictionary_want(struct codec *codec, uint32_t number)
{
    for (size_t i = 0; i < CODEC_DICTIONARIES; i++)
        if (codec->dictionaries[i].state == FREE) {
            codec->dictionaries[i] = (struct dictionary){.state = WANTED, .number = number};
            return &codec->dictionaries[i];
        }
    return NULL;
}

size_t codec_wanted(const struct codec *codec, uint32_t numbers[static CODEC_DICTIONARIES])
{
    size_t count = 0;

    for (size_t i = 0; i < CODEC_DICTIONARIES; i++)
        if (codec->dictionaries[i].state == WANTED)
            numbers[count++] = codec->dictionaries[i].number;
    return count;
}

void codec_tell(struct codec *codec, uint32_t number, struct slice bytes)
{
    struct dictionary *dictionary = dictionary_find(codec, number);

    if (dictionary == NULL || dictionary->state == KNOWN)
        return;
    dictionary->state = bytes.at == NULL ? MISSING : BAD;
    if (bytes.at == NULL || bytes.size > DICTIONARY_MAX ||
        ZDICT_getDictID(bytes.at, bytes.size) != number)
        return;
    dictionary->reader = ZSTD_createDDict(bytes.at, bytes.size);
    if (dictionary->reader != NULL)
        dictionary->state = KNOWN;
}

void codec_forget_missing(struct codec *codec)
{
    for (size_t i = 0; i < CODEC_DICTIONARIES; i++)
        if (codec->dictionaries[i].state != KNOWN)
            dictionary_forget(&codec->dictionaries[i]);
}

/* ---- reading ---- */

static enum unpacked frame_broken(struct error *why, const char *what)
{
    error_set(why, "it is no whole zstd frame: %s", what);
    return UNPACK_BROKEN;
}

/* Which dictionary, if any. */
static enum unpacked frame_dictionary(struct codec *codec, const char *prefix, uint32_t number,
                                      const ZSTD_DDict **reader, struct error *why)
{
    struct dictionary *dictionary;

    *reader = NULL;
    if (number == 0)
        return UNPACKED;
    dictionary = dictionary_find(codec, number);
    if (dictionary == NULL)
        dictionary = dictionary_want(codec, number);
    if (dictionary == NULL) {
        error_set(why, "it needs the dictionary %u, and records of %u others were read already",
                  number, CODEC_DICTIONARIES);
        return UNPACK_BROKEN;
    }
    *reader = dictionary->reader;
    if (dictionary->state == KNOWN)
        return UNPACKED;
    if (dictionary->state == WANTED)
        return UNPACK_WANTS;
    error_set(why,
              dictionary->state == BAD
                  ? "what stands in the store under %sdict:%u is not the dictionary %u of this "
                    "record; put it back from a backup"
                  : "the dictionary of this record is not in the store (key %sdict:%u); put the "
                    "dictionary %u back from a backup",
              prefix, number, number);
    return UNPACK_BROKEN;
}

static bool ready_to_unpack(struct codec *codec, size_t size)
{
    if (codec->unpacker == NULL)
        codec->unpacker = ZSTD_createDCtx();
    return codec->unpacker != NULL && make_room(&codec->text, &codec->text_room, size + 1);
}

static enum unpacked frame_unpack(struct codec *codec, const char *prefix, struct slice value,
                                  struct slice *text, struct error *why)
{
    unsigned long long size = ZSTD_getFrameContentSize(value.at, value.size);
    const ZSTD_DDict *reader;
    enum unpacked found;
    size_t got;

    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
        return frame_broken(why, "it does not tell its size");
    if (size > CODEC_TEXT_MAX) {
        error_set(why, "it is a zstd frame of %llu bytes, and no record has over %zu", size,
                  CODEC_TEXT_MAX);
        return UNPACK_BROKEN;
    }
    found = frame_dictionary(codec, prefix, ZSTD_getDictID_fromFrame(value.at, value.size),
                             &reader, why);
    if (found != UNPACKED)
        return found;
    if (!ready_to_unpack(codec, (size_t)size))
        return frame_broken(why, "no memory to unpack it");
    got = ZSTD_decompress_usingDDict(codec->unpacker, codec->text, (size_t)size, value.at,
                                     value.size, reader);
    if (ZSTD_isError(got) || got != size)
        return frame_broken(why, ZSTD_isError(got) ? ZSTD_getErrorName(got) : "it is too short");
    *text = slice_make(codec->text, got);
    return UNPACKED;
}

enum unpacked codec_unpack(struct codec *codec, const char *prefix, struct slice value,
                           struct slice *text, struct error *why)
{
    *text = value;
    return codec_is_frame(value) ? frame_unpack(codec, prefix, value, text, why) : UNPACKED;
}

/* ---- writing ---- */

int codec_write_with(struct codec *codec, struct slice dictionary, struct error *why)
{
    if (dictionary.size > DICTIONARY_MAX || ZDICT_getDictID(dictionary.at, dictionary.size) == 0)
        return error_set(why, "it is no dictionary of zstd");
    if (codec->packer == NULL)
        codec->packer = ZSTD_createCCtx();
    ZSTD_freeCDict(codec->writer);
    codec->writer = ZSTD_createCDict(dictionary.at, dictionary.size, LEVEL);
    if (codec->packer == NULL || codec->writer == NULL ||
        ZSTD_isError(ZSTD_CCtx_refCDict(codec->packer, codec->writer)))
        return error_set(why, "zstd cannot compress with it");
    return 0;
}

bool codec_pack(struct codec *codec, struct slice text, struct slice *frame)
{
    size_t size;

    if (codec->writer == NULL || text.size > CODEC_TEXT_MAX ||
        !make_room(&codec->frame, &codec->frame_room, ZSTD_compressBound(text.size)))
        return false;
    size = ZSTD_compress2(codec->packer, codec->frame, codec->frame_room, text.at, text.size);
    if (ZSTD_isError(size) || size >= text.size)
        return false;
    *frame = slice_make(codec->frame, size);
    return true;
}
