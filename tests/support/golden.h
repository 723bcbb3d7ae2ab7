/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * golden: samples in a folder of tests/golden, and what is read from each, kept beside it.
 * GOLDEN_WRITE=1 writes what is kept anew, to be looked at before it is committed.
 */
#ifndef WAYBILL_TEST_GOLDEN_H
#define WAYBILL_TEST_GOLDEN_H

#include "waybill/buffer.h"

#define GOLDEN_PATH_MAX 700

/* Call `check` with the path of each file that ends so, without its end; how many there were. */
unsigned golden_each(const char *folder, const char *end, void (*check)(const char *path));
/* Fails the test where `text` is not what is kept in the file "`path``end`". */
void golden_compare(const char *path, const char *end, const struct buffer *text);

#endif
