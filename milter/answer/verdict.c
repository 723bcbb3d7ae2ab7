/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: the state says what happened, the cause why (cause.h), the catalogue words it and says
 * who has to act. A code or a phrase is the other server's claim, so no sentence is surer than it.
 * All words are those of the messages; in the places stand only such as are escaped.
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
                        const struct messages *messages, char *name, size_t room)
{
    struct relay relay;
    struct buffer buffer;

    buffer_init(&buffer, room - 1);
    if (relay_decided(waybill, recipient, &relay))
        escape_terminal(&buffer, relay.name.size > 0 ? relay.name : relay.ip);
    else if (relay_is_beyond(waybill, recipient))
        buffer_add_text(&buffer, messages_get(messages, "verdict.server.beyond"));
    else if (!never_reached(recipient->relay)) /* relay=local, virtual, a pipe */
        buffer_add_text(&buffer, messages_get(messages, "verdict.server.ours"));
    if (buffer.size == 0)
        buffer_add_text(&buffer, messages_get(messages, "verdict.server.next"));
    snprintf(name, room, "%s", buffer.data);
    buffer_free(&buffer);
}

/* What happened, in the words of this key. */
static void say(struct verdict *verdict, const char *key, const struct message_place *places)
{
    struct buffer text;

    buffer_init(&text, 4 * sizeof verdict->what);
    messages_add(verdict->messages, key, places, &text);
    slice_copy(slice_make(text.data, text.size), verdict->what, sizeof verdict->what);
    buffer_free(&text);
}

static void say_plain(struct verdict *verdict, const char *key)
{
    slice_copy(slice_of(messages_get(verdict->messages, key)), verdict->what,
               sizeof verdict->what);
}

static void say_state(struct verdict *verdict, enum recipient_state state)
{
    slice_copy(slice_of(catalogue_state(verdict->messages, state)), verdict->what,
               sizeof verdict->what);
}

static bool is_via_local(struct slice via)
{
    return slice_is(via, "local") || slice_is(via, "virtual") || slice_is(via, "lmtp");
}

static void say_delivered(const struct recipient *recipient, const char *server,
                          struct verdict *verdict)
{
    struct buffer next;
    const char *key = "verdict.delivered.taken";

    if (recipient->mailbox && is_via_local(recipient->via)) {
        say_plain(verdict, "verdict.delivered.here");
        return;
    }
    buffer_init(&next, 128);
    if (recipient->next.at != NULL)
        escape_terminal(&next, recipient->next);
    if (recipient->mailbox)
        key = "verdict.delivered.reported";
    else if (next.size > 0)
        key = "verdict.delivered.taken_as";
    say(verdict, key,
        (const struct message_place[]){{"server", server}, {"id", next.data}, {NULL, NULL}});
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
    const struct message_place places[] = {
        {"server", server},
        {"state", catalogue_state(verdict->messages, recipient->state)},
        {NULL, NULL}};

    switch (recipient->state) {
    case STATE_DELIVERED:
        say_plain(verdict, recipient->mailbox ? "verdict.beyond.delivered"
                                              : "verdict.beyond.relayed");
        break;
    case STATE_DELAYED:
        say(verdict, "verdict.beyond.delayed", places);
        break;
    case STATE_FAILED:
        say(verdict, "verdict.beyond.failed", places);
        break;
    default:
        say(verdict, "verdict.beyond.other", places);
    }
}

static bool decided_by(const struct waybill *waybill, const struct recipient *recipient,
                       enum fact_kind kind)
{
    return recipient->decided_by < waybill->fact_count &&
           waybill->facts[recipient->decided_by].kind == kind;
}

static void say_delayed(const struct recipient *recipient, const char *server,
                        struct verdict *verdict)
{
    char count[16];

    snprintf(count, sizeof count, "%u", recipient->attempts);
    if (recipient->attempts == 0) /* the queue told it, and no log the attempts */
        say_plain(verdict, "verdict.delayed.seen");
    else if (!never_reached(recipient->relay))
        say(verdict, "verdict.delayed.put_off",
            (const struct message_place[]){{"server", server}, {NULL, NULL}});
    else
        say(verdict, recipient->attempts == 1 ? "verdict.delayed.once" : "verdict.delayed.often",
            (const struct message_place[]){{"count", count}, {NULL, NULL}});
}

static void say_what(const struct waybill *waybill, const struct recipient *recipient,
                     struct verdict *verdict)
{
    char server[300];

    server_name(waybill, recipient, verdict->messages, server, sizeof server);
    if (relay_is_beyond(waybill, recipient)) {
        say_beyond(recipient, server, verdict);
        return;
    }
    switch (recipient->state) {
    case STATE_DELIVERED:
        say_delivered(recipient, server, verdict);
        break;
    case STATE_DELAYED:
        say_delayed(recipient, server, verdict);
        break;
    case STATE_FAILED:
        if (never_reached(recipient->relay))
            say_plain(verdict, "verdict.failed.unreached");
        else
            say(verdict, "verdict.failed.refused",
                (const struct message_place[]){{"server", server}, {NULL, NULL}});
        break;
    case STATE_EXPANDED:
        if (recipient->next.at != NULL || decided_by(waybill, recipient, FACT_REQUEUED))
            say_plain(verdict, "verdict.expanded.requeued");
        else
            say_state(verdict, recipient->state);
        break;
    case STATE_REJECTED:
        say_plain(verdict, "verdict.rejected.door");
        break;
    case STATE_UNRESOLVED:
        say_plain(verdict, decided_by(waybill, recipient, FACT_REMOVED)
                               ? "verdict.unresolved.left"
                               : "verdict.unresolved.old");
        break;
    default:
        say_state(verdict, recipient->state);
    }
}

/* What to do where the state alone decides it. */
static void say_act_by_state(enum recipient_state state, struct verdict *verdict)
{
    switch (state) {
    case STATE_HELD:
        verdict->who = ACTOR_OURS;
        verdict->act = messages_get(verdict->messages, "act.release");
        break;
    case STATE_UNRESOLVED:
        verdict->who = ACTOR_OURS;
        verdict->act = messages_get(verdict->messages, "act.see_log_followed");
        break;
    case STATE_ABANDONED:
        verdict->who = ACTOR_SENDER;
        verdict->act = messages_get(verdict->messages, "act.client_again");
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
    plight = (struct plight){.messages = verdict->messages,
                             .reason = cause.reason,
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
        verdict->meaning = catalogue_status(verdict->messages, cause.status);
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
        say(verdict, "verdict.abandoned.phase",
            (const struct message_place[]){
                {"state", catalogue_state(verdict->messages, state)},
                {"phase", phase.data},
                {NULL, NULL}});
    else
        say_state(verdict, state);
    buffer_free(&phase);
    say_act_by_state(state, verdict);
}

void verdict_read(const struct waybill *waybill, const struct recipient *recipient,
                  const struct verdict_basis *basis, struct verdict *verdict)
{
    *verdict = (struct verdict){
        .messages = basis->messages, .who = ACTOR_NOBODY, .words = SLICE_ABSENT};
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

/* A sentence more. */
static void tell(const struct verdict *verdict, const char *key, const char *name,
                 const char *value, struct buffer *to)
{
    buffer_add_char(to, ' ');
    messages_add(verdict->messages, key,
                 (const struct message_place[]){{name, value}, {NULL, NULL}}, to);
}

/* The server's own words, where nobody here knows them. */
static void say_words(const struct verdict *verdict, struct buffer *to)
{
    struct slice words = verdict->words;
    struct buffer safe;

    if (verdict->meaning != NULL)
        tell(verdict, "verdict.told.meaning", "meaning", verdict->meaning, to);
    if (words.size == 0)
        return;
    if (words.size > WORDS_SHOWN)
        words.size = WORDS_SHOWN;
    buffer_init(&safe, 8 * WORDS_SHOWN);
    escape_terminal(&safe, words);
    if (verdict->words.size > WORDS_SHOWN)
        buffer_add_text(&safe, " ...");
    tell(verdict, "verdict.told.words", "words", safe.data, to);
    buffer_free(&safe);
}

static void say_report(const struct verdict *verdict, struct buffer *to)
{
    char code[ID_CODE_SIZE] = "";

    if (verdict->report != 0)
        id_code(verdict->report, code);
    if (verdict->report != 0 || verdict->reported)
        tell(verdict, verdict->report != 0 ? "verdict.told.report" : "verdict.told.reported",
             "code", code, to);
}

static void say_who_acts(const struct verdict *verdict, struct buffer *to)
{
    char key[32];

    snprintf(key, sizeof key, "%s.%s", verdict->act != NULL ? "actor" : "verdict.now",
             actor_word(verdict->who));
    buffer_add_char(to, ' ');
    messages_add(verdict->messages, verdict->act != NULL ? "verdict.told.act" : key,
                 (const struct message_place[]){{"who", messages_get(verdict->messages, key)},
                                                {"act", verdict->act},
                                                {NULL, NULL}},
                 to);
}

int verdict_sentence(const struct verdict *verdict, struct buffer *to)
{
    char until[CLOCK_TEXT_SIZE];
    size_t start = to->size;

    messages_add(verdict->messages,
                 verdict->why != NULL ? "verdict.sentence.why" : "verdict.sentence.plain",
                 (const struct message_place[]){
                     {"what", verdict->what}, {"why", verdict->why}, {NULL, NULL}},
                 to);
    if (!to->failed)
        to->data[start] = text_upper(to->data[start]);
    say_words(verdict, to);
    say_report(verdict, to);
    if (verdict->until != 0) {
        clock_text(verdict->until, 0, until);
        until[16] = '\0'; /* to the minute */
        tell(verdict, "verdict.told.until", "time", until, to);
    }
    if (verdict->act != NULL || verdict->why != NULL)
        say_who_acts(verdict, to);
    return to->failed ? -1 : 0;
}
