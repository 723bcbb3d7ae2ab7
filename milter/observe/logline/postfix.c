/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix: which of Postfix's lines is it?
 *
 * The tag gives instance (before the first '/') and service (after the last): postfix/smtpd,
 * postfix/submission/smtpd, postfix-out/smtp. The text begins with a queue id or NOQUEUE, then
 * with a word that tells what the line is. A line that names a mail and is not of the form that it
 * should have is broken, and tells nothing.
 */
#include "postfix.h"

#include "others.h"

static enum line_understood understood_as(struct logline *line, enum line_shape shape)
{
    line->shape = shape;
    return LINE_UNDERSTOOD;
}

/* "client=X[ip], sasl_method=.., sasl_username=.., sasl_sender=.., orig_queue_id=.., orig_client=.."
 * in this order, so that a login name gives none of what stands before it. */
static enum line_understood read_client(struct slice rest, struct logline *line)
{
    static const struct {
        const char *name;
        enum line_field field;
    } names[] = {
        {"sasl_method=", LINE_SASL_METHOD},     {"sasl_username=", LINE_SASL_USERNAME},
        {"sasl_sender=", LINE_SASL_SENDER},     {"orig_queue_id=", LINE_ORIG_QUEUE_ID},
        {"orig_client=", LINE_ORIG_CLIENT},
    };
    struct slice all = rest, value;
    struct peer peer;
    size_t next = 0;
    if (!postfix_take_peer(&rest, &peer))
        return LINE_BROKEN;
    line_set(line, LINE_CLIENT, slice_make(all.at, all.size - rest.size));
    postfix_set_client(line, &peer);
    while (text_take(&rest, ", ")) {
        ptrdiff_t end = slice_find_text(rest, ", ");
        value = slice_make(rest.at, end < 0 ? rest.size : (size_t)end);
        rest = slice_make(rest.at + value.size, rest.size - value.size);
        for (size_t i = next; i < sizeof names / sizeof names[0]; i++)
            if (text_take(&value, names[i].name)) {
                line_set(line, names[i].field, value);
                next = i + 1;
                break;
            }
    }
    if (!postfix_at_end(rest))
        return LINE_BROKEN;
    return understood_as(line, SHAPE_CLIENT);
}

/* Brackets are usual, not sure: the header's words are logged as they are. What follows the
 * closing one is no part of it; a cut line may lack it. */
static void set_message_id(struct slice id, struct logline *line)
{
    id = slice_trim(id);
    if (text_take_char(&id, '<')) {
        ptrdiff_t end = slice_find(id, '>');
        if (end >= 0)
            id.size = (size_t)end;
    }
    line_set(line, LINE_MESSAGE_ID, id);
}

/* What follows the address has no '>', so the address ends with the last one. */
static bool take_sender(struct slice *from, struct slice *sender)
{
    if (from->size > 0 && from->at[0] == '<')
        return postfix_take_last_address(from, sender);
    ptrdiff_t end = slice_find_text(*from, ", ");
    if (end <= 0)
        return false;
    *sender = slice_make(from->at, (size_t)end);
    *from = slice_make(from->at + end, from->size - (size_t)end);
    return true;
}

/* "from=<a@b>, size=378, nrcpt=2 (queue active)", "from=<a@b>, status=expired, returned to
 * sender" */
static enum line_understood read_queue_manager(struct slice rest, struct logline *line)
{
    struct slice from, size, count, status;
    if (!take_sender(&rest, &from) || postfix_is_joint(from))
        return LINE_BROKEN;
    line_set(line, LINE_FROM, from);
    if (text_take(&rest, ", size=")) {
        if (!postfix_take_class(&rest, DIGIT, &size) || !text_take(&rest, ", nrcpt=") ||
            !postfix_take_class(&rest, DIGIT, &count) || !text_take(&rest, " (queue active)"))
            return LINE_BROKEN;
        line_set(line, LINE_SIZE, size);
        line_set(line, LINE_NRCPT, count);
        return understood_as(line, SHAPE_ACTIVE);
    }
    if (!text_take(&rest, ", status="))
        return LINE_BROKEN;
    struct slice words = rest;
    if (!postfix_take_class(&rest, LOWER | DASH, &status) || !slice_starts(rest, ", ") ||
        (!slice_is(status, "expired") && !slice_is(status, "force-expired")))
        return LINE_BROKEN;
    line_set(line, LINE_STATUS, status);
    line_set(line, LINE_REPLY, words);
    return understood_as(line, SHAPE_GIVEN_UP);
}

/* "uid=0 from=<root> orig_id=27255A7E941". A user may have put all but the end into the address. */
static enum line_understood read_pickup(struct slice rest, struct logline *line)
{
    struct slice uid, from, previous;
    if (!postfix_take_class(&rest, DIGIT, &uid) || !text_take(&rest, " from=") ||
        !postfix_take_last_address(&rest, &from))
        return LINE_BROKEN;
    line_set(line, LINE_UID, uid);
    line_set(line, LINE_FROM, from);
    if (text_take(&rest, " orig_id=")) {
        if (!postfix_take_queue_id(&rest, &previous))
            return LINE_BROKEN;
        line_set(line, LINE_ORIG_ID, previous);
    }
    return postfix_at_end(rest) ? understood_as(line, SHAPE_PICKUP) : LINE_BROKEN;
}

/* "sender non-delivery notification: NEWID" */
static bool read_notification(struct slice all, struct logline *line,
                              enum line_understood *understood)
{
    struct slice rest = all, words, type, id;
    if (!text_take_until_text(&rest, ": ", &words) || !slice_ends(words, " notification"))
        return false;
    type = slice_make(words.at, words.size - strlen(" notification"));
    if (!text_take(&type, "sender ") && !text_take(&type, "postmaster "))
        return false;
    *understood = LINE_BROKEN;
    if (!postfix_take_queue_id(&rest, &id) || !postfix_at_end(rest))
        return true;
    line_set(line, LINE_BOUNCE_TYPE, type);
    line_set(line, LINE_BOUNCE_QUEUE_ID, id);
    line_set(line, LINE_MESSAGE, words);
    *understood = understood_as(line, SHAPE_NOTIFIED);
    return true;
}

/* What the queue manager and the administrator do to a mail as a whole: the line is the word. */
static bool read_event(struct slice all, struct logline *line, enum line_understood *understood)
{
    static const struct {
        const char *word;
        enum line_shape shape;
        bool by_administrator; /* else nobody says it */
    } events[] = {
        {"removed", SHAPE_REMOVED, false},
        {"placed on hold", SHAPE_HELD, true},
        {"released from hold", SHAPE_RELEASED, true},
        {"requeued", SHAPE_REQUEUED, true},
        {"expired", SHAPE_NONE, true},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct slice rest = all;
        if (!text_take(&rest, events[i].word) || !postfix_at_end(rest) ||
            (events[i].by_administrator && !slice_is(line->service, "postsuper")))
            continue;
        line_set(line, LINE_EVENT, slice_make(all.at, all.size - rest.size));
        line->shape = events[i].shape;
        *understood = line->shape == SHAPE_NONE ? LINE_SAYS_NOTHING : LINE_UNDERSTOOD;
        return true;
    }
    return false;
}

/* A line that ends within the word by which it would be known. */
static bool is_cut(struct slice rest)
{
    static const char *const words[] = {
        "to=<", "from=<", "client=", "message-id=", "uid=", "removed", "placed on hold",
        "released from hold", "requeued", "sender non-delivery notification: ",
        "sender delay notification: ", "sender delivery status notification: ",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (rest.size < strlen(words[i]) && memcmp(words[i], rest.at, rest.size) == 0)
            return true;
    return false;
}

/* What follows a queue id and is none of the usual lines. */
static enum line_understood read_rare(struct slice rest, struct logline *line)
{
    enum line_understood understood = LINE_SAYS_NOTHING;
    if (read_event(rest, line, &understood) || postfix_refusal(rest, line, &understood))
        return understood;
    if (postfix_try(rest, line))
        return understood_as(line, SHAPE_TRY);
    if (read_notification(rest, line, &understood))
        return understood;
    if (slice_starts(rest, "skipped, ")) {
        line_set(line, LINE_MESSAGE, rest);
        return LINE_SAYS_NOTHING;
    }
    if (text_take(&rest, "resent-message-id=")) {
        set_message_id(rest, line);
        return LINE_SAYS_NOTHING;
    }
    if (is_cut(rest))
        return LINE_BROKEN;
    if (!postfix_session(rest, line))
        others_words(rest, line);
    return LINE_SAYS_NOTHING;
}

static enum line_understood read_queued(struct slice rest, struct logline *line)
{
    switch (rest.size > 0 ? rest.at[0] : '\0') {
    case 't':
        if (text_take(&rest, "to="))
            return postfix_delivery(rest, line);
        break;
    case 'f':
        if (text_take(&rest, "from="))
            return read_queue_manager(rest, line);
        break;
    case 'c':
        if (text_take(&rest, "client="))
            return read_client(rest, line);
        break;
    case 'm':
        if (text_take(&rest, "message-id=")) {
            set_message_id(rest, line);
            return understood_as(line, SHAPE_CLEANUP);
        }
        break;
    case 'u':
        if (text_take(&rest, "uid="))
            return read_pickup(rest, line);
        break;
    default:
        break;
    }
    return read_rare(rest, line);
}

static enum line_understood read_noqueue(struct slice rest, struct logline *line)
{
    enum line_understood understood = LINE_SAYS_NOTHING;
    if (text_take(&rest, "client=")) {
        understood = read_client(rest, line);
        line->shape = SHAPE_NONE; /* there is no mail yet */
        return understood == LINE_BROKEN ? LINE_BROKEN : LINE_SAYS_NOTHING;
    }
    if (!postfix_refusal(rest, line, &understood))
        postfix_complaint(rest, line);
    return understood;
}

/* "warning: QID: words" */
static bool read_warning(struct slice all, struct logline *line)
{
    struct slice rest = all, id;
    if (!text_take(&rest, "warning: ") || !postfix_take_queue_id(&rest, &id) ||
        !text_take(&rest, ": "))
        return false;
    line_set(line, LINE_LEVEL, slice_make(all.at, strlen("warning")));
    line_set(line, LINE_QUEUE_ID, id);
    line_set(line, LINE_MESSAGE, rest);
    line->shape = SHAPE_WARNING;
    return true;
}

static enum line_understood read_text(struct slice all, struct logline *line)
{
    struct slice rest = all, id;
    enum line_understood understood = LINE_SAYS_NOTHING;
    if (postfix_take_queue_id(&rest, &id)) {
        if (text_take(&rest, ": ")) {
            line_set(line, LINE_QUEUE_ID, id);
            return read_queued(rest, line);
        }
        if (rest.size == 0 || slice_is(rest, ":"))
            return LINE_BROKEN;
    } else if (text_take(&rest, "NOQUEUE: ")) {
        line_set(line, LINE_QUEUE_ID, slice_make(all.at, strlen("NOQUEUE")));
        return read_noqueue(rest, line);
    }
    if (read_warning(all, line))
        return LINE_UNDERSTOOD;
    if ((slice_starts(all, "proxy-") || slice_starts(all, "reject: ") ||
         slice_starts(all, "reject_warning: ")) &&
        postfix_refusal(all, line, &understood))
        return understood;
    if (!postfix_session(all, line))
        others_words(all, line);
    return LINE_SAYS_NOTHING;
}

/* Or the end. */
static size_t first_slash(struct slice text)
{
    return postfix_run(text, SLASH, true);
}

/* There is one. */
static size_t last_slash(struct slice text)
{
    size_t last = text.size - 1;
    if (text.size >= OCTETS) {
        uint64_t marks = octets_equal(octets_load(text.at + text.size - OCTETS), '/');
        if (marks != 0)
            return text.size - OCTETS + octets_last(marks);
    }
    while (text.at[last] != '/')
        last--;
    return last;
}

/* "postfix" alone is the tag that a syslog daemon leaves of it. */
static bool split_tag(struct slice program, struct logline *line)
{
    size_t first = first_slash(program), last;
    if (first == program.size) {
        line->instance = program;
        return slice_is(program, "postfix");
    }
    last = last_slash(program);
    line->instance = slice_make(program.at, first);
    line->service = slice_make(program.at + last + 1, program.size - last - 1);
    return first > 0 && line->service.size > 0;
}

bool postfix_body(struct logline_reader *reader, struct logline *line)
{
    uint64_t before[2] = {line->has[0], line->has[1]};
    (void)reader;
    if (!split_tag(line_value(line, LINE_PROGRAM), line)) {
        line->instance = line->service = SLICE_ABSENT;
        return false;
    }
    line->mta = LINE_POSTFIX;
    line->understood = read_text(line->body, line);
    if (line->understood == LINE_BROKEN) {
        line->shape = SHAPE_NONE;
        line->has[0] = before[0];
        line->has[1] = before[1];
    }
    return true;
}
