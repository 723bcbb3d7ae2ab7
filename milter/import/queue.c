/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue: what the mail server says is in its queue, and what of our open mails is not.
 *
 * A sighting has an id that follows from what it says, not from when: so a listing may be
 * imported each hour. What the record says already is left out here, since the time of a sighting
 * is that of the listing and a record tells facts apart by their time, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "settle.h"
#include "sighting.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/host.h"
#include "waybill/id.h"
#include "waybill/import.h"
#include "waybill/store.h"

#define IDS_MAX 64u /* of one queue id that are looked at, the newest first */

struct queue {
    struct import *import;
    struct import_queue_tally *tally;
    struct store *store; /* NULL: a dry run */
    struct slice host, instance;
    struct present present;
    struct settle settle;
    int64_t taken; /* of the listing that is read */
    struct error *why;
};

/* ---- what is known of a mail ---- */

struct hashed {
    uint64_t hash;
    size_t index;
};
struct known {
    struct queue *queue;
    const struct listed *mail;
    struct waybill waybill; /* id 0: none is known */
    struct hashed *recipients; /* by hash */
    enum import_result result; /* not IMPORT_DONE: the records were not all looked at */
};

/* Its end is told here, and not by settle_all again, before which it may not be in the store. */
static enum import_result settle_replaced(struct known *known, const struct waybill *waybill)
{
    struct queue *queue = known->queue;

    if (present_add(&queue->present, waybill->queue_id, waybill->arrived, queue->why) != 0)
        return IMPORT_UNREACHABLE;
    return settle_one(&queue->settle, waybill, known->mail->arrival - PRESENT_NEAR_MS / 2,
                      queue->why);
}

/* A queue id is one mail's at a time: one that came before the listed one is out of the queue. A
 * log that was read from its middle knows a mail later than it came. */
static void know_record(void *context, uint64_t id, const struct record *record,
                        const char *why_not)
{
    struct known *known = context;
    const struct listed *mail = known->mail;
    struct waybill waybill;

    (void)id;
    if (why_not != NULL || record->see != 0 || record->count == 0 ||
        known->result != IMPORT_DONE)
        return;
    if (waybill_read(&waybill, record, clock_now(), 0, known->queue->why) != 0) {
        known->result = IMPORT_UNREACHABLE;
        return;
    }
    struct settle *settle = &known->queue->settle;
    bool ours = slice_equal(waybill.queue_id, mail->queue_id) && settle_ours(settle, &waybill);
    bool before = waybill.arrived + PRESENT_NEAR_MS < mail->arrival;
    bool near = !before && waybill.arrived <= mail->arrival + PRESENT_NEAR_MS;
    if (ours && before && settle_due(settle, &waybill))
        known->result = settle_replaced(known, &waybill);
    if (ours && !before && (near || !waybill.removed) && known->waybill.id == 0)
        known->waybill = waybill;
    else
        waybill_clear(&waybill);
}

static int hashed_order(const void *left, const void *right)
{
    const struct hashed *a = left, *b = right;

    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static enum import_result know_recipients(struct known *known)
{
    const struct waybill *waybill = &known->waybill;

    known->recipients = calloc(waybill->recipient_count + 1, sizeof *known->recipients);
    if (known->recipients == NULL) {
        error_set(known->queue->why, "no memory for a mail's recipients");
        return IMPORT_UNREACHABLE;
    }
    for (size_t i = 0; i < waybill->recipient_count; i++)
        known->recipients[i] =
            (struct hashed){recipient_hash(waybill->recipients[i].address), i};
    qsort(known->recipients, waybill->recipient_count, sizeof *known->recipients, hashed_order);
    return IMPORT_DONE;
}

static const struct recipient *known_recipient(const struct known *known, struct slice address)
{
    struct hashed key = {recipient_hash(address), 0};
    const struct hashed *found =
        bsearch(&key, known->recipients, known->waybill.recipient_count, sizeof key, hashed_order);

    return found != NULL ? &known->waybill.recipients[found->index] : NULL;
}

static void known_clear(struct known *known)
{
    waybill_clear(&known->waybill);
    free(known->recipients);
}

static unsigned days_since(int64_t arrival)
{
    int64_t days = (clock_now() - arrival) / DAY_MS + 2;

    return days > STORE_DAYS_MAX ? STORE_DAYS_MAX : days < 1 ? 1 : (unsigned)days;
}

static enum import_result know(struct known *known)
{
    struct queue *queue = known->queue;
    char term[TERM_MAX];
    size_t size = term_fold(known->mail->queue_id, term), count = 0;
    uint64_t *ids = NULL;

    if (queue->store == NULL)
        return know_recipients(known);
    if (store_find_days(queue->store, clock_day(clock_now(), NULL),
                        days_since(known->mail->arrival), TERM_QUEUE_ID, slice_make(term, size),
                        &ids, &count, queue->why) != 0)
        return IMPORT_UNREACHABLE;
    if (count > 0 && store_get_records(queue->store, ids, count < IDS_MAX ? count : IDS_MAX,
                                       know_record, known, queue->why) != 0)
        known->result = IMPORT_UNREACHABLE;
    free(ids);
    return known->result != IMPORT_DONE ? known->result : know_recipients(known);
}

/* ---- facts ---- */

struct telling {
    const struct known *known;
    struct fact *facts;
    size_t count;
};

static bool is_known_fact(const struct waybill *waybill, uint64_t id)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].witness == WITNESS_QUEUE && waybill->facts[i].id == id)
            return true;
    return false;
}

/* A fact of the mail or, `to` present, of a recipient, if the record has not the same. */
static int tell(struct telling *telling, enum fact_kind kind, int64_t time, struct slice to,
                struct slice words)
{
    const struct known *known = telling->known;
    const struct listed *mail = known->mail;
    struct sighted sighted = {.host = known->queue->host,
                              .instance = known->queue->instance,
                              .queue_id = mail->queue_id,
                              .arrival = mail->arrival,
                              .waybill = known->waybill.id,
                              .settled = sighting_settled(&known->waybill)};
    struct fact *fact = &telling->facts[telling->count];

    /* A file's time may be wrong; nobody is seen before he came. */
    if (sighting_fact(fact, &sighted, kind, time > mail->arrival ? time : mail->arrival, to,
                      words) != 0)
        return error_set(known->queue->why, "no memory for a fact");
    if (is_known_fact(&known->waybill, fact->id))
        return 0;
    telling->count++;
    return 0;
}

/* The record may have the words cut. */
static bool same_words(struct slice known, struct slice told)
{
    if (told.size > FACT_VALUE_MAX)
        return known.size > 0 && known.size <= told.size &&
               slice_equal(known, slice_make(told.at, known.size));
    return slice_equal(known, told);
}

static int tell_recipient(struct telling *telling, const struct listed_recipient *listed)
{
    const struct known *known = telling->known;
    const struct recipient *recipient = known_recipient(known, listed->address);
    bool open = recipient == NULL || !state_final(recipient->state) ||
                recipient->state == STATE_UNRESOLVED;

    if (recipient == NULL && listed->reason.at == NULL)
        return tell(telling, FACT_RCPT, known->mail->arrival, listed->address, SLICE_ABSENT);
    if (listed->reason.at == NULL || !open ||
        (recipient != NULL && recipient->state == STATE_DELAYED &&
         same_words(recipient->reply, listed->reason)))
        return 0;
    return tell(telling, FACT_DELAYED, known->queue->taken, listed->address, listed->reason);
}

static bool is_held(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (waybill->recipients[i].state == STATE_HELD)
            return true;
    return false;
}

static int tell_mail(struct telling *telling)
{
    const struct known *known = telling->known;
    const struct listed *mail = known->mail;
    char size[24];

    if (!known->waybill.queued) {
        struct fact *fact = &telling->facts[telling->count];
        size_t before = telling->count;
        if (tell(telling, FACT_ACTIVE, mail->arrival, SLICE_ABSENT, SLICE_ABSENT) != 0)
            return -1;
        if (telling->count > before) {
            fact_set(fact, KEY_FROM, mail->sender);
            snprintf(size, sizeof size, "%lld", (long long)mail->size);
            if (mail->size >= 0)
                fact_set(fact, KEY_SIZE, slice_of(size));
        }
    }
    for (size_t i = 0; i < mail->count; i++)
        if (tell_recipient(telling, &mail->recipients[i]) != 0)
            return -1;
    if (slice_is(mail->queue_name, "hold") && !is_held(&known->waybill) &&
        tell(telling, FACT_HELD, known->queue->taken, SLICE_ABSENT, SLICE_ABSENT) != 0)
        return -1;
    return 0;
}

static enum import_result post_mail(const struct known *known)
{
    struct queue *queue = known->queue;
    struct telling telling = {.known = known};
    enum import_result result = IMPORT_UNREACHABLE;

    telling.facts = calloc(known->mail->count + 2, sizeof *telling.facts);
    if (telling.facts == NULL)
        error_set(queue->why, "no memory for a mail");
    else if (tell_mail(&telling) == 0)
        result = telling.count > 0
                     ? import_mail(queue->import, telling.facts, telling.count, queue->why)
                     : IMPORT_DONE;
    queue->tally->known += result == IMPORT_DONE && telling.count == 0;
    queue->tally->facts += telling.count;
    free(telling.facts);
    return result;
}

static enum import_result take_mail(struct queue *queue, const struct listed *mail)
{
    struct known known = {.queue = queue, .mail = mail};
    enum import_result result = IMPORT_UNREACHABLE;

    queue->tally->mails++;
    queue->tally->recipients += mail->count;
    if (present_add(&queue->present, mail->queue_id, mail->arrival, queue->why) == 0)
        result = know(&known);
    if (result == IMPORT_DONE)
        result = post_mail(&known);
    known_clear(&known);
    return result;
}

/* ---- the listings ---- */

static enum import_result take_listing(struct queue *queue, struct listing *listing,
                                       const struct import_queue *asked)
{
    struct listed mail;
    enum listing_news news;

    queue->taken = listing_taken(listing);
    while ((news = listing_next(listing, &mail, queue->why)) != LISTING_END) {
        if (news == LISTING_FAILED)
            return IMPORT_UNREADABLE;
        if (news == LISTING_BAD) {
            queue->tally->bad++;
            if (asked->bad != NULL)
                asked->bad(asked->context, queue->why->text);
            continue;
        }
        enum import_result result = take_mail(queue, &mail);
        if (result != IMPORT_DONE)
            return result;
        if (asked->stop != NULL && atomic_load(asked->stop))
            return IMPORT_STOPPED;
    }
    return IMPORT_DONE;
}

static enum import_result settle(struct queue *queue, const struct import_queue *asked)
{
    /* Of a line that could not be read nobody knows whose it was. */
    if (!asked->complete || queue->tally->bad > 0 || queue->store == NULL)
        return IMPORT_DONE;
    present_sort(&queue->present);
    queue->settle.present = &queue->present;
    return settle_all(&queue->settle, queue->why);
}

/* The moment before which what is in no listing is out of the queue. */
static int open_listings(struct listing **listings, const char *const *paths, size_t count,
                         int64_t *taken, struct error *why)
{
    *taken = clock_now();
    for (size_t i = 0; i < count; i++) {
        if (listing_open(&listings[i], paths[i], why) != 0)
            return -1;
        if (listing_taken(listings[i]) < *taken)
            *taken = listing_taken(listings[i]);
    }
    return 0;
}

static enum import_result take_all(struct queue *queue, struct listing *const *listings,
                                   size_t count, const struct import_queue *asked)
{
    enum import_result result = IMPORT_DONE;

    for (size_t i = 0; i < count && result == IMPORT_DONE; i++)
        result = take_listing(queue, listings[i], asked);
    if (result == IMPORT_DONE)
        result = settle(queue, asked);
    queue->tally->settled = queue->settle.settled;
    return result;
}

enum import_result import_queue(struct import *import, const struct import_queue *asked,
                                const char *const *paths, size_t count,
                                struct import_queue_tally *tally, struct error *why)
{
    struct listing **listings = calloc(count + 1, sizeof *listings);
    char *host = asked->host != NULL ? strdup(asked->host) : host_name();
    struct queue queue = {.import = import, .tally = tally, .host = slice_of(host), .why = why};
    enum import_result result = IMPORT_UNREADABLE;

    *tally = (struct import_queue_tally){0};
    queue.instance = slice_of(asked->instance != NULL ? asked->instance : "postfix");
    if (listings == NULL || host == NULL)
        error_set(why, "no memory to import a queue");
    else if (open_listings(listings, paths, count, &queue.settle.taken, why) == 0)
        result = !asked->dry_run && store_open(&queue.store, asked->settings, why) != 0
                     ? IMPORT_UNREACHABLE
                     : IMPORT_DONE;
    queue.settle.import = import;
    queue.settle.store = queue.store;
    queue.settle.host = queue.host;
    queue.settle.instance = queue.instance;
    queue.settle.strict = asked->instance != NULL;
    queue.settle.since = asked->since;
    if (result == IMPORT_DONE)
        result = take_all(&queue, listings, count, asked);
    store_close(&queue.store);
    for (size_t i = 0; listings != NULL && i < count; i++)
        listing_close(&listings[i]);
    free(queue.present.mails);
    free(listings);
    free(host);
    return result;
}
