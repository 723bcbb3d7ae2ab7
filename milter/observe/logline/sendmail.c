/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail: which of Sendmail's lines is it?
 *
 * The tag is whatever -L says: sendmail, sm-mta, sm-msp-queue, ... The message begins with a queue
 * id, with NOQUEUE, or with neither; then with one of the words of the table.
 *
 * A message that is too long for syslog comes in parts, "QID[1]: ... ...", "QID[2]: ...": they are
 * counted, not put together.
 */
#include "sendmail.h"

/* What another program's or a client's words stand behind: "<-- MAIL FROM:...", "--- 250 ...". */
static const char *const echoes[] = {"<-- ", "--- "};

/* ---- lines about two mails ---- */

static const struct {
    const char *words;
    enum line_shape shape;
} links[] = {
    {"DSN: ", SHAPE_NOTIFIED},
    {"sender notify: ", SHAPE_NOTIFIED},
    {"postmaster notify: ", SHAPE_NOTIFIED},
    {"return to sender: ", SHAPE_NOTIFIED},
    {"clone: owner=", SHAPE_CLONE},
};

/* "NEWID: DSN: User unknown", "NEWID: clone: owner=games" */
static int read_link(struct sendmail_reading *reading)
{
    struct logline *line = reading->line;
    struct slice id, rest = reading->rest;
    if (!sendmail_take_queue_id(&rest, &id) || !text_take(&rest, ": "))
        return 0;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct slice words = rest;
        if (!text_take(&rest, links[i].words))
            continue;
        line->shape = links[i].shape;
        line_set(line, LINE_MESSAGE, words);
        if (line->shape == SHAPE_CLONE) {
            line_set(line, LINE_NEXT_QUEUE_ID, id);
            return 1;
        }
        words.size -= rest.size + 2;
        line_set(line, LINE_BOUNCE_QUEUE_ID, id);
        line_set(line, LINE_BOUNCE_TYPE, words);
        return 1;
    }
    return 0;
}

/* ---- lines about one mail ---- */

static int read_done(struct sendmail_reading *reading)
{
    struct slice delay, tries = reading->rest;
    if (!text_take_until_text(&tries, ", ntries=", &delay))
        return -1;
    reading->line->shape = SHAPE_REMOVED;
    line_set(reading->line, LINE_DELAY, delay);
    line_set(reading->line, LINE_NTRIES, tries);
    return 1;
}

static int read_discarded(struct sendmail_reading *reading)
{
    if (reading->rest.size > 0)
        return 0;
    reading->line->shape = SHAPE_REFUSAL;
    line_set(reading->line, LINE_ACTION, slice_of("discard"));
    line_set(reading->line, LINE_STAGE, slice_of("END-OF-MESSAGE"));
    return 1;
}

/* "alias NAME => LIST", "forward NAME => LIST" */
static int read_alias(struct sendmail_reading *reading)
{
    struct slice name;
    if (!text_take_until_text(&reading->rest, " => ", &name))
        return 0;
    reading->line->shape = SHAPE_DELIVERY;
    line_set(reading->line, LINE_TO, sendmail_bare(name));
    line_set(reading->line, LINE_STATUS, slice_of("expanded"));
    line_set(reading->line, LINE_MESSAGE, reading->rest);
    return 1;
}

/* ---- the table ---- */

static const struct {
    const char *words;   /* the message begins with them */
    bool needs_queue_id;
    bool any_tag; /* its form is enough to know Sendmail by */
    int (*read)(struct sendmail_reading *reading);
} shapes[] = {
    {"to=", true, true, sendmail_read_delivery},
    {"from=", true, true, sendmail_read_sender},
    {"ruleset=", false, true, sendmail_read_ruleset},
    {"Milter: ", true, false, sendmail_read_milter},
    {"milter=", true, false, sendmail_read_filter},
    {"done; delay=", true, false, read_done},
    {"discarded", true, false, read_discarded},
    {"alias ", true, false, read_alias},
    {"forward ", true, false, read_alias},
    {"<", true, false, sendmail_read_user_error},
};

static int read_shape(struct sendmail_reading *reading, bool queued, bool known)
{
    for (size_t i = 0; i < sizeof echoes / sizeof echoes[0]; i++)
        if (slice_starts(reading->rest, echoes[i]))
            return 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if ((shapes[i].needs_queue_id && !queued) || (!shapes[i].any_tag && !known) ||
            !text_take(&reading->rest, shapes[i].words))
            continue;
        return shapes[i].read(reading);
    }
    if (!known)
        return 0;
    int result = queued ? read_link(reading) : 0;
    return result != 0 ? result : sendmail_read_session(reading);
}

/* The number in "QID[2]: "; 0: it is no part of a message. */
static uint64_t take_part(struct slice *rest)
{
    uint64_t part = 0;
    struct slice from = *rest;
    if (text_take_char(&from, '[') && text_take_number(&from, &part) && text_take_char(&from, ']'))
        *rest = from;
    return part;
}

static bool known_tag(struct slice program)
{
    return slice_starts(program, "sendmail") || slice_starts(program, "sm-");
}

/* 1, 0, -1 as above. */
static int read_message(struct logline_reader *reader, struct logline *line, bool known)
{
    struct sendmail_reading reading = {reader, line, line->body};
    struct slice id;
    bool queued = sendmail_take_queue_id(&reading.rest, &id);
    uint64_t part = queued ? take_part(&reading.rest) : 0;
    if (queued && !text_take(&reading.rest, ": ")) {
        reading.rest = line->body;
        queued = false;
    }
    if (!queued)
        text_take(&reading.rest, "NOQUEUE: ");
    else
        line_set(line, LINE_QUEUE_ID, id);
    if (part == 0)
        return read_shape(&reading, queued, known);
    return part == 1 && known ? -1 : 0;
}

bool sendmail_body(struct logline_reader *reader, struct logline *line)
{
    struct slice program = line_value(line, LINE_PROGRAM);
    bool known = known_tag(program);
    if (slice_find(program, '/') >= 0)
        return false;
    uint64_t has[2] = {line->has[0], line->has[1]};
    int result = read_message(reader, line, known);
    if (!known && result != 1) {
        line->has[0] = has[0];
        line->has[1] = has[1];
        line->shape = SHAPE_NONE;
        return false;
    }
    line->mta = LINE_SENDMAIL;
    line->instance = slice_of("sendmail");
    line->understood = result > 0 ? LINE_UNDERSTOOD : result < 0 ? LINE_BROKEN : LINE_SAYS_NOTHING;
    return true;
}
