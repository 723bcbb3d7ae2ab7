/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trust: is a report to be believed? See waybill.h for the levels.
 *
 * It is computed from the facts of the other witnesses, so it does not matter which came first,
 * and no report can make another one credible. More facts can only raise the trust of a report.
 */
#include "trust.h"

#include <stdlib.h>

#include "waybill/address.h"
#include "waybill/domain.h"

#define RELAYS_MAX 64u /* different ones of a recipient that a report may come from */

static const char *const words[] = {
#define X(symbol, word, text) [TRUST_##symbol] = word,
    TRUSTS(X)
#undef X
};

static const char *const sentences[] = {
#define X(symbol, word, text) [TRUST_##symbol] = text,
    TRUSTS(X)
#undef X
};

const char *trust_word(enum trust trust)
{
    return trust <= TRUST_OWN ? words[trust] : "unknown";
}

const char *trust_sentence(enum trust trust)
{
    return trust <= TRUST_OWN ? sentences[trust] : "unknown";
}

bool trust_weighs(const struct waybill *waybill, size_t fact)
{
    return waybill->facts[fact].witness == WITNESS_REPORT &&
           waybill->trust[fact] != TRUST_CLAIMED && waybill->subject[fact] != SUBJECT_MAIL &&
           state_of_kind(waybill->facts[fact].kind) >= 0;
}

bool outcome_same(enum recipient_state a, enum recipient_state b)
{
    bool ended_a = a == STATE_FAILED || a == STATE_EXPIRED;
    bool ended_b = b == STATE_FAILED || b == STATE_EXPIRED;
    return a == b || (ended_a && ended_b);
}

/* ---- where the log says that each recipient was sent, and which reports it knows ---- */

struct routes {
    struct finder *finder;
    uint32_t *first;     /* by recipient: fact + 1 that names a relay */
    uint32_t *next;      /* by fact: the next one of the same recipient */
    struct slice *owner; /* by fact: who owns the relay's name; absent: not looked up yet */
    uint32_t *notified;  /* facts that name a report's queue id */
    size_t notified_count;
};

static struct slice fact_value(const struct routes *routes, size_t fact, enum fact_key key)
{
    return routes->finder->waybill->facts[fact].value[key];
}

/* Attempts name the same few relays again and again. */
static void routes_add(struct routes *routes, uint32_t recipient, size_t fact)
{
    uint32_t *at = &routes->first[recipient];
    for (size_t known = 0; *at != 0; at = &routes->next[*at - 1])
        if (++known == RELAYS_MAX || slice_equal(fact_value(routes, *at - 1, KEY_RELAY),
                                                 fact_value(routes, fact, KEY_RELAY)))
            return;
    *at = (uint32_t)fact + 1;
}

static int routes_open(struct routes *routes, struct finder *finder)
{
    const struct waybill *waybill = finder->waybill;
    *routes = (struct routes){.finder = finder};
    routes->first = calloc(waybill->fact_count + 1, sizeof *routes->first);
    routes->next = calloc(waybill->fact_count + 1, sizeof *routes->next);
    routes->owner = calloc(waybill->fact_count + 1, sizeof *routes->owner);
    routes->notified = calloc(waybill->fact_count + 1, sizeof *routes->notified);
    if (routes->first == NULL || routes->next == NULL || routes->owner == NULL ||
        routes->notified == NULL)
        return -1;
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->witness != WITNESS_LOG)
            continue;
        if (fact->kind == FACT_NOTIFIED && fact->value[KEY_NEXT].size > 0)
            routes->notified[routes->notified_count++] = (uint32_t)i;
        if (waybill->subject[i] != SUBJECT_MAIL && fact->value[KEY_RELAY].size > 0)
            routes_add(routes, waybill->subject[i], i);
    }
    return 0;
}

static void routes_close(struct routes *routes)
{
    free(routes->first);
    free(routes->next);
    free(routes->owner);
    free(routes->notified);
}

/* ---- own ---- */

static bool is_own(const struct routes *routes, const struct fact *fact)
{
    if (slice_is(fact->value[KEY_SIDE], "internal"))
        return true;
    if (!slice_is(fact->value[KEY_SIDE], "local") || fact->value[KEY_BY_QUEUE].size == 0)
        return false;
    for (size_t i = 0; i < routes->notified_count; i++)
        if (slice_equal(fact_value(routes, routes->notified[i], KEY_NEXT),
                        fact->value[KEY_BY_QUEUE]))
            return true;
    return false;
}

/* ---- proved ---- */

/* name[address]:port as logged. */
static bool relay_read(struct slice relay, struct slice *name, struct slice *address)
{
    return text_take_until(&relay, '[', name) && text_take_until(&relay, ']', address);
}

/* Behind a filter on our own machine every mail comes from there, whoever sent it. */
static bool is_loopback(struct slice address)
{
    text_take(&address, "::ffff:");
    return slice_starts(address, "127.") || slice_is(address, "::1");
}

static bool address_is_relay(const struct routes *routes, uint32_t recipient, struct slice ip)
{
    struct slice name, address;
    if (ip.size == 0)
        return false;
    for (uint32_t at = routes->first[recipient]; at != 0; at = routes->next[at - 1])
        if (relay_read(fact_value(routes, at - 1, KEY_RELAY), &name, &address) &&
            slice_equal_nocase(address, ip))
            return true;
    return false;
}

/* The organisational domain as a part of the name, so that it can be kept; empty: it has none. */
static struct slice owner_of(struct slice name)
{
    char room[DOMAIN_ROOM];
    size_t size = domain_organisational(name, room);
    size_t end = name.size > 0 && name.at[name.size - 1] == '.' ? name.size - 1 : name.size;
    return size > 0 ? slice_make(name.at + end - size, size) : slice_of("");
}

/* Looking up the list is dear, and a report may be sent a thousand times. */
static struct slice relay_owner(const struct routes *routes, uint32_t fact)
{
    struct slice name, address;
    if (routes->owner[fact].at == NULL)
        routes->owner[fact] = relay_read(fact_value(routes, fact, KEY_RELAY), &name, &address)
                                  ? owner_of(name)
                                  : slice_of("");
    return routes->owner[fact];
}

/* A name that is not confirmed is "unknown", which nobody owns. */
static bool name_is_theirs(const struct routes *routes, uint32_t recipient, struct slice client)
{
    struct slice owner = owner_of(client);
    if (owner.size == 0)
        return false;
    if (domain_same_organisation(
            client, address_domain(routes->finder->waybill->recipients[recipient].address)))
        return true;
    for (uint32_t at = routes->first[recipient]; at != 0; at = routes->next[at - 1])
        if (slice_equal_nocase(relay_owner(routes, at - 1), owner))
            return true;
    return false;
}

/* The record has this mail's facts only, so a token in it is this mail's. */
static bool is_proved(const struct routes *routes, const struct fact *fact, uint32_t recipient)
{
    return slice_is(fact->value[KEY_TOKEN], "1") && recipient != SUBJECT_MAIL &&
           !is_loopback(fact->value[KEY_IP]) &&
           routes->finder->waybill->recipients[recipient].taken &&
           (address_is_relay(routes, recipient, fact->value[KEY_IP]) ||
            name_is_theirs(routes, recipient, fact->value[KEY_CLIENT]));
}

/* ---- all of them ---- */

static bool is_report_of_recipient(const struct fact *fact)
{
    return fact->witness == WITNESS_REPORT && fact->kind != FACT_REPORT;
}

/* By its final address, or by the one that we knew before it became another. */
static uint32_t known_recipient(struct finder *finder, const struct fact *fact)
{
    uint32_t found = SUBJECT_MAIL;
    if (fact->value[KEY_TO].size > 0)
        found = finder_find(finder, fact->value[KEY_TO], false);
    if (found == SUBJECT_MAIL && fact->value[KEY_ORIGINAL].size > 0)
        found = finder_find(finder, fact->value[KEY_ORIGINAL], false);
    return found;
}

static enum trust trust_of(struct routes *routes, const struct fact *fact)
{
    if (is_own(routes, fact))
        return TRUST_OWN;
    bool proved = is_proved(routes, fact, known_recipient(routes->finder, fact));
    return proved ? TRUST_PROVED : TRUST_CLAIMED;
}

/* What an alias became, told by our own mail server: as the log would tell it. */
static void learn_own(struct finder *finder, const struct fact *fact)
{
    struct slice to = fact->value[KEY_TO], original = fact->value[KEY_ORIGINAL];
    if (to.size == 0 || state_of_kind(fact->kind) < 0)
        return;
    uint32_t index = finder_find(finder, to, true);
    struct recipient *recipient = &finder->waybill->recipients[index];
    if (original.size > 0 && recipient->original.at == NULL &&
        !address_same(original, recipient->address))
        recipient->original = address_bare(original);
}

/* Most mails never see a report. */
static bool has_reports(const struct waybill *waybill)
{
    bool any = false;
    for (size_t i = 0; i < waybill->fact_count; i++) {
        waybill->trust[i] = TRUST_OWN;
        any = any || is_report_of_recipient(&waybill->facts[i]);
    }
    return any;
}

int trust_find(struct finder *finder, struct error *why)
{
    struct waybill *waybill = finder->waybill;
    struct routes routes;
    if (!has_reports(waybill))
        return 0;
    if (routes_open(&routes, finder) != 0) {
        routes_close(&routes);
        return error_set(why, "no memory for the reports of a waybill");
    }
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (is_report_of_recipient(&waybill->facts[i]))
            waybill->trust[i] = trust_of(&routes, &waybill->facts[i]);
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (is_report_of_recipient(&waybill->facts[i]) && waybill->trust[i] == TRUST_OWN)
            learn_own(finder, &waybill->facts[i]);
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (is_report_of_recipient(&waybill->facts[i]))
            waybill->subject[i] = known_recipient(finder, &waybill->facts[i]);
    routes_close(&routes);
    return 0;
}
