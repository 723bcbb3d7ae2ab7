/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losses: lines by which the log tells that it lost others.
 *
 *     systemd-journald[1]: Suppressed 5 messages from postfix@-.service
 *     rsyslogd: imjournal: 5 messages lost due to rate-limiting (20000 allowed within 600 seconds)
 *     rsyslogd: imuxsock lost 5 messages from pid 123 due to rate-limiting
 *     rsyslogd: imjournal: begin to drop messages due to rate-limiting
 *     rsyslogd: imuxsock begins to drop messages from pid 123 due to rate-limiting
 *
 * How many is absent where the line does not say it.
 */
#include "reader.h"

#include "waybill/unit.h"

static bool is_log(struct slice program)
{
    static const char *const names[] = {"systemd-journald", "systemd-journal", "journal",
                                        "rsyslogd", "rsyslogd-pstats"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_is(program, names[i]))
            return true;
    return false;
}

/* The number in front of `words`: "... 5 messages lost". */
static struct slice number_before(struct slice text, ptrdiff_t words)
{
    size_t end = (size_t)words, start = end;
    while (start > 0 && text.at[start - 1] >= '0' && text.at[start - 1] <= '9')
        start--;
    return start == end ? SLICE_ABSENT : slice_make(text.at + start, end - start);
}

/* journald names the unit that wrote too much; whatever does not name one may mean any. */
static bool may_be_mta(struct slice unit)
{
    return !slice_ends(unit, ".service") || unit_is_mta(unit);
}

static bool find_loss(struct slice body, struct slice *count)
{
    struct slice rest = body;
    ptrdiff_t words;
    if (text_take(&rest, "Suppressed "))
        return text_take_any(&rest, "0123456789", count) && text_take(&rest, " messages from ") &&
               may_be_mta(rest);
    if ((words = slice_find_text(body, " messages lost due to rate-limiting")) >= 0 ||
        (slice_find_text(body, " lost ") >= 0 &&
         (words = slice_find_text(body, " messages from pid ")) >= 0)) {
        *count = number_before(body, words);
        return true;
    }
    return slice_find_text(body, " to drop messages ") >= 0 &&
           slice_ends(body, "due to rate-limiting");
}

bool losses_body(struct logline_reader *reader, struct logline *line)
{
    struct slice count = SLICE_ABSENT;
    (void)reader;
    if (!is_log(line_value(line, LINE_PROGRAM)) || !find_loss(line->body, &count))
        return false;
    line->mta = LINE_SYSLOG;
    line->shape = SHAPE_LOST;
    line->understood = LINE_UNDERSTOOD;
    line_set(line, LINE_LOST, count);
    return true;
}
