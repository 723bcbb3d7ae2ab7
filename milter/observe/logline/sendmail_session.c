/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_session: lines about a connection, not about a mail's way.
 *
 *     AUTH=server, relay=name [ip], authid=ann, mech=PLAIN, bits=0
 *     AUTH failure (LOGIN): WORDS, user=ann, relay=name [ip]
 *     STARTTLS=server, relay=name [ip], version=TLSv1.3, verify=OK, cipher=X, bits=256/256
 *     lost input channel from name [ip] to MTA after data
 *     collect: premature EOM: WORDS
 *     name [ip] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA
 */
#include "sendmail.h"

/* The login name is a client's, but a true one; what follows it is looked for from the end. */
static int read_login(struct sendmail_reading *reading)
{
    struct logline *line = reading->line;
    struct slice *rest = &reading->rest, relay, bits, mech;
    if (!text_take(rest, "relay=") || !text_take_until_text(rest, ", authid=", &relay) ||
        !text_cut_last(rest, ", bits=", &bits) || !text_cut_last(rest, ", mech=", &mech))
        return 0;
    sendmail_set_client(line, relay);
    line_set(line, LINE_RELAY, relay);
    line_set(line, LINE_SASL_METHOD, mech);
    line_set(line, LINE_SASL_USERNAME, *rest);
    line->shape = SHAPE_CLIENT;
    return 1;
}

static int read_login_failure(struct sendmail_reading *reading)
{
    struct slice relay;
    if (text_cut_last(&reading->rest, ", relay=", &relay)) {
        sendmail_set_client(reading->line, relay);
        line_set(reading->line, LINE_RELAY, relay);
    }
    return 0;
}

static int read_tls(struct sendmail_reading *reading)
{
    static const struct {
        const char *name;
        enum line_field field;
    } fields[] = {
        {"relay", LINE_RELAY},        {"version", LINE_TLS_VERSION},
        {"verify", LINE_TLS_TRUST},   {"cipher", LINE_TLS_CIPHER},
        {"bits", LINE_TLS_CIPHER_BITS},
    };
    struct slice side, value, name;
    if (!text_take_until(&reading->rest, ',', &side))
        return 0;
    reading->rest = slice_make(side.at + side.size, reading->rest.size + 1);
    while ((name = sendmail_take_name(&reading->rest)).at != NULL &&
           sendmail_take_item(&reading->rest, &value))
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (slice_is(name, fields[i].name) && value.size > 0)
                line_set(reading->line, fields[i].field, value);
    value = line_value(reading->line, LINE_TLS_CIPHER_BITS);
    if (text_take_until(&value, '/', &name))
        line_set(reading->line, LINE_TLS_CIPHER_BITS, name);
    if (slice_is(side, "server"))
        sendmail_set_client(reading->line, line_value(reading->line, LINE_RELAY));
    return 0;
}

/* Within a mail it is the end of that mail; else there was none. */
static int read_lost(struct sendmail_reading *reading)
{
    static const char *const phases[] = {"mail", "rcpt", "data"};
    struct slice *rest = &reading->rest, phase;
    sendmail_set_client(reading->line, *rest);
    if (!text_cut_last(rest, " after ", &phase))
        return 0;
    line_set(reading->line, LINE_LOSTCONN, phase);
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (slice_is(phase, phases[i])) {
            line_set(reading->line, LINE_STAGE, phase);
            return line_has(reading->line, LINE_QUEUE_ID);
        }
    return 0;
}

static int read_collect(struct sendmail_reading *reading)
{
    line_set(reading->line, LINE_LOSTCONN, slice_of("data"));
    line_set(reading->line, LINE_STAGE, slice_of("data"));
    line_set(reading->line, LINE_MESSAGE, reading->rest);
    return line_has(reading->line, LINE_QUEUE_ID);
}

static int read_client(struct sendmail_reading *reading)
{
    reading->rest = slice_trim(reading->rest);
    sendmail_set_client(reading->line, reading->rest);
    return 0;
}

static const struct {
    const char *words;
    int (*read)(struct sendmail_reading *reading);
} shapes[] = {
    {"AUTH=server, ", read_login},
    {"AUTH failure (", read_login_failure},
    {"STARTTLS=", read_tls},
    {"lost input channel from ", read_lost},
    {"collect: premature EOM: ", read_collect},
    {"timeout waiting for input from ", read_client},
    {"rejecting commands from ", read_client},
    {"connect from ", read_client},
    {"Null connection from ", read_client},
    {"unauthorized PIPELINING, sleeping, relay=", read_client},
};

int sendmail_read_session(struct sendmail_reading *reading)
{
    struct slice name, ip, rest = reading->rest;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (text_take(&reading->rest, shapes[i].words))
            return shapes[i].read(reading);
    /* "name [ip]: possible SMTP attack", "[ip]: vrfy info [rejected]", "name [ip] did not ..." */
    if (sendmail_take_host(&rest, &name, &ip) && ip.at != NULL &&
        (rest.size == 0 || rest.at[0] == ':' || rest.at[0] == ' '))
        sendmail_set_client(reading->line, reading->rest);
    return 0;
}
