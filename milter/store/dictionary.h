/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dictionary: the shipped one, made of shipped.dictionary, a text that people can read.
 *
 * The text has what ZDICT found most often in the records of made-up mails, and some whole
 * records as samples. Entropy tables are made of the samples when the dictionary is first
 * needed, so two versions of zstd may make different bytes of one text. Therefore the copy in the
 * store counts, and nobody reads a frame with a dictionary that he made himself.
 */
#ifndef STORE_DICTIONARY_H
#define STORE_DICTIONARY_H

#include <stdint.h>

#include "waybill/buffer.h"
#include "waybill/error.h"

#define DICTIONARY_MAX ((size_t)256 << 10)

/* It follows from the text: 32768 to 65535, which takes two bytes of a frame. */
uint32_t dictionary_number(void);
/* The dictionary for zstd; `to` is cleared first. -1: no memory, or zstd did not make it. */
int dictionary_make(struct buffer *to, struct error *why);

#endif
