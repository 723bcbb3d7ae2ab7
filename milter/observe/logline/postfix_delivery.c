/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_delivery: what a delivery agent says of one recipient.
 *
 *     to=<a@b>, [orig_to=<c@d>, ]relay=R, [conn_use=N, ]delay=D, delays=a/b/c/d, dsn=S,
 *     status=WORD (TEXT)
 *
 * The order is Postfix's and is the only one that is taken. TEXT may hold a stranger's words
 * ("status=sent (250 fake)"), so nothing in it decides what happened.
 */
#include "postfix.h"

static const char *const after_to[] = {", relay=", ", orig_to=<", NULL};
static const char *const after_original[] = {", relay=", NULL};

/* "name=value, " where the value is made of bytes out of `set`; absent fields are no error:
 * conn_use is rare, and old Postfix versions knew no delays and no dsn. */
static void take_field(struct slice *from, const char *name, const char *set, struct fact *fact,
                       enum fact_key key)
{
    struct slice rest = *from, value;
    if (text_take(&rest, name) && text_take_any(&rest, set, &value) && text_take(&rest, ", ")) {
        fact_set(fact, key, value);
        *from = rest;
    }
}

static bool take_head(struct reading *reading)
{
    struct fact *fact = reading->fact;
    struct slice *rest = &reading->rest;
    struct slice to, original, relay;
    if (!text_take_char(rest, '<') || !postfix_take_address(rest, after_to, &to))
        return false;
    fact_set(fact, KEY_TO, to);
    if (text_take(rest, ", orig_to=<")) {
        if (!postfix_take_address(rest, after_original, &original))
            return false;
        fact_set(fact, KEY_ORIGINAL, original);
    }
    if (!text_take(rest, ", relay=") || !text_take_until_text(rest, ", ", &relay))
        return false;
    fact_set(fact, KEY_RELAY, relay);
    take_field(rest, "conn_use=", "0123456789", fact, KEY_CONNECTION);
    take_field(rest, "delay=", "0123456789.", fact, KEY_DELAY);
    take_field(rest, "delays=", "0123456789./", fact, KEY_DELAYS);
    take_field(rest, "dsn=", "0123456789.", fact, KEY_STATUS);
    return true;
}

/* The words in the outer parentheses; the last one is missing where the line was cut. */
static bool take_text(struct slice *rest, struct slice *text)
{
    *text = SLICE_ABSENT;
    if (rest->size == 0)
        return true;
    if (!text_take(rest, " ("))
        return false;
    *text = *rest;
    if (slice_ends(*text, ")"))
        text->size--;
    return true;
}

/* The next hop's words "250 ... queued as X". A claim of the next hop, worth no more. */
static struct slice queued_as(struct slice text)
{
    struct slice before, id;
    if (!slice_starts(text, "2") || !text_take_until_text(&text, "queued as ", &before) ||
        !text_take_any(&text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.",
                       &id))
        return SLICE_ABSENT;
    while (id.size > 0 && id.at[id.size - 1] == '.')
        id.size--;
    return id.size > 0 ? id : SLICE_ABSENT;
}

static enum fact_kind read_sent(struct reading *reading, struct slice text)
{
    struct slice id;
    if (slice_is(reading->service, "discard"))
        return FACT_DISCARDED;
    if (slice_is(reading->service, "local") && text_take(&text, "forwarded as ")) {
        if (postfix_take_queue_id(&text, &id))
            fact_set(reading->fact, KEY_NEXT, id);
        return FACT_EXPANDED;
    }
    fact_set(reading->fact, KEY_NEXT, queued_as(text));
    return FACT_DELIVERED;
}

static const struct {
    const char *word;
    enum fact_kind kind;
} outcomes[] = {
    {"deferred", FACT_DELAYED},      {"SOFTBOUNCE", FACT_DELAYED},
    {"bounced", FACT_FAILED},        {"expired", FACT_EXPIRED},
    {"force-expired", FACT_EXPIRED},
};

/* An address probe or `sendmail -bv` asks and delivers nothing. */
static bool is_probe(struct slice status)
{
    return slice_is(status, "deliverable") || slice_is(status, "undeliverable");
}

int postfix_read_delivery(struct reading *reading)
{
    struct fact *fact = reading->fact;
    struct slice status, text;
    if (!take_head(reading) || !text_take(&reading->rest, "status=") ||
        !text_take_any(&reading->rest,
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-", &status) ||
        !take_text(&reading->rest, &text))
        return -1;
    if (is_probe(status))
        return 0;
    fact->kind = slice_is(status, "sent") ? read_sent(reading, text) : FACT_UNKNOWN;
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (slice_is(status, outcomes[i].word))
            fact->kind = outcomes[i].kind;
    if (fact->kind == FACT_UNKNOWN)
        return -1;
    fact_set(fact, KEY_VIA, reading->service);
    fact_set(fact, KEY_REPLY, text);
    return 1;
}
