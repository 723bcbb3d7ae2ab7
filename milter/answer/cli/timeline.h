/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline: a fact in words.
 */
#ifndef WAYBILL_CLI_TIMELINE_H
#define WAYBILL_CLI_TIMELINE_H

#include "waybill/buffer.h"
#include "waybill/fact.h"

/* One line, escaped for a terminal, without the time and the witness. */
int timeline_words(const struct fact *fact, struct buffer *to);

#endif
