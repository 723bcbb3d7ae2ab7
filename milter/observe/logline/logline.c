/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline: the list of dialects, and what is kept between the lines.
 */
#include "waybill/logline.h"

#include <stdlib.h>
#include <string.h>

#include "postfix.h"
#include "reader.h"
#include "sendmail.h"

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
    if (reader != NULL) {
        buffer_init(&reader->scratch, SCRATCH_MAX);
        buffer_init(&reader->recipients, SCRATCH_MAX);
    }
    return reader;
}

void logline_close(struct logline_reader **reader)
{
    if (*reader != NULL) {
        buffer_free(&(*reader)->scratch);
        buffer_free(&(*reader)->recipients);
    }
    free(*reader);
    *reader = NULL;
}

void logline_until(struct logline_reader *reader, int64_t moment)
{
    reader->until = moment;
}

void logline_begin(struct logline *line)
{
    memset(line, 0, offsetof(struct logline, field));
    line->repeated = 1;
}

static bool postfix_body(struct logline_reader *reader, struct logline *line)
{
    struct fact fact;
    (void)reader;
    if (slice_find(line_value(line, LINE_PROGRAM), '/') < 0)
        return false;
    int result = postfix_read(line, &fact);
    line->understood = result == 0   ? LINE_SAYS_NOTHING
                       : result == 1 ? LINE_UNDERSTOOD
                                     : LINE_BROKEN;
    line->mta = LINE_POSTFIX;
    return true;
}

static bool postfix_fact(struct logline_reader *reader, const struct logline *line,
                         unsigned number, struct fact *fact)
{
    (void)reader;
    return number == 0 && postfix_read(line, fact) == 1;
}

static const struct {
    enum line_mta mta;
    bool (*body)(struct logline_reader *reader, struct logline *line); /* false: not mine */
    bool (*fact)(struct logline_reader *reader, const struct logline *line, unsigned number,
                 struct fact *fact);
} dialects[] = {
    {LINE_POSTFIX, postfix_body, postfix_fact},
    {LINE_SENDMAIL, sendmail_body, sendmail_fact},
};

void logline_body(struct logline_reader *reader, struct logline *line)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
        if (dialects[i].body(reader, line))
            return;
}

bool logline_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                  struct fact *fact)
{
    if (line->understood != LINE_UNDERSTOOD)
        return false;
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
        if (dialects[i].mta == line->mta)
            return dialects[i].fact(reader, line, number, fact);
    return false;
}
