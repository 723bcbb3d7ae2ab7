/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terms: by which words a waybill is found.
 *
 * They follow from the facts, not from states: states come and go with the order in which facts
 * arrive, and the index of a day must not. Readers look at the record anyway.
 */
#include "room.h"

#include <arpa/inet.h>
#include <string.h>

#include "waybill/address.h"

struct finder {
    void (*found)(void *context, enum term_kind kind, struct slice term);
    void *context;
};

static void find_word(const struct finder *finder, enum term_kind kind, struct slice word)
{
    char term[TERM_MAX];
    if (word.size > 0)
        finder->found(finder->context, kind, slice_make(term, term_fold(word, term)));
}

/* An address and its domain; `bad` puts the domain under its outcome too. */
static void find_address(const struct finder *finder, enum term_kind kind,
                         enum term_kind domain_kind, struct slice address, const char *bad)
{
    char normal[ADDRESS_MAX], term[TERM_MAX];
    size_t size = address.at != NULL ? address_normal(address, normal) : 0;
    if (size == 0)
        return;
    finder->found(finder->context, kind, slice_make(normal, size));
    struct slice domain = address_domain(slice_make(normal, size));
    if (domain.size == 0)
        return;
    finder->found(finder->context, domain_kind, domain);
    if (bad == NULL)
        return;
    size_t length = strlen(bad);
    memcpy(term, bad, length);
    memcpy(term + length, domain.at, domain.size);
    finder->found(finder->context, TERM_BAD_DOMAIN, slice_make(term, length + domain.size));
}

static const char *fact_bad(enum fact_kind kind)
{
    if (kind == FACT_FAILED || kind == FACT_EXPIRED)
        return "failed/";
    return kind == FACT_REFUSED || kind == FACT_REJECTED ? "rejected/" : NULL;
}

static void find_outcome(const struct finder *finder, enum fact_kind kind)
{
    if (kind == FACT_FAILED)
        find_word(finder, TERM_OUTCOME, slice_of(state_word(STATE_FAILED)));
    else if (kind == FACT_EXPIRED)
        find_word(finder, TERM_OUTCOME, slice_of(state_word(STATE_EXPIRED)));
    else if (kind == FACT_REFUSED || kind == FACT_REJECTED)
        find_word(finder, TERM_OUTCOME, slice_of(state_word(STATE_REJECTED)));
}

/* The server of an attempt, "mx.example.org[192.0.2.1]:25". Others have no address there: "none",
 * "local", "example.org[private/lmtp]". */
static void find_remote(const struct finder *finder, struct slice relay)
{
    unsigned char binary[sizeof(struct in6_addr)];
    char address[INET6_ADDRSTRLEN];
    struct slice name, ip;
    if (relay.size == 0 || !text_take_until(&relay, '[', &name) ||
        !text_take_until(&relay, ']', &ip) || !slice_copy(ip, address, sizeof address) ||
        (inet_pton(AF_INET, address, binary) != 1 && inet_pton(AF_INET6, address, binary) != 1))
        return;
    find_word(finder, TERM_REMOTE, name.size > 0 ? name : ip);
}

/* Nobody outside may choose under which words a mail is found: not by a claim, and who proves that
 * he is bob's server may say that bob's mail failed, but not that it was alice's. Trust only grows
 * with more facts, so the index stays the same. */
static void find_outside(const struct finder *finder, const struct waybill *waybill, size_t index)
{
    uint32_t subject = waybill->subject[index];
    if (waybill->trust[index] == TRUST_PROVED && subject != SUBJECT_MAIL)
        find_address(finder, TERM_RECIPIENT, TERM_RECIPIENT_DOMAIN,
                     waybill->recipients[subject].address, fact_bad(waybill->facts[index].kind));
}

static void find_fact(const struct finder *finder, const struct waybill *waybill, size_t index)
{
    const struct fact *fact = &waybill->facts[index];
    if (fact->kind == FACT_REPORT)
        return; /* whom a report speaks of is not to whom it went */
    if (waybill->trust[index] != TRUST_CLAIMED)
        find_outcome(finder, fact->kind);
    if (waybill->trust[index] != TRUST_OWN) {
        find_outside(finder, waybill, index);
        return;
    }
    find_address(finder, TERM_RECIPIENT, TERM_RECIPIENT_DOMAIN, fact->value[KEY_TO],
                 fact_bad(fact->kind));
    find_address(finder, TERM_RECIPIENT, TERM_RECIPIENT_DOMAIN, fact->value[KEY_ORIGINAL], NULL);
    /* What a report says of its own sender or client is not this mail's. */
    if (fact->witness == WITNESS_REPORT)
        return;
    find_remote(finder, fact->value[KEY_RELAY]);
    find_address(finder, TERM_SENDER, TERM_SENDER_DOMAIN, fact->value[KEY_FROM], NULL);
    find_word(finder, TERM_MESSAGE_ID, fact->value[KEY_MESSAGE_ID]);
    find_word(finder, TERM_LOGIN, fact->value[KEY_LOGIN]);
    find_word(finder, TERM_CLIENT_IP, fact->value[KEY_IP]);
}

void terms_each(const struct waybill *waybill,
                void (*found)(void *context, enum term_kind kind, struct slice term), void *context)
{
    const struct finder finder = {.found = found, .context = context};
    find_word(&finder, TERM_QUEUE_ID, waybill->queue_id);
    for (size_t i = 0; i < waybill->fact_count; i++)
        find_fact(&finder, waybill, i);
}
