/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_delivery: what Sendmail says of an attempt.
 *
 *     to=<a>,<b>, ctladdr=c (1/2), delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30107,
 *     relay=host [ip], dsn=5.1.1, reply=550 5.1.1 WORDS, stat=User unknown
 *
 * A list that is too long goes over several lines: "to=<a> [more], ..." and "to=,<b>, ...".
 *
 * dsn= is taken from the other server's reply as it is, so it proves nothing. The first words
 * behind stat= are Sendmail's own where there is no reply=: "Sent", "Deferred", "User unknown".
 * Behind reply= the other server may write ", stat=Sent", too; but the digit that it begins with
 * is what Sendmail itself went by.
 *
 * Without mailer= nobody was tried: the mail was refused or thrown away at its end, and stat= is
 * what was answered.
 */
#include "sendmail.h"

static const struct {
    const char *name;
    enum line_field field;
} fields[] = {
    {"ctladdr", LINE_CTLADDR},  {"delay", LINE_DELAY},      {"xdelay", LINE_XDELAY},
    {"mailer", LINE_MAILER},    {"pri", LINE_PRI},          {"relay", LINE_RELAY},
    {"dsn", LINE_DSN},          {"ntries", LINE_NTRIES},    {"tls_verify", LINE_TLS_TRUST},
    {"cipher", LINE_TLS_CIPHER}, {"tls_version", LINE_TLS_VERSION},
};

static const char sent[] = "sent", deferred[] = "deferred", bounced[] = "bounced";

/* Sendmail's words for what will be tried again and what will not. */
static const struct {
    const char *words, *status;
} vocabulary[] = {
    {"Sent", sent},
    {"Deferred", deferred},
    {"I/O error", deferred},
    {"Operating system error", deferred},
    {"User unknown", bounced},
    {"Host unknown", bounced},
    {"Service unavailable", bounced},
    {"Data format error", bounced},
    {"Remote protocol error", bounced},
    {"Local configuration error", bounced},
    {"Command line usage error", bounced},
    {"Cannot open input", bounced},
    {"Internal error", bounced},
    {"System file missing", bounced},
    {"Can't create output", bounced},
    {"Insufficient permission", bounced},
    {"unknown mailer error", bounced},
};

static const struct {
    const char *status;
    enum fact_kind kind;
} outcomes[] = {
    {sent, FACT_DELIVERED},     {deferred, FACT_DELAYED},    {bounced, FACT_FAILED},
    {"quarantined", FACT_HELD}, {"rejected", FACT_REJECTED}, {"discarded", FACT_DISCARDED},
    {"expanded", FACT_EXPANDED},
};

enum fact_kind sendmail_outcome(struct slice status)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (slice_is(status, outcomes[i].status))
            return outcomes[i].kind;
    return FACT_UNKNOWN;
}

/* ---- to= ---- */

/* The recipients without their brackets, with a comma between. One alone is shown as it stands. */
static bool set_recipients(struct sendmail_reading *reading, struct slice list)
{
    struct buffer *joined = &reading->reader->recipients;
    struct slice item = SLICE_ABSENT;
    unsigned count = 0;
    text_take_char(&list, ',');
    buffer_clear(joined);
    for (; count == 0 || text_take_char(&list, ','); count++) {
        if (!sendmail_take_list_item(&list, &item))
            return false;
        item = sendmail_bare(item);
        if (count > 0)
            buffer_add_char(joined, ',');
        buffer_add(joined, item.at, item.size);
    }
    if (joined->failed)
        return false;
    line_set(reading->line, LINE_TO, count == 1 ? item : slice_make(joined->data, joined->size));
    return true;
}

static bool take_recipients(struct sendmail_reading *reading)
{
    struct slice list;
    if (!sendmail_take_item(&reading->rest, &list))
        return false;
    if (slice_ends(list, " [more]"))
        list.size -= sizeof " [more]" - 1;
    return list.size > 0 && set_recipients(reading, list);
}

/* ---- reply= and stat= ---- */

/* "Sent", "Sent (...)", "Deferred: ...": the words end there, or a stranger's begin. */
static bool begins_with(struct slice stat, const char *words)
{
    return text_take(&stat, words) && (stat.size == 0 || stat.at[0] == ' ' || stat.at[0] == ':');
}

static const char *status_of_words(struct slice stat)
{
    for (size_t i = 0; i < sizeof vocabulary / sizeof vocabulary[0]; i++)
        if (begins_with(stat, vocabulary[i].words))
            return vocabulary[i].status;
    return NULL;
}

/* By the first digit of a status code or of a reply; NULL: it is no such thing. */
static const char *status_of_class(struct slice code)
{
    switch (code.size > 0 ? code.at[0] : '\0') {
    case '2':
        return sent;
    case '4':
        return deferred;
    case '5':
        return bounced;
    default:
        return NULL;
    }
}

/* Which of the ", stat=" is Sendmail's? The first that says what the reply's digit does; else the
 * only one there is, if it does not tell of a success. */
static const char *split_reply(struct slice rest, struct slice *reply, struct slice *stat)
{
    const char *wanted = status_of_class(rest), *found = NULL;
    struct slice after = rest, before;
    unsigned count = 0;
    for (; text_take_until_text(&after, ", stat=", &before); count++) {
        *reply = slice_make(rest.at, (size_t)(before.at - rest.at) + before.size);
        *stat = after;
        found = status_of_words(after);
        if (found == NULL)
            found = wanted;
        if (found != NULL && found == wanted)
            return found;
    }
    return count == 1 && found != sent ? found : NULL;
}

static int set_status(struct logline *line, struct slice stat, const char *status)
{
    line_set(line, LINE_STAT, stat);
    if (status == NULL)
        return -1;
    line_set(line, LINE_STATUS, slice_of(status));
    return 1;
}

static int read_reply(struct sendmail_reading *reading)
{
    struct slice reply = SLICE_ABSENT, stat = SLICE_ABSENT;
    const char *status = split_reply(reading->rest, &reply, &stat);
    line_set(reading->line, LINE_REPLY, reply);
    return set_status(reading->line, stat, status);
}

/* Nobody was tried. Before there was pri= in the lines, there was no mailer= either. */
static const char *status_untried(const struct logline *line, struct slice stat)
{
    if (slice_is(stat, "discarded"))
        return "discarded";
    return line_has(line, LINE_PRI) ? "rejected" : status_of_words(stat);
}

static int read_stat(struct sendmail_reading *reading)
{
    struct logline *line = reading->line;
    struct slice stat = reading->rest;
    const char *status = status_of_words(stat);
    if (!line_has(line, LINE_MAILER))
        status = status_untried(line, stat);
    else if (slice_is(stat, "queued") || slice_is(stat, "quarantined"))
        status = slice_is(stat, "queued") ? "queued" : "quarantined";
    else if (status == NULL && !slice_starts(line_value(line, LINE_DSN), "2"))
        status = line_has(line, LINE_DSN) ? status_of_class(line_value(line, LINE_DSN)) : bounced;
    return set_status(line, stat, status);
}

/* "Sent (Ok: queued as X)", "Sent (X Message accepted for delivery)": a claim of the next hop. */
static void set_next(struct logline *line, struct slice stat)
{
    struct slice id, before;
    if (!text_take(&stat, "Sent ("))
        return;
    struct slice rest = stat;
    if (sendmail_take_queue_id(&rest, &id) && slice_starts(rest, " Message accepted"))
        line_set(line, LINE_NEXT_QUEUE_ID, id);
    else if (text_take_until_text(&stat, "queued as ", &before) &&
             text_take_any(&stat,
                           "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_", &id))
        line_set(line, LINE_NEXT_QUEUE_ID, id);
}

/* ---- the line ---- */

/* quarantine= is a filter's word for a virus, and the last but one. */
static int read_quarantine(struct sendmail_reading *reading)
{
    struct slice words = reading->rest, stat;
    if (!text_cut_last(&words, ", stat=", &stat) || !slice_is(stat, "quarantined"))
        return -1;
    line_set(reading->line, LINE_QUARANTINE, words);
    return set_status(reading->line, stat, "quarantined");
}

static bool take_field(struct sendmail_reading *reading, struct slice name)
{
    struct slice value;
    if (!sendmail_take_item(&reading->rest, &value))
        return false;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (slice_is(name, fields[i].name)) {
            if (line_has(reading->line, fields[i].field))
                return false;
            line_set(reading->line, fields[i].field, value);
        }
    return true;
}

static int read_fields(struct sendmail_reading *reading)
{
    for (;;) {
        struct slice name = sendmail_take_name(&reading->rest);
        if (slice_is(name, "stat"))
            return read_stat(reading);
        if (slice_is(name, "reply"))
            return read_reply(reading);
        if (slice_is(name, "quarantine"))
            return read_quarantine(reading);
        if (name.at == NULL || !take_field(reading, name))
            return -1;
    }
}

int sendmail_read_delivery(struct sendmail_reading *reading)
{
    struct logline *line = reading->line;
    struct slice relay, name, ip;
    line->shape = SHAPE_DELIVERY;
    if (!take_recipients(reading))
        return -1;
    int result = read_fields(reading);
    relay = line_value(line, LINE_RELAY);
    if (sendmail_take_host(&relay, &name, &ip)) {
        line_set(line, LINE_RELAY_HOST, name);
        line_set(line, LINE_RELAY_IP, ip);
    }
    if (result == 1 && slice_is(line_value(line, LINE_STATUS), sent))
        set_next(line, line_value(line, LINE_STAT));
    return result;
}
