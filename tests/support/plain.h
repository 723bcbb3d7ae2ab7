/* SPDX-License-Identifier: BSD-2-Clause */
/* plain: a record with each value spelt out, as format 1 had it, so that a test can look for what
 * it says whatever is left out of the text in the store. */
#ifndef WAYBILL_TESTS_SUPPORT_PLAIN_H
#define WAYBILL_TESTS_SUPPORT_PLAIN_H

#include "waybill/record.h"

void plain_record(const struct record *record, struct buffer *to);

#endif
