/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines: cuts a stream into lines, wherever its chunks were cut. A line that is longer than
 * REPORT_LINE_MAX comes in pieces, always cut at the same places. Nothing is copied but what a
 * chunk leaves unfinished.
 */
#ifndef REPORT_LINES_H
#define REPORT_LINES_H

#include "waybill/report.h"

struct lines {
    size_t size; /* bytes in `carry` */
    bool inside; /* a piece of this line was told already */
    char carry[REPORT_LINE_MAX];
};
struct piece {
    struct slice bytes; /* no LF; a CR before it is still there */
    bool first, last;   /* of its line */
};
typedef void lines_told(void *context, const struct piece *piece);

void lines_begin(struct lines *lines);
void lines_feed(struct lines *lines, struct slice chunk, lines_told *told, void *context);
/* Tell the last line, if it had no end. */
void lines_end(struct lines *lines, lines_told *told, void *context);

#endif
