/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline: the list of dialects, and what is kept between the lines.
 */
#include "waybill/logline.h"

#include <stdlib.h>
#include <string.h>

#include "postfix.h"
#include "reader.h"
#include "waybill/clock.h"

#define SCRATCH_MAX ((size_t)256 << 10)

const char *line_field_word(enum line_field field)
{
    static const char *const words[] = {
#define X(symbol, word) [LINE_##symbol] = word,
        LINE_FIELDS(X)
#undef X
    };
    return words[field];
}

struct logline_reader *logline_open(void)
{
    struct logline_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    buffer_init(&reader->scratch, SCRATCH_MAX);
    wallclock_until(&reader->clock, clock_now());
    return reader;
}

void logline_close(struct logline_reader **reader)
{
    if (*reader != NULL) {
        buffer_free(&(*reader)->scratch);
        free((*reader)->entry);
    }
    free(*reader);
    *reader = NULL;
}

void logline_until(struct logline_reader *reader, int64_t moment)
{
    wallclock_until(&reader->clock, moment);
}

void logline_begin(struct logline *line)
{
    memset(line, 0, offsetof(struct logline, field));
    line->repeated = 1;
}

void logline_body(struct logline_reader *reader, struct logline *line)
{
    struct fact fact;
    (void)reader;
    if (line->doubtful || losses_read(line))
        return;
    int result = postfix_read(line, &fact);
    line->understood = result == 0   ? LINE_SAYS_NOTHING
                       : result == 1 ? LINE_UNDERSTOOD
                                     : LINE_BROKEN;
}

bool logline_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                  struct fact *fact)
{
    (void)reader;
    return number == 0 && line->understood == LINE_UNDERSTOOD && postfix_read(line, fact) == 1;
}
