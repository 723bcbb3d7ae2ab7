/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: the catalogue of sentences.
 *
 * A reason is looked up by the enhanced status code (RFC 3463): the class says for good or for
 * now and is the state's affair; subject and detail say why. The most exact row comes first. If
 * there is no such code, the three digits of the reply must do. A code is the other server's
 * claim; many are wrong (5.7.1 above all), so no row is surer than its code.
 */
#include "waybill/verdict.h"

#include <stdio.h>

#include "relay.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

struct reason {
    const char *code; /* "1.1": subject and detail; "1": any detail */
    const char *why;
    enum verdict_actor who; /* once it is refused for good */
    const char *act;
};

#define WRITE_AGAIN "check the address and send it again"
#define SPEAK_TO_RECIPIENT "reach the recipient by other means; only that side can change it"
#define ASK_POSTMASTER "ask the administrator of the other server, with its words"

static const struct reason reasons[] = {
    {"1.0", "something is wrong with the address", ACTOR_SENDER, WRITE_AGAIN},
    {"1.1", "there is no such mailbox", ACTOR_SENDER, WRITE_AGAIN},
    {"1.2", "there is no such domain, or it takes no mail", ACTOR_SENDER, WRITE_AGAIN},
    {"1.3", "the address is not well-formed", ACTOR_SENDER, WRITE_AGAIN},
    {"1.4", "the address fits more than one mailbox", ACTOR_SENDER, WRITE_AGAIN},
    {"1.6", "the mailbox has moved and left no new address", ACTOR_SENDER,
     "find the new address and send it there"},
    {"1.7", "the sender's address is not well-formed", ACTOR_SENDER,
     "correct the sender's address in the mail program"},
    {"1.8", "the sender's domain cannot be found in the DNS", ACTOR_SENDER,
     "correct the sender's address, or its domain's DNS"},
    {"1.10", "the domain says that it takes no mail", ACTOR_SENDER, WRITE_AGAIN},
    {"1", "the address is not accepted", ACTOR_SENDER, WRITE_AGAIN},
    {"2.0", "something is wrong with the mailbox", ACTOR_RECIPIENT, SPEAK_TO_RECIPIENT},
    {"2.1", "the mailbox is switched off", ACTOR_RECIPIENT, SPEAK_TO_RECIPIENT},
    {"2.2", "the mailbox is full", ACTOR_RECIPIENT,
     "the recipient has to make room; then send it again"},
    {"2.3", "the mail is larger than that mailbox takes", ACTOR_SENDER,
     "send it smaller, or as a link"},
    {"2.4", "the mailing list could not be expanded", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"2", "the mailbox does not take it", ACTOR_RECIPIENT, SPEAK_TO_RECIPIENT},
    {"3.1", "the server's disk is full", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"3.2", "the server takes no mail at the moment", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"3.4", "the mail is larger than the server takes", ACTOR_SENDER,
     "send it smaller, or as a link"},
    {"3.5", "the server is not set up for this mail", ACTOR_OURS,
     "look at the transport and at the server's words"},
    {"3", "the server has a trouble of its own", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"4.1", "the server does not answer", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"4.2", "the connection broke", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"4.3", "a lookup (DNS or a table) failed", ACTOR_OURS, "look at the DNS and the lookup tables"},
    {"4.4", "no way to the server was found: the DNS names none that is usable", ACTOR_SENDER,
     WRITE_AGAIN},
    {"4.5", "the server is overloaded", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"4.6", "the mail goes in a circle between servers", ACTOR_OURS,
     "find the two servers that send it to each other"},
    {"4.7", "its time in the queue ran out", ACTOR_SENDER,
     "send it again later, or reach the recipient by other means"},
    {"4", "the network or the way to the server failed", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"5.2", "the two servers misunderstood each other", ACTOR_OURS, "look at the server's words"},
    {"5.3", "the mail has too many recipients", ACTOR_SENDER, "send it to fewer at a time"},
    {"5", "the two servers misunderstood each other", ACTOR_OURS, "look at the server's words"},
    {"6", "the server cannot handle this kind of content", ACTOR_SENDER,
     "send it in a plainer form"},
    {"7.1", "a rule of the server forbids it (its reputation, content and relay rules all use "
            "this code)", ACTOR_EITHER, "act on the server's words"},
    {"7.2", "the sender may not write to this mailing list", ACTOR_SENDER,
     "ask the owner of the list"},
    {"7.8", "the login was wrong", ACTOR_SENDER, "correct user name and password"},
    {"7.9", "this way of logging in is too weak", ACTOR_SENDER, "correct the mail program"},
    {"7.10", "the server demands encryption", ACTOR_OURS, "look at the TLS settings"},
    {"7.13", "the user's account is switched off", ACTOR_RECIPIENT, SPEAK_TO_RECIPIENT},
    {"7.20", "no DKIM signature passes", ACTOR_OURS, "look at DKIM for the sender's domain"},
    {"7.21", "no DKIM signature passes", ACTOR_OURS, "look at DKIM for the sender's domain"},
    {"7.22", "no DKIM signature is by the author's domain", ACTOR_OURS,
     "look at DKIM for the sender's domain"},
    {"7.23", "SPF does not allow our server for the sender's domain", ACTOR_OURS,
     "look at SPF of the sender's domain"},
    {"7.24", "SPF of the sender's domain is broken", ACTOR_OURS,
     "look at SPF of the sender's domain"},
    {"7.25", "our server's address has no proper reverse DNS", ACTOR_OURS, "correct the PTR record"},
    {"7.26", "neither SPF nor DKIM proves the sender's domain", ACTOR_OURS,
     "look at SPF, DKIM and DMARC of the sender's domain"},
    {"7.27", "the sender's domain says that it sends no mail", ACTOR_SENDER,
     "correct the sender's address"},
    {"7.28", "too much mail of this kind came at once", ACTOR_OURS, "slow down, then send again"},
    {"7", "a security or policy rule of the server forbids it", ACTOR_EITHER,
     "act on the server's words"},
};

/* Where a server gives no enhanced code. */
static const struct reason reply_reasons[] = {
    {"421", "the server closed the door for now", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"450", "the mailbox cannot be reached at the moment", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"451", "the server had a trouble of its own, or wants us to come again later",
     ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"452", "the server has no room", ACTOR_RECIPIENT, ASK_POSTMASTER},
    {"454", "the server could not log us in or start TLS", ACTOR_OURS, "look at the server's words"},
    {"530", "the server wants a login first", ACTOR_OURS, "look at the relay's login"},
    {"535", "the server refused our login", ACTOR_OURS, "look at the relay's login"},
    {"550", "the mailbox does not exist, or a rule forbids it", ACTOR_EITHER,
     "act on the server's words"},
    {"551", "that server does not serve this mailbox", ACTOR_SENDER, WRITE_AGAIN},
    {"552", "the mailbox is full, or the mail too large", ACTOR_EITHER,
     "act on the server's words"},
    {"553", "the address is not accepted", ACTOR_SENDER, WRITE_AGAIN},
    {"554", "the server refused the mail without saying more in its code", ACTOR_EITHER,
     "act on the server's words"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const char *verdict_actor_word(enum verdict_actor actor)
{
    static const char *const words[] = {
#define X(symbol, word, text) word,
        VERDICT_ACTORS(X)
#undef X
    };
    return words[actor];
}

static const char *actor_sentence(enum verdict_actor actor)
{
    static const char *const sentences[] = {
#define X(symbol, word, text) text,
        VERDICT_ACTORS(X)
#undef X
    };
    return sentences[actor];
}

static const struct reason *reason_of_status(struct slice status)
{
    uint64_t class;
    const struct reason *general = NULL;
    struct slice subject, detail, rest = status;

    if (!text_take_number(&rest, &class) || !text_take_char(&rest, '.'))
        return NULL;
    detail = rest;
    if (!text_take_until(&detail, '.', &subject))
        return NULL;
    for (size_t i = 0; i < COUNT(reasons); i++) {
        if (slice_is(rest, reasons[i].code))
            return &reasons[i];
        if (slice_is(subject, reasons[i].code))
            general = &reasons[i];
    }
    return general;
}

/* The reply may begin with "host NAME[IP] said: 550 ..." as Postfix words it. */
static const struct reason *reason_of_reply(struct slice reply)
{
    ptrdiff_t said = slice_find_text(reply, " said: ");

    if (said >= 0 && slice_starts(reply, "host "))
        reply = slice_make(reply.at + said + 7, reply.size - (size_t)said - 7);
    for (size_t i = 0; i < COUNT(reply_reasons); i++)
        if (slice_starts(reply, reply_reasons[i].code))
            return &reply_reasons[i];
    return NULL;
}

static const struct reason *reason_of(const struct recipient *recipient)
{
    const struct reason *by_status = reason_of_status(recipient->status);
    const struct reason *by_reply;

    if (by_status != NULL)
        return by_status;
    by_reply = reason_of_reply(recipient->reply);
    return by_reply;
}

/* What the relay field says if no server was reached. */
static bool never_reached(struct slice relay)
{
    return relay.at == NULL || relay.size == 0 || slice_is(relay, "none");
}

/* Who spoke, escaped: "mx.example.org" out of "mx.example.org[192.0.2.1]:25". */
static void server_name(struct slice text, char *name, size_t room)
{
    struct relay relay;
    struct buffer buffer;

    buffer_init(&buffer, room - 1);
    if (relay_read(text, &relay))
        escape_terminal(&buffer, relay.name.size > 0 ? relay.name : relay.ip);
    else if (!never_reached(text))
        buffer_add_text(&buffer, "our own mail server"); /* relay=local, virtual, a pipe */
    snprintf(name, room, "%s", buffer.size > 0 ? buffer.data : "the next server");
    buffer_free(&buffer);
}

static void say_delivered(const struct recipient *recipient, const char *server,
                          struct verdict *verdict)
{
    struct buffer next;

    if (recipient->mailbox) {
        snprintf(verdict->what, sizeof verdict->what, "delivered into the mailbox here");
        return;
    }
    buffer_init(&next, 128);
    if (recipient->next.at != NULL)
        escape_terminal(&next, recipient->next);
    snprintf(verdict->what, sizeof verdict->what, "handed over to %s, which %s%s%s", server,
             next.size > 0 ? "took it as " : "took it", next.data,
             "; what it did with it only that side can tell");
    buffer_free(&next);
}

static bool sender_was_told(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].kind == FACT_NOTIFIED)
            return true;
    return false;
}

static void say_what(const struct recipient *recipient, struct verdict *verdict)
{
    char server[300];
    char *what = verdict->what;
    size_t room = sizeof verdict->what;

    server_name(recipient->relay, server, sizeof server);
    switch (recipient->state) {
    case STATE_DELIVERED:
        say_delivered(recipient, server, verdict);
        break;
    case STATE_DELAYED:
        if (never_reached(recipient->relay))
            snprintf(what, room, "still in our queue after %u attempt%s", recipient->attempts,
                     recipient->attempts == 1 ? "" : "s");
        else
            snprintf(what, room, "still in our queue; put off by %s", server);
        break;
    case STATE_FAILED:
        if (never_reached(recipient->relay))
            snprintf(what, room, "could not be delivered, and is not tried again");
        else
            snprintf(what, room, "refused for good by %s", server);
        break;
    case STATE_REJECTED:
        snprintf(what, room, "refused at our door, so never in our queue");
        break;
    default:
        snprintf(what, room, "%s", state_sentence(recipient->state));
    }
}

static bool wants_reason(enum recipient_state state)
{
    return state == STATE_DELAYED || state == STATE_FAILED || state == STATE_EXPIRED ||
           state == STATE_REJECTED;
}

/* What to do where the state alone decides it. */
static void say_act_by_state(enum recipient_state state, struct verdict *verdict)
{
    switch (state) {
    case STATE_HELD:
        verdict->who = ACTOR_OURS;
        verdict->act = "look at it and release or delete it (postsuper)";
        break;
    case STATE_UNRESOLVED:
        verdict->who = ACTOR_OURS;
        verdict->act = "see whether the log was followed at that time (waybill stats)";
        break;
    case STATE_ABANDONED:
        verdict->who = ACTOR_SENDER;
        verdict->act = "the sending server or program has to try again";
        break;
    case STATE_EXPIRED:
        verdict->who = ACTOR_SENDER;
        verdict->act = "send it again later, or reach the recipient by other means";
        break;
    case STATE_CANCELED:
    case STATE_DISCARDED:
        verdict->who = ACTOR_NOBODY;
        verdict->act = NULL;
        break;
    default:
        break;
    }
}

static void say_why(const struct waybill *waybill, const struct recipient *recipient,
                    int64_t queue_lifetime, struct verdict *verdict)
{
    const struct reason *reason = wants_reason(recipient->state) ? reason_of(recipient) : NULL;

    if (reason != NULL) {
        verdict->why = reason->why;
        verdict->who = reason->who;
        verdict->act = reason->act;
    } else if (wants_reason(recipient->state)) {
        verdict->who = ACTOR_EITHER;
        verdict->act = "act on the server's words";
    }
    if (recipient->state == STATE_DELAYED) {
        /* As long as we try, nobody has to do anything, unless it is our own fault. */
        if (verdict->who != ACTOR_OURS) {
            verdict->who = ACTOR_NOBODY;
            verdict->act = NULL;
        }
        if (queue_lifetime > 0)
            verdict->until = waybill->arrived + queue_lifetime;
    }
    say_act_by_state(recipient->state, verdict);
}

static void read_whole_mail(const struct waybill *waybill, struct verdict *verdict)
{
    enum recipient_state state = waybill_state(waybill);
    struct buffer phase;

    buffer_init(&phase, 64);
    if (waybill->phase.at != NULL)
        escape_terminal(&phase, waybill->phase);
    if (state == STATE_ABANDONED && phase.size > 0)
        snprintf(verdict->what, sizeof verdict->what, "%s (in phase %s)", state_sentence(state),
                 phase.data);
    else
        snprintf(verdict->what, sizeof verdict->what, "%s", state_sentence(state));
    buffer_free(&phase);
    say_act_by_state(state, verdict);
}

void verdict_read(const struct waybill *waybill, const struct recipient *recipient,
                  int64_t queue_lifetime, struct verdict *verdict)
{
    *verdict = (struct verdict){.who = ACTOR_NOBODY};
    if (recipient == NULL) {
        read_whole_mail(waybill, verdict);
        return;
    }
    say_what(recipient, verdict);
    verdict->reported = (recipient->state == STATE_FAILED || recipient->state == STATE_EXPIRED) &&
                        sender_was_told(waybill);
    say_why(waybill, recipient, queue_lifetime, verdict);
}

int verdict_sentence(const struct verdict *verdict, struct buffer *to)
{
    char until[CLOCK_TEXT_SIZE];
    size_t start = to->size;

    buffer_add_text(to, verdict->what);
    if (!to->failed && to->data[start] >= 'a' && to->data[start] <= 'z')
        to->data[start] = (char)(to->data[start] - 'a' + 'A');
    if (verdict->why != NULL)
        buffer_addf(to, ": %s", verdict->why);
    buffer_add_char(to, '.');
    if (verdict->reported)
        buffer_add_text(to, " A report went to the sender.");
    if (verdict->until != 0) {
        clock_text(verdict->until, 0, until);
        buffer_addf(to, " Our server keeps trying until %.16s.", until);
    }
    if (verdict->act != NULL)
        buffer_addf(to, " To do (%s): %s.", verdict_actor_word(verdict->who), verdict->act);
    else if (verdict->why != NULL)
        buffer_addf(to, " For now %s.", actor_sentence(verdict->who));
    return to->failed ? -1 : 0;
}
