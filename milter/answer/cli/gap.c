/* SPDX-License-Identifier: BSD-2-Clause */
/* gap: see gap.h. */
#include "gap.h"

#include <stdio.h>
#include <string.h>

#include "../catalogue.h"
#include "out.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define LINE_MAX_BYTES 4096

void gap_print(const struct cli *cli, const struct store_gap *gap)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    struct buffer words;

    buffer_init(&words, LINE_MAX_BYTES);
    clock_text(gap->from, 0, from);
    clock_text(gap->until, 0, until);
    buffer_addf(&words, "node %u: the %s saw nothing until ", gap->node, gap->witness);
    buffer_add_text(&words, strncmp(from, until, 10) == 0 ? until + 11 : until);
    if (gap->cause[0] != '\0') {
        buffer_add_text(&words, " (");
        escape_terminal(&words, slice_of(catalogue_blindness(NULL, gap->cause)));
        buffer_add_char(&words, ')');
    }
    if (gap->count > 0)
        buffer_addf(&words, ", %llu lost", (unsigned long long)gap->count);
    printf("%s  %-16s  ", cli->terminal ? from + 11 : from, "-");
    out_colour(cli, "magenta");
    printf("%-18s", event_word(EVENT_TRACE_GAP));
    out_plain(cli);
    printf("  %s\n", words.data);
    buffer_free(&words);
}
