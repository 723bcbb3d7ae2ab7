/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cause: see cause.h. The words of the log are those of the server, in a wrapping of the MTA:
 * "host mx.example.org[192.0.2.1] said: 550 ... (in reply to RCPT TO command)".
 */
#include "waybill/cause.h"

#include "relay.h"

bool cause_wanted(enum recipient_state state)
{
    return state == STATE_DELAYED || state == STATE_FAILED || state == STATE_EXPIRED ||
           state == STATE_REJECTED;
}

static const struct {
    const char *tail, *command;
} tails[] = {
    {"(in reply to RCPT TO command)", "RCPT"}, {"(in reply to end of DATA command)", "DATA"},
    {"(in reply to DATA command)", "DATA"},    {"(in reply to MAIL FROM command)", "MAIL"},
    {"(in reply to EHLO command)", "EHLO"},    {"(in reply to HELO command)", "EHLO"},
};

static void unwrap(struct slice reply, struct evidence *evidence)
{
    ptrdiff_t said = slice_find_text(reply, " said: ");

    if (said >= 0 && slice_starts(reply, "host "))
        reply = slice_make(reply.at + said + 7, reply.size - (size_t)said - 7);
    evidence->words = reply;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++)
        if (slice_ends(reply, tails[i].tail)) {
            size_t size = reply.size - slice_of(tails[i].tail).size;
            evidence->words = slice_trim(slice_make(reply.at, size));
            evidence->command = slice_of(tails[i].command);
        }
}

/* The queue manager gives up without a word; those of the last attempt say why. */
static const struct fact *last_attempt(const struct waybill *waybill,
                                       const struct recipient *recipient)
{
    uint64_t hash = recipient_hash(recipient->address);

    for (size_t i = waybill->fact_count; i > 0; i--) {
        const struct fact *fact = &waybill->facts[i - 1];
        if (fact->kind == FACT_DELAYED && fact->value[KEY_REPLY].size > 0 &&
            fact->value[KEY_TO].at != NULL && recipient_hash(fact->value[KEY_TO]) == hash &&
            waybill->trust[i - 1] != TRUST_CLAIMED)
            return fact;
    }
    return NULL;
}

static void take_words(const struct waybill *waybill, const struct recipient *recipient,
                       struct cause *cause, struct relay *server)
{
    const struct fact *fact = NULL;

    cause->words = recipient->reply;
    cause->status = recipient->status;
    cause->here = !relay_decided(waybill, recipient, server) &&
                  !relay_is_beyond(waybill, recipient);
    if (recipient->state == STATE_EXPIRED && recipient->reply.size == 0)
        fact = last_attempt(waybill, recipient);
    if (fact == NULL)
        return;
    cause->words = fact->value[KEY_REPLY];
    cause->status = fact->value[KEY_STATUS];
    cause->here = !relay_read(fact->value[KEY_RELAY], server);
}

static void ask(const struct phrasebook *book, const struct relay *server, bool delayed,
                struct cause *cause)
{
    struct evidence evidence = {
        .status = cause->status, .host = server->name, .delayed = delayed};
    struct decision decision;

    unwrap(cause->words, &evidence);
    phrasebook_ask(book, &evidence, &decision);
    cause->reason = decision.reason;
    cause->rule = decision.rule;
}

void cause_find(const struct phrasebook *book, const struct waybill *waybill,
                const struct recipient *recipient, struct cause *cause)
{
    int told = recipient->reason.at != NULL ? reason_of(recipient->reason) : -1;
    struct relay server;

    *cause = (struct cause){.reason = REASON_UNDEFINED};
    take_words(waybill, recipient, cause, &server);
    /* A report that found no reason may be older than the rules. */
    if (told > REASON_ONHOLD)
        cause->reason = (enum reason)told;
    else
        ask(book, &server, recipient->state == STATE_DELAYED, cause);
    if (recipient->state == STATE_EXPIRED && cause->reason <= REASON_ONHOLD)
        cause->reason = REASON_EXPIRED;
}

void cause_of_attempt(const struct phrasebook *book, const struct fact *fact, struct cause *cause)
{
    struct relay server;

    *cause = (struct cause){.reason = REASON_UNDEFINED,
                            .words = fact->value[KEY_REPLY],
                            .status = fact->value[KEY_STATUS]};
    cause->here = !relay_read(fact->value[KEY_RELAY], &server);
    ask(book, &server, fact->kind == FACT_DELAYED, cause);
}
