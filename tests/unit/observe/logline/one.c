/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * one: see one.h.
 */

#include "one.h"

#include <stdlib.h>

struct logline_reader *one_reader;

void one_close(void)
{
    logline_close(&one_reader);
}

bool one_line(struct slice text, int64_t until, struct logline *line)
{
    if (one_reader == NULL && (one_reader = logline_open()) == NULL)
        abort();
    logline_until(one_reader, until);
    if (!logline_header(one_reader, text, line))
        return false;
    logline_body(one_reader, line);
    return true;
}

int one_fact(struct slice text, int64_t until, struct fact *fact)
{
    static struct logline line;
    if (!one_line(text, until, &line) || line.understood == LINE_SAYS_NOTHING)
        return 0;
    if (line.understood == LINE_BROKEN)
        return -1;
    if (!logline_fact(one_reader, &line, 0, fact))
        return 0;
    fact->id = fact_id_log(text, 0, 0);
    return 1;
}
