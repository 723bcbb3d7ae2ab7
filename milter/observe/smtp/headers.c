/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header fields that are kept. Promise: memory is bounded by the number of rows below, time
 * is linear in the bytes of a field; encoded words (RFC 2047) stay as they are.
 */
#include "headers.h"

#include <stdio.h>
#include <string.h>

#include "waybill/digest.h"

/* A little more than a value may have, so that the encoder cuts it, on a UTF-8 border. */
#define HEADER_ROOM (FACT_VALUE_MAX + 4)

static const struct {
    const char *name;
    enum fact_key key;
} kept[HEADERS_KEPT] = {
    {"Message-ID", KEY_MESSAGE_ID}, {"Date", KEY_DATE},           {"From", KEY_HEADER_FROM},
    {"Subject", KEY_SUBJECT},       {"Auto-Submitted", KEY_AUTO}, {"List-Id", KEY_LIST},
};

void headers_init(struct headers *headers)
{
    *headers = (struct headers){.bytes = 0};
    for (int i = 0; i < HEADERS_KEPT; i++)
        buffer_init(&headers->value[i], HEADER_ROOM);
}

void headers_clear(struct headers *headers)
{
    for (int i = 0; i < HEADERS_KEPT; i++)
        buffer_free(&headers->value[i]);
}

static size_t plain_run(struct slice from)
{
    size_t run = 0;

    while (run < from.size && from.at[run] != '\r' && from.at[run] != '\n')
        run++;
    return run;
}

/* A line break and the blanks that follow it become one blank; what does not fit is cut. */
static void unfold(struct slice from, struct buffer *to)
{
    while (from.size > 0 && to->size < to->limit && !to->failed) {
        size_t run = plain_run(from);
        size_t room = to->limit - to->size;
        struct slice rest;

        buffer_add(to, from.at, run < room ? run : room);
        rest = slice_trim(slice_make(from.at + run, from.size - run));
        if (rest.size > 0 && to->size < to->limit)
            buffer_add_char(to, ' ');
        from = rest;
    }
}

/* What goes over the wire: libmilter shows line breaks within a field as a bare LF. */
static uint64_t wire_size(struct slice name, struct slice value)
{
    uint64_t size = name.size + 1 + value.size + 2;

    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] == '\n' && (i == 0 || value.at[i - 1] != '\r'))
            size++;
    return size;
}

void headers_take(struct headers *headers, const char *name, const char *value,
                  enum subject_mode subject)
{
    struct slice word = slice_trim(slice_of(name));
    struct slice text = slice_of(value);

    headers->bytes += wire_size(slice_of(name), text);
    for (int i = 0; i < HEADERS_KEPT; i++) {
        if (!slice_equal_nocase(word, slice_of(kept[i].name)))
            continue;
        /* a second one is an oddity or an attempt to show us something else than the reader */
        if (headers->value[i].size == 0 && !(kept[i].key == KEY_SUBJECT && subject == SUBJECT_OFF))
            unfold(slice_trim(text), &headers->value[i]);
        return;
    }
}

/* "<a@b>" gives "a@b"; anything else stays as it is. */
static struct slice without_brackets(struct slice id)
{
    struct slice inner, rest = id;

    if (text_take_char(&rest, '<') && text_take_until(&rest, '>', &inner) && inner.size > 0)
        return inner;
    return id;
}

struct slice headers_message_id(const struct headers *headers)
{
    for (int i = 0; i < HEADERS_KEPT; i++)
        if (kept[i].key == KEY_MESSAGE_ID && headers->value[i].size > 0)
            return without_brackets(slice_make(headers->value[i].data, headers->value[i].size));
    return SLICE_ABSENT;
}

static void hash_subject(struct slice subject, const struct rules *rules,
                         char hash[static SUBJECT_HASH_SIZE])
{
    unsigned char mac[32];

    digest_hmac(rules->subject_key, sizeof rules->subject_key, subject.at, subject.size, mac);
    text_put_hex(mac, 8, hash);
}

bool headers_fill(const struct headers *headers, const struct rules *rules, struct fact *fact,
                  char hash[static SUBJECT_HASH_SIZE])
{
    bool any = false;

    for (int i = 0; i < HEADERS_KEPT; i++) {
        struct slice value = slice_make(headers->value[i].data, headers->value[i].size);
        enum fact_key key = kept[i].key;

        if (value.size == 0)
            continue;
        any = true;
        if (key == KEY_MESSAGE_ID)
            value = without_brackets(value);
        if (key == KEY_SUBJECT && rules->subject == SUBJECT_HASH) {
            hash_subject(value, rules, hash);
            key = KEY_SUBJECT_HASH;
            value = slice_of(hash);
        }
        fact_set(fact, key, value);
    }
    return any;
}
