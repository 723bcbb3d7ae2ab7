/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match: does a waybill satisfy a query? The index only hints (its hashes collide); this decides.
 */
#include "waybill/query.h"

#include <arpa/inet.h>
#include <string.h>

#include "waybill/address.h"

/* `wanted` is an address, or "@domain". */
static bool match_address(struct slice wanted, struct slice address)
{
    struct slice domain = wanted;
    char a[ADDRESS_MAX], b[ADDRESS_MAX];
    size_t size;

    if (address.at == NULL)
        return false;
    if (!text_take_char(&domain, '@') || slice_find(domain, '@') >= 0)
        return address_same(wanted, address);
    address = address_domain(address_bare(address));
    if (address.at == NULL)
        return false;
    size = address_normal(domain, a);
    return slice_equal(slice_make(a, size), slice_make(b, address_normal(address, b)));
}

static bool match_words(struct slice wanted, struct slice words)
{
    return words.at != NULL && slice_equal_nocase(wanted, words);
}

static bool same_network_address(struct slice a, struct slice b)
{
    unsigned char x[sizeof(struct in6_addr)] = {0}, y[sizeof(struct in6_addr)] = {0};
    char text[INET6_ADDRSTRLEN], other[INET6_ADDRSTRLEN];

    return slice_copy(a, text, sizeof text) && slice_copy(b, other, sizeof other) &&
           inet_pton(AF_INET6, text, x) == 1 && inet_pton(AF_INET6, other, y) == 1 &&
           memcmp(x, y, sizeof x) == 0;
}

/* An address, a name, or "@domain" for the names below a domain. */
static bool match_client(struct slice wanted, const struct waybill *waybill)
{
    struct slice domain = wanted, name = waybill->client;

    if (match_words(wanted, waybill->ip) || match_words(wanted, name) ||
        same_network_address(wanted, waybill->ip))
        return true;
    if (!text_take_char(&domain, '@') || domain.size == 0 || name.size < domain.size)
        return false;
    if (name.size > domain.size && name.at[name.size - domain.size - 1] != '.')
        return false;
    return slice_equal_nocase(domain,
                              slice_make(name.at + (name.size - domain.size), domain.size));
}

bool query_fits_recipient(const struct query *query, const struct recipient *recipient)
{
    if (query->state >= 0 && recipient->state != (enum recipient_state)query->state)
        return false;
    return query->to.at == NULL || match_address(query->to, recipient->address) ||
           match_address(query->to, recipient->original);
}

static bool match_recipients(const struct query *query, const struct waybill *waybill)
{
    if (query->to.at == NULL && query->state < 0)
        return true;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (query_fits_recipient(query, &waybill->recipients[i]))
            return true;
    /* A mail that never came to a recipient still has a state. */
    return waybill->recipient_count == 0 && query->to.at == NULL &&
           waybill_state(waybill) == (enum recipient_state)query->state;
}

bool query_fits(const struct query *query, const struct waybill *waybill)
{
    if (waybill->arrived < query->since || waybill->arrived > query->until)
        return false;
    if (query->message_id.at != NULL && !match_words(query->message_id, waybill->message_id))
        return false;
    if (query->queue_id.at != NULL && !slice_equal(query->queue_id, waybill->queue_id))
        return false;
    if (query->from.at != NULL &&
        (!waybill->has_from || !match_address(query->from, waybill->from)))
        return false;
    if (query->client.at != NULL && !match_client(query->client, waybill))
        return false;
    if (query->login.at != NULL && !match_words(query->login, waybill->login))
        return false;
    return match_recipients(query, waybill);
}
