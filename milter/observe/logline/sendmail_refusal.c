/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_refusal: what rulesets, filters and Sendmail itself refuse, throw away or set aside.
 *
 *     ruleset=check_rcpt, arg1=<a>, relay=name [ip], reject=550 5.7.1 <a>... WORDS
 *     Milter: to=<a>, reject=451 4.7.1 WORDS         Milter: data, discard
 *     milter=NAME, quarantine=WORDS
 *     <a>... WORDS                                   at RCPT
 *
 * arg1 of a ruleset for a header is that header, a stranger's words with commas and all: what
 * follows is looked for from the end.
 */
#include "sendmail.h"

static const struct phase {
    const char *word; /* of a ruleset, or in a Milter: line */
    const char *stage;
    enum line_field argument; /* LINE_FIELD_COUNT: no address */
} phases[] = {
    {"check_relay", "CONNECT", LINE_FIELD_COUNT},
    {"check_mail", "MAIL", LINE_FROM},
    {"check_rcpt", "RCPT", LINE_TO},
    {"check_data", "DATA", LINE_FIELD_COUNT},
    {"check_eom", "END-OF-MESSAGE", LINE_FIELD_COUNT},
    {"tls_client", "MAIL", LINE_FIELD_COUNT},
    {"connect", "CONNECT", LINE_FIELD_COUNT},
    {"helo", "HELO", LINE_HELO},
    {"from", "MAIL", LINE_FROM},
    {"to", "RCPT", LINE_TO},
    {"data", "END-OF-MESSAGE", LINE_FIELD_COUNT},
};
/* Rulesets that are asked of no mail, or once it is in the queue. */
static const char *const aside[] = {
    "check_vrfy", "check_expn", "check_etrn", "check_compat", "trust_auth", "tls_server",
    "tls_rcpt",   "srv_features", "try_tls",
};

static const struct phase *find_phase(struct slice word)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (slice_is(word, phases[i].word))
            return &phases[i];
    return NULL;
}

static void set_argument(struct logline *line, const struct phase *phase, struct slice argument)
{
    line_set(line, LINE_STAGE, slice_of(phase->stage));
    if (phase->argument != LINE_FIELD_COUNT)
        line_set(line, phase->argument, sendmail_bare(argument));
}

/* What was done: ", reject=550 ...", ", discard", ", quarantine=...". */
static int read_action(struct logline *line, struct slice rest)
{
    line->shape = SHAPE_REFUSAL;
    if (text_take(&rest, ", reject=")) {
        line_set(line, LINE_ACTION, slice_of("reject"));
        sendmail_set_reply(line, rest);
        line_set(line, LINE_REPLY, rest);
    } else if (slice_is(rest, ", discard")) {
        line_set(line, LINE_ACTION, slice_of("discard"));
    } else if (text_take(&rest, ", quarantine=")) {
        line_set(line, LINE_ACTION, slice_of("quarantine"));
        line_set(line, LINE_QUARANTINE, rest);
    } else {
        return -1;
    }
    return 1;
}

/* ---- rulesets ---- */

/* ", arg2=x", ", relay=name [ip]": all that stands before the action. */
static int read_arguments(struct sendmail_reading *reading)
{
    for (;;) {
        struct slice rest = reading->rest, value;
        struct slice name = sendmail_take_name(&rest);
        if (name.at == NULL || slice_is(name, "reject") || slice_is(name, "quarantine"))
            return read_action(reading->line, reading->rest);
        if (!sendmail_take_item(&rest, &value))
            return -1;
        if (slice_is(name, "relay")) {
            line_set(reading->line, LINE_RELAY, value);
            sendmail_set_client(reading->line, value);
        }
        reading->rest = rest;
    }
}

/* Of a header. Its words are stepped over, up to the last relay=. */
static int read_header(struct sendmail_reading *reading)
{
    struct slice words = reading->rest, tail;
    line_set(reading->line, LINE_STAGE, slice_of("header"));
    if (!text_cut_last(&words, ", relay=", &tail))
        return -1;
    reading->rest = slice_make(words.at + words.size, reading->rest.size - words.size);
    return read_arguments(reading);
}

/* Nothing befell a mail, whatever was answered. */
static int read_aside(struct sendmail_reading *reading)
{
    struct slice argument;
    if (sendmail_take_item(&reading->rest, &argument))
        read_arguments(reading);
    reading->line->shape = SHAPE_NONE;
    return 0;
}

int sendmail_read_ruleset(struct sendmail_reading *reading)
{
    struct slice ruleset, argument;
    if (!text_take_until(&reading->rest, ',', &ruleset) || !text_take(&reading->rest, " arg1="))
        return 0;
    line_set(reading->line, LINE_RULESET, ruleset);
    const struct phase *phase = find_phase(ruleset);
    for (size_t i = 0; i < sizeof aside / sizeof aside[0]; i++)
        if (slice_is(ruleset, aside[i]))
            return read_aside(reading);
    if (phase == NULL)
        return read_header(reading);
    if (!sendmail_take_item(&reading->rest, &argument))
        return -1;
    set_argument(reading->line, phase, argument);
    return read_arguments(reading);
}

/* ---- filters ---- */

/* "host=name, addr=ip, rejecting commands" */
static int read_connect(struct sendmail_reading *reading)
{
    struct slice *rest = &reading->rest, host, address;
    if (!text_take(rest, " host=") || !sendmail_take_item(rest, &host) ||
        !text_take(rest, ", addr=") || !sendmail_take_item(rest, &address))
        return -1;
    if (!slice_is(*rest, ", rejecting commands") && !slice_is(*rest, ", temp failing commands"))
        return 0;
    reading->line->shape = SHAPE_REFUSAL;
    line_set(reading->line, LINE_STAGE, slice_of("CONNECT"));
    line_set(reading->line, LINE_ACTION, slice_of("reject"));
    line_set(reading->line, LINE_CLIENT_HOST, host);
    line_set(reading->line, LINE_CLIENT_IP, address);
    line_set(reading->line, LINE_REPLY, slice_make(rest->at + 2, rest->size - 2));
    return 1;
}

/* Our own kind of program said so: before us or after us. Most other lines tell what it did. */
int sendmail_read_milter(struct sendmail_reading *reading)
{
    struct slice *rest = &reading->rest, word, argument = SLICE_ABSENT;
    if (text_take(rest, "connect:"))
        return read_connect(reading);
    text_take(rest, "cmd=");
    if (!text_take_any(rest, "abcdefghijklmnopqrstuvwxyz", &word))
        return 0;
    const struct phase *phase = find_phase(word);
    if (phase == NULL)
        return 0;
    if (text_take_char(rest, '=') && !sendmail_take_item(rest, &argument))
        return -1;
    set_argument(reading->line, phase, argument);
    int result = read_action(reading->line, *rest);
    line_set(reading->line, LINE_MILTER_ACTION, line_value(reading->line, LINE_ACTION));
    line_set(reading->line, LINE_MILTER_MESSAGE, line_value(reading->line, LINE_REPLY));
    return result < 0 ? 0 : result;
}

/* "milter=NAME, reject=..." is told again as "Milter: ..."; what is set aside is told here only. */
int sendmail_read_filter(struct sendmail_reading *reading)
{
    struct slice name;
    if (!sendmail_take_item(&reading->rest, &name) ||
        !text_take(&reading->rest, ", quarantine="))
        return 0;
    reading->line->shape = SHAPE_HELD;
    line_set(reading->line, LINE_MILTER_ACTION, slice_of("quarantine"));
    line_set(reading->line, LINE_MILTER_MESSAGE, reading->rest);
    line_set(reading->line, LINE_QUARANTINE, reading->rest);
    return 1;
}

/* ---- Sendmail itself ---- */

int sendmail_read_user_error(struct sendmail_reading *reading)
{
    struct slice *rest = &reading->rest, address, all = *rest;
    size_t size = 0;
    for (bool quoted = false; size < all.size && (quoted || all.at[size] != '>'); size++)
        if (all.at[size] == '\\' && size + 1 < all.size)
            size++;
        else if (all.at[size] == '"')
            quoted = !quoted;
    address = slice_make(all.at, size);
    *rest = slice_make(all.at + size, all.size - size);
    if (!text_take(rest, ">... "))
        return 0;
    reading->line->shape = SHAPE_REFUSAL;
    line_set(reading->line, LINE_ACTION, slice_of("reject"));
    line_set(reading->line, LINE_STAGE, slice_of("RCPT"));
    line_set(reading->line, LINE_TO, address);
    line_set(reading->line, LINE_REJECT_REASON, *rest);
    line_set(reading->line, LINE_REPLY, *rest);
    return 1;
}
