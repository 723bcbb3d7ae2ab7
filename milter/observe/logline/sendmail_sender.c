/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_sender: the line that opens a mail.
 *
 *     from=<a>, size=97, class=0, nrcpts=1, msgid=WORDS, bodytype=8BITMIME, proto=ESMTP,
 *     daemon=MTA, relay=name [ip] (may be forged)
 *
 * WORDS are the header's, up to 100 bytes of them, whatever they look like. So what follows them
 * is read from the end backwards, each name once.
 */
#include "sendmail.h"

#define SENDER_MOST 200 /* bytes of the sender that are logged */

struct field {
    const char *name;
    enum line_field field;
};

static const struct field before[] = {
    {"size", LINE_SIZE}, {"class", LINE_CLASS}, {"pri", LINE_PRI}, {"nrcpts", LINE_NRCPT},
};
static const struct field behind[] = {
    {"proto", LINE_PROTO},           {"daemon", LINE_DAEMON},
    {"relay", LINE_RELAY},           {"tls_verify", LINE_TLS_TRUST},
    {"cipher", LINE_TLS_CIPHER},     {"tls_version", LINE_TLS_VERSION},
    {"auth", LINE_SASL_METHOD},      {"pri", LINE_PRI},
    {"bodytype", LINE_FIELD_COUNT}, {"bits", LINE_TLS_CIPHER_BITS},
    {"size", LINE_SIZE},             {"nrcpts", LINE_NRCPT},
    {"class", LINE_CLASS},
};

/* An address that was cut has lost its closing bracket. */
static bool take_sender(struct sendmail_reading *reading)
{
    struct slice *rest = &reading->rest, from;
    if (!sendmail_take_item(rest, &from)) {
        if (rest->size <= SENDER_MOST)
            return false;
        from = slice_make(rest->at, SENDER_MOST);
        *rest = slice_make(rest->at + SENDER_MOST, rest->size - SENDER_MOST);
        text_take_char(&from, '<');
    }
    line_set(reading->line, LINE_FROM, sendmail_bare(from));
    return true;
}

static bool set_field(struct logline *line, const struct field *table, size_t count,
                      struct slice name, struct slice value)
{
    for (size_t i = 0; i < count; i++) {
        if (!slice_is(name, table[i].name))
            continue;
        if (table[i].field == LINE_FIELD_COUNT)
            return true;
        if (line_has(line, table[i].field))
            return false;
        line_set(line, table[i].field, value);
        return true;
    }
    return false;
}

/* From the left as far as numbers go. */
static bool take_numbers(struct sendmail_reading *reading)
{
    for (;;) {
        struct slice rest = reading->rest, value;
        struct slice name = sendmail_take_name(&rest);
        if (name.at == NULL || !text_take_any(&rest, "-0123456789", &value) ||
            (rest.size > 0 && rest.at[0] != ',') ||
            !set_field(reading->line, before, sizeof before / sizeof before[0], name, value))
            return line_has(reading->line, LINE_SIZE);
        reading->rest = rest;
    }
}

/* From the right as far as there are names that are known and were not there yet. */
static void take_tail(struct sendmail_reading *reading)
{
    struct slice value, tail;
    for (;;) {
        struct slice rest = reading->rest;
        if (!text_cut_last(&rest, ", ", &tail))
            return;
        struct slice field = slice_make(tail.at - 2, tail.size + 2);
        struct slice name = sendmail_take_name(&field);
        value = field;
        if (name.at == NULL ||
            !set_field(reading->line, behind, sizeof behind / sizeof behind[0], name, value))
            return;
        reading->rest = rest;
    }
}

static void set_message_id(struct logline *line, struct slice words)
{
    struct slice id = words;
    if (text_take_char(&id, '<')) {
        ptrdiff_t end = slice_find(id, '>');
        if (end >= 0)
            id.size = (size_t)end;
    }
    line_set(line, LINE_MESSAGE_ID, slice_trim(id));
}

int sendmail_read_sender(struct sendmail_reading *reading)
{
    struct logline *line = reading->line;
    line->shape = SHAPE_SENDER;
    if (!take_sender(reading) || !take_numbers(reading))
        return -1;
    take_tail(reading);
    if (text_take(&reading->rest, ", msgid="))
        set_message_id(line, reading->rest);
    if (text_take(&reading->rest, ", received from ")) { /* before there was relay= */
        sendmail_set_client(line, reading->rest);
        return 1;
    }
    if (!line_has(line, LINE_RELAY))
        return -1;
    sendmail_set_client(line, line_value(line, LINE_RELAY));
    return 1;
}
