/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * derive: see derive.h. A rule is a guess that is often right: what it gives is compared with the
 * fact, so one that is wrong costs bytes and no truth.
 */
#include "derive.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static struct slice daemon_name(struct terse *terse, const struct fact *fact)
{
    bool mail = fact->witness == WITNESS_MILTER && fact->kind == FACT_MAIL;
    return mail && terse->host.size > 0 ? terse->host : SLICE_ABSENT;
}

static struct slice daemon_port(struct terse *terse, const struct fact *fact)
{
    (void)terse;
    if (fact->value[KEY_DAEMON].at == NULL)
        return SLICE_ABSENT;
    return slice_of(fact->value[KEY_LOGIN].at != NULL ? "587" : "25");
}

static struct slice helo(struct terse *terse, const struct fact *fact)
{
    (void)terse;
    struct slice client = fact->value[KEY_CLIENT];
    bool named = fact->kind == FACT_MAIL && client.at != NULL && !slice_is(client, "unknown");
    return named ? client : SLICE_ABSENT;
}

static struct slice mechanism(struct terse *terse, const struct fact *fact)
{
    (void)terse;
    return fact->value[KEY_LOGIN].at != NULL ? slice_of("PLAIN") : SLICE_ABSENT;
}

/* A next server has a port. */
static struct slice service(struct terse *terse, const struct fact *fact)
{
    (void)terse;
    struct slice relay = fact->value[KEY_RELAY], rest;
    if (fact->kind == FACT_REMOVED && fact->witness == WITNESS_LOG)
        return slice_of("qmgr");
    if (!text_cut_last(&relay, "]:", &rest) || rest.size == 0 || !is_digit(rest.at[0]))
        return SLICE_ABSENT;
    return slice_of("smtp");
}

/* "250 2.0.0" at the front: the second word. */
static struct slice code_at(struct slice words)
{
    struct slice rest = words, code, reply;
    if (!text_take_until(&rest, ' ', &reply) || reply.size != 3 || !is_digit(reply.at[0]) ||
        rest.size < 5 || rest.at[1] != '.' || rest.at[0] != reply.at[0] ||
        !text_take_word(&rest, &code) || code.size > 9)
        return SLICE_ABSENT;
    for (size_t i = 0; i < code.size; i++)
        if (!is_digit(code.at[i]) && code.at[i] != '.')
            return SLICE_ABSENT;
    return code;
}

static struct slice status(struct terse *terse, const struct fact *fact)
{
    (void)terse;
    struct slice reply = fact->value[KEY_REPLY], before;
    if (reply.at == NULL || fact->witness != WITNESS_LOG)
        return SLICE_ABSENT;
    if (slice_starts(reply, "host "))
        text_take_until_text(&reply, " said: ", &before);
    struct slice code = code_at(reply);
    return code.at == NULL && fact->kind == FACT_DELIVERED ? slice_of("2.0.0") : code;
}

static struct slice next(struct terse *terse, const struct fact *fact)
{
    (void)terse;
    struct slice reply = fact->value[KEY_REPLY], id;
    if (fact->kind != FACT_DELIVERED || !text_cut_last(&reply, "queued as ", &id) || id.size < 6)
        return SLICE_ABSENT;
    return id;
}

/* Hundredths of a second. */
static bool take_delay(struct slice part, uint64_t *sum)
{
    uint64_t whole;
    if (!text_take_number(&part, &whole) || whole > 100000000)
        return false;
    *sum += whole * 100;
    if (!text_take_char(&part, '.'))
        return part.size == 0;
    for (unsigned place = 10; part.size > 0; place /= 10) {
        if (place == 0 || !is_digit(part.at[0]))
            return false;
        *sum += (unsigned)(part.at[0] - '0') * place;
        part = slice_make(part.at + 1, part.size - 1);
    }
    return true;
}

/* As Postfix writes it: two digits that count, no zeros behind a dot. */
static struct slice delay(struct terse *terse, const struct fact *fact)
{
    struct slice delays = fact->value[KEY_DELAYS], part;
    char *at = terse->room + terse->used;
    uint64_t sum = 0;
    size_t size;
    int parts = 0;
    while (parts < 5 && text_take_part(&delays, '/', &part)) {
        if (!take_delay(part, &sum))
            return SLICE_ABSENT;
        parts++;
    }
    if (parts != 4 || sizeof terse->room - terse->used < 24)
        return SLICE_ABSENT;
    if (sum >= 100)
        sum = sum / 10 * 10;
    size = text_digits(sum / 100, at);
    if (sum < 1000 && sum % 100 != 0) {
        at[size] = '.';
        text_digits_fixed(sum % 100, at + size + 1, 2);
        size += sum % 10 != 0 ? 3 : 2;
    }
    terse->used += size;
    return slice_make(at, size);
}

/* In this order: a rule may look at what those before it gave. */
static const struct {
    enum fact_key key, from; /* worth a look only if `from` is there; KEY_WAYBILL: always */
    struct slice (*gives)(struct terse *terse, const struct fact *fact);
} rules[] = {
    {KEY_DAEMON, KEY_WAYBILL, daemon_name}, {KEY_DAEMON_PORT, KEY_DAEMON, daemon_port},
    {KEY_HELO, KEY_CLIENT, helo},           {KEY_AUTH, KEY_LOGIN, mechanism},
    {KEY_VIA, KEY_WAYBILL, service},        {KEY_STATUS, KEY_REPLY, status},
    {KEY_NEXT, KEY_REPLY, next},            {KEY_DELAY, KEY_DELAYS, delay},
};
#define RULES (sizeof rules / sizeof *rules)

static struct slice give(struct terse *terse, const struct fact *fact, size_t rule)
{
    uint64_t need = rules[rule].from == KEY_WAYBILL ? 0 : UINT64_C(1) << rules[rule].from;
    return (fact->keys & need) == need ? rules[rule].gives(terse, fact) : SLICE_ABSENT;
}

uint64_t derive_same(struct terse *terse, const struct fact *fact, uint64_t *absent)
{
    uint64_t same = 0;
    *absent = 0;
    for (size_t i = 0; i < RULES; i++) {
        struct slice value = give(terse, fact, i);
        uint64_t bit = UINT64_C(1) << rules[i].key;
        if (value.at == NULL)
            continue;
        if (!(fact->keys & bit))
            *absent |= bit;
        else if (slice_equal(value, fact->value[rules[i].key]))
            same |= bit;
    }
    return same;
}

void derive_fill(struct terse *terse, struct fact *fact, uint64_t absent)
{
    for (size_t i = 0; i < RULES; i++)
        if (!((fact->keys | absent) & UINT64_C(1) << rules[i].key))
            fact_set(fact, rules[i].key, give(terse, fact, i));
}
