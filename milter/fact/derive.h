/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * derive: values that other values of a fact, or the record's first line, give. One table for both
 * ways: the writer leaves out what it gives, the reader fills it in.
 */
#ifndef WAYBILL_FACT_DERIVE_H
#define WAYBILL_FACT_DERIVE_H

#include "terse.h"

/* The keys whose value is the derived one; in *absent those that could be derived and are not
 * there, which has to be said. */
uint64_t derive_same(struct terse *terse, const struct fact *fact, uint64_t *absent);
void derive_fill(struct terse *terse, struct fact *fact, uint64_t absent);

#endif
