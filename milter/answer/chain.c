/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: one question to the index and one for each mail that it names, for each queue id that the
 * facts lead on to. Legs are followed in the order in which they were found, so a circle ends where
 * it meets a mail that is there already.
 */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

#include "chain_fit.h"
#include "relay.h"
#include "waybill/clock.h"
#include "waybill/domain.h"
#include "waybill/query.h"

#define IDS_MAX 16u               /* of one name that are looked at, the newest first */
#define BACK_DAYS 7u              /* a requeued mail may have waited so long */
#define FILTER_DAYS 2u            /* a filter may have kept a mail so long */
#define ASKED_MAX 32u             /* names that one mail's facts are followed to */

const char *chain_way_word(enum chain_way way)
{
    static const char *const words[] = {"forward", "requeue", "filter", "relay", "report"};
    return words[way];
}

/* Is the server perhaps one of our hosts? Most are not, and then the index need not be asked. Logs
 * of a host may have been brought in that never claimed a number. 1, 0, -1. */
static int is_ours(struct store *store, const struct waybill *waybill, struct slice name,
                   struct error *why)
{
    if (!chain_is_full_name(name))
        return 0;
    if (domain_same_organisation(name, waybill->host))
        return 1;
    return store_knows_host(store, name, why);
}

/* ---- forwards ---- */

/* Could the mail that this fact leads on to be in the store? 1, 0, -1. */
static int is_within(struct store *store, const struct waybill *waybill, const struct fact *fact,
                     struct error *why)
{
    struct relay relay;

    if (fact->kind != FACT_DELIVERED || !relay_read(fact->value[KEY_RELAY], &relay) ||
        chain_is_loopback(relay.ip))
        return 1;
    return is_ours(store, waybill, relay.name, why);
}

static int find_ids(struct store *store, enum term_kind kind, struct slice term, int64_t last,
                    unsigned days, uint64_t **ids, size_t *count, struct error *why)
{
    char folded[TERM_MAX];

    if (term.size == 0 || term.size >= sizeof folded) {
        *ids = NULL;
        *count = 0;
        return 0;
    }
    if (store_find_days(store, clock_day(last, NULL), days, kind,
                        slice_make(folded, term_fold(term, folded)), ids, count, why) != 0)
        return -1;
    *count = *count < IDS_MAX ? *count : IDS_MAX;
    return 0;
}

/* Of these the one that the mail went on as. 1: *leg is filled; 0: it is none of them; -1. */
static int find_among(struct store *store, const struct waybill *waybill, const struct fact *fact,
                      const uint64_t *ids, size_t count, int64_t queue_lifetime, struct leg *leg,
                      struct error *why)
{
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++) {
        result = query_one(store, ids[i], queue_lifetime, &leg->waybill, why);
        if (result > 0 && !chain_goes_on_as(waybill, fact, &leg->waybill, &leg->way)) {
            waybill_clear(&leg->waybill);
            result = 0;
        }
    }
    return result;
}

/* By the name that the words tell; else, since a filter may answer before it hands the mail in, by
 * the Message-ID: there the mail says where it comes from. */
static int find_next(struct store *store, const struct waybill *waybill, const struct fact *fact,
                     int64_t queue_lifetime, struct leg *leg, struct error *why)
{
    bool delivered = fact->kind == FACT_DELIVERED;
    int result = 0;

    for (int by_name = 1; by_name >= 0 && result == 0 && (by_name || delivered); by_name--) {
        uint64_t *ids;
        size_t count;
        if (find_ids(store, by_name ? TERM_QUEUE_ID : TERM_MESSAGE_ID,
                     by_name ? fact->value[KEY_NEXT] : waybill->message_id,
                     fact->time + (by_name ? CHAIN_REPORT_MS : FILTER_DAYS * DAY_MS),
                     by_name ? 2 : FILTER_DAYS + 2, &ids, &count, why) != 0)
            return -1;
        result = find_among(store, waybill, fact, ids, count, queue_lifetime, leg, why);
        free(ids);
    }
    return result;
}

/* One leg for each mail, though many recipients may have gone there. */
static bool is_known(const struct chain *chain, const struct waybill *first, uint64_t id)
{
    if (first->id == id)
        return true;
    for (size_t i = 0; i < chain->count; i++)
        if (chain->legs[i].waybill.id == id)
            return true;
    return false;
}

/* What was asked for one mail's facts: a thousand recipients went one way. */
struct asked {
    const struct fact *facts[ASKED_MAX];
    size_t count;
};

static bool is_asked(const struct asked *asked, const struct fact *fact)
{
    for (size_t i = 0; i < asked->count; i++)
        if (asked->facts[i]->kind == fact->kind &&
            slice_equal(asked->facts[i]->value[KEY_NEXT], fact->value[KEY_NEXT]))
            return true;
    return false;
}

static int follow_one(struct store *store, const struct waybill *first, size_t from,
                      int64_t queue_lifetime, struct chain *chain, struct error *why)
{
    /* the legs do not move */
    const struct waybill *waybill = from == CHAIN_MAX ? first : &chain->legs[from].waybill;
    struct asked asked = {.count = 0};

    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        struct leg leg = {.from = from, .recipient = fact->value[KEY_TO]};
        int found;

        if (!chain_leads_on(fact) || is_asked(&asked, fact))
            continue;
        found = is_within(store, waybill, fact, why);
        if (found < 0)
            return -1;
        if (found == 0)
            continue;
        if (chain->count == CHAIN_MAX || asked.count == ASKED_MAX) {
            chain->more = true;
            return 0;
        }
        asked.facts[asked.count++] = fact;
        found = find_next(store, waybill, fact, queue_lifetime, &leg, why);
        if (found < 0)
            return -1;
        if (found > 0 && is_known(chain, first, leg.waybill.id))
            waybill_clear(&leg.waybill);
        else if (found > 0)
            chain->legs[chain->count++] = leg;
    }
    return 0;
}

int chain_follow(struct store *store, const struct waybill *waybill, int64_t queue_lifetime,
                 struct chain *chain, struct error *why)
{
    chain->count = 0;
    chain->more = false;
    int result = follow_one(store, waybill, CHAIN_MAX, queue_lifetime, chain, why);
    for (size_t i = 0; i < chain->count && result == 0; i++)
        result = follow_one(store, waybill, i, queue_lifetime, chain, why);
    if (result != 0)
        chain_clear(chain);
    return result;
}

void chain_clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        waybill_clear(&chain->legs[i].waybill);
    chain->count = 0;
}

/* ---- backwards ---- */

int chain_back(struct store *store, const struct waybill *waybill, int64_t queue_lifetime,
               struct chain_before *before, struct error *why)
{
    struct slice previous = chain_previous(waybill);
    bool named = previous.size > 0;
    uint64_t *ids;
    size_t count;
    int result = 0;

    /* A mail of a stranger, who has no name or address of ours, was never ours. */
    if (!named && waybill->ip.size > 0 && !chain_is_loopback(waybill->ip)) {
        result = is_ours(store, waybill, waybill->client, why);
        if (result <= 0)
            return result;
        result = 0;
    }
    if (find_ids(store, named ? TERM_QUEUE_ID : TERM_MESSAGE_ID,
                 named ? previous : waybill->message_id, waybill->arrived + CHAIN_CLOCKS_MS,
                 named ? BACK_DAYS : 2, &ids, &count, why) != 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        struct waybill other;
        if (ids[i] == waybill->id) /* most often the only one of its Message-ID */
            continue;
        result = query_one(store, ids[i], queue_lifetime, &other, why);
        if (result <= 0)
            continue;
        before->id = other.id;
        result = chain_went_on_as(&other, waybill, &before->way);
        waybill_clear(&other);
    }
    free(ids);
    return result;
}

/* ---- among those that are at hand ---- */

static int order_queue_ids(struct slice a, struct slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.at, b.at, size) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_waybills(const void *a, const void *b)
{
    const struct waybill *const *one = a, *const *two = b;

    return order_queue_ids((*one)->queue_id, (*two)->queue_id);
}

/* The first that is not below this queue id. */
static size_t first_of(const struct waybill **sorted, size_t count, struct slice queue_id)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_queue_ids(sorted[middle]->queue_id, queue_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where did this one come from, as it says itself? */
static void find_before(const struct waybill **sorted, size_t count, const struct waybill *waybill,
                        struct chain_before *before)
{
    struct slice previous = chain_previous(waybill);

    if (previous.size == 0)
        return;
    for (size_t i = first_of(sorted, count, previous);
         i < count && before->id == 0 && slice_equal(sorted[i]->queue_id, previous); i++)
        if (chain_went_on_as(sorted[i], waybill, &before->way))
            before->id = sorted[i]->id;
}

/* Where did this one go, as its facts say? */
static void find_after(const struct waybill **sorted, size_t count, const struct waybill *waybill,
                       const struct waybill *waybills, struct chain_before *before)
{
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        struct slice next = fact->value[KEY_NEXT];
        if (next.size == 0 || !chain_leads_on(fact))
            continue;
        for (size_t at = first_of(sorted, count, next);
             at < count && slice_equal(sorted[at]->queue_id, next); at++) {
            struct chain_before *of = &before[sorted[at] - waybills];
            if (of->id == 0 && chain_goes_on_as(waybill, fact, sorted[at], &of->way))
                of->id = waybill->id;
        }
    }
}

int chain_among(const struct waybill *waybills, size_t count, struct chain_before *before)
{
    const struct waybill **sorted = malloc((count + 1) * sizeof *sorted);

    if (sorted == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &waybills[i];
        before[i] = (struct chain_before){.id = 0};
    }
    qsort(sorted, count, sizeof *sorted, compare_waybills);
    for (size_t i = 0; i < count; i++) {
        find_after(sorted, count, &waybills[i], waybills, before);
        find_before(sorted, count, &waybills[i], &before[i]);
    }
    free(sorted);
    return 0;
}
