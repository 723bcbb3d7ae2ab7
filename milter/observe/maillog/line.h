/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line: one line of a log, its header read, its message not yet. Every slice is a view into the
 * bytes of whoever made the line.
 */
#ifndef MAILLOG_LINE_H
#define MAILLOG_LINE_H

#include "waybill/text.h"

struct line {
    struct slice raw;     /* what the fact id is made from */
    int64_t time;         /* ms */
    struct slice host;    /* as logged */
    struct slice program; /* the whole tag: postfix/submission/smtpd */
    struct slice pid;     /* absent if not logged */
    struct slice message; /* what follows "tag[pid]: " */
};

/* Read the header of `raw`: RFC 3164 (local time, the year guessed from `now`) or RFC 3339, with
 * or without <PRI>. False: neither of them. `line->raw` is `raw`. Any thread. */
bool header_read(struct slice raw, int64_t now, struct line *line);

#endif
