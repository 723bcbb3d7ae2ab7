/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_fact: what a line of Sendmail's means for a mail.
 *
 * The instance is "sendmail" whatever the tag: a mail is spoken of under several tags, and no two
 * Sendmails of a host give the same queue id.
 */
#include "sendmail.h"

#include <inttypes.h>
#include <stdio.h>

#include "waybill/clock.h"

static void set(struct fact *fact, enum fact_key key, const struct logline *line,
                enum line_field field)
{
    fact_set(fact, key, line_value(line, field));
}

/* A name that Sendmail itself doubts is nobody's. */
static void set_client(struct fact *fact, const struct logline *line)
{
    set(fact, KEY_IP, line, LINE_CLIENT_IP);
    if (slice_find_text(line_value(line, LINE_RELAY), "(may be forged)") < 0)
        set(fact, KEY_CLIENT, line, LINE_CLIENT_HOST);
}

/* ---- an attempt ---- */

/* "1+02:03:04" in seconds. */
static void set_delay(struct logline_reader *reader, struct fact *fact, struct slice told)
{
    uint64_t days = 0, hours, minutes, seconds;
    struct slice rest = told;
    if (!text_take_number(&rest, &hours))
        return;
    if (text_take_char(&rest, '+')) {
        days = hours;
        if (!text_take_number(&rest, &hours))
            return;
    }
    if (!text_take_char(&rest, ':') || !text_take_number(&rest, &minutes) ||
        !text_take_char(&rest, ':') || !text_take_number(&rest, &seconds) || days > 36500 ||
        hours > 99 || minutes > 99 || seconds > 99)
        return;
    snprintf(reader->delay, sizeof reader->delay, "%" PRIu64,
             ((days * 24 + hours) * 60 + minutes) * 60 + seconds);
    fact_set(fact, KEY_DELAY, slice_of(reader->delay));
}

/* name[address], the form that all relays have in a record. */
static void set_relay(struct logline_reader *reader, struct fact *fact, const struct logline *line)
{
    struct slice ip = line_value(line, LINE_RELAY_IP), name = line_value(line, LINE_RELAY_HOST);
    fact_set(fact, KEY_RELAY, line_value(line, LINE_RELAY));
    if (ip.size == 0 || ip.size + name.size + 3 > sizeof reader->relay)
        return;
    if (slice_ends(name, "."))
        name.size--;
    name = name.size > 0 ? name : ip;
    int size = snprintf(reader->relay, sizeof reader->relay, "%.*s[%.*s]", SLICE_ARGS(name),
                        SLICE_ARGS(ip));
    if (size > 0 && (size_t)size < sizeof reader->relay)
        fact_set(fact, KEY_RELAY, slice_make(reader->relay, (size_t)size));
}

/* The words of who took it or not, without Sendmail's own in front. */
static struct slice words_of(const struct logline *line)
{
    struct slice words = line_value(line, LINE_STAT);
    if (line_has(line, LINE_REPLY))
        return line_value(line, LINE_REPLY);
    if (text_take(&words, "Sent (") && slice_ends(words, ")"))
        words.size--;
    text_take(&words, "Deferred: ");
    return words;
}

/* The recipient of that number. They are asked for one after the other, so that a long list is
 * walked once; who asks otherwise begins anew. */
static bool take_recipient(struct logline_reader *reader, const struct logline *line,
                           unsigned number, struct slice *recipient)
{
    struct slice all = line_value(line, LINE_TO);
    bool alone = all.at != reader->recipients.data;
    if (number == 0 || number < reader->named_next) {
        reader->named = all;
        reader->named_next = 0;
    }
    for (*recipient = SLICE_ABSENT; reader->named_next <= number; reader->named_next++) {
        if (reader->named.at == NULL)
            return false;
        if (alone || !sendmail_take_list_item(&reader->named, recipient)) {
            *recipient = reader->named;
            reader->named = SLICE_ABSENT;
        } else if (!text_take_char(&reader->named, ',')) {
            reader->named = SLICE_ABSENT;
        }
    }
    return recipient->at != NULL;
}

/* A program or a file is never what the sender named: the alias is, whose rights it has. */
static void set_original(struct fact *fact, const struct logline *line)
{
    struct slice mailer = line_value(line, LINE_MAILER), before, alias;
    struct slice owner = line_value(line, LINE_CTLADDR);
    if (owner.at == NULL || !(slice_is(mailer, "prog") || slice_is(mailer, "*file*")))
        return;
    alias = text_cut_last(&owner, " (", &before) ? owner : line_value(line, LINE_CTLADDR);
    fact_set(fact, KEY_ORIGINAL, sendmail_bare(alias));
}

static bool delivery_fact(struct logline_reader *reader, const struct logline *line,
                          unsigned number, struct fact *fact)
{
    struct slice recipient;
    fact->kind = sendmail_outcome(line_value(line, LINE_STATUS));
    if (fact->kind == FACT_UNKNOWN || !take_recipient(reader, line, number, &recipient))
        return false;
    fact_set(fact, KEY_TO, recipient);
    set(fact, KEY_STATUS, line, LINE_DSN);
    set(fact, KEY_CAUSE, line, LINE_QUARANTINE);
    if (fact->kind == FACT_EXPANDED)
        return true;
    fact_set(fact, KEY_REPLY, words_of(line));
    if (fact->kind == FACT_HELD || fact->kind == FACT_REJECTED || fact->kind == FACT_DISCARDED)
        return true;
    set(fact, KEY_VIA, line, LINE_MAILER);
    set(fact, KEY_NEXT, line, LINE_NEXT_QUEUE_ID);
    set_relay(reader, fact, line);
    set_delay(reader, fact, line_value(line, LINE_DELAY));
    set(fact, KEY_DELAYS, line, LINE_XDELAY);
    set_original(fact, line);
    return true;
}

/* ---- a mail ---- */

/* Only a mail that came in whole has a Message-ID and recipients. */
static bool came_in(const struct logline *line)
{
    return line_has(line, LINE_MESSAGE_ID) && line_has(line, LINE_NRCPT) &&
           !slice_is(line_value(line, LINE_NRCPT), "0");
}

static bool sender_fact(const struct logline *line, unsigned number, struct fact *fact)
{
    set(fact, KEY_FROM, line, LINE_FROM);
    if (number == 0) {
        fact->kind = FACT_CLIENT;
        set_client(fact, line);
        return true;
    }
    fact->kind = FACT_ACTIVE;
    set(fact, KEY_SIZE, line, LINE_SIZE);
    set(fact, KEY_RECIPIENTS, line, LINE_NRCPT);
    set(fact, KEY_MESSAGE_ID, line, LINE_MESSAGE_ID);
    return number == 1 && came_in(line);
}

static bool session_fact(const struct logline *line, struct fact *fact)
{
    if (line_has(line, LINE_SASL_USERNAME)) {
        fact->kind = FACT_CLIENT;
        set_client(fact, line);
        set(fact, KEY_LOGIN, line, LINE_SASL_USERNAME);
        set(fact, KEY_AUTH, line, LINE_SASL_METHOD);
        return true;
    }
    fact->kind = FACT_ABANDONED;
    set(fact, KEY_PHASE, line, LINE_STAGE);
    return line_has(line, LINE_LOSTCONN);
}

/* ---- a refusal ---- */

static const struct {
    const char *stage, *phase;
    bool whole_mail;
} stages[] = {
    {"CONNECT", "connect", false}, {"HELO", "helo", false},    {"MAIL", "mail", false},
    {"RCPT", "rcpt", false},       {"DATA", "data", true},     {"header", "header", true},
    {"END-OF-MESSAGE", "eom", true},
};

/* What a filter refuses at RCPT ours may have taken, if it was asked first. */
static enum fact_kind kind_of_refusal(const struct logline *line, bool whole_mail)
{
    struct slice action = line_value(line, LINE_ACTION);
    if (slice_is(action, "discard"))
        return FACT_DISCARDED;
    if (slice_is(action, "quarantine"))
        return FACT_HELD;
    bool later = line_has(line, LINE_MILTER_ACTION) &&
                 slice_is(line_value(line, LINE_STAGE), "RCPT");
    return whole_mail || later ? FACT_REJECTED : FACT_REFUSED;
}

static bool refusal_fact(const struct logline *line, struct fact *fact)
{
    struct slice stage = line_value(line, LINE_STAGE);
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (!slice_is(stage, stages[i].stage))
            continue;
        fact_set(fact, KEY_PHASE, slice_of(stages[i].phase));
        fact->kind = kind_of_refusal(line, stages[i].whole_mail);
    }
    set(fact, KEY_REPLY, line, LINE_REPLY);
    set(fact, KEY_STATUS, line, LINE_REJECT_DSN);
    set(fact, KEY_CAUSE, line, LINE_QUARANTINE);
    if (fact->kind == FACT_DISCARDED || fact->kind == FACT_HELD) {
        /* it befalls the whole mail, whichever recipient brought it about */
        return line_has(line, LINE_QUEUE_ID);
    }
    set(fact, KEY_FROM, line, LINE_FROM);
    set(fact, KEY_TO, line, LINE_TO);
    set(fact, KEY_HELO, line, LINE_HELO);
    set_client(fact, line);
    return fact->kind == FACT_REFUSED || line_has(line, LINE_QUEUE_ID);
}

/* ---- a report ---- */

/* "Cannot send message for 5 days" is said of all that is left, by Sendmail alone. */
static bool notified_fact(const struct logline *line, unsigned number, struct fact *fact)
{
    struct slice words = line_value(line, LINE_MESSAGE);
    if (number == 0) {
        fact->kind = FACT_NOTIFIED;
        set(fact, KEY_NEXT, line, LINE_BOUNCE_QUEUE_ID);
        fact_set(fact, KEY_CAUSE, words);
        return true;
    }
    fact->kind = FACT_EXPIRED;
    if ((!text_take(&words, "sender notify: ") && !text_take(&words, "postmaster notify: ")) ||
        !slice_starts(words, "Cannot send message "))
        return false;
    fact_set(fact, KEY_REPLY, words);
    return number == 1;
}

/* ---- all of them ---- */

bool sendmail_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                   struct fact *fact)
{
    fact_init(fact, WITNESS_LOG, FACT_UNKNOWN, line->time);
    fact_set(fact, KEY_HOST, line_value(line, LINE_HOST));
    fact_set(fact, KEY_INSTANCE, line->instance);
    set(fact, KEY_QUEUE, line, LINE_QUEUE_ID);
    if (line->shape == SHAPE_DELIVERY)
        return delivery_fact(reader, line, number, fact);
    if (line->shape == SHAPE_SENDER)
        return sender_fact(line, number, fact);
    if (line->shape == SHAPE_NOTIFIED)
        return notified_fact(line, number, fact);
    if (number > 0)
        return false;
    switch (line->shape) {
    case SHAPE_REFUSAL:
        return refusal_fact(line, fact);
    case SHAPE_CLONE:
        fact->kind = FACT_EXPANDED;
        set(fact, KEY_NEXT, line, LINE_NEXT_QUEUE_ID);
        return true;
    case SHAPE_HELD:
        fact->kind = FACT_HELD;
        set(fact, KEY_CAUSE, line, LINE_QUARANTINE);
        return true;
    case SHAPE_REMOVED:
        fact->kind = FACT_REMOVED;
        return true;
    default:
        return line_has(line, LINE_QUEUE_ID) && session_fact(line, fact);
    }
}
