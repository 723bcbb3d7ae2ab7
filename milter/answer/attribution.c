/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attribution: one walk over the facts in their order. `at` is how far the time is given away;
 * what lies before a moment goes to what the mail was waiting for, and `at` never goes back.
 */
#include "attribution.h"

#include <stdio.h>

#include "delays.h"
#include "relay.h"
#include "waybill/cause.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define KEY_ROOM 48
#define NAME_ROOM 1024 /* bytes of a server's name, escaped */
#define TOLD_LEAST_MS 50 /* below that a share is not worth a word */

static const char *const words[SHARE_COUNT] = {
#define X(symbol, word) [SHARE_##symbol] = word,
    SHARES(X)
#undef X
};

const char *share_word(enum share share)
{
    return share < SHARE_COUNT ? words[share] : "unknown";
}

struct walk {
    const struct waybill *waybill;
    const struct phrasebook *book;
    struct attribution *to;
    int64_t at, end;
    enum share wait;     /* what the mail waits for, or whom */
    struct slice server; /* who made it wait; absent: nobody */
    int64_t held; /* when it was last put on hold */
    bool tried;
};

/* ---- why it waits after an attempt that failed ---- */

static bool says_any(struct slice text, const char *const *phrases)
{
    char lower[1024];
    size_t size = text.size < sizeof lower ? text.size : sizeof lower;

    for (size_t i = 0; i < size; i++)
        lower[i] = text_lower(text.at[i]);
    for (; *phrases != NULL; phrases++)
        if (slice_find_text(slice_make(lower, size), *phrases) >= 0)
            return true;
    return false;
}

static bool says_greylisting(struct slice text)
{
    static const char *const phrases[] = {"greylist",  "graylist",  "grey list", "gray list",
                                          "grey-list", "gray-list", "postgrey",  NULL};
    return says_any(text, phrases);
}

/* What greylisting says that does not call itself so. */
static bool says_later(struct slice text)
{
    static const char *const phrases[] = {"again later", "try later",    "retry later",
                                          "back later",  "again in",     "retry in",
                                          "not yet",     "please retry", NULL};
    return says_any(text, phrases);
}

static enum share share_of_reason(enum reason reason, bool here)
{
    switch (reason) {
    case REASON_MAILBOXFULL:
    case REASON_EXCEEDLIMIT:
        return SHARE_FULL;
    case REASON_NETWORKERROR:
    case REASON_HOSTUNKNOWN:
        return SHARE_UNREACHABLE;
    case REASON_RATELIMITED:
    case REASON_SPEEDING:
    case REASON_TOOMANYCONN:
        return here ? SHARE_OURS : SHARE_LIMITED;
    case REASON_UNDEFINED:
    case REASON_ONHOLD:
        return SHARE_RETRY;
    case REASON_SYSTEMERROR:
    case REASON_SYSTEMFULL:
    case REASON_MAILERERROR:
    case REASON_SYNTAXERROR:
        return here ? SHARE_OURS : SHARE_BUSY;
    default:
        return here ? SHARE_OURS : SHARE_UNWANTED;
    }
}

/* Another server's plain "later", whose words name no better reason. */
static bool may_be_greylisting(const struct cause *cause)
{
    switch (share_of_reason(cause->reason, cause->here)) {
    case SHARE_UNWANTED:
    case SHARE_BUSY:
    case SHARE_RETRY:
        return cause->reason != REASON_SYSTEMFULL && says_later(cause->words);
    default:
        return false;
    }
}

static void wait_for_retry(struct walk *walk, const struct fact *fact)
{
    bool said = slice_find_text(fact->value[KEY_REPLY], " said: ") >= 0;
    struct cause cause;
    struct relay relay;

    cause_of_attempt(walk->book, fact, &cause);
    walk->server = relay_read(fact->value[KEY_RELAY], &relay) ? relay.name : SLICE_ABSENT;
    if (says_greylisting(cause.words)) {
        walk->wait = SHARE_GREYLISTING;
        walk->to->named = true;
    } else if (may_be_greylisting(&cause)) {
        walk->wait = SHARE_GREYLISTING;
    } else if (cause.reason == REASON_EXPIRED) { /* while it is tried: a time-out, or any 4xx */
        walk->wait = said ? SHARE_RETRY : SHARE_UNREACHABLE;
    } else {
        walk->wait = share_of_reason(cause.reason, cause.here);
    }
}

/* ---- giving the time away ---- */

/* All up to `moment` goes to the share. */
static void give(struct walk *walk, int64_t moment, enum share share, struct slice server)
{
    if (moment > walk->end)
        moment = walk->end;
    if (moment <= walk->at)
        return;
    walk->to->ms[share] += moment - walk->at;
    walk->at = moment;
    if (server.size > 0)
        walk->to->server[share] = server;
}

static void give_wait(struct walk *walk, int64_t moment)
{
    give(walk, moment, walk->wait, walk->server);
}

/* A log with whole seconds says 10:03:07 of what was at any moment of that second; the attempt's
 * own delays, counted from the arrival, say when. */
static int64_t moment_of(const struct waybill *waybill, const struct fact *fact)
{
    struct delays delays;
    int64_t told;

    if (!waybill->coarse_log || fact->witness != WITNESS_LOG ||
        !delays_read(fact->value[KEY_DELAYS], &delays) || delays.whole)
        return fact->time;
    told = waybill->arrived + delays.before + delays.turn + delays.connecting + delays.sending;
    if (told < fact->time)
        return fact->time;
    return told < fact->time + SECOND_MS ? told : fact->time + SECOND_MS - 1;
}

static void take_attempt(struct walk *walk, const struct fact *fact)
{
    int64_t moment = moment_of(walk->waybill, fact);
    struct delays delays = {0};
    struct relay relay;
    struct slice server =
        relay_read(fact->value[KEY_RELAY], &relay) ? relay.name : SLICE_ABSENT;

    delays_read(fact->value[KEY_DELAYS], &delays);
    give_wait(walk, moment - delays.sending - delays.connecting - delays.turn);
    give(walk, moment - delays.sending - delays.connecting, SHARE_TURN, SLICE_ABSENT);
    give(walk, moment - delays.sending, SHARE_CONNECTING, server);
    give(walk, moment, SHARE_TRANSFER, server);
    walk->tried = true;
}

/* A listing of the queue tells why a mail is there, not since when: what was before it, if no
 * attempt is known, was waiting for the same reason. */
static void take_sighting(struct walk *walk, const struct fact *fact)
{
    if (!walk->tried)
        wait_for_retry(walk, fact);
    give_wait(walk, fact->time);
    wait_for_retry(walk, fact);
}

static void take_wait(struct walk *walk, enum share share)
{
    walk->wait = share;
    walk->server = SLICE_ABSENT;
}

static void take_hold(struct walk *walk, const struct fact *fact)
{
    take_wait(walk, SHARE_HOLD);
    walk->held = fact->time;
}

/* What was said of this recipient. */
static void take_own(struct walk *walk, const struct fact *fact)
{
    bool attempt = fact->value[KEY_RELAY].at != NULL || fact->value[KEY_VIA].at != NULL;
    int state = state_of_kind(fact->kind);

    if (state < 0)
        return;
    if (attempt)
        take_attempt(walk, fact);
    else if (fact->kind == FACT_DELAYED)
        take_sighting(walk, fact);
    else
        give_wait(walk, fact->time);
    /* In a second of a log that has no finer ones the attempt may stand behind the hold. */
    if (fact->kind == FACT_DELAYED && walk->wait == SHARE_HOLD && fact->time <= walk->held)
        return;
    if (fact->kind == FACT_DELAYED && attempt)
        wait_for_retry(walk, fact);
    else if (fact->kind == FACT_HELD)
        take_hold(walk, fact);
    else if (state_final((enum recipient_state)state))
        take_wait(walk, SHARE_FILTER); /* if more follows, it came back */
}

/* What was said of the whole mail. */
static void take_mail(struct walk *walk, const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_QUEUED:
    case FACT_ACTIVE:
        if (walk->wait != SHARE_RECEIVING && walk->wait != SHARE_FILTER)
            return;
        give_wait(walk, fact->time);
        take_wait(walk, SHARE_TURN);
        return;
    case FACT_HELD:
        give_wait(walk, fact->time);
        take_hold(walk, fact);
        return;
    case FACT_RELEASED:
    case FACT_REQUEUED:
        give_wait(walk, fact->time);
        take_wait(walk, SHARE_TURN);
        return;
    default:
        return;
    }
}

static void take(struct walk *walk, size_t index, uint32_t subject)
{
    const struct fact *fact = &walk->waybill->facts[index];

    if (fact->witness == WITNESS_REPORT)
        return;
    if (walk->waybill->subject[index] == subject)
        take_own(walk, fact);
    else if (walk->waybill->subject[index] == SUBJECT_MAIL)
        take_mail(walk, fact);
}

/* ---- begin and end ---- */

bool attribution_wanted(const struct recipient *recipient)
{
    return recipient->taken && recipient->state != STATE_REJECTED &&
           recipient->state != STATE_ABANDONED && recipient->state != STATE_EXPANDED;
}

/* A copy shows the same bytes. */
static uint32_t subject_of(const struct waybill *waybill, const struct recipient *recipient)
{
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (waybill->recipients[i].address.at == recipient->address.at)
            return (uint32_t)i;
    return SUBJECT_MAIL - 1; /* nobody */
}

static void find_end(struct walk *walk, const struct recipient *recipient, int64_t now)
{
    const struct waybill *waybill = walk->waybill;

    walk->to->over = state_final(recipient->state) && recipient->state != STATE_UNRESOLVED &&
                     recipient->decided_by < waybill->fact_count;
    walk->end = walk->to->over ? moment_of(waybill, &waybill->facts[recipient->decided_by]) : now;
    if (walk->end < walk->at)
        walk->end = walk->at;
    walk->to->total = walk->end - walk->at;
}

static void find_largest(struct attribution *attribution)
{
    attribution->largest = SHARE_RECEIVING;
    for (enum share share = 0; share < SHARE_COUNT; share++)
        if (attribution->ms[share] > attribution->ms[attribution->largest])
            attribution->largest = share;
}

void attribution_find(const struct waybill *waybill, const struct recipient *recipient,
                      const struct phrasebook *book, int64_t now, struct attribution *attribution)
{
    struct walk walk = {.waybill = waybill,
                        .book = book,
                        .to = attribution,
                        .at = waybill->arrived,
                        .wait = SHARE_RECEIVING,
                        .server = SLICE_ABSENT};
    uint32_t subject = subject_of(waybill, recipient);

    *attribution = (struct attribution){0};
    find_end(&walk, recipient, now);
    for (size_t i = 0; i < waybill->fact_count; i++)
        take(&walk, i, subject);
    if (relay_is_beyond(waybill, recipient) && walk.wait == SHARE_FILTER)
        walk.wait = SHARE_BEYOND;
    give_wait(&walk, walk.end);
    find_largest(attribution);
}

/* ---- in words ---- */

/* The text of "delay.why.connecting" or of "delay.part.connecting". */
static void share_key(const struct attribution *attribution, enum share share, const char *area,
                      char *key, size_t room)
{
    bool guessed = share == SHARE_GREYLISTING && !attribution->named;

    snprintf(key, room, "delay.%s.%s", area, guessed ? "later" : share_word(share));
}

static void say_largest(const struct attribution *attribution, struct buffer *to)
{
    const struct messages *messages = attribution->messages;
    enum share share = attribution->largest;
    char span[CLOCK_TEXT_SIZE], key[KEY_ROOM];
    struct buffer server, why;

    buffer_init(&server, NAME_ROOM);
    buffer_init(&why, 2 * NAME_ROOM);
    escape_terminal(&server, attribution->server[share]);
    if (server.size == 0)
        buffer_add_text(&server, messages_get(messages, "delay.server"));
    share_key(attribution, share, "why", key, sizeof key);
    messages_add(messages, key,
                 (const struct message_place[]){{"server", server.data}, {NULL, NULL}}, &why);
    clock_span(attribution->ms[share], span);
    messages_add(messages,
                 attribution->ms[share] > attribution->total / 2 ? "delay.most" : "delay.largest",
                 (const struct message_place[]){{"span", span}, {"why", why.data}, {NULL, NULL}},
                 to);
    buffer_free(&why);
    buffer_free(&server);
}

int attribution_sentence(const struct attribution *attribution, struct buffer *to)
{
    char span[CLOCK_TEXT_SIZE];

    clock_span(attribution->total, span);
    messages_add(attribution->messages, attribution->over ? "delay.took" : "delay.so_far",
                 (const struct message_place[]){{"span", span}, {NULL, NULL}}, to);
    if (attribution->total >= SECOND_MS) {
        buffer_add_char(to, ' ');
        say_largest(attribution, to);
    }
    return to->failed ? -1 : 0;
}

int attribution_parts(const struct attribution *attribution, struct buffer *to)
{
    const char *comma = "";

    for (enum share share = 0; share < SHARE_COUNT; share++) {
        char span[CLOCK_TEXT_SIZE], key[KEY_ROOM];
        if (attribution->ms[share] < TOLD_LEAST_MS)
            continue;
        clock_span(attribution->ms[share], span);
        share_key(attribution, share, "part", key, sizeof key);
        buffer_addf(to, "%s%s %s", comma, span, messages_get(attribution->messages, key));
        comma = ", ";
    }
    return to->failed ? -1 : 0;
}
