/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match: does a waybill satisfy a query? The index only hints (its hashes collide); this decides.
 */
#include <string.h>

#include "relay.h"
#include "terms.h"
#include "waybill/address.h"
#include "waybill/cause.h"

/* ---- one value ---- */

/* `domain` is in the form in which names are compared, and so is the value's. */
static bool fits_domain(const struct query_value *value, struct slice domain, bool below)
{
    size_t size = value->text.size;

    if (slice_equal_nocase(value->text, domain))
        return true;
    return below && domain.size > size && domain.at[domain.size - size - 1] == '.' &&
           slice_equal_nocase(value->text,
                              slice_make(domain.at + (domain.size - size), size));
}

static bool fits_address(const struct query_value *value, struct slice address)
{
    char normal[ADDRESS_MAX];
    struct slice whole;

    if (address.at == NULL)
        return false;
    whole = slice_make(normal, address_normal(address, normal));
    if (value->shape == QUERY_TEXT)
        return slice_equal(value->text, whole);
    whole = address_domain(whole);
    return whole.at != NULL && fits_domain(value, whole, value->shape == QUERY_BELOW);
}

/* Of a machine or a list all names in a domain are meant. */
static bool fits_name(const struct query_value *value, struct slice name)
{
    return name.at != NULL && value->shape != QUERY_NETWORK &&
           fits_domain(value, name, value->shape != QUERY_TEXT);
}

static bool fits_network(const struct query_value *value, struct slice text)
{
    return value->shape == QUERY_NETWORK && network_holds(&value->network, text);
}

/* Linear in the subject for words of a bounded length: it is cut when it is stored. */
static bool fits_part(const struct query_value *value, struct slice subject)
{
    for (size_t i = 0; subject.at != NULL && i + value->text.size <= subject.size; i++)
        if (slice_equal_nocase(value->text, slice_make(subject.at + i, value->text.size)))
            return true;
    return false;
}

static bool fits_status(const struct query_value *value, struct slice status)
{
    return slice_starts_with(status, value->text) &&
           (status.size == value->text.size || status.at[value->text.size] == '.');
}

/* ---- the mail ---- */

/* The address in "Ann <ann@example.org>"; of several the last. */
static struct slice header_address(struct slice header)
{
    struct slice tail, inside;

    if (header.at == NULL)
        return SLICE_ABSENT;
    if (text_cut_last(&header, "<", &tail) && text_take_until(&tail, '>', &inside))
        return inside;
    return header;
}

struct slice list_name(struct slice header)
{
    struct slice name = header_address(header);

    return name.at == NULL ? name : slice_trim(name);
}

static bool fits_who(const struct query_value *value, const struct waybill *waybill)
{
    if (waybill->has_from && fits_address(value, waybill->from))
        return true;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (fits_address(value, waybill->recipients[i].address) ||
            fits_address(value, waybill->recipients[i].original))
            return true;
    return false;
}

static bool fits_mail_value(enum query_field field, const struct query_value *value,
                            const struct waybill *waybill)
{
    switch (field) {
    case QUERY_FIELD_WHO:
        return fits_who(value, waybill);
    case QUERY_FIELD_FROM:
        return waybill->has_from && fits_address(value, waybill->from);
    case QUERY_FIELD_HEADER_FROM:
        return fits_address(value, header_address(waybill->header_from));
    case QUERY_FIELD_MESSAGE_ID:
        return waybill->message_id.at != NULL &&
               slice_equal_nocase(value->text, waybill->message_id);
    case QUERY_FIELD_QUEUE_ID:
        return slice_equal(value->text, waybill->queue_id);
    case QUERY_FIELD_ID:
        return value->number == waybill->id;
    case QUERY_FIELD_CLIENT:
        return fits_network(value, waybill->ip) || fits_name(value, waybill->client);
    case QUERY_FIELD_LOGIN:
        return waybill->login.at != NULL && slice_equal_nocase(value->text, waybill->login);
    case QUERY_FIELD_LIST:
        return fits_name(value, list_name(waybill->list));
    case QUERY_FIELD_HOST:
        return fits_name(value, waybill->host);
    case QUERY_FIELD_SUBJECT:
        return fits_part(value, waybill->subject_text);
    default:
        return false;
    }
}

/* ---- a recipient ---- */

static bool fits_server(const struct query_value *value, struct slice text)
{
    unsigned char binary[16];
    struct relay relay;
    bool is_four;

    /* "example.org[private/lmtp]" is no server, as the index sees it, too. */
    return text.at != NULL && relay_read(text, &relay) &&
           network_address(relay.ip, binary, &is_four) &&
           (fits_network(value, relay.ip) || fits_name(value, relay.name));
}

static bool fits_remote(const struct query_value *value, const struct waybill *waybill,
                        const struct recipient *recipient)
{
    if (fits_server(value, recipient->relay))
        return true;
    for (size_t i = 0; i < waybill->fact_count; i++) {
        uint32_t subject = waybill->subject[i];

        if (waybill->facts[i].witness == WITNESS_LOG && subject < waybill->recipient_count &&
            slice_equal(waybill->recipients[subject].address, recipient->address) &&
            fits_server(value, waybill->facts[i].value[KEY_RELAY]))
            return true;
    }
    return false;
}

int recipient_reason(const struct phrasebook *book, const struct waybill *waybill,
                     const struct recipient *recipient)
{
    struct cause cause;

    if (book == NULL || recipient->address.at == NULL || !cause_wanted(recipient->state))
        return -1;
    cause_find(book, waybill, recipient, &cause);
    return (int)cause.reason;
}

static bool fits_recipient_value(const struct query *query, enum query_field field,
                                 const struct query_value *value, const struct waybill *waybill,
                                 const struct recipient *recipient)
{
    switch (field) {
    case QUERY_FIELD_TO:
        return fits_address(value, recipient->address) || fits_address(value, recipient->original);
    case QUERY_FIELD_ORIGINAL:
        return fits_address(value, recipient->original);
    case QUERY_FIELD_REMOTE:
        return fits_remote(value, waybill, recipient);
    case QUERY_FIELD_STATE:
        return value->number == (uint64_t)recipient->state;
    case QUERY_FIELD_REASON:
        return recipient_reason(query->book, waybill, recipient) == (int)value->number;
    case QUERY_FIELD_STATUS:
        return recipient->status.at != NULL && fits_status(value, recipient->status);
    default:
        return false;
    }
}

bool query_fits_recipient(const struct query *query, const struct waybill *waybill,
                          const struct recipient *recipient)
{
    struct recipient nobody = {.state = STATE_ACCEPTED};

    if (recipient == NULL) {
        nobody.state = waybill_state(waybill);
        recipient = &nobody;
    }
    for (size_t i = 0; i < query->count; i++) {
        const struct query_term *term = &query->terms[i];
        bool fits = false;

        if (!query_rows[term->field].recipient)
            continue;
        for (size_t j = 0; j < term->count && !fits; j++)
            fits = fits_recipient_value(query, term->field, &term->values[j], waybill, recipient);
        if (fits == term->negated)
            return false;
    }
    return true;
}

bool query_fits_mail(const struct query *query, const struct waybill *waybill)
{
    if (waybill->arrived < query->since || waybill->arrived > query->until)
        return false;
    for (size_t i = 0; i < query->count; i++) {
        const struct query_term *term = &query->terms[i];
        bool fits = false;

        if (query_rows[term->field].recipient)
            continue;
        for (size_t j = 0; j < term->count && !fits; j++)
            fits = fits_mail_value(term->field, &term->values[j], waybill);
        if (fits == term->negated)
            return false;
    }
    return true;
}

bool query_fits(const struct query *query, const struct waybill *waybill)
{
    if (!query_fits_mail(query, waybill))
        return false;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (query_fits_recipient(query, waybill, &waybill->recipients[i]))
            return true;
    return waybill->recipient_count == 0 && query_fits_recipient(query, waybill, NULL);
}
