/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline: the list of dialects, and what is kept between the lines.
 */
#include "waybill/logline.h"

#include <stdlib.h>
#include <string.h>

#include "others.h"
#include "postfix.h"
#include "reader.h"
#include "sendmail.h"
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
    buffer_init(&reader->recipients, SCRATCH_MAX);
    wallclock_until(&reader->clock, clock_now());
    return reader;
}

void logline_close(struct logline_reader **reader)
{
    if (*reader != NULL) {
        buffer_free(&(*reader)->scratch);
        buffer_free(&(*reader)->recipients);
        free((*reader)->entry);
    }
    free(*reader);
    *reader = NULL;
}

void logline_until(struct logline_reader *reader, int64_t moment)
{
    wallclock_until(&reader->clock, moment);
    memset(&reader->second, 0, sizeof reader->second);
}

/* One by one: gcc makes one memset of this size a string instruction, which starts slowly. */
void logline_begin(struct logline *line)
{
    line->raw = line->body = line->instance = line->service = SLICE_ABSENT;
    line->time = 0;
    line->whole_seconds = line->doubtful = false;
    line->mta = LINE_OTHER;
    line->shape = SHAPE_NONE;
    line->understood = LINE_SAYS_NOTHING;
    line->repeated = 1;
    line->has[0] = line->has[1] = 0;
}

/* The first that says that the line is its own has read it. */
static const struct dialect {
    bool (*body)(struct logline_reader *reader, struct logline *line);
    bool (*fact)(struct logline_reader *reader, const struct logline *line, unsigned number,
                 struct fact *fact);
    enum line_mta mta;
} dialects[] = {
    {postfix_body, postfix_fact, LINE_POSTFIX},
    {losses_body, NULL, LINE_SYSLOG},
    {sendmail_body, sendmail_fact, LINE_SENDMAIL},
    {others_body, NULL, LINE_OTHER},
};
#define DIALECTS (sizeof dialects / sizeof dialects[0])

void logline_body(struct logline_reader *reader, struct logline *line)
{
    if (line->doubtful)
        return;
    for (size_t i = 0; i < DIALECTS && !dialects[i].body(reader, line); i++)
        continue;
}

bool logline_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                  struct fact *fact)
{
    if (line->understood != LINE_UNDERSTOOD)
        return false;
    for (size_t i = 0; i < DIALECTS; i++)
        if (dialects[i].mta == line->mta && dialects[i].fact != NULL)
            return dialects[i].fact(reader, line, number, fact);
    return false;
}
