/* SPDX-License-Identifier: BSD-2-Clause */
/* short: see short.h. */
#include "short.h"

#include <string.h>

#include "waybill/clock.h"
#include "waybill/text.h"

/* Up to four parts in a row; absent if that would be too long. */
static struct slice join(struct terse *terse, const struct slice *parts, size_t count)
{
    char *at = terse->room + terse->used;
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    if (size > FACT_VALUE_MAX || size > sizeof terse->room - terse->used)
        return SLICE_ABSENT;
    terse->used += size;
    for (char *to = at; count > 0; to += parts->size, parts++, count--)
        if (parts->size > 0)
            memcpy(to, parts->at, parts->size);
    return slice_make(at, size);
}
#define JOIN(terse, ...)                                                                           \
    join(terse, (const struct slice[]){__VA_ARGS__},                                               \
         sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))

static struct slice or_itself(struct slice made, struct slice word)
{
    return made.at != NULL ? made : word;
}

/* printf(3) would take longer than all else that is done for a value. */
static char *put(char *to, const char *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

static char *put_two(char *to, unsigned number, char behind)
{
    text_digits_fixed(number, to, 2);
    to[2] = behind;
    return to + 3;
}

/* What was written into the room, up to `end`. */
static struct slice room_take(struct terse *terse, const char *end)
{
    const char *at = terse->room + terse->used;
    terse->used += (size_t)(end - at);
    return slice_make(at, (size_t)(end - at));
}

/* ---- addresses ---- */

static struct slice name_form(struct terse *terse, struct slice value)
{
    char *at = terse->room + terse->used;
    int number = -1;
    if (value.size > 0 && slice_equal(value, terse->from))
        number = 0;
    for (size_t i = 0; i < terse->count && number < 0; i++)
        if (slice_equal(value, terse->names[i]))
            number = (int)i + 1;
    if (number < 0 || sizeof terse->room - terse->used < 1 + TEXT_DIGITS_MAX)
        return SLICE_ABSENT;
    *at++ = '#';
    return room_take(terse, at + text_digits((uint64_t)number, at));
}

static struct slice name_undo(const struct terse *terse, struct slice word)
{
    struct slice rest = word;
    uint64_t number;
    if (!text_take_char(&rest, '#') || !text_number(rest, 0, terse->count, &number))
        return word;
    if (number == 0)
        return terse->from.at != NULL ? terse->from : word;
    return terse->names[number - 1];
}

void short_learn(struct terse *terse, enum fact_key key, struct slice value)
{
    if (key == KEY_FROM && terse->from.at == NULL)
        terse->from = value;
    if (key == KEY_RELAY && value.size <= sizeof terse->relay && value.size > 0) {
        memcpy(terse->relay, value.at, value.size);
        terse->relay_size = value.size;
    }
    if ((key != KEY_TO && key != KEY_ORIGINAL) || terse->count == TERSE_NAMES || value.size < 3)
        return;
    for (size_t i = 0; i < terse->count; i++)
        if (slice_equal(value, terse->names[i]))
            return;
    terse->names[terse->count++] = value;
}

static struct slice header_from_form(struct terse *terse, struct slice value)
{
    struct slice from = terse->from;
    if (from.size == 0 || value.size < from.size)
        return SLICE_ABSENT;
    if (slice_equal(value, from))
        return slice_of("#0");
    const char *tail = value.at + value.size - from.size - 1;
    if (value.size < from.size + 2 || value.at[value.size - 1] != '>' || tail[-1] != '<' ||
        memcmp(tail, from.at, from.size) != 0)
        return SLICE_ABSENT;
    return JOIN(terse, slice_make(value.at, value.size - from.size - 1), slice_of("#0>"));
}

static struct slice header_from_undo(struct terse *terse, struct slice word)
{
    if (terse->from.size == 0)
        return word;
    if (slice_is(word, "#0"))
        return terse->from;
    if (!slice_ends(word, "<#0>"))
        return word;
    return or_itself(JOIN(terse, slice_make(word.at, word.size - 3), terse->from, slice_of(">")),
                     word);
}

static struct slice domain(const struct terse *terse)
{
    ptrdiff_t at = slice_find(terse->from, '@');
    return at < 0 ? SLICE_ABSENT
                  : slice_make(terse->from.at + at + 1, terse->from.size - (size_t)at - 1);
}

static struct slice message_id_form(struct terse *terse, struct slice value)
{
    struct slice tail = domain(terse);
    if (tail.size == 0 || value.size <= tail.size ||
        value.at[value.size - tail.size - 1] != '@' ||
        memcmp(value.at + value.size - tail.size, tail.at, tail.size) != 0)
        return SLICE_ABSENT;
    return slice_make(value.at, value.size - tail.size);
}

static struct slice message_id_undo(struct terse *terse, struct slice word)
{
    struct slice tail = domain(terse);
    return tail.size > 0 && slice_ends(word, "@") ? or_itself(JOIN(terse, word, tail), word) : word;
}

/* ---- Date ---- */

static const char days[] = "ThuFriSatSunMonTueWed"; /* from 1970-01-01 on */
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static int zone_seconds(struct slice zone)
{
    uint64_t number;
    if (zone.size != 5 || (zone.at[0] != '+' && zone.at[0] != '-') ||
        !text_number(slice_make(zone.at + 1, 4), 0, 9999, &number))
        return 0;
    int seconds = (int)(number / 100 * 3600 + number % 100 * 60);
    return zone.at[0] == '-' ? -seconds : seconds;
}

static bool take_month(struct slice *from, uint32_t *month)
{
    for (*month = 1; *month <= 12; ++*month)
        if (from->size >= 3 && memcmp(from->at, months + (*month - 1) * 3, 3) == 0) {
            *from = slice_make(from->at + 3, from->size - 3);
            return true;
        }
    return false;
}

/* "Sat, 21 Nov 2026 20:35:30 +0000"; whether all of it is so the way back tells. */
static struct slice date_form(struct terse *terse, struct slice value)
{
    struct slice rest = value, name;
    uint64_t day, year, part[3];
    uint32_t month;
    if (value.size > 40 || !text_take_until_text(&rest, ", ", &name) ||
        !text_take_number(&rest, &day) || day < 1 || day > 31 || !text_take_char(&rest, ' ') ||
        !take_month(&rest, &month) || !text_take_char(&rest, ' ') ||
        !text_take_number(&rest, &year) || year < 2000 || year > 2091)
        return SLICE_ABSENT;
    for (int i = 0; i < 3; i++)
        if (!text_take_char(&rest, i == 0 ? ' ' : ':') || !text_take_number(&rest, &part[i]) ||
            part[i] > 60)
            return SLICE_ABSENT;
    if (!text_take_char(&rest, ' ') || rest.size != 5)
        return SLICE_ABSENT;
    int64_t ms = clock_of_day((uint32_t)((year - 2000) * 10000 + month * 100 + day),
                              (uint32_t)(part[0] * 3600 + part[1] * 60 + part[2]));
    char *at = terse->room + terse->used, *to = at;
    int64_t offset = (ms - terse->base) / SECOND_MS - zone_seconds(rest);
    if (offset < 0)
        *to++ = '-';
    to += text_digits((uint64_t)(offset < 0 ? -offset : offset), to);
    return room_take(terse, put(to, rest.at, rest.size));
}

static struct slice date_undo(struct terse *terse, struct slice word)
{
    struct slice zone = word;
    uint64_t seconds;
    uint32_t second;
    char *at = terse->room + terse->used;
    bool before = text_take_char(&zone, '-');
    if (!text_take_number(&zone, &seconds) || seconds > 4000000000 || zone.size != 5 ||
        (zone.at[0] != '+' && zone.at[0] != '-') || sizeof terse->room - terse->used < 64)
        return word;
    int64_t offset = before ? -(int64_t)seconds : (int64_t)seconds;
    int64_t ms = terse->base + (offset + zone_seconds(zone)) * SECOND_MS;
    uint32_t day = clock_day(ms, &second), month = day / 100 % 100;
    if (ms < 0 || month < 1 || month > 12)
        return word;
    char *to = put(at, days + (size_t)(ms / DAY_MS % 7) * 3, 3);
    to = put(to, ", ", 2);
    to += text_digits(day % 100, to);
    to = put(put(put(to, " ", 1), months + (month - 1) * 3, 3), " 20", 3);
    to = put_two(to, day / 10000, ' ');
    to = put_two(to, second / 3600, ':');
    to = put_two(to, second / 60 % 60, ':');
    to = put_two(to, second % 60, ' ');
    return room_take(terse, put(to, zone.at, zone.size));
}

/* ---- TLS ---- */

static const char *tls_version(struct slice cipher)
{
    return slice_starts(cipher, "TLS_") ? "TLSv1.3:" : "TLSv1.2:";
}

static const char *tls_bits(struct slice cipher)
{
    if (slice_find_text(cipher, "256_GCM") >= 0 || slice_find_text(cipher, "AES256") >= 0 ||
        slice_find_text(cipher, "CHACHA20") >= 0)
        return ":256";
    return slice_find_text(cipher, "128_GCM") >= 0 || slice_find_text(cipher, "AES128") >= 0
               ? ":128"
               : NULL;
}

static struct slice tls_form(struct slice value)
{
    struct slice rest = value, cipher;
    if (!text_take(&rest, "TLSv1.") || !text_take_until(&rest, ':', &cipher) ||
        !text_take_until(&rest, ':', &cipher))
        return SLICE_ABSENT;
    return cipher;
}

static struct slice tls_undo(struct terse *terse, struct slice word)
{
    const char *bits = slice_find(word, ':') < 0 ? tls_bits(word) : NULL;
    if (bits == NULL)
        return word;
    return or_itself(JOIN(terse, slice_of(tls_version(word)), word, slice_of(bits)), word);
}

/* ---- relay and reply ---- */

static struct slice relay_named_last(const struct terse *terse)
{
    return slice_make(terse->relay, terse->relay_size);
}

static struct slice relay_form(struct terse *terse, struct slice value)
{
    if (terse->relay_size > 0 && slice_equal(value, relay_named_last(terse)))
        return slice_of("=");
    return slice_ends(value, "]:25") ? slice_make(value.at, value.size - 3) : SLICE_ABSENT;
}

static struct slice relay_undo(struct terse *terse, struct slice word)
{
    if (slice_is(word, "=") && terse->relay_size > 0)
        return or_itself(JOIN(terse, relay_named_last(terse)), word);
    return slice_ends(word, "]") ? or_itself(JOIN(terse, word, slice_of(":25")), word) : word;
}

/* name[address] of the relay. */
static struct slice relay_host(const struct fact *fact)
{
    struct slice relay = fact->value[KEY_RELAY];
    ptrdiff_t end = slice_find(relay, ']');
    return end < 0 ? SLICE_ABSENT : slice_make(relay.at, (size_t)end + 1);
}

static struct slice reply_form(struct terse *terse, const struct fact *fact)
{
    struct slice reply = fact->value[KEY_REPLY], host = relay_host(fact), to = fact->value[KEY_TO];
    struct slice rest = reply, made = reply;
    if (host.at != NULL && text_take(&rest, "host ") && slice_starts_with(rest, host)) {
        rest = slice_make(rest.at + host.size, rest.size - host.size);
        if (slice_starts(rest, " said: "))
            made = JOIN(terse, slice_of("host #"), rest);
    }
    if (made.at == NULL || to.size == 0)
        return made;
    ptrdiff_t open = slice_find(made, '<');
    if (open < 0 || made.size - (size_t)open < to.size + 2)
        return made;
    rest = slice_make(made.at + open + 1, made.size - (size_t)open - 1);
    if (!slice_starts_with(rest, to) || rest.at[to.size] != '>')
        return made;
    return JOIN(terse, slice_make(made.at, (size_t)open + 1), slice_of("#"),
                slice_make(rest.at + to.size, rest.size - to.size));
}

static struct slice reply_undo(struct terse *terse, const struct fact *fact, struct slice word)
{
    struct slice host = relay_host(fact), to = fact->value[KEY_TO], made = word, before;
    struct slice rest = word;
    if (host.at != NULL && slice_starts(word, "host # said: "))
        made = or_itself(JOIN(terse, slice_of("host "), host,
                              slice_make(word.at + 6, word.size - 6)),
                         word);
    rest = made;
    if (to.size == 0 || !text_take_until_text(&rest, "<#>", &before))
        return made;
    return or_itself(JOIN(terse, before, slice_of("<"), to, slice_of(">"), rest), made);
}

/* ---- delays: "0.1" is ".1" ---- */

static struct slice delays_form(struct terse *terse, struct slice value)
{
    char *at = terse->room + terse->used, *to = at;
    if (value.size > 64)
        return SLICE_ABSENT;
    for (size_t i = 0; i < value.size; i++) {
        bool part = i == 0 || value.at[i - 1] == '/';
        if (!part || value.at[i] != '0' || i + 1 == value.size || value.at[i + 1] != '.')
            *to++ = value.at[i];
    }
    return room_take(terse, to);
}

static struct slice delays_undo(struct terse *terse, struct slice word)
{
    char *at = terse->room + terse->used, *to = at;
    if (word.size > 64)
        return word;
    for (size_t i = 0; i < word.size; i++) {
        if (word.at[i] == '.' && (i == 0 || word.at[i - 1] == '/'))
            *to++ = '0';
        *to++ = word.at[i];
    }
    return room_take(terse, to);
}

/* ---- which has which ---- */

static const struct {
    const char *word, *value;
} bodies[] = {{"8", "8BITMIME"}, {"7", "7BIT"}};

struct slice short_form(struct terse *terse, const struct fact *fact, enum fact_key key)
{
    struct slice value = fact->value[key];
    switch (key) {
    case KEY_FROM:
    case KEY_TO:
    case KEY_ORIGINAL:
    case KEY_LOGIN:
        return name_form(terse, value);
    case KEY_HEADER_FROM:
        return header_from_form(terse, value);
    case KEY_MESSAGE_ID:
        return message_id_form(terse, value);
    case KEY_DATE:
        return date_form(terse, value);
    case KEY_TLS:
        return tls_form(value);
    case KEY_RELAY:
        return relay_form(terse, value);
    case KEY_REPLY:
        return reply_form(terse, fact);
    case KEY_DELAYS:
        return delays_form(terse, value);
    case KEY_BODY:
        return slice_is(value, bodies[0].value)   ? slice_of(bodies[0].word)
               : slice_is(value, bodies[1].value) ? slice_of(bodies[1].word)
                                                  : SLICE_ABSENT;
    default:
        return SLICE_ABSENT;
    }
}

struct slice short_undo(struct terse *terse, const struct fact *fact, enum fact_key key,
                        struct slice word)
{
    switch (key) {
    case KEY_FROM:
    case KEY_TO:
    case KEY_ORIGINAL:
    case KEY_LOGIN:
        return name_undo(terse, word);
    case KEY_HEADER_FROM:
        return header_from_undo(terse, word);
    case KEY_MESSAGE_ID:
        return message_id_undo(terse, word);
    case KEY_DATE:
        return date_undo(terse, word);
    case KEY_TLS:
        return tls_undo(terse, word);
    case KEY_RELAY:
        return relay_undo(terse, word);
    case KEY_REPLY:
        return reply_undo(terse, fact, word);
    case KEY_DELAYS:
        return delays_undo(terse, word);
    case KEY_BODY:
        return slice_is(word, bodies[0].word)   ? slice_of(bodies[0].value)
               : slice_is(word, bodies[1].word) ? slice_of(bodies[1].value)
                                                : word;
    default:
        return word;
    }
}
