/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_delivery: what a delivery agent says of one recipient.
 *
 *     to=<a@b>, [orig_to=<c@d>, ]relay=R, [NAME=VALUE, ]status=WORD (TEXT)
 *
 * The names are conn_use, delay, delays (since Postfix 2.3), dsn (2.3), tls (3.11) and whatever
 * will come; the order of the rest is Postfix's and is the only one that is taken. TEXT may hold a
 * stranger's words ("status=sent (250 fake)"), so nothing in it decides what happened.
 */
#include "postfix.h"

static const struct slice after_to[] = {SLICE_LITERAL(", relay="), SLICE_LITERAL(", orig_to="),
                                        {NULL, 0}};
static const struct slice after_original[] = {SLICE_LITERAL(", relay="), {NULL, 0}};

/* Brackets are usual; some programs that pass lines on take them away. */
static bool take_recipient(struct slice *from, const struct slice next[],
                           struct slice *address)
{
    if (text_take_char(from, '<'))
        return postfix_take_address(from, next, address);
    for (size_t i = 0; i < from->size; i++) {
        struct slice rest = slice_make(from->at + i, from->size - i);
        if (rest.at[0] != ',')
            continue;
        for (size_t n = 0; next[n].at != NULL; n++)
            if (slice_starts_with(rest, next[n])) {
                *address = slice_make(from->at, i);
                *from = rest;
                return i > 0;
            }
    }
    return false;
}

/* "value, " */
static bool take_value(struct slice *from, struct slice *value)
{
    const char *comma = from->size > 0 ? memchr(from->at, ',', from->size) : NULL;
    if (comma == NULL)
        return false;
    struct slice rest = slice_make(comma, from->size - (size_t)(comma - from->at));
    if (!text_take(&rest, ", "))
        return false;
    *value = slice_make(from->at, (size_t)(comma - from->at));
    *from = rest;
    return true;
}

/* "mail.example[192.0.2.1]:25", "mx[private/lmtp]", "192.0.2.1:25", "local", "none". */
static void set_relay(struct logline *line, struct slice relay)
{
    struct peer peer = {SLICE_ABSENT, SLICE_ABSENT, SLICE_ABSENT};
    struct slice rest = relay;
    line_set(line, LINE_RELAY, relay);
    if (postfix_take_peer(&rest, &peer)) {
        postfix_set_relay(line, &peer);
        return;
    }
    ptrdiff_t colon = slice_find(relay, ':');
    if (colon < 0) {
        line_set(line, LINE_RELAY_HOST, relay);
        line_set(line, LINE_RELAY_SERVICE, relay);
        return;
    }
    struct slice host = slice_make(relay.at, (size_t)colon);
    line_set(line, postfix_is_address(host) ? LINE_RELAY_IP : LINE_RELAY_HOST, host);
    line_set(line, LINE_RELAY_PORT,
             slice_make(relay.at + colon + 1, relay.size - (size_t)colon - 1));
}

static inline bool take_number(struct slice *from, unsigned classes, struct slice *value)
{
    return postfix_take_class(from, classes, value) && text_take(from, ", ");
}

static bool take_delays(struct slice *from, struct logline *line)
{
    static const enum line_field parts[] = {LINE_DELAY_A, LINE_DELAY_B, LINE_DELAY_C, LINE_DELAY_D};
    struct slice all = *from, part;
    for (size_t i = 0; i < 4; i++) {
        if ((i > 0 && !text_take_char(from, '/')) ||
            !postfix_take_class(from, DIGIT | DOT, &part))
            return false;
        line_set(line, parts[i], part);
    }
    line_set(line, LINE_DELAYS, slice_make(all.at, all.size - from->size));
    return text_take(from, ", ");
}

/* All "name=value, " up to "status=", which is eaten. */
static bool take_named(struct slice *from, struct logline *line)
{
    struct slice name, value;
    while (postfix_take_class(from, LOWER | UNDERSCORE, &name) && text_take_char(from, '=')) {
        if (slice_is(name, "status"))
            return true;
        if (slice_is(name, "delays")) {
            if (!take_delays(from, line))
                return false;
        } else if (slice_is(name, "delay")) {
            if (!take_number(from, DIGIT | DOT, &value))
                return false;
            line_set(line, LINE_DELAY, value);
        } else if (slice_is(name, "dsn")) {
            if (!take_number(from, DIGIT | DOT, &value))
                return false;
            line_set(line, LINE_DSN, value);
        } else if (slice_is(name, "conn_use")) {
            if (!take_number(from, DIGIT, &value))
                return false;
            line_set(line, LINE_CONN_USE, value);
        } else if (!take_value(from, &value)) {
            return false;
        }
    }
    return false;
}

static bool take_head(struct slice *from, struct logline *line)
{
    struct slice value;
    if (!take_recipient(from, after_to, &value) || postfix_is_joint(value))
        return false;
    line_set(line, LINE_TO, value);
    if (text_take(from, ", orig_to=")) {
        if (!take_recipient(from, after_original, &value) || postfix_is_joint(value))
            return false;
        line_set(line, LINE_ORIG_TO, value);
    }
    if (!text_take(from, ", relay=") || !take_value(from, &value) || slice_find(value, ' ') >= 0)
        return false;
    set_relay(line, value);
    return take_named(from, line);
}

/* Where the closing bracket is not the last byte, a syslog daemon may have put its own words
 * behind it: then the brackets before it are even. Else the line was cut. */
static bool is_closed(struct slice *text)
{
    const char *last = text->size > 0 ? memrchr(text->at, ')', text->size) : NULL;
    if (last == NULL)
        return false;
    size_t size = (size_t)(last - text->at);
    ptrdiff_t open = 0;
    if (size + 1 < text->size) {
        for (size_t i = 0; i < size; i++)
            open += (text->at[i] == '(') - (text->at[i] == ')');
        if (open != 0 || slice_find(slice_make(last, text->size - size), '(') >= 0)
            return false;
    }
    text->size = size;
    return true;
}

/* The words in the outer brackets; the last one is missing where the line was cut. */
static bool take_text(struct slice rest, struct slice *text, bool *whole)
{
    *text = SLICE_ABSENT;
    *whole = false;
    if (!text_take(&rest, " ("))
        return postfix_at_end(rest);
    *text = rest;
    *whole = is_closed(text);
    return true;
}

static struct slice next_id(const struct logline *line, struct slice text, bool whole)
{
    struct slice id;
    if (!slice_is(line->service, "local") || !text_take(&text, "forwarded as "))
        return postfix_queued_as(text, whole);
    return postfix_take_queue_id(&text, &id) && (whole || text.size > 0) ? id : SLICE_ABSENT;
}

/* An address probe or `sendmail -bv` asks and delivers nothing. */
static enum line_shape shape_of(struct slice status)
{
    if (slice_is(status, "sent") || slice_is(status, "deferred") || slice_is(status, "bounced") ||
        slice_is(status, "expired") || slice_is(status, "force-expired") ||
        slice_is(status, "SOFTBOUNCE"))
        return SHAPE_DELIVERY;
    if (slice_is(status, "deliverable") || slice_starts(status, "undeliverable"))
        return SHAPE_PROBE; /* also undeliverable-but-not-cached */
    return SHAPE_NONE;
}

enum line_understood postfix_delivery(struct slice rest, struct logline *line)
{
    struct slice status, text;
    bool whole;
    if (!take_head(&rest, line) || !postfix_take_class(&rest, UPPER | LOWER | DASH, &status) ||
        !take_text(rest, &text, &whole))
        return LINE_BROKEN;
    line->shape = shape_of(status);
    if (line->shape == SHAPE_NONE)
        return LINE_BROKEN;
    line_set(line, LINE_STATUS, status);
    line_set(line, LINE_REPLY, text);
    if (slice_is(status, "sent"))
        line_set(line, LINE_NEXT_QUEUE_ID, next_id(line, text, whole));
    return LINE_UNDERSTOOD;
}
