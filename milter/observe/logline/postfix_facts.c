/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_facts: the facts of a line of Postfix's whose fields are read. Only shape, status,
 * action, stage and service decide which; all other fields are values.
 */
#include "postfix.h"

static void copy(struct fact *fact, enum fact_key key, const struct logline *line,
                 enum line_field field)
{
    fact_set(fact, key, line_value(line, field));
}

static void copy_client(struct fact *fact, const struct logline *line)
{
    copy(fact, KEY_CLIENT, line, LINE_CLIENT_HOST);
    copy(fact, KEY_IP, line, LINE_CLIENT_IP);
    copy(fact, KEY_PORT, line, LINE_CLIENT_PORT);
}

/* A client that may name a sender (sasl_sender=) could write what stands behind it, so then no
 * earlier queue id is taken. */
static enum fact_kind client(const struct logline *line, struct fact *fact)
{
    struct slice previous = line_value(line, LINE_ORIG_QUEUE_ID), rest = previous, id;
    copy_client(fact, line);
    copy(fact, KEY_AUTH, line, LINE_SASL_METHOD);
    copy(fact, KEY_LOGIN, line, LINE_SASL_USERNAME);
    if (previous.at != NULL && !line_has(line, LINE_SASL_SENDER) &&
        postfix_take_queue_id(&rest, &id) && rest.size == 0) {
        fact_set(fact, KEY_PREVIOUS, previous);
        fact_set(fact, KEY_CAUSE, slice_of("filter"));
    }
    return FACT_CLIENT;
}

static enum fact_kind pickup(const struct logline *line, struct fact *fact)
{
    copy(fact, KEY_UID, line, LINE_UID);
    copy(fact, KEY_FROM, line, LINE_FROM);
    if (line_has(line, LINE_ORIG_ID)) {
        copy(fact, KEY_PREVIOUS, line, LINE_ORIG_ID);
        fact_set(fact, KEY_CAUSE, slice_of("requeue"));
    }
    return FACT_CLIENT;
}

static enum fact_kind cleanup(const struct logline *line, struct fact *fact)
{
    copy(fact, KEY_MESSAGE_ID, line, LINE_MESSAGE_ID);
    return FACT_CLEANUP;
}

static enum fact_kind active(const struct logline *line, struct fact *fact)
{
    copy(fact, KEY_FROM, line, LINE_FROM);
    copy(fact, KEY_SIZE, line, LINE_SIZE);
    copy(fact, KEY_RECIPIENTS, line, LINE_NRCPT);
    return FACT_ACTIVE;
}

static enum fact_kind given_up(const struct logline *line, struct fact *fact)
{
    copy(fact, KEY_FROM, line, LINE_FROM);
    copy(fact, KEY_REPLY, line, LINE_REPLY);
    fact_set(fact, KEY_VIA, line->service);
    return FACT_EXPIRED;
}

static enum fact_kind sent(const struct logline *line)
{
    if (slice_is(line->service, "discard"))
        return FACT_DISCARDED;
    return slice_is(line->service, "local") &&
                   slice_starts(line_value(line, LINE_REPLY), "forwarded as ")
               ? FACT_EXPANDED
               : FACT_DELIVERED;
}

static enum fact_kind outcome(const struct logline *line)
{
    static const struct {
        const char *word;
        enum fact_kind kind;
    } outcomes[] = {
        {"deferred", FACT_DELAYED},      {"SOFTBOUNCE", FACT_DELAYED},
        {"bounced", FACT_FAILED},        {"expired", FACT_EXPIRED},
        {"force-expired", FACT_EXPIRED},
    };
    struct slice status = line_value(line, LINE_STATUS);
    if (slice_is(status, "sent"))
        return sent(line);
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (slice_is(status, outcomes[i].word))
            return outcomes[i].kind;
    return FACT_UNKNOWN;
}

static enum fact_kind delivery(const struct logline *line, struct fact *fact)
{
    copy(fact, KEY_TO, line, LINE_TO);
    copy(fact, KEY_ORIGINAL, line, LINE_ORIG_TO);
    copy(fact, KEY_RELAY, line, LINE_RELAY);
    copy(fact, KEY_CONNECTION, line, LINE_CONN_USE);
    copy(fact, KEY_DELAY, line, LINE_DELAY);
    copy(fact, KEY_DELAYS, line, LINE_DELAYS);
    copy(fact, KEY_STATUS, line, LINE_DSN);
    copy(fact, KEY_REPLY, line, LINE_REPLY);
    copy(fact, KEY_NEXT, line, LINE_NEXT_QUEUE_ID);
    fact_set(fact, KEY_VIA, line->service);
    return outcome(line);
}

static enum fact_kind by_administrator(struct fact *fact, enum fact_kind kind)
{
    fact_set(fact, KEY_CAUSE, slice_of("postsuper"));
    return kind;
}

static enum fact_kind removed(const struct logline *line, struct fact *fact)
{
    fact_set(fact, KEY_VIA, line->service);
    return slice_is(line->service, "postsuper") ? by_administrator(fact, FACT_CANCELED)
                                                : FACT_REMOVED;
}

static enum fact_kind notified(const struct logline *line, struct fact *fact)
{
    copy(fact, KEY_NEXT, line, LINE_BOUNCE_QUEUE_ID);
    copy(fact, KEY_CAUSE, line, LINE_MESSAGE);
    return FACT_NOTIFIED;
}

/* From DATA on the action befalls the whole mail, while to= names one recipient of several; the
 * stage tells it. Others (VRFY, ETRN, AUTH, ...) have no mail. */
static const struct stage {
    const char *word, *phase;
    bool whole_mail, content;
} stages[] = {
    {"CONNECT", "connect", false, false},
    {"HELO", "helo", false, false},
    {"EHLO", "helo", false, false},
    {"MAIL", "mail", false, false},
    {"RCPT", "rcpt", false, false},
    {"DATA", "data", true, false},
    {"BDAT", "data", true, false},
    {"END-OF-MESSAGE", "eom", true, false},
    {"header", "header", true, true},
    {"mime-header", "header", true, true},
    {"nested-header", "header", true, true},
    {"body", "body", true, true},
};

static const struct stage *find_stage(struct slice word)
{
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (slice_is(word, stages[i].word))
            return &stages[i];
    return NULL;
}

/* What smtpd itself refuses at RCPT our milter is told of as refused; what another milter refuses
 * there we took for taken, if it comes after us. */
static enum fact_kind verdict(struct slice action, bool queued, const struct stage *stage)
{
    bool by_milter = text_take(&action, "milter-");
    if (slice_is(action, "reject"))
        return queued && (stage->whole_mail || (by_milter && slice_is(slice_of(stage->word), "RCPT")))
                   ? FACT_REJECTED
                   : FACT_REFUSED;
    if (!queued) /* the mail that will be held or thrown away has no name yet */
        return FACT_UNKNOWN;
    if (slice_is(action, "hold"))
        return FACT_HELD;
    return slice_is(action, "discard") ? FACT_DISCARDED : FACT_UNKNOWN;
}

static enum fact_kind refusal(const struct logline *line, struct fact *fact)
{
    const struct stage *stage = find_stage(line_value(line, LINE_STAGE));
    if (stage == NULL)
        return FACT_UNKNOWN;
    fact_set(fact, KEY_PHASE, slice_of(stage->phase));
    copy(fact, KEY_REPLY, line, LINE_REPLY);
    copy(fact, KEY_STATUS, line, LINE_REJECT_DSN);
    if (!stage->content) {
        copy_client(fact, line);
        copy(fact, KEY_FROM, line, LINE_FROM);
        copy(fact, KEY_TO, line, LINE_TO);
        copy(fact, KEY_HELO, line, LINE_HELO);
    }
    return verdict(line_value(line, LINE_ACTION), fact->value[KEY_QUEUE].at != NULL, stage);
}

static enum fact_kind tell(const struct logline *line, struct fact *fact)
{
    switch (line->shape) {
    case SHAPE_CLIENT:
        return client(line, fact);
    case SHAPE_PICKUP:
        return pickup(line, fact);
    case SHAPE_CLEANUP:
        return cleanup(line, fact);
    case SHAPE_ACTIVE:
        return active(line, fact);
    case SHAPE_GIVEN_UP:
        return given_up(line, fact);
    case SHAPE_DELIVERY:
        return delivery(line, fact);
    case SHAPE_REMOVED:
        return removed(line, fact);
    case SHAPE_HELD:
        return by_administrator(fact, FACT_HELD);
    case SHAPE_RELEASED:
        return by_administrator(fact, FACT_RELEASED);
    case SHAPE_REQUEUED:
        return by_administrator(fact, FACT_REQUEUED);
    case SHAPE_NOTIFIED:
        return notified(line, fact);
    case SHAPE_REFUSAL:
        return refusal(line, fact);
    default: /* a probe, one server's no, a warning: no outcome */
        return FACT_UNKNOWN;
    }
}

/* pickup names both ids of a requeued mail: the old one ends where the new one begins. */
static bool is_requeue(const struct logline *line)
{
    return line->shape == SHAPE_PICKUP && line_has(line, LINE_ORIG_ID);
}

static enum fact_kind requeued(const struct logline *line, struct fact *fact)
{
    fact_set(fact, KEY_NEXT, fact->value[KEY_QUEUE]);
    copy(fact, KEY_QUEUE, line, LINE_ORIG_ID);
    return FACT_REQUEUED;
}

bool postfix_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                  struct fact *fact)
{
    (void)reader;
    if (number > (is_requeue(line) ? 1 : 0)) /* asked of every line, so before all else */
        return false;
    fact_init(fact, WITNESS_LOG, FACT_UNKNOWN, line->time);
    copy(fact, KEY_HOST, line, LINE_HOST);
    fact_set(fact, KEY_INSTANCE, line->instance);
    if (!slice_is(line_value(line, LINE_QUEUE_ID), "NOQUEUE"))
        copy(fact, KEY_QUEUE, line, LINE_QUEUE_ID);
    fact->kind = number == 0 ? tell(line, fact) : requeued(line, fact);
    return fact->kind != FACT_UNKNOWN;
}
