/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialect: the list of dialects, and the reading of one line without a follower.
 */
#include "dialect.h"

#include "postfix.h"
#include "waybill/maillog.h"

static int (*const dialects[])(const struct line *line, struct fact *fact) = {
    postfix_read,
};

int line_read(const struct line *line, struct fact *fact)
{
    int result = 0;
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0] && result == 0; i++)
        result = dialects[i](line, fact);
    return result;
}

int maillog_read_line(struct slice text, int64_t now, struct fact *fact, struct buffer *scratch)
{
    struct line line;
    (void)scratch; /* every value of today's dialects is a view */
    if (!header_read(text, now, &line))
        return 0;
    int result = line_read(&line, fact);
    if (result == 1)
        fact->id = fact_id_log(text, 0);
    return result;
}
