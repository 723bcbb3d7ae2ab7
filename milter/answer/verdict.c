/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: the state says what happened, the cause why (cause.h), the catalogue words it and says
 * who has to act. A code or a phrase is the other server's claim, so no sentence is surer than it.
 */
#include "waybill/verdict.h"

#include <stdio.h>

#include "catalogue.h"
#include "relay.h"
#include "waybill/cause.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"

#define WORDS_SHOWN 400 /* bytes of unknown words in a sentence; all of them stand as evidence */

/* What the relay field says if no server was reached. */
static bool never_reached(struct slice relay)
{
    return relay.at == NULL || relay.size == 0 || slice_is(relay, "none");
}

/* Who spoke, escaped: "mx.example.org" out of "mx.example.org[192.0.2.1]:25". */
static void server_name(const struct waybill *waybill, const struct recipient *recipient,
                        char *name, size_t room)
{
    struct relay relay;
    struct buffer buffer;

    buffer_init(&buffer, room - 1);
    if (relay_decided(waybill, recipient, &relay))
        escape_terminal(&buffer, relay.name.size > 0 ? relay.name : relay.ip);
    else if (relay_is_beyond(waybill, recipient))
        buffer_add_text(&buffer, "a server further on");
    else if (!never_reached(recipient->relay))
        buffer_add_text(&buffer, "our own mail server"); /* relay=local, virtual, a pipe */
    snprintf(name, room, "%s", buffer.size > 0 ? buffer.data : "the next server");
    buffer_free(&buffer);
}

static bool is_via_local(struct slice via)
{
    return slice_is(via, "local") || slice_is(via, "virtual") || slice_is(via, "lmtp");
}

static void say_delivered(const struct recipient *recipient, const char *server,
                          struct verdict *verdict)
{
    struct buffer next;

    if (recipient->mailbox && is_via_local(recipient->via)) {
        snprintf(verdict->what, sizeof verdict->what, "delivered into the mailbox here");
        return;
    }
    if (recipient->mailbox) {
        snprintf(verdict->what, sizeof verdict->what,
                 "handed over to %s, and delivered there, says a report", server);
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

/* The words of both mail servers: Postfix's, then Sendmail's. A receipt, a delay warning and a copy
 * for the postmaster are notifications, too. */
static bool tells_of_failure(struct slice words)
{
    return slice_starts(words, "sender non-delivery notification") ||
           (slice_starts(words, "DSN: ") && !slice_starts(words, "DSN: Return receipt")) ||
           slice_starts(words, "return to sender: ") ||
           slice_starts(words, "sender notify: Cannot send message ");
}

static bool sender_was_told(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].kind == FACT_NOTIFIED &&
            tells_of_failure(waybill->facts[i].value[KEY_CAUSE]))
            return true;
    return false;
}

/* The waybill of our own report that this recipient failed; 0: none was seen. */
static uint64_t own_report(const struct waybill *waybill, const struct recipient *recipient)
{
    uint64_t hash = recipient_hash(recipient->address), id;

    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->witness == WITNESS_REPORT && fact->kind == FACT_FAILED &&
            waybill->trust[i] == TRUST_OWN && fact->value[KEY_TO].at != NULL &&
            recipient_hash(fact->value[KEY_TO]) == hash &&
            text_number(fact->value[KEY_BY_WAYBILL], 1, UINT64_MAX, &id) && id_valid(id))
            return id;
    }
    return 0;
}

static void say_reported(const struct waybill *waybill, const struct recipient *recipient,
                         struct verdict *verdict)
{
    if (recipient->state != STATE_FAILED && recipient->state != STATE_EXPIRED)
        return;
    verdict->report = own_report(waybill, recipient);
    verdict->reported = verdict->report != 0 || sender_was_told(waybill);
}

/* What a trusted report told of what happened behind the next server. */
static void say_beyond(const struct recipient *recipient, const char *server,
                       struct verdict *verdict)
{
    char *what = verdict->what;
    size_t room = sizeof verdict->what;

    switch (recipient->state) {
    case STATE_DELIVERED:
        snprintf(what, room, "%s, says a report",
                 recipient->mailbox ? "delivered" : "handed over to a server that will not report");
        break;
    case STATE_DELAYED:
        snprintf(what, room, "not delivered yet; put off by %s, says a report", server);
        break;
    case STATE_FAILED:
        snprintf(what, room, "refused for good by %s, says a report", server);
        break;
    default:
        snprintf(what, room, "%s, says a report", state_sentence(recipient->state));
    }
}

static bool decided_by(const struct waybill *waybill, const struct recipient *recipient,
                       enum fact_kind kind)
{
    return recipient->decided_by < waybill->fact_count &&
           waybill->facts[recipient->decided_by].kind == kind;
}

static void say_what(const struct waybill *waybill, const struct recipient *recipient,
                     struct verdict *verdict)
{
    char server[300];
    char *what = verdict->what;
    size_t room = sizeof verdict->what;

    server_name(waybill, recipient, server, sizeof server);
    if (relay_is_beyond(waybill, recipient)) {
        say_beyond(recipient, server, verdict);
        return;
    }
    switch (recipient->state) {
    case STATE_DELIVERED:
        say_delivered(recipient, server, verdict);
        break;
    case STATE_DELAYED:
        if (recipient->attempts == 0) /* the queue told it, and no log the attempts */
            snprintf(what, room, "still in our queue");
        else if (never_reached(recipient->relay))
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
    case STATE_EXPANDED:
        snprintf(what, room, "%s",
                 recipient->next.at != NULL || decided_by(waybill, recipient, FACT_REQUEUED)
                     ? "went on under another queue id"
                     : state_sentence(recipient->state));
        break;
    case STATE_REJECTED:
        snprintf(what, room, "refused at our door, so never in our queue");
        break;
    case STATE_UNRESOLVED:
        snprintf(what, room, "%s", catalogue_unresolved(decided_by(waybill, recipient, FACT_REMOVED)));
        break;
    default:
        snprintf(what, room, "%s", state_sentence(recipient->state));
    }
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
    case STATE_CANCELED:
    case STATE_DISCARDED:
        verdict->who = ACTOR_NOBODY;
        verdict->act = NULL;
        break;
    default:
        break;
    }
}

/* The sending client still has what we put off at our door. */
static bool comes_again(const struct recipient *recipient, const struct cause *cause)
{
    return recipient->state == STATE_DELAYED ||
           (recipient->state == STATE_REJECTED &&
            (slice_starts(cause->status, "4.") || slice_starts(cause->words, "4")));
}

static void say_why(const struct waybill *waybill, const struct recipient *recipient,
                    const struct phrasebook *book, struct verdict *verdict)
{
    struct cause cause;
    struct plight plight;
    struct saying saying;

    cause_find(book, waybill, recipient, &cause);
    plight = (struct plight){.reason = cause.reason,
                             .status = cause.status,
                             .delayed = comes_again(recipient, &cause),
                             .here = cause.here,
                             .door = recipient->state == STATE_REJECTED};
    catalogue_find(&plight, &saying);
    verdict->has_reason = true;
    verdict->reason = cause.reason;
    verdict->rule = cause.rule;
    verdict->why = saying.why;
    verdict->who = saying.who;
    verdict->act = saying.act;
    if (cause.reason == REASON_UNDEFINED || cause.reason == REASON_ONHOLD) {
        verdict->meaning = status_meaning(cause.status);
        verdict->words = cause.words;
    }
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
                  const struct verdict_basis *basis, struct verdict *verdict)
{
    *verdict = (struct verdict){.who = ACTOR_NOBODY, .words = SLICE_ABSENT};
    if (recipient == NULL) {
        read_whole_mail(waybill, verdict);
        return;
    }
    say_what(waybill, recipient, verdict);
    say_reported(waybill, recipient, verdict);
    if (cause_wanted(recipient->state))
        say_why(waybill, recipient, basis->book, verdict);
    if (recipient->state == STATE_DELIVERED || recipient->state == STATE_EXPANDED) {
        verdict->has_reason = true;
        verdict->reason = REASON_DELIVERED;
    }
    /* Behind the next server another queue's time counts. */
    if (recipient->state == STATE_DELAYED && basis->queue_lifetime > 0 &&
        !relay_is_beyond(waybill, recipient))
        verdict->until = waybill->arrived + basis->queue_lifetime;
    say_act_by_state(recipient->state, verdict);
}

/* The server's own words, where nobody here knows them. */
static void say_words(const struct verdict *verdict, struct buffer *to)
{
    struct slice words = verdict->words;

    if (verdict->meaning != NULL)
        buffer_addf(to, " Its code stands for: %s.", verdict->meaning);
    if (words.size == 0)
        return;
    if (words.size > WORDS_SHOWN)
        words.size = WORDS_SHOWN;
    buffer_add_text(to, " The words: \"");
    escape_terminal(to, words);
    buffer_add_text(to, verdict->words.size > WORDS_SHOWN ? " ...\"." : "\".");
}

int verdict_sentence(const struct verdict *verdict, struct buffer *to)
{
    char until[CLOCK_TEXT_SIZE], code[ID_CODE_SIZE];
    size_t start = to->size;

    buffer_add_text(to, verdict->what);
    if (!to->failed)
        to->data[start] = text_upper(to->data[start]);
    if (verdict->why != NULL)
        buffer_addf(to, ": %s", verdict->why);
    buffer_add_char(to, '.');
    say_words(verdict, to);
    if (verdict->report != 0) {
        id_code(verdict->report, code);
        buffer_addf(to, " Our server sent the sender a report: %s.", code);
    } else if (verdict->reported) {
        buffer_add_text(to, " Our server sent the sender a report.");
    }
    if (verdict->until != 0) {
        clock_text(verdict->until, 0, until);
        buffer_addf(to, " Our server keeps trying until %.16s.", until);
    }
    if (verdict->act != NULL)
        buffer_addf(to, " To do (%s): %s.", actor_word(verdict->who), verdict->act);
    else if (verdict->why != NULL)
        buffer_addf(to, " For now %s.", actor_sentence(verdict->who));
    return to->failed ? -1 : 0;
}
