/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge: from facts to meaning.
 *
 * Passes over the facts in the order of their time: the envelope is read, each fact finds its
 * recipient, each recipient's state is weighed. An end (delivered, failed, ...) outweighs any
 * attempt; of two ends the later one stands. What is said of the whole mail counts for the
 * recipients that have no end of their own.
 *
 * Reports come last, and only those that may be believed: a failure that comes days later beats
 * delivered; what the log knows already keeps its words and its time.
 */
#include "waybill/waybill.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#include "body.h"
#include "trust.h"

static const char *const state_words[STATE_COUNT] = {
#define X(symbol, word) [STATE_##symbol] = word,
    RECIPIENT_STATES(X)
#undef X
};

/* The later in this list, the more it needs eyes. */
static const enum recipient_state eyes[] = {
    STATE_EXPANDED, STATE_DELIVERED, STATE_DISCARDED, STATE_CANCELED, STATE_ABANDONED,
    STATE_ACCEPTED, STATE_HELD,      STATE_DELAYED,   STATE_REJECTED, STATE_UNRESOLVED,
    STATE_EXPIRED,  STATE_FAILED,
};

const char *state_word(enum recipient_state state)
{
    return state < STATE_COUNT ? state_words[state] : "unknown";
}

int state_of(struct slice word)
{
    for (int state = 0; state < STATE_COUNT; state++)
        if (slice_is(word, state_words[state]))
            return state;
    return -1;
}

bool state_final(enum recipient_state state)
{
    return state != STATE_ACCEPTED && state != STATE_DELAYED && state != STATE_HELD;
}

uint64_t recipient_hash(struct slice address)
{
    char normal[ADDRESS_MAX];
    size_t size = address_normal(address, normal);
    uint64_t hash = digest_64(normal, size) & ((UINT64_C(1) << 60) - 1);
    return hash ? hash : 1;
}

/* ---- decoding ---- */

static int decode_facts(struct waybill *waybill, const struct record *record, struct error *why)
{
    size_t bytes = 1;
    for (size_t i = 0; i < record->count; i++)
        bytes += record->lines[i].size;
    const char *key[] = {record->host, record->instance, record->queue_id};
    struct slice *shown[] = {&waybill->host, &waybill->instance, &waybill->queue_id};
    for (int i = 0; i < 3; i++)
        bytes += key[i] ? strlen(key[i]) : 0;
    waybill->bytes = malloc(bytes);
    waybill->facts = calloc(record->count + 1, sizeof *waybill->facts);
    if (waybill->bytes == NULL || waybill->facts == NULL)
        return error_set(why, "no memory for a waybill of %zu facts", record->count);
    char *to = waybill->bytes;
    for (int i = 0; i < 3; i++) {
        size_t size = key[i] ? strlen(key[i]) : 0;
        if (size > 0) {
            memcpy(to, key[i], size);
            *shown[i] = slice_make(to, size);
            to += size;
        }
    }
    for (size_t i = 0; i < record->count; i++) {
        const struct record_line *line = &record->lines[i];
        struct fact *fact = &waybill->facts[waybill->fact_count];
        memcpy(to, line->text, line->size);
        fact_renew(fact, (enum witness)line->witness, FACT_UNKNOWN, line->time);
        fact->id = line->fact;
        fact->waybill = record->id;
        if (body_decode(to, line->size, fact) == 0)
            waybill->fact_count++;
        to += line->size;
    }
    return 0;
}

/* ---- order ---- */

/* A log that counts whole seconds says 10:03:07 of what happened at any moment of that second. */
static bool log_is_coarse(const struct waybill *waybill, bool *alone)
{
    bool any = false;
    *alone = true;
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].witness == WITNESS_LOG) {
            any = true;
            if (waybill->facts[i].time % SECOND_MS != 0)
                return false;
        } else {
            *alone = false;
        }
    return any;
}

/* Move the log's facts behind what others saw in the same second. The facts are sorted by time,
 * so it is a merge within each second. */
static int order_facts(struct waybill *waybill, struct error *why)
{
    bool alone;
    waybill->coarse_log = log_is_coarse(waybill, &alone);
    if (!waybill->coarse_log || alone)
        return 0;
    struct fact *ordered = malloc((waybill->fact_count + 1) * sizeof *ordered);
    if (ordered == NULL)
        return error_set(why, "no memory for a waybill of %zu facts", waybill->fact_count);
    size_t done = 0;
    for (size_t from = 0, to = 0; from < waybill->fact_count; from = to) {
        int64_t second = waybill->facts[from].time / SECOND_MS;
        while (to < waybill->fact_count && waybill->facts[to].time / SECOND_MS == second)
            to++;
        for (int of_log = 0; of_log <= 1; of_log++)
            for (size_t i = from; i < to; i++)
                if ((waybill->facts[i].witness == WITNESS_LOG) == (of_log == 1))
                    ordered[done++] = waybill->facts[i];
    }
    free(waybill->facts);
    waybill->facts = ordered;
    return 0;
}

/* ---- the envelope ---- */

/* Take the value if the milter says it, or if nobody has said it yet. */
static void learn(struct slice *known, const struct fact *fact, enum fact_key key)
{
    struct slice told = fact->value[key];
    if (told.at != NULL && (known->at == NULL || fact->witness == WITNESS_MILTER))
        *known = told;
}

#define ENVELOPE_KEYS                                                                              \
    (KEY_BIT(FROM) | KEY_BIT(CLIENT) | KEY_BIT(IP) | KEY_BIT(PORT) | KEY_BIT(HELO) |               \
     KEY_BIT(LOGIN) | KEY_BIT(AUTH) | KEY_BIT(DAEMON) | KEY_BIT(DAEMON_PORT) | KEY_BIT(ENVID) |    \
     KEY_BIT(MESSAGE_ID) | KEY_BIT(DATE) | KEY_BIT(HEADER_FROM) | KEY_BIT(SUBJECT) |               \
     KEY_BIT(SUBJECT_HASH) | KEY_BIT(AUTO) | KEY_BIT(LIST) | KEY_BIT(TLS))

static void read_envelope(struct waybill *waybill, const struct fact *fact)
{
    if ((fact->keys & ENVELOPE_KEYS) == 0)
        return;
    learn(&waybill->from, fact, KEY_FROM);
    learn(&waybill->client, fact, KEY_CLIENT);
    learn(&waybill->ip, fact, KEY_IP);
    learn(&waybill->port, fact, KEY_PORT);
    learn(&waybill->helo, fact, KEY_HELO);
    learn(&waybill->login, fact, KEY_LOGIN);
    learn(&waybill->auth, fact, KEY_AUTH);
    learn(&waybill->daemon, fact, KEY_DAEMON);
    learn(&waybill->daemon_port, fact, KEY_DAEMON_PORT);
    learn(&waybill->envid, fact, KEY_ENVID);
    learn(&waybill->message_id, fact, KEY_MESSAGE_ID);
    learn(&waybill->date, fact, KEY_DATE);
    learn(&waybill->header_from, fact, KEY_HEADER_FROM);
    learn(&waybill->subject_text, fact, KEY_SUBJECT);
    learn(&waybill->subject_hash, fact, KEY_SUBJECT_HASH);
    learn(&waybill->automatic, fact, KEY_AUTO);
    learn(&waybill->list, fact, KEY_LIST);
    if (fact->witness == WITNESS_MILTER)
        learn(&waybill->tls, fact, KEY_TLS);
}

/* The queue manager counts best; what the client announced is only a guess. */
static void read_size(struct waybill *waybill, const struct fact *fact)
{
    static const enum fact_kind trust[] = {FACT_MAIL, FACT_QUEUED, FACT_ACTIVE};
    uint64_t size;
    if (fact->value[KEY_SIZE].at == NULL ||
        !text_number(fact->value[KEY_SIZE], 0, INT64_MAX, &size))
        return;
    for (size_t i = 0; i < sizeof trust / sizeof *trust; i++)
        if (fact->kind == trust[i] && waybill->size_from <= i + 1) {
            waybill->size = (int64_t)size;
            waybill->size_from = i + 1;
        }
}

/* This mail is a report, and so much was found out. */
static void read_about(struct waybill *waybill, const struct fact *fact)
{
    uint64_t about;
    waybill->is_report = waybill->is_report || fact->kind == FACT_REPORT;
    if (fact->kind == FACT_REPORT && text_number(fact->value[KEY_ABOUT], 1, UINT64_MAX, &about) &&
        (waybill->about == 0 || about < waybill->about))
        waybill->about = about;
}

static void read_mail(struct waybill *waybill)
{
    waybill->arrived = waybill->fact_count ? waybill->facts[0].time : 0;
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->witness == WITNESS_REPORT) {
            read_about(waybill, fact);
            continue;
        }
        read_size(waybill, fact);
        /* A refusal's words are about others, not about this envelope. */
        if (fact->kind <= FACT_CLEANUP || fact->kind == FACT_ACTIVE)
            read_envelope(waybill, fact);
        if (fact->witness == WITNESS_MILTER)
            waybill->seen_by_milter = true;
        if (fact->kind == FACT_QUEUED || fact->kind == FACT_ACTIVE)
            waybill->queued = true;
        if (fact->kind == FACT_REMOVED || fact->kind == FACT_CANCELED ||
            fact->kind == FACT_REQUEUED ||
            /* no line says that what was refused at its end has left the queue */
            (fact->kind == FACT_REJECTED && slice_is(fact->value[KEY_PHASE], "eom")))
            waybill->removed = true;
        if (fact->kind == FACT_ABANDONED) {
            waybill->abandoned = true;
            waybill->phase = fact->value[KEY_PHASE];
        }
    }
    waybill->has_from = waybill->from.at != NULL;
}

/* ---- recipients ---- */

/* A later milter, or cleanup, speaks of the whole mail when it says no at the end of it. */
static bool speaks_of_mail(const struct fact *fact)
{
    bool no = fact->kind == FACT_REJECTED || fact->kind == FACT_DISCARDED ||
              fact->kind == FACT_HELD;
    return fact->value[KEY_TO].at == NULL ||
           (no && fact->value[KEY_PHASE].at != NULL && !slice_is(fact->value[KEY_PHASE], "rcpt"));
}

/* Where no witness heard the recipients named at RCPT, the no to the whole mail names one of them:
 * he was taken, or nobody could have said no to the mail. */
static void find_unheard(struct finder *finder)
{
    struct waybill *waybill = finder->waybill;
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].kind == FACT_RCPT)
            return;
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (waybill->subject[i] == SUBJECT_MAIL && fact->witness == WITNESS_LOG &&
            fact->value[KEY_TO].at != NULL)
            waybill->recipients[finder_find(finder, fact->value[KEY_TO], true)].taken = true;
    }
}

static void find_subjects(struct finder *finder)
{
    struct waybill *waybill = finder->waybill;
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        waybill->subject[i] = SUBJECT_MAIL;
        if (fact->witness == WITNESS_REPORT || speaks_of_mail(fact))
            continue;
        uint32_t index = finder_find(finder, fact->value[KEY_TO], true);
        struct recipient *recipient = &waybill->recipients[index];
        waybill->subject[i] = index;
        if (fact->value[KEY_ORIGINAL].at != NULL &&
            !address_same(fact->value[KEY_ORIGINAL], recipient->address))
            recipient->original = address_bare(fact->value[KEY_ORIGINAL]);
    }
    find_unheard(finder);
}

/* ---- states ---- */

int state_of_kind(enum fact_kind kind)
{
    switch (kind) {
    case FACT_DELIVERED:
        return STATE_DELIVERED;
    case FACT_DELAYED:
        return STATE_DELAYED;
    case FACT_FAILED:
        return STATE_FAILED;
    case FACT_EXPIRED:
        return STATE_EXPIRED;
    case FACT_EXPANDED:
    case FACT_REQUEUED:
        return STATE_EXPANDED;
    case FACT_DISCARDED:
        return STATE_DISCARDED;
    case FACT_HELD:
        return STATE_HELD;
    case FACT_CANCELED:
        return STATE_CANCELED;
    case FACT_REJECTED:
        return STATE_REJECTED;
    default:
        return -1;
    }
}

static void decide(const struct waybill *waybill, struct recipient *recipient,
                   enum recipient_state state, size_t fact_index)
{
    const struct fact *fact = &waybill->facts[fact_index];
    recipient->state = state;
    recipient->since = fact->time;
    recipient->decided_by = fact_index;
    recipient->status = fact->value[KEY_STATUS];
    recipient->reply = fact->value[KEY_REPLY];
    recipient->reason = fact->value[KEY_REASON];
    recipient->relay = fact->value[KEY_RELAY];
    recipient->next = fact->value[KEY_NEXT];
    recipient->via = fact->value[KEY_VIA];
    bool into_mailbox = slice_is(recipient->via, "local") ||
                        slice_is(recipient->via, "virtual") || slice_is(recipient->via, "lmtp");
    recipient->mailbox = state == STATE_DELIVERED && into_mailbox;
}

/* Of one recipient local(8) may tell the copy in his mailbox, the one that went on, and the command
 * that failed, all in one second and so in any order. What went on is told of there; and of a
 * failure the sender hears. */
static bool end_outweighs(const struct recipient *recipient, enum recipient_state state,
                          const struct fact *fact)
{
    if (state == STATE_EXPANDED)
        return recipient->state == STATE_EXPANDED;
    return !(state == STATE_DELIVERED && recipient->state == STATE_FAILED &&
             fact->time == recipient->since);
}

/* Facts come in the order of time; an end yields only to a later end. In one second, which is
 * as fine as some logs are, an attempt that comes second in the order may have been first. */
static void weigh(const struct waybill *waybill, struct recipient *recipient, size_t fact_index)
{
    const struct fact *fact = &waybill->facts[fact_index];
    int state = state_of_kind(fact->kind);
    if (fact->kind == FACT_RCPT || state >= 0)
        recipient->taken = true;
    if (fact->kind == FACT_RCPT && recipient->state == STATE_REJECTED && recipient->at_rcpt)
        decide(waybill, recipient, STATE_ACCEPTED, fact_index);
    if (fact->kind == FACT_RCPT && recipient->decided_by == SIZE_MAX)
        decide(waybill, recipient, STATE_ACCEPTED, fact_index);
    if (fact->kind == FACT_REFUSED && !recipient->taken) {
        decide(waybill, recipient, STATE_REJECTED, fact_index);
        recipient->at_rcpt = true;
    }
    if (state < 0)
        return;
    if (fact->value[KEY_RELAY].at != NULL || fact->value[KEY_VIA].at != NULL) {
        recipient->attempts++;
        recipient->tried = fact->time;
    }
    if (recipient->decided_by == SIZE_MAX || recipient->at_rcpt || !state_final(recipient->state) ||
        (state_final((enum recipient_state)state) &&
         end_outweighs(recipient, (enum recipient_state)state, fact))) {
        recipient->at_rcpt = false;
        decide(waybill, recipient, (enum recipient_state)state, fact_index);
    }
}

/* After it a hold is over, though no attempt has shown it yet. */
static int64_t last_release(const struct waybill *waybill)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].kind == FACT_RELEASED)
            last = waybill->facts[i].time;
    return last;
}

/* Two lines tell that a mail was requeued; only pickup's has its new queue id. */
static void learn_new_id(const struct waybill *waybill, struct recipient *recipient,
                         const struct fact *fact)
{
    if (fact->kind == FACT_REQUEUED && recipient->decided_by != SIZE_MAX &&
        waybill->facts[recipient->decided_by].kind == FACT_REQUEUED && recipient->next.at == NULL)
        recipient->next = fact->value[KEY_NEXT];
}

/* What is said of the whole mail goes to each recipient that has no end of its own. */
static void weigh_mail(const struct waybill *waybill, size_t fact_index)
{
    const struct fact *fact = &waybill->facts[fact_index];
    int state = state_of_kind(fact->kind);
    /* Some list went on to its members: which of the recipients that was shows in the end. */
    if (fact->kind == FACT_EXPANDED)
        return;
    for (size_t i = 0; state >= 0 && i < waybill->recipient_count; i++) {
        struct recipient *recipient = &waybill->recipients[i];
        /* A hold ends with the next attempt; an end needs no such care. Being taken is no attempt,
         * and a log without fractions of a second may put the hold before it. */
        bool late = fact->time >= recipient->since || recipient->state == STATE_ACCEPTED ||
                    state_final((enum recipient_state)state);
        if (recipient->taken && late && !state_final(recipient->state))
            decide(waybill, recipient, (enum recipient_state)state, fact_index);
        learn_new_id(waybill, recipient, fact);
    }
}

/* ---- what reports say ---- */

/* What another server proves may have come in on a machine with another clock. */
static bool report_follows(const struct waybill *waybill, size_t fact_index, int64_t since)
{
    int64_t skew = waybill->trust[fact_index] == TRUST_PROVED ? MINUTE_MS : 0;
    return waybill->facts[fact_index].time + skew >= since;
}

static bool report_decides(const struct waybill *waybill, const struct recipient *recipient,
                           size_t fact_index, enum recipient_state state)
{
    const struct fact *fact = &waybill->facts[fact_index];
    enum recipient_state now = recipient->state;
    if (recipient->decided_by == SIZE_MAX)
        return true;
    if (outcome_same(now, state))
        return state == STATE_DELAYED && fact->time >= recipient->since &&
               waybill->facts[recipient->decided_by].witness == WITNESS_REPORT;
    if (!state_final(state))
        return now == STATE_ACCEPTED || (!state_final(now) && fact->time >= recipient->since);
    if (!state_final(now))
        return true;
    return (now == STATE_DELIVERED || now == STATE_EXPANDED) && outcome_same(state, STATE_FAILED) &&
           report_follows(waybill, fact_index, recipient->since);
}

/* A report is no attempt: it tells of one. */
static void weigh_report(const struct waybill *waybill, size_t fact_index)
{
    const struct fact *fact = &waybill->facts[fact_index];
    struct recipient *recipient = &waybill->recipients[waybill->subject[fact_index]];
    enum recipient_state state = (enum recipient_state)state_of_kind(fact->kind);
    struct slice relay = recipient->relay, next = recipient->next, via = recipient->via;
    recipient->taken = true;
    if (!report_decides(waybill, recipient, fact_index, state))
        return;
    decide(waybill, recipient, state, fact_index);
    if (recipient->relay.at == NULL)
        recipient->relay = relay;
    recipient->next = next;
    recipient->via = via;
}

static void fill(struct slice *known, const struct fact *fact, enum fact_key key)
{
    if (known->at == NULL)
        *known = fact->value[key];
}

/* What the deciding fact left open. A delay's words go out of date with the next attempt. */
static void fill_from_report(const struct waybill *waybill, size_t fact_index)
{
    const struct fact *fact = &waybill->facts[fact_index];
    struct recipient *recipient = &waybill->recipients[waybill->subject[fact_index]];
    enum recipient_state state = (enum recipient_state)state_of_kind(fact->kind);
    if (!outcome_same(state, recipient->state) ||
        (state == STATE_DELAYED && fact->time < recipient->since))
        return;
    fill(&recipient->status, fact, KEY_STATUS);
    fill(&recipient->reply, fact, KEY_REPLY);
    fill(&recipient->reason, fact, KEY_REASON);
    if (state == STATE_DELIVERED && slice_is(fact->value[KEY_ACTION], "delivered"))
        recipient->mailbox = true;
}

static void weigh_reports(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (trust_weighs(waybill, i))
            weigh_report(waybill, i);
    for (size_t i = waybill->fact_count; i-- > 0;)
        if (trust_weighs(waybill, i))
            fill_from_report(waybill, i);
}

/* ---- what follows from the others ---- */

/* The queue was looked at, and the mail was gone: what is open has an end that no witness saw. What
 * the log tells later is an end, or an attempt that came after. */
static void settle_reconciled(struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->kind != FACT_REMOVED || fact->witness != WITNESS_QUEUE)
            continue;
        for (size_t to = 0; to < waybill->recipient_count; to++) {
            struct recipient *recipient = &waybill->recipients[to];
            bool open = !state_final(recipient->state) || recipient->state == STATE_UNRESOLVED;
            if (recipient->taken && open && recipient->since <= fact->time)
                decide(waybill, recipient, STATE_UNRESOLVED, i);
        }
    }
}

/* The queue let the mail go, and these recipients were not named in any outcome: an alias if
 * others were, else the witness missed something. */
static void settle_unnamed(struct waybill *waybill, size_t removed_by, bool strangers)
{
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        struct recipient *recipient = &waybill->recipients[i];
        if (recipient->state == STATE_ACCEPTED && recipient->taken)
            decide(waybill, recipient, strangers ? STATE_EXPANDED : STATE_UNRESOLVED, removed_by);
    }
}

/* ---- an end that is not told ---- */

static bool is_unnamed(const struct waybill *waybill, const struct recipient *recipient)
{
    return recipient->state == STATE_ACCEPTED && recipient->taken &&
           waybill->facts[recipient->decided_by].kind == FACT_RCPT;
}

/* Aliases are of one domain, our own; someone elsewhere may still wait for his turn. */
static bool unnamed_are_neighbours(const struct waybill *waybill)
{
    struct slice domain = SLICE_ABSENT;
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        if (!is_unnamed(waybill, &waybill->recipients[i]))
            continue;
        struct slice other = address_domain(waybill->recipients[i].address);
        if (domain.at != NULL && !slice_equal_nocase(domain, other))
            return false;
        domain = other;
    }
    return true;
}

static uint64_t count_told(const struct waybill *waybill)
{
    uint64_t most = 0, count;
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (text_number(waybill->facts[i].value[KEY_RECIPIENTS], 0, UINT32_MAX, &count) &&
            count > most)
            most = count;
    return most;
}

/* Sendmail, unless it logs much, never says that a mail left its queue. It has left when all that
 * were named came to an end, and nobody else can be waiting. Returns the fact that ended it;
 * SIZE_MAX: it has not ended, or another mail server would say so. */
static size_t find_untold_end(const struct waybill *waybill, bool strangers)
{
    size_t last = SIZE_MAX;
    if (!slice_is(waybill->instance, "sendmail") ||
        waybill->recipient_count < count_told(waybill) || !unnamed_are_neighbours(waybill))
        return SIZE_MAX;
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        bool unnamed = is_unnamed(waybill, recipient);
        if (unnamed ? !strangers : !state_final(recipient->state))
            return SIZE_MAX;
        if (!unnamed && recipient->taken && (last == SIZE_MAX || recipient->decided_by > last))
            last = recipient->decided_by;
    }
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].kind == FACT_EXPANDED && waybill->subject[i] == SUBJECT_MAIL &&
            (last == SIZE_MAX || i > last))
            last = i;
    return last;
}

/* An alias has no outcome of its own: the log names those it went to, by orig_to= or not. */
static void settle_aliases(struct finder *finder)
{
    struct waybill *waybill = finder->waybill;
    bool strangers = false;
    size_t removed_by = SIZE_MAX;
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->kind == FACT_REMOVED)
            removed_by = i;
        /* a list's owner has his own mail for its members */
        if (waybill->subject[i] == SUBJECT_MAIL && fact->kind == FACT_EXPANDED)
            strangers = true;
        if (waybill->subject[i] == SUBJECT_MAIL || state_of_kind(fact->kind) < 0 ||
            waybill->trust[i] == TRUST_CLAIMED)
            continue;
        struct recipient *child = &waybill->recipients[waybill->subject[i]];
        strangers = strangers || (!child->named && child->original.at == NULL);
        if (child->original.at == NULL)
            continue;
        uint32_t parent = finder_find(finder, child->original, false);
        if (parent != SUBJECT_MAIL && waybill->recipients[parent].state == STATE_ACCEPTED)
            decide(waybill, &waybill->recipients[parent], STATE_EXPANDED, i);
    }
    if (removed_by == SIZE_MAX)
        removed_by = find_untold_end(waybill, strangers);
    waybill->removed = waybill->removed || removed_by != SIZE_MAX;
    if (removed_by != SIZE_MAX)
        settle_unnamed(waybill, removed_by, strangers);
}

/* The client went away, and no other witness knows better. */
static void settle_abandoned(struct waybill *waybill)
{
    if (!waybill->abandoned || waybill->queued)
        return;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (waybill->recipients[i].state == STATE_ACCEPTED)
            waybill->recipients[i].state = STATE_ABANDONED;
}

static void settle_age(struct waybill *waybill, int64_t now, int64_t queue_lifetime)
{
    for (size_t i = 0; queue_lifetime > 0 && i < waybill->recipient_count; i++) {
        struct recipient *recipient = &waybill->recipients[i];
        bool open = recipient->state == STATE_ACCEPTED || recipient->state == STATE_DELAYED;
        if (open && now - recipient->since > queue_lifetime + DAY_MS)
            recipient->state = STATE_UNRESOLVED;
    }
}

static void weigh_seen(struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->subject[i] != SUBJECT_MAIL && waybill->facts[i].kind == FACT_RCPT &&
            waybill->facts[i].witness != WITNESS_QUEUE) /* which knows no alias any more */
            waybill->recipients[waybill->subject[i]].named = true;
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->subject[i] != SUBJECT_MAIL)
            weigh(waybill, &waybill->recipients[waybill->subject[i]], i);
    int64_t released = last_release(waybill);
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        bool over = fact->kind == FACT_HELD && fact->time <= released;
        if (waybill->subject[i] == SUBJECT_MAIL && fact->witness != WITNESS_REPORT && !over)
            weigh_mail(waybill, i);
    }
}

static int judge(struct finder *finder, int64_t now, int64_t queue_lifetime, struct error *why)
{
    struct waybill *waybill = finder->waybill;
    weigh_seen(waybill);
    if (trust_find(finder, why) != 0)
        return -1;
    weigh_reports(waybill);
    settle_aliases(finder);
    settle_reconciled(waybill);
    settle_abandoned(waybill);
    settle_age(waybill, now, queue_lifetime);
    return 0;
}

/* A fact names one recipient at most. */
static size_t count_named(const struct waybill *waybill)
{
    size_t count = 0;
    for (size_t i = 0; i < waybill->fact_count; i++)
        count += waybill->facts[i].value[KEY_TO].at != NULL;
    return count;
}

/* One block, which recipients begins: this is done for each mail of an old log. */
static int make_places(struct waybill *waybill, size_t recipients, struct error *why)
{
    size_t facts = waybill->fact_count + 1;
    waybill->recipients =
        malloc((recipients + 1) * sizeof *waybill->recipients +
               facts * (sizeof *waybill->trust + sizeof *waybill->subject));
    if (waybill->recipients == NULL)
        return error_set(why, "no memory for a waybill of %zu facts", waybill->fact_count);
    waybill->trust = (enum trust *)(waybill->recipients + recipients + 1);
    waybill->subject = (uint32_t *)(waybill->trust + facts);
    return 0;
}

static int read_facts(struct waybill *waybill, int64_t now, int64_t queue_lifetime,
                      struct error *why)
{
    struct finder finder = {0};
    size_t recipients = count_named(waybill);
    int result = make_places(waybill, recipients, why);
    if (result == 0)
        result = order_facts(waybill, why);
    if (result == 0)
        result = finder_open(&finder, waybill, recipients, why);
    if (result == 0) {
        read_mail(waybill);
        find_subjects(&finder);
        result = judge(&finder, now, queue_lifetime, why);
    }
    finder_close(&finder);
    return result;
}

static void begin(struct waybill *waybill)
{
    memset(waybill, 0, sizeof *waybill);
    waybill->size = -1;
}

int waybill_read(struct waybill *waybill, const struct record *record, int64_t now,
                 int64_t queue_lifetime, struct error *why)
{
    begin(waybill);
    waybill->id = record->id;
    int result = decode_facts(waybill, record, why);
    if (result == 0)
        result = read_facts(waybill, now, queue_lifetime, why);
    if (result != 0)
        waybill_clear(waybill);
    return result;
}

int waybill_read_text(struct waybill *waybill, uint64_t id, struct slice text, int64_t now,
                      int64_t queue_lifetime, struct error *why)
{
    struct record_facts read;
    if (record_read(&read, id, text) == 0)
        return 0;
    begin(waybill);
    waybill->id = id;
    waybill->host = read.host;
    waybill->instance = read.instance;
    waybill->queue_id = read.queue_id;
    waybill->bytes = read.bytes;
    waybill->facts = read.facts;
    waybill->fact_count = read.count;
    if (read_facts(waybill, now, queue_lifetime, why) == 0)
        return 1;
    waybill_clear(waybill);
    return -1;
}

int waybill_judge(struct waybill *waybill, struct fact *facts, size_t count, int64_t now,
                  int64_t queue_lifetime, struct error *why)
{
    begin(waybill);
    waybill->facts = facts;
    waybill->fact_count = count;
    int result = read_facts(waybill, now, queue_lifetime, why);
    if (result != 0)
        waybill_clear(waybill);
    return result;
}

void waybill_clear(struct waybill *waybill)
{
    free(waybill->bytes);
    free(waybill->facts);
    free(waybill->recipients); /* subject and trust with it */
    memset(waybill, 0, sizeof *waybill);
}

enum recipient_state waybill_state(const struct waybill *waybill)
{
    size_t most = 0;
    bool any = false;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        for (size_t rank = 0; rank < STATE_COUNT; rank++)
            if (eyes[rank] == waybill->recipients[i].state && (!any || rank > most)) {
                most = rank;
                any = true;
            }
    if (any)
        return eyes[most];
    return waybill->abandoned ? STATE_ABANDONED : waybill->queued ? STATE_ACCEPTED : STATE_REJECTED;
}

bool waybill_refused(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (waybill->recipients[i].taken)
            return false;
    return !waybill->queued;
}

bool waybill_finished(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (!state_final(waybill->recipients[i].state))
            return false;
    return waybill->removed || waybill->abandoned ||
           (waybill->queued && waybill->recipient_count == 0);
}
