/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slots: which of the 16,384 slots of a Cluster a key belongs to, and who has which slot.
 */
#include "slots.h"

#include <stdlib.h>

/* One bit at a time over the 16 bits of CRC-16/XMODEM, two tables of 16: a nibble a step. */
static uint16_t crc16(struct slice bytes)
{
    static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
                                       0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
                                       0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    unsigned crc = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        unsigned byte = (unsigned char)bytes.at[i];

        crc = ((crc << 4) ^ table[((crc >> 12) ^ (byte >> 4)) & 15]) & 0xffff;
        crc = ((crc << 4) ^ table[((crc >> 12) ^ byte) & 15]) & 0xffff;
    }
    return (uint16_t)crc;
}

unsigned slot_of_key(struct slice key)
{
    struct slice rest = key, tag;

    if (text_take_until(&rest, '{', &tag) && text_take_until(&rest, '}', &tag) && tag.size > 0)
        key = tag;
    return crc16(key) % SLOTS;
}

/* Where the key of a command stands; what is not here has it behind its name. */
static const struct {
    const char *name;
    size_t at;         /* 0: there is no key */
    const char *after; /* the key follows this word */
} places[] = {
    {"INFO", 0, NULL},        {"CONFIG", 0, NULL},      {"SCAN", 0, NULL},
    {"TIME", 0, NULL},        {"ACL", 0, NULL},         {"PING", 0, NULL},
    {"ROLE", 0, NULL},        {"CLUSTER", 0, NULL},     {"AUTH", 0, NULL},
    {"CLIENT", 0, NULL},      {"DBSIZE", 0, NULL},      {"WAIT", 0, NULL},
    {"XREAD", 0, "STREAMS"},  {"XREADGROUP", 0, "STREAMS"},
    {"XINFO", 2, NULL},       {"XGROUP", 2, NULL},      {"OBJECT", 2, NULL},
    {"MEMORY", 2, NULL},
};

size_t key_of_command(const struct slice *words, size_t count)
{
    size_t at = 1;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!slice_is(words[0], places[i].name))
            continue;
        at = places[i].at;
        for (size_t j = 1; places[i].after && j + 1 < count && at == 0; j++)
            if (slice_is(words[j], places[i].after))
                at = j + 1;
        break;
    }
    return at < count ? at : 0;
}

int slot_of_command(const struct slice *words, size_t count)
{
    size_t at = key_of_command(words, count);

    return at > 0 ? (int)slot_of_key(words[at]) : -1;
}

/* ---- what servers say ---- */

static int range_read(const struct reply *range, unsigned char *taken,
                      int (*seen)(void *context, unsigned first, unsigned last, struct slice host,
                                  uint64_t port),
                      void *context)
{
    const struct reply *master;
    uint64_t first, last, port;

    if (range->type != REPLY_LIST || range->count < 3 ||
        !reply_number(range->items[0], SLOTS - 1, &first) ||
        !reply_number(range->items[1], SLOTS - 1, &last) || first > last)
        return -1;
    master = range->items[2];
    if (master->type != REPLY_LIST || master->count < 2 ||
        (master->items[0]->type != REPLY_TEXT && master->items[0]->type != REPLY_NIL) ||
        !reply_number(master->items[1], 65535, &port))
        return -1;
    for (uint64_t slot = first; slot <= last; slot++) {
        unsigned char bit = (unsigned char)(1u << slot % 8);

        if (taken[slot / 8] & bit)
            return -1;
        taken[slot / 8] |= bit;
    }
    return seen(context, (unsigned)first, (unsigned)last, master->items[0]->text, port);
}

int slots_read(const struct reply *reply,
               int (*seen)(void *context, unsigned first, unsigned last, struct slice host,
                           uint64_t port),
               void *context)
{
    unsigned char taken[SLOTS / 8] = {0};

    if (reply->type != REPLY_LIST || reply->count > SLOTS)
        return -1;
    for (size_t i = 0; i < reply->count; i++)
        if (range_read(reply->items[i], taken, seen, context))
            return -1;
    return 0;
}

int slots_redirected(struct slice words, bool *asking, unsigned *slot, struct slice *host,
                     uint64_t *port)
{
    uint64_t number;
    ptrdiff_t colon = -1;

    *asking = text_take(&words, "ASK ");
    if ((!*asking && !text_take(&words, "MOVED ")) || !text_take_number(&words, &number) ||
        number >= SLOTS || !text_take_char(&words, ' '))
        return -1;
    for (size_t i = 0; i < words.size; i++) /* the last one: IPv6 has others */
        if (words.at[i] == ':')
            colon = (ptrdiff_t)i;
    if (colon < 0)
        return -1;
    *slot = (unsigned)number;
    *host = slice_make(words.at, (size_t)colon);
    return text_number(slice_make(words.at + colon + 1, words.size - (size_t)colon - 1), 1, 65535,
                       port)
               ? 0
               : -1;
}
