/* SPDX-License-Identifier: BSD-2-Clause */
/* record_settle: the lines that say nothing new are left out, see record.h. */
#include <stdlib.h>
#include <string.h>

#include "record_set.h"

static void record_remove(struct record *record, size_t index)
{
    record->bytes -= line_cost(&record->lines[index]);
    free(record->lines[index].text);
    record->count--;
    memmove(&record->lines[index], &record->lines[index + 1],
            (record->count - index) * sizeof *record->lines);
}

static bool record_has(const struct record *record, enum witness witness, enum fact_kind kind)
{
    for (size_t i = 0; i < record->count; i++)
        if (line_is(&record->lines[i], witness, kind))
            return true;
    return false;
}

/* What a client= line tells that no milter is told. */
static bool client_is_news(const struct record_line *line)
{
    struct slice text = slice_make(line->text, line->size);
    return slice_find_text(text, " prev=") >= 0 || slice_find_text(text, " uid=") >= 0;
}

bool line_is_bare(const struct record_line *line)
{
    return slice_find_text(slice_make(line->text, line->size), " from=") < 0;
}

/* That the log began with this mail has to be known when it is read on after a restart; and the
 * size, where the milter did not see all of the mail. */
static void line_make_bare(struct record *record, struct record_line *line, bool with_size)
{
    size_t bare = strlen(fact_kind_word(FACT_ACTIVE)), size = 0;
    struct slice text = slice_make(line->text, line->size), word;
    ptrdiff_t at = with_size ? slice_find_text(text, " size=") : -1;
    if (at >= 0) {
        struct slice rest = slice_make(text.at + at + 1, text.size - (size_t)at - 1);
        size = text_take_word(&rest, &word) ? word.size + 1 : 0;
        memmove(line->text + bare, line->text + at, size);
    }
    record->bytes -= line->size - (bare + size);
    line->size = (uint32_t)(bare + size);
    line->text[bare + size] = '\0';
}

/* Does the milter's end of the mail tell its size? */
static bool size_is_known(const struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (line_is(&record->lines[i], WITNESS_MILTER, FACT_QUEUED) &&
            slice_find_text(slice_make(record->lines[i].text, record->lines[i].size), " size=") >= 0)
            return true;
    return false;
}

void record_settle(struct record *record)
{
    bool mail = record_has(record, WITNESS_MILTER, FACT_MAIL);
    bool header = record_has(record, WITNESS_MILTER, FACT_HEADER);
    bool whole = mail && record_has(record, WITNESS_MILTER, FACT_QUEUED);
    bool active = false;
    for (size_t i = 0; i < record->count;) {
        struct record_line *line = &record->lines[i];
        bool again = active && line_is(line, WITNESS_LOG, FACT_ACTIVE);
        if (again ||
            (mail && line_is(line, WITNESS_LOG, FACT_CLIENT) && !client_is_news(line)) ||
            (header && line_is(line, WITNESS_LOG, FACT_CLEANUP))) {
            record_remove(record, i);
            continue;
        }
        active = active || line_is(line, WITNESS_LOG, FACT_ACTIVE);
        if (whole && line_is(line, WITNESS_LOG, FACT_ACTIVE))
            line_make_bare(record, line, !size_is_known(record));
        i++;
    }
}

bool kind_settles(enum fact_kind kind)
{
    return kind == FACT_MAIL || kind == FACT_HEADER || kind == FACT_QUEUED ||
           kind == FACT_CLIENT || kind == FACT_CLEANUP || kind == FACT_ACTIVE;
}
