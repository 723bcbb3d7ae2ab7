/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec: a value of the store from a text, and back. A value that begins with zstd's magic is
 * one frame, any other is the text itself; each value tells for itself.
 *
 * A frame is without a checksum and has the size of its text and the number of its dictionary. It
 * asks for no memory before both are known to be within bounds. Not thread-safe.
 */
#ifndef STORE_CODEC_H
#define STORE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dictionary.h"
#include "waybill/record.h"
#include "waybill/text.h"

#define CODEC_TEXT_MAX ((size_t)RECORD_MAX + 8192u) /* a record and its first line */
#define CODEC_DICTIONARIES 8u                       /* known at once */

struct codec;

/* NULL: no memory. */
struct codec *codec_open(void);
void codec_close(struct codec **codec);

bool codec_is_frame(struct slice value);

/* ---- reading ---- */

enum unpacked {
    UNPACKED,
    UNPACK_WANTS,  /* a dictionary that nobody was asked for yet: codec_wanted tells which */
    UNPACK_BROKEN, /* `why` */
};
/* *text is a view into `value` or into the codec, until the next call. `prefix` is for the
 * message alone. */
enum unpacked codec_unpack(struct codec *codec, const char *prefix, struct slice value,
                           struct slice *text, struct error *why);
/* Numbers of dictionaries that were wanted and not told yet. */
size_t codec_wanted(const struct codec *codec, uint32_t numbers[static CODEC_DICTIONARIES]);
/* The dictionary that the store has under that number; nothing (at NULL): it has none. */
void codec_tell(struct codec *codec, uint32_t number, struct slice bytes);
/* What the store had not may have come since. */
void codec_forget_missing(struct codec *codec);

/* ---- writing ---- */

/* Frames are made with this dictionary from now on. -1: it is none, or no memory. */
int codec_write_with(struct codec *codec, struct slice dictionary, struct error *why);
/* *frame is a view into the codec, until the next call. False: the text is shorter as it is, or
 * it was not said with what to write; then the text is the value. */
bool codec_pack(struct codec *codec, struct slice text, struct slice *frame);

#endif
