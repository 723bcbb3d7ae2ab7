/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline: a fact in words. One function for each kind that has more to say than its name.
 */
#include "timeline.h"

#include "out.h"
#include "waybill/escape.h"
#include "waybill/id.h"

static bool has(const struct fact *fact, enum fact_key key)
{
    return fact->value[key].at != NULL && fact->value[key].size > 0;
}

static void add(struct buffer *to, struct slice value)
{
    escape_terminal(to, value);
}

/* `before` and the value, if there is one. */
static void say(struct buffer *to, const char *before, const struct fact *fact, enum fact_key key)
{
    if (!has(fact, key))
        return;
    buffer_add_text(to, before);
    add(to, fact->value[key]);
}

static void say_address(struct buffer *to, const struct fact *fact, enum fact_key key)
{
    out_address(to, fact->value[key]);
}

static void say_client(struct buffer *to, const struct fact *fact)
{
    if (!has(fact, KEY_CLIENT) && !has(fact, KEY_IP))
        return;
    buffer_add_text(to, ", by ");
    add(to, has(fact, KEY_CLIENT) ? fact->value[KEY_CLIENT] : slice_of("unknown"));
    if (has(fact, KEY_IP)) {
        buffer_add_text(to, " [");
        add(to, fact->value[KEY_IP]);
        buffer_add_char(to, ']');
    }
}

static void say_size(struct buffer *to, const char *before, const struct fact *fact)
{
    uint64_t size;
    char text[32];

    if (!has(fact, KEY_SIZE) || !text_number(fact->value[KEY_SIZE], 0, UINT64_MAX, &size))
        return;
    out_number(size, text);
    buffer_addf(to, "%s%s bytes", before, text);
}

/* Code and words, without saying the code twice. */
static void say_reply(struct buffer *to, const struct fact *fact)
{
    char status[16];

    if (has(fact, KEY_STATUS)) {
        slice_copy(fact->value[KEY_STATUS], status, sizeof status);
        if (!has(fact, KEY_REPLY) || slice_find_text(fact->value[KEY_REPLY], status) < 0)
            say(to, ": ", fact, KEY_STATUS);
    }
    say(to, ": ", fact, KEY_REPLY);
}

static void say_mail(const struct fact *fact, struct buffer *to)
{
    buffer_add_text(to, "sender ");
    say_address(to, fact, KEY_FROM);
    say_client(to, fact);
    say(to, ", helo ", fact, KEY_HELO);
    say(to, ", login ", fact, KEY_LOGIN);
    say_size(to, ", announces ", fact);
}

static void say_refused(const struct fact *fact, struct buffer *to)
{
    uint64_t count;

    buffer_add_text(to, "refused ");
    if (has(fact, KEY_TO))
        say_address(to, fact, KEY_TO);
    else
        buffer_add_text(to, "the mail");
    say(to, " at ", fact, KEY_PHASE);
    if (has(fact, KEY_COUNT) && text_number(fact->value[KEY_COUNT], 2, UINT64_MAX, &count))
        buffer_addf(to, " (%llu times)", (unsigned long long)count);
    say_reply(to, fact);
}

static void say_header(const struct fact *fact, struct buffer *to)
{
    buffer_add_text(to, "header");
    say(to, " From: ", fact, KEY_HEADER_FROM);
    if (has(fact, KEY_SUBJECT)) {
        buffer_add_text(to, has(fact, KEY_HEADER_FROM) ? "; Subject: " : " Subject: ");
        add(to, fact->value[KEY_SUBJECT]);
    }
    if (!has(fact, KEY_HEADER_FROM) && !has(fact, KEY_SUBJECT))
        buffer_add_text(to, " read");
}

/* The words of the server stand below, as evidence. */
static void say_outcome(const struct fact *fact, const char *verb, struct buffer *to)
{
    if (has(fact, KEY_TO)) {
        say_address(to, fact, KEY_TO);
        buffer_add_char(to, ' ');
    }
    buffer_add_text(to, verb);
    if (has(fact, KEY_RELAY) && !slice_is(fact->value[KEY_RELAY], "none"))
        say(to, " by ", fact, KEY_RELAY);
    say(to, " at ", fact, KEY_PHASE);
    if (has(fact, KEY_STATUS)) {
        say(to, " (", fact, KEY_STATUS);
        buffer_add_char(to, ')');
    }
}

/* A mail by its case code; nothing if there is none. */
static void say_mail_code(struct buffer *to, const char *before, const struct fact *fact,
                          enum fact_key key)
{
    char code[ID_CODE_SIZE];
    uint64_t id;

    if (!has(fact, key) || !text_number(fact->value[key], 1, UINT64_MAX, &id))
        return;
    id_code(id, code);
    buffer_addf(to, "%s%s", before, code);
}

/* Who says so, where that is a report. */
static void say_report(const struct fact *fact, struct buffer *to)
{
    if (fact->witness != WITNESS_REPORT)
        return;
    say(to, ", reason ", fact, KEY_REASON);
    say_mail_code(to, ", by the report ", fact, KEY_BY_WAYBILL);
}

static void say_remark(const struct fact *fact, struct buffer *to)
{
    struct slice kind = fact->value[KEY_REPORT_KIND];

    if (slice_is(kind, "complaint"))
        buffer_add_text(to, "a complaint came in: spam, says the recipient");
    else if (slice_is(kind, "mdn"))
        buffer_add_text(to, "a receipt came in");
    else if (slice_is(kind, "autoreply"))
        buffer_add_text(to, "an automatic answer came in");
    else
        buffer_add_text(to, "a report came in");
    say(to, ", of ", fact, KEY_TO);
    say_mail_code(to, ", by the report ", fact, KEY_BY_WAYBILL);
}

static void say_is_report(const struct fact *fact, struct buffer *to)
{
    buffer_add_text(to, "this mail is a report");
    say(to, " (", fact, KEY_REPORT_KIND);
    if (has(fact, KEY_REPORT_KIND))
        buffer_add_char(to, ')');
    say_mail_code(to, " on ", fact, KEY_ABOUT);
}

static void say_active(const struct fact *fact, struct buffer *to)
{
    buffer_add_text(to, fact->witness == WITNESS_QUEUE ? "in the queue since then"
                                                       : "taken up by the queue manager");
    say(to, ", recipients: ", fact, KEY_RECIPIENTS);
    say_size(to, ", ", fact);
}

/* Who looked into the queue knows neither when nor how. */
static void say_removed(const struct fact *fact, struct buffer *to)
{
    buffer_add_text(to, fact->witness == WITNESS_QUEUE
                            ? "seen no more in the queue; no witness saw it leave"
                            : "out of the queue");
}

static void say_gap(const struct fact *fact, struct buffer *to)
{
    buffer_add_text(to, "this witness was blind");
    say(to, ": ", fact, KEY_CAUSE);
    say(to, ", facts lost: ", fact, KEY_COUNT);
}

static const char *outcome_verb(enum fact_kind kind)
{
    switch (kind) {
    case FACT_DELIVERED:
        return "taken";
    case FACT_DELAYED:
        return "put off";
    case FACT_FAILED:
        return "refused for good";
    case FACT_EXPIRED:
        return "given up for its age";
    case FACT_DISCARDED:
        return "thrown away";
    case FACT_HELD:
        return "put on hold";
    case FACT_CANCELED:
        return "deleted from the queue";
    case FACT_REJECTED:
        return "refused after all";
    case FACT_EXPANDED:
        return "expanded";
    default:
        return NULL;
    }
}

int timeline_words(const struct fact *fact, struct buffer *to)
{
    if (outcome_verb(fact->kind) != NULL) {
        say_outcome(fact, outcome_verb(fact->kind), to);
        say(to, ", goes on as ", fact, KEY_NEXT);
        say_report(fact, to);
        return to->failed ? -1 : 0;
    }
    switch (fact->kind) {
    case FACT_MAIL:
        say_mail(fact, to);
        break;
    case FACT_RCPT:
        buffer_add_text(to, "recipient ");
        say_address(to, fact, KEY_TO);
        buffer_add_text(to, " taken");
        break;
    case FACT_REFUSED:
        say_refused(fact, to);
        break;
    case FACT_HEADER:
        say_header(fact, to);
        break;
    case FACT_QUEUED:
        buffer_add_text(to, "end of the mail reached");
        say_size(to, ", ", fact);
        break;
    case FACT_ABANDONED:
        buffer_add_text(to, "the client went away");
        say(to, " in phase ", fact, KEY_PHASE);
        break;
    case FACT_CLIENT:
        buffer_add_text(to, "handed in");
        say_client(to, fact);
        break;
    case FACT_CLEANUP:
        buffer_add_text(to, "Message-ID ");
        say_address(to, fact, KEY_MESSAGE_ID);
        break;
    case FACT_ACTIVE:
        say_active(fact, to);
        break;
    case FACT_NOTIFIED:
        buffer_add_text(to, "a report was sent to the sender");
        say(to, ", under ", fact, KEY_NEXT);
        break;
    case FACT_REMOVED:
        say_removed(fact, to);
        break;
    case FACT_REMARK:
        say_remark(fact, to);
        break;
    case FACT_REPORT:
        say_is_report(fact, to);
        break;
    case FACT_GAP:
        say_gap(fact, to);
        break;
    default:
        buffer_add_text(to, fact_kind_word(fact->kind));
    }
    return to->failed ? -1 : 0;
}
