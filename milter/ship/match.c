/* SPDX-License-Identifier: BSD-2-Clause */
/* match: see match.h. */
#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/host.h"

#define NEAR_MS (15 * MINUTE_MS) /* between the arrival that a report tells and ours */
#define SKEW_MS MINUTE_MS        /* of two nodes' clocks */
#define BACK_MS (90 * DAY_MS)    /* what a report tells of older mails is not believed */
#define LATE_DAYS 7              /* of another server's queue, after ours had let the mail go */

static void match_init(struct match *match, uint64_t report)
{
    match_forget(match);
    match->report = report;
}

void match_forget(struct match *match)
{
    for (size_t i = 0; i < MATCH_MAILS_MAX; i++)
        seen_clear(&match->mails[i].recipients);
    memset(match->mails, 0, sizeof match->mails);
    memset(match->of, 0, sizeof match->of);
    match->mails_next = 0;
    match->report = 0;
}

/* ---- what a report tells ---- */

static bool from_inside(const struct fact *fact)
{
    return slice_is(fact->value[KEY_SIDE], "local") || slice_is(fact->value[KEY_SIDE], "internal");
}

static uint64_t report_id(const struct fact *fact)
{
    uint64_t id;
    return text_number(fact->value[KEY_BY_WAYBILL], 1, UINT64_MAX, &id) ? id : 0;
}

/* All that says which mail is meant but the recipient. */
static uint64_t report_mark(const struct fact *fact)
{
    static const enum fact_key keys[] = {KEY_BY_WAYBILL, KEY_SIDE,    KEY_TOKEN,     KEY_QUEUE,
                                         KEY_HOST,       KEY_ARRIVED, KEY_MESSAGE_ID};
    uint64_t parts[sizeof keys / sizeof *keys + 2] = {
        fact->waybill, report_id(fact) != 0 ? 0 : (uint64_t)fact->time};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct slice value = fact->value[keys[i]];
        parts[i + 2] = digest_64(value.at != NULL ? value.at : "", value.size);
    }
    return digest_64(parts, sizeof parts) | 1;
}

/* When the mail came in, if the report tells it and it can be. */
static bool arrived_told(const struct fact *fact, int64_t *arrived)
{
    uint64_t told;
    if (!text_number(fact->value[KEY_ARRIVED], 0, INT64_MAX, &told) ||
        (int64_t)told > fact->time + NEAR_MS || (int64_t)told < fact->time - BACK_MS)
        return false;
    *arrived = (int64_t)told;
    return true;
}

static bool clue_there(const struct fact *fact, enum clue clue)
{
    if (clue == CLUE_TOKEN)
        return slice_is(fact->value[KEY_TOKEN], "1") && id_valid(fact->waybill);
    if (clue == CLUE_QUEUE)
        return fact->value[KEY_QUEUE].size > 0 && fact->value[KEY_HOST].size > 0;
    return fact->value[KEY_MESSAGE_ID].size > 0 &&
           (fact->value[KEY_TO].size > 0 || fact->value[KEY_ORIGINAL].size > 0);
}

/* What our own mail server reports is believed without a proof, and whoever hands in a mail may
 * give it the token or the Message-ID of another one, which then come back in our own words. */
static bool clue_counts(const struct fact *fact, enum clue clue)
{
    bool own_words = slice_is(fact->value[KEY_SIDE], "internal");
    return clue_there(fact, clue) && (clue == CLUE_QUEUE || !own_words);
}

bool match_possible(const struct fact *fact)
{
    return clue_counts(fact, CLUE_TOKEN) || clue_counts(fact, CLUE_QUEUE) ||
           clue_counts(fact, CLUE_MESSAGE);
}

/* ---- what a mail is ---- */

static int mail_read(struct mail *mail, const struct entry *entry)
{
    const struct record *record = entry_record(entry);
    struct buffer scratch;
    int result = 0;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    for (size_t i = 0; i < record->count && result == 0; i++) {
        struct fact fact;
        if (record->lines[i].witness == WITNESS_REPORT)
            continue;
        if (record_fact(record, i, &fact, &scratch) != 0) {
            result = scratch.failed ? -1 : 0;
            continue;
        }
        const struct slice named[] = {fact.value[KEY_TO], fact.value[KEY_ORIGINAL]};
        for (size_t j = 0; j < 2 && result == 0; j++)
            result = named[j].size > 0 ? seen_add(&mail->recipients, recipient_hash(named[j])) : 0;
    }
    buffer_free(&scratch);
    return result;
}

/* The recipients of a mail, read once for a report. NULL: no memory. */
static const struct mail *mail_known(struct match *match, const struct entry *entry)
{
    for (size_t i = 0; i < MATCH_MAILS_MAX; i++)
        if (match->mails[i].id == entry->id)
            return &match->mails[i];
    struct mail *mail = &match->mails[match->mails_next++ % MATCH_MAILS_MAX];
    seen_clear(&mail->recipients);
    mail->id = 0;
    if (mail_read(mail, entry) != 0)
        return NULL;
    mail->id = entry->id;
    return mail;
}

/* 1: the report's recipient is one of the mail's; 0: no; -1: no memory. */
static int mail_has(struct match *match, const struct entry *entry, const struct fact *fact)
{
    const struct mail *mail = mail_known(match, entry);
    struct slice to = fact->value[KEY_TO], original = fact->value[KEY_ORIGINAL];
    if (mail == NULL)
        return -1;
    return (to.size > 0 && seen_have(&mail->recipients, recipient_hash(to))) ||
           (original.size > 0 && seen_have(&mail->recipients, recipient_hash(original)));
}

/* What was refused never went anywhere; a report does not speak of itself. */
static bool mail_possible(const struct entry *entry, const struct fact *fact)
{
    return entry->see == 0 && !entry->broken && !entry->in_refused &&
           entry->id != report_id(fact) && entry->arrived != INT64_MAX &&
           entry->arrived <= fact->time + SKEW_MS;
}

static bool queue_fits(const struct ship *ship, const struct entry *entry, const struct fact *fact)
{
    const struct record *record = entry_record(entry);
    int64_t arrived;
    if (!mail_possible(entry, fact) || record->queue_id == NULL || record->host == NULL ||
        !slice_is(fact->value[KEY_QUEUE], record->queue_id) ||
        !host_same(slice_of(record->host), fact->value[KEY_HOST]))
        return false;
    if (arrived_told(fact, &arrived))
        return entry->arrived >= arrived - NEAR_MS && entry->arrived <= arrived + NEAR_MS;
    return entry->arrived >= fact->time - ship->limits.lifetime_days * DAY_MS;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* The nearest to the arrival that is told, else the latest; of two the milter's, then the lower
 * id, so that the order of reading does not count. */
static bool mail_better(const struct entry *a, const struct entry *b, const struct fact *fact)
{
    int64_t wanted;
    if (!arrived_told(fact, &wanted))
        wanted = fact->time;
    int64_t far_a = distance(a->arrived, wanted), far_b = distance(b->arrived, wanted);
    if (entry_minted(a) != entry_minted(b) && distance(far_a, far_b) <= SECOND_MS)
        return entry_minted(b);
    return far_a != far_b ? far_a < far_b : a->id < b->id;
}

/* ---- the best of those that are live ---- */

/* Better than the best so far, and, where it must be, a mail to that recipient? -1: no memory. */
static int take_better(struct ship *ship, const struct fact *fact, struct entry *entry,
                       bool any_recipient, struct entry **best)
{
    if (*best != NULL && !mail_better(entry, *best, fact))
        return 0;
    int has = any_recipient ? 1 : mail_has(&ship->match, entry, fact);
    if (has > 0)
        *best = entry;
    return has < 0 ? -1 : 0;
}

/* A queue id from outside may be made up: its recipient must fit. */
static int best_of_queue(struct ship *ship, const struct fact *fact, struct entry **best)
{
    struct entry *entry = live_queue(&ship->live, fact->value[KEY_QUEUE]);
    for (; entry != NULL; entry = entry->by_queue)
        if (queue_fits(ship, entry, fact) &&
            take_better(ship, fact, entry, from_inside(fact), best) != 0)
            return -1;
    return 0;
}

static int best_of_message(struct ship *ship, const struct fact *fact, struct entry **best)
{
    const struct answer *answer = &ship->match.of[CLUE_MESSAGE];
    struct slice told = fact->value[KEY_MESSAGE_ID];
    uint64_t message_id = entry_message_id(told);
    for (size_t i = 0; i < answer->count; i++) {
        struct entry *entry = live_find(&ship->live, answer->ids[i]);
        if (entry != NULL && mail_possible(entry, fact) && entry->message_id == message_id &&
            take_better(ship, fact, entry, false, best) != 0)
            return -1;
    }
    return 0;
}

static int best_live(struct ship *ship, const struct fact *fact, enum clue clue,
                     struct entry **best)
{
    int result =
        clue == CLUE_QUEUE ? best_of_queue(ship, fact, best) : best_of_message(ship, fact, best);
    if (result != 0)
        trouble_memory(ship);
    return result;
}

/* ---- the store ---- */

/* The days in which the mail may have come in: `last` and those before it. */
static unsigned days_of(const struct ship *ship, const struct fact *fact, enum clue clue,
                        uint32_t *last)
{
    int64_t arrived, days = ship->limits.lifetime_days + 1;
    if (arrived_told(fact, &arrived)) {
        int64_t around = clue == CLUE_QUEUE ? NEAR_MS : DAY_MS;
        *last = clock_day(arrived + around, NULL);
        return clue == CLUE_MESSAGE ? 3 : clock_day(arrived - around, NULL) == *last ? 1 : 2;
    }
    *last = clock_day(fact->time + SKEW_MS, NULL);
    days += clue == CLUE_MESSAGE ? LATE_DAYS : 0;
    return days < STORE_DAYS_MAX ? (unsigned)days : STORE_DAYS_MAX;
}

static int ask_index(struct ship *ship, const struct fact *fact, enum clue clue,
                     struct answer *answer)
{
    bool queue = clue == CLUE_QUEUE;
    struct slice word = fact->value[queue ? KEY_QUEUE : KEY_MESSAGE_ID];
    char term[TERM_MAX];
    uint64_t *ids = NULL;
    size_t count = 0;
    uint32_t last;
    unsigned days = days_of(ship, fact, clue, &last);
    if (store_find_days(ship->store, last, days, queue ? TERM_QUEUE_ID : TERM_MESSAGE_ID,
                        slice_make(term, term_fold(word, term)), &ids, &count,
                        &ship->trouble.why) != 0)
        return -1;
    answer->count = count < MATCH_IDS_MAX ? count : MATCH_IDS_MAX;
    if (answer->count > 0)
        memcpy(answer->ids, ids, answer->count * sizeof *ids);
    free(ids);
    answer->asked = true;
    return 0;
}

/* Of what was found some may have been let go again since. */
static int load_found(struct ship *ship, const struct answer *answer)
{
    uint64_t ids[MATCH_IDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < answer->count; i++)
        if (live_find(&ship->live, answer->ids[i]) == NULL)
            ids[count++] = answer->ids[i];
    return load_entries(ship, ids, count, false);
}

/* Counted in the time of the reports, not in ours: a backlog that is read at once is no flood. */
static bool may_ask(struct match *match, const struct fact *fact, struct answer *answer)
{
    int64_t second = fact->time / SECOND_MS;
    if (answer->paid || from_inside(fact))
        return true;
    if (second != match->second)
        match->strangers = 0;
    match->second = second;
    answer->paid = match->strangers++ < MATCH_STRANGERS_MAX;
    return answer->paid;
}

static enum found find_by(struct ship *ship, const struct fact *fact, enum clue clue,
                          bool free_of_charge, struct entry **best)
{
    struct answer *answer = &ship->match.of[clue];
    if (best_live(ship, fact, clue, best) != 0)
        return FOUND_AGAIN;
    if (*best != NULL)
        return FOUND;
    if (!answer->asked && !free_of_charge && !may_ask(&ship->match, fact, answer))
        return FOUND_UNASKED;
    if ((!answer->asked && ask_index(ship, fact, clue, answer) != 0) ||
        load_found(ship, answer) != 0 || best_live(ship, fact, clue, best) != 0)
        return FOUND_AGAIN;
    return *best != NULL ? FOUND : FOUND_NONE;
}

/* A mail that the store does not have is not made: anybody may keep a token for years. */
static enum found find_by_token(struct ship *ship, const struct fact *fact, struct entry **entry)
{
    struct answer *answer = &ship->match.of[CLUE_TOKEN];
    *entry = NULL;
    if (answer->asked && answer->count == 0)
        return FOUND_NONE;
    if (load_known(ship, fact->waybill, entry) != 0)
        return FOUND_AGAIN;
    if (*entry != NULL && !mail_possible(*entry, fact))
        *entry = NULL;
    answer->asked = true;
    answer->count = *entry != NULL;
    return *entry != NULL ? FOUND : FOUND_NONE;
}

enum found match_find(struct ship *ship, const struct fact *fact, bool free_of_charge,
                      struct entry **entry, bool *by_token)
{
    uint64_t report = report_mark(fact);
    enum found found = FOUND_NONE;
    *entry = NULL;
    *by_token = false;
    if (report != ship->match.report)
        match_init(&ship->match, report);
    if (clue_counts(fact, CLUE_TOKEN))
        found = find_by_token(ship, fact, entry);
    *by_token = found == FOUND;
    for (enum clue clue = CLUE_QUEUE; clue <= CLUE_MESSAGE && found == FOUND_NONE; clue++)
        if (clue_counts(fact, clue))
            found = find_by(ship, fact, clue, free_of_charge, entry);
    return found;
}
