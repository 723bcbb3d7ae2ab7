/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join: which waybill does a line of the log belong to?
 *
 * The log names host, instance, queue id and time. Queue ids come again, short ones within
 * seconds, so the time decides: from the mail's arrival until the queue let it go. Where the time
 * is the same the order of the log's lines does: what opens a mail after the last one went is
 * another mail's, and what follows is that one's. A fact that a record has is that record's, so
 * that a log may be read twice.
 */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "turn.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/host.h"

#define JOIN_BEFORE_MS (5 * SECOND_MS) /* log clocks have seconds, and two clocks differ */
#define JOIN_IDS_MAX 64u /* of one queue id and day that are looked at, the newest first */

static bool instance_fits(const char *known, struct slice told)
{
    return known == NULL || told.at == NULL || slice_is(told, known);
}

static bool message_id_same(const struct entry *entry, const struct fact *fact)
{
    struct slice told = fact->value[KEY_MESSAGE_ID];
    return fact->kind == FACT_CLEANUP && told.size > 0 && entry->message_id != 0 &&
           entry->message_id == entry_message_id(told);
}

/* From the mail's arrival until the milter saw the transaction end its queue id is nobody else's:
 * a mail may have two of these headers, and the log masks and cuts their bytes. */
static bool message_id_may_be_odd(const struct entry *entry, const struct fact *fact)
{
    return !entry_minted(entry) && fact->time >= turn_second(entry->arrived) &&
           (entry->closed == 0 || fact->time <= entry->closed);
}

/* Two Message-IDs that differ are two mails, whatever else fits, unless the log is in the midst of
 * this one. */
static bool message_id_fits(const struct entry *entry, const struct fact *fact)
{
    if (fact->kind != FACT_CLEANUP || fact->value[KEY_MESSAGE_ID].size == 0 ||
        entry->message_id == 0 || message_id_same(entry, fact))
        return true;
    return entry->order != 0 && entry->gone == 0 && message_id_may_be_odd(entry, fact);
}

/* A scope behind an IPv6 address is not told by all. */
static struct slice ip_bare(struct slice ip)
{
    ptrdiff_t scope = slice_find(ip, '%');
    return scope >= 0 ? slice_make(ip.at, (size_t)scope) : ip;
}

static bool ip_is_local(struct slice ip)
{
    return ip.size == 0 || slice_starts(ip, "127.") || slice_is(ip, "::1");
}

/* Who handed it in, as smtpd tells its milter and its log. A user of this machine has no address,
 * or that of the machine itself. */
static bool client_fits(const struct entry *entry, const struct fact *fact)
{
    struct slice told = ip_bare(fact->value[KEY_IP]), known = ip_bare(slice_of(entry->ip));
    if (fact->value[KEY_UID].at != NULL)
        return ip_is_local(known);
    return told.size == 0 || known.size == 0 || slice_equal(told, known);
}

static bool key_fits(const struct entry *entry, const struct fact *fact)
{
    const struct record *record = entry_record(entry);
    return entry->see == 0 && !entry->broken && record->queue_id != NULL &&
           slice_is(fact->value[KEY_QUEUE], record->queue_id) &&
           host_same(slice_of(record->host), fact->value[KEY_HOST]) &&
           instance_fits(record->instance, fact->value[KEY_INSTANCE]);
}

/* The record leaves out how the log began a mail that the milter saw. So after a restart it is
 * known again by what it says. */
static bool opening_is_own(const struct entry *entry, const struct fact *fact)
{
    return !entry_minted(entry) &&
           (fact->kind == FACT_CLIENT || (entry->cleanup == 0 && message_id_same(entry, fact)));
}

/* smtpd asks its milters at MAIL, and gives a queue id later. */
static bool comes_early(const struct entry *entry, const struct fact *fact)
{
    return !entry_minted(entry) && fact->time < turn_second(entry->arrived);
}

static bool opening_fits(const struct entry *entry, const struct fact *fact)
{
    if (fact->kind == FACT_CLIENT && (entry->client != 0 || !client_fits(entry, fact)))
        return false;
    if (!message_id_fits(entry, fact) ||
        (comes_early(entry, fact) && !message_id_same(entry, fact)))
        return false;
    return entry->gone == 0 || fact->time < entry->gone ||
           (fact->time == entry->gone && opening_is_own(entry, fact));
}

static bool entry_fits(const struct entry *entry, const struct fact *fact)
{
    if (!key_fits(entry, fact))
        return false;
    if (entry_knows(entry, fact))
        return true;
    if (fact->time < entry->arrived - JOIN_BEFORE_MS)
        return false;
    if (turn_opens(fact))
        return opening_fits(entry, fact);
    return entry->gone == 0 || fact->time <= entry->gone + turn_after(fact->kind);
}

/* Of mails with one queue id the log is in the one that it began and did not end. Else it begins
 * the next, but for what trails behind the last. */
static int turn_rank(const struct entry *entry, const struct fact *fact)
{
    if (entry->gone == 0)
        return entry->begun ? 3 : 1;
    return turn_trails(fact->kind) ? 2 : 0;
}

/* Of several that the log did not begin yet, and that came one after the other just before the
 * fact, it begins the first: the second came when the first was gone. */
static bool both_ahead(const struct entry *a, const struct entry *b, int64_t time)
{
    return !a->begun && !b->begun && time - a->arrived < JOIN_BEFORE_MS &&
           time - b->arrived < JOIN_BEFORE_MS;
}

/* One that arrived before the fact; then the one where the log is; then the latest. Of two in the
 * same second the milter's, then the one that came first, so that the order of reading does not
 * count. */
static bool fits_better(const struct entry *a, const struct entry *b, const struct fact *fact)
{
    int64_t at_a = turn_second(a->arrived), at_b = turn_second(b->arrived);
    bool before_a = at_a <= fact->time, before_b = at_b <= fact->time;
    int rank_a = turn_rank(a, fact), rank_b = turn_rank(b, fact);
    if (before_a != before_b)
        return before_a;
    if (rank_a != rank_b)
        return rank_a > rank_b;
    if (at_a != at_b)
        return before_a && !both_ahead(a, b, fact->time) ? at_a > at_b : at_a < at_b;
    if (a->order != b->order)
        return a->order > b->order;
    if (entry_minted(a) != entry_minted(b))
        return entry_minted(b);
    return a->arrived != b->arrived ? a->arrived < b->arrived : a->id < b->id;
}

struct entry *join_live(const struct ship *ship, const struct fact *fact)
{
    struct entry *best = NULL;
    struct entry *entry = live_queue(&ship->live, fact->value[KEY_QUEUE]);
    for (; entry != NULL; entry = entry->by_queue) {
        if (!entry_fits(entry, fact))
            continue;
        if (entry_knows(entry, fact))
            return entry;
        if (best == NULL || fits_better(entry, best, fact))
            best = entry;
    }
    return best;
}

/* ---- a group of facts, which is one mail ---- */

/* How it began, and its first fact that tells more, say whose it is; its Message-ID says it
 * surely, and a fact that is known there. Odd: all fits but the Message-ID. */
enum fit { FIT_NONE, FIT_ODD, FIT_MAYBE, FIT_SURE, FIT_KNOWN };

static enum fit held_fit(const struct entry *entry, const struct fact *fact, bool firm,
                         bool patient)
{
    if (key_fits(entry, fact) && entry_knows(entry, fact))
        return FIT_KNOWN;
    if (firm && !turn_opens(fact))
        return FIT_MAYBE;
    if (entry_fits(entry, fact))
        return message_id_same(entry, fact) ? FIT_SURE : FIT_MAYBE;
    /* Nobody else's after the wait. */
    if (!patient && fact->kind == FACT_CLEANUP && entry->cleanup == 0 && entry->gone == 0 &&
        key_fits(entry, fact) && message_id_may_be_odd(entry, fact))
        return FIT_ODD;
    return FIT_NONE;
}

/* 0: it names none. */
static uint64_t sender_of(const struct fact *fact)
{
    struct slice from = fact->value[KEY_FROM];
    return from.at != NULL ? recipient_hash(from) : 0;
}

/* As the milter heard it. */
static uint64_t entry_sender(const struct entry *entry)
{
    const struct record *record = entry_record(entry);
    struct buffer scratch;
    uint64_t sender = 0;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    for (size_t i = 0; i < record->count && sender == 0; i++) {
        struct fact fact;
        if (record->lines[i].witness == WITNESS_MILTER &&
            record_fact(record, i, &fact, &scratch) == 0 && fact.kind == FACT_MAIL)
            sender = sender_of(&fact);
    }
    buffer_free(&scratch);
    return sender;
}

static uint64_t group_sender(struct ship *ship, const struct group *group)
{
    struct fact fact;
    for (const struct held *held = group->first; held != NULL; held = held->next)
        if (held->kind == FACT_ACTIVE &&
            harvest_fact(ship, slice_make(held->line, held->size), &fact))
            return sender_of(&fact);
    return 0;
}

/* Once the milter saw the transaction end a mail that it did not see may have come after it with
 * the same queue id in the same second. Then the sender must say that it is this one. */
static bool odd_fits(struct ship *ship, const struct group *group, const struct entry *entry)
{
    if (entry->closed == 0)
        return true;
    uint64_t sender = group_sender(ship, group);
    return sender != 0 && sender == entry_sender(entry);
}

/* `patient`: better may come. */
static enum fit group_fit(struct ship *ship, const struct group *group, const struct entry *entry,
                          bool patient)
{
    bool firm = false, none = group->gone != 0 && group->gone < turn_second(entry->arrived);
    bool odd = false;
    enum fit best = FIT_MAYBE;
    for (const struct held *held = group->first; held != NULL; held = held->next) {
        struct fact fact;
        if (!harvest_fact(ship, slice_make(held->line, held->size), &fact))
            continue;
        enum fit fit = held_fit(entry, &fact, firm, patient);
        if (fit == FIT_KNOWN)
            return fit;
        if (fit == FIT_SURE)
            best = FIT_SURE;
        none = none || fit == FIT_NONE;
        odd = odd || fit == FIT_ODD;
        firm = firm || !turn_opens(&fact);
    }
    if (best == FIT_SURE)
        return best;
    return none || (odd && !odd_fits(ship, group, entry)) ? FIT_NONE : best;
}

/* Its first fact, in the order of the log. */
static bool group_front(struct ship *ship, const struct group *group, struct fact *fact)
{
    return group->first != NULL &&
           harvest_fact(ship, slice_make(group->first->line, group->first->size), fact);
}

struct entry *join_group(struct ship *ship, const struct group *group, bool patient)
{
    struct entry *best = NULL;
    struct entry *entry = live_queue(&ship->live, slice_of(group->queue_id));
    for (; entry != NULL; entry = entry->by_queue) {
        struct fact front;
        enum fit fit = group_fit(ship, group, entry, patient);
        if (fit >= FIT_SURE)
            return entry;
        if (fit == FIT_NONE || !group_front(ship, group, &front))
            continue;
        if (best == NULL || fits_better(entry, best, &front))
            best = entry;
    }
    return best;
}

bool join_group_fits(struct ship *ship, const struct group *group, const struct entry *entry)
{
    return group_fit(ship, group, entry, false) != FIT_NONE;
}

bool join_group_leads(const struct group *group, const struct entry *entry,
                      const struct fact *fact)
{
    if (entry_knows(entry, fact))
        return false;
    if ((group->gone != 0) != (entry->gone != 0))
        return group->gone == 0;
    return group->opened && group->order > entry->order;
}

/* ---- the store's ---- */

static int join_ask_day(struct ship *ship, struct slice queue_id, uint32_t day)
{
    uint64_t *ids = NULL;
    size_t count = 0;
    char term[TERM_MAX];
    size_t size = term_fold(queue_id, term);
    if (store_find_term(ship->store, day, TERM_QUEUE_ID, slice_make(term, size), &ids, &count,
                        &ship->trouble.why) != 0)
        return -1;
    int result = load_entries(ship, ids, count < JOIN_IDS_MAX ? count : JOIN_IDS_MAX, false);
    free(ids);
    return result;
}

int join_ask(struct ship *ship, const struct fact *fact, bool deep)
{
    uint32_t second;
    uint32_t day = clock_day(fact->time, &second);
    int last = deep ? (int)ship->limits.lifetime_days + 1 : 1;
    if (second * SECOND_MS >= DAY_MS - JOIN_BEFORE_MS &&
        join_ask_day(ship, fact->value[KEY_QUEUE], clock_day_add(day, 1)) != 0)
        return -1;
    for (int back = 0; back <= last; back++) {
        if (join_ask_day(ship, fact->value[KEY_QUEUE], clock_day_add(day, -back)) != 0)
            return -1;
        if (join_live(ship, fact) != NULL)
            break;
    }
    return 0;
}
