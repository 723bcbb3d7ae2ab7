/* SPDX-License-Identifier: BSD-2-Clause */
/* chain_fit: see chain_fit.h. */
#include "chain_fit.h"

#include "relay.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/host.h"

bool chain_is_loopback(struct slice ip)
{
    return slice_starts(ip, "127.") || slice_is(ip, "::1");
}

bool chain_is_full_name(struct slice name)
{
    return slice_find(name, '.') > 0;
}

static bool names_same(struct slice a, struct slice b)
{
    return chain_is_full_name(a) && b.size > 0 && slice_equal_nocase(a, b);
}

bool chain_leads_on(const struct fact *fact)
{
    struct relay relay;
    bool named = fact->value[KEY_NEXT].size > 0;

    if (fact->witness != WITNESS_LOG)
        return false;
    if (fact->kind == FACT_EXPANDED || fact->kind == FACT_REQUEUED || fact->kind == FACT_NOTIFIED)
        return named;
    return fact->kind == FACT_DELIVERED && relay_read(fact->value[KEY_RELAY], &relay) &&
           (chain_is_loopback(relay.ip) || (named && chain_is_full_name(relay.name)));
}

struct slice chain_previous(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].witness == WITNESS_LOG &&
            waybill->facts[i].value[KEY_PREVIOUS].size > 0)
            return waybill->facts[i].value[KEY_PREVIOUS];
    return SLICE_ABSENT;
}

static bool has_recipient(const struct waybill *waybill, struct slice address)
{
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (address_same(waybill->recipients[i].address, address))
            return true;
    return false;
}

static bool is_named(const struct fact *fact, const struct waybill *next)
{
    return fact->value[KEY_NEXT].size > 0 &&
           slice_equal(next->queue_id, fact->value[KEY_NEXT]);
}

static bool came_between(const struct waybill *waybill, const struct fact *fact,
                         const struct waybill *next, int64_t slack)
{
    return next->arrived <= fact->time + slack &&
           next->arrived >= waybill->arrived - CHAIN_CLOCKS_MS;
}

static bool message_id_same(const struct waybill *waybill, const struct waybill *next)
{
    return waybill->message_id.size > 0 && slice_equal(waybill->message_id, next->message_id);
}

static bool filtered_as(const struct waybill *waybill, const struct fact *fact,
                        const struct waybill *next)
{
    struct relay relay;

    if (!relay_read(fact->value[KEY_RELAY], &relay) || !chain_is_loopback(relay.ip) ||
        !chain_is_loopback(next->ip) || !has_recipient(next, fact->value[KEY_TO]))
        return false;
    /* A filter that takes the mail for its own hands it in when it likes. */
    if (chain_previous(next).size > 0)
        return next->arrived >= waybill->arrived - CHAIN_CLOCKS_MS;
    return is_named(fact, next) && came_between(waybill, fact, next, CHAIN_CLOCKS_MS) &&
           message_id_same(waybill, next);
}

static bool relayed_as(const struct waybill *waybill, const struct fact *fact,
                       const struct waybill *next)
{
    struct relay relay;

    return relay_read(fact->value[KEY_RELAY], &relay) && names_same(relay.name, next->host) &&
           names_same(waybill->host, next->client) && is_named(fact, next) &&
           came_between(waybill, fact, next, CHAIN_CLOCKS_MS) && message_id_same(waybill, next) &&
           has_recipient(next, fact->value[KEY_TO]);
}

/* A report may be a copy for the postmaster. */
static bool reported_as(const struct waybill *waybill, const struct fact *fact,
                        const struct waybill *next)
{
    return is_named(fact, next) && came_between(waybill, fact, next, CHAIN_REPORT_MS) &&
           waybill->from.size > 0 && has_recipient(next, waybill->from);
}

bool chain_goes_on_as(const struct waybill *waybill, const struct fact *fact,
                       const struct waybill *next, enum chain_way *way)
{
    struct slice previous = chain_previous(next);

    if (next->id == waybill->id || next->host.size == 0 || waybill->host.size == 0 ||
        (previous.size > 0 && !slice_equal(previous, waybill->queue_id)))
        return false;
    if (!host_same(next->host, waybill->host)) {
        *way = CHAIN_RELAYED;
        return fact->kind == FACT_DELIVERED && relayed_as(waybill, fact, next);
    }
    switch (fact->kind) {
    case FACT_DELIVERED:
        *way = CHAIN_FILTERED;
        return filtered_as(waybill, fact, next);
    case FACT_NOTIFIED:
        *way = CHAIN_REPORTED;
        return reported_as(waybill, fact, next);
    default:
        *way = fact->kind == FACT_REQUEUED ? CHAIN_REQUEUED : CHAIN_FORWARDED;
        return is_named(fact, next) && came_between(waybill, fact, next, CHAIN_CLOCKS_MS);
    }
}

bool chain_went_on_as(const struct waybill *before, const struct waybill *waybill,
                       enum chain_way *way)
{
    for (size_t i = 0; i < before->fact_count; i++)
        if (chain_leads_on(&before->facts[i]) &&
            chain_goes_on_as(before, &before->facts[i], waybill, way))
            return true;
    return false;
}
