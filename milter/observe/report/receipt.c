/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receipt: the first of each field counts.
 */
#include "receipt.h"

#include "value.h"

static bool is(struct slice name, struct slice into, const char *wanted)
{
    return into.at == NULL && slice_equal_nocase(name, slice_of(wanted));
}

void receipt_add_field(struct receipt *receipt, struct arena *arena, struct slice name,
                       struct slice value)
{
    if (is(name, receipt->disposition, "Disposition")) {
        receipt->told = true;
        receipt->disposition = value_clean(arena, value, REPORT_WORDS_MAX);
    } else if (is(name, receipt->final, "Final-Recipient")) {
        receipt->final = value_address(arena, value);
    } else if (is(name, receipt->original, "Original-Recipient")) {
        receipt->original = value_original(arena, value);
    } else if (is(name, receipt->message_id, "Original-Message-ID")) {
        receipt->message_id = value_id(arena, value);
    } else if (is(name, receipt->reporting, "Reporting-UA")) {
        receipt->reporting = value_clean(arena, value, 255);
    }
}
