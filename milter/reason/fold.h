/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold: the form in which words and phrases are compared: ASCII letters small, any run of blanks,
 * tabs and line ends one blank, none at the ends. Other bytes stay as they are.
 */
#ifndef REASON_FOLD_H
#define REASON_FOLD_H

#include "waybill/text.h"

/* A phrase; `to` has room for all of it. Returns the size. */
size_t fold_phrase(struct slice phrase, char *to);

/* A server's words, at most `room` bytes of what comes of them. The codes that a reply of many
 * lines repeats ("550-5.1.1 ", "550-", "550 5.1.1 ") count as a blank, so that a phrase is found
 * across the line's end. An address is an "@" only: what its owner calls himself says nothing. */
size_t fold_words(struct slice words, char *to, size_t room);

#endif
