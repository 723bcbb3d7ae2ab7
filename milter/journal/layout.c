/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout: numbers are little-endian; every structure ends in its CRC-32C. See FORMAT.
 */
#include "layout.h"

#include <string.h>

#include "crc32c.h"


static const char segment_magic[8] = "WAYBILLJ";
static const char cursor_magic[8] = "WAYBILLC";
static const unsigned char record_mark[3] = {RECORD_MARK_FIRST, 0xc0, 0xff};

static void put32(unsigned char *to, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(number >> (8 * i));
}

static void put64(unsigned char *to, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(number >> (8 * i));
}

static uint32_t get32(const unsigned char *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

static uint64_t get64(const unsigned char *from)
{
    return get32(from) | (uint64_t)get32(from + 4) << 32;
}

void segment_head_make(unsigned char head[static SEGMENT_HEAD], struct place place,
                       uint64_t created)
{
    memset(head, 0, SEGMENT_HEAD);
    memcpy(head, segment_magic, sizeof segment_magic);
    put32(head + 8, FORMAT_VERSION);
    put32(head + 12, place.generation);
    put64(head + 16, place.segment);
    put64(head + 24, created);
    put32(head + 44, crc32c(0, head, 44));
}

bool segment_head_good(const unsigned char head[static SEGMENT_HEAD], struct place place)
{
    return memcmp(head, segment_magic, sizeof segment_magic) == 0 &&
           get32(head + 8) == FORMAT_VERSION && get32(head + 12) == place.generation &&
           get64(head + 16) == place.segment && get32(head + 44) == crc32c(0, head, 44);
}

uint32_t segment_head_format(const unsigned char head[static SEGMENT_HEAD])
{
    bool whole = memcmp(head, segment_magic, sizeof segment_magic) == 0 &&
                 get32(head + 44) == crc32c(0, head, 44);

    return whole ? get32(head + 8) : 0;
}

size_t record_make(unsigned char *bytes, enum journal_type type, uint64_t time, const void *payload,
                   size_t size)
{
    put32(bytes, (uint32_t)size);
    bytes[4] = (unsigned char)type;
    memcpy(bytes + RECORD_MARK_AT, record_mark, sizeof record_mark);
    put64(bytes + 8, time);
    if (payload && size > 0)
        memcpy(bytes + RECORD_HEAD, payload, size);
    return RECORD_OVERHEAD + size;
}

uint64_t record_time(const unsigned char *bytes)
{
    return get64(bytes + 8);
}

void record_set_time(unsigned char *bytes, uint64_t time)
{
    put64(bytes + 8, time);
}

static uint32_t record_sum(const unsigned char *bytes, size_t size, struct place place,
                           uint64_t offset)
{
    unsigned char where[20];

    put32(where, place.generation);
    put64(where + 4, place.segment);
    put64(where + 12, offset);
    return crc32c(crc32c(0, where, sizeof where), bytes, size);
}

void record_seal(unsigned char *bytes, size_t size, struct place place, uint64_t offset)
{
    put32(bytes + size - 4, record_sum(bytes, size - 4, place, offset));
}

size_t record_span(const unsigned char head[static RECORD_HEAD])
{
    uint32_t size = get32(head);

    if (memcmp(head + RECORD_MARK_AT, record_mark, sizeof record_mark) != 0 ||
        (head[4] != JOURNAL_FACT && head[4] != JOURNAL_NOTE) || size > JOURNAL_RECORD_MAX)
        return 0;
    return RECORD_OVERHEAD + size;
}

bool record_good(const unsigned char *bytes, size_t have, struct place place, uint64_t offset,
                 struct record_view *view)
{
    size_t span = have < RECORD_OVERHEAD ? 0 : record_span(bytes);

    if (span == 0 || span > have ||
        get32(bytes + span - 4) != record_sum(bytes, span - 4, place, offset))
        return false;
    *view = (struct record_view){
        .type = (enum journal_type)bytes[4],
        .time = get64(bytes + 8),
        .payload = slice_make((const char *)bytes + RECORD_HEAD, span - RECORD_OVERHEAD),
        .size = span,
    };
    return true;
}

size_t note_make(unsigned char payload[static NOTE_PAYLOAD_MAX], struct slice name,
                 struct slice value)
{
    if (name.size == 0 || name.size > JOURNAL_NOTE_NAME_MAX || value.size > JOURNAL_NOTE_VALUE_MAX)
        return 0;
    payload[0] = (unsigned char)name.size;
    memcpy(payload + 1, name.at, name.size);
    if (value.size > 0)
        memcpy(payload + 1 + name.size, value.at, value.size);
    return 1 + name.size + value.size;
}

bool journal_note_read(struct slice payload, struct slice *name, struct slice *value)
{
    size_t size = payload.size > 0 ? (unsigned char)payload.at[0] : 0;

    if (size == 0 || payload.size - 1 < size || payload.size - 1 - size > JOURNAL_NOTE_VALUE_MAX)
        return false;
    *name = slice_make(payload.at + 1, size);
    *value = slice_make(payload.at + 1 + size, payload.size - 1 - size);
    return true;
}

void cursor_make(unsigned char slot[static CURSOR_SLOT], unsigned generation,
                 const struct cursor_view *cursor)
{
    memset(slot, 0, CURSOR_SLOT);
    memcpy(slot, cursor_magic, sizeof cursor_magic);
    put32(slot + 8, FORMAT_VERSION);
    put32(slot + 12, generation);
    put64(slot + 16, cursor->counter);
    put64(slot + 24, cursor->segment);
    put64(slot + 32, cursor->offset);
    put64(slot + 40, cursor->kept_segment);
    put64(slot + 48, cursor->kept_offset);
    put64(slot + 56, cursor->store);
    put32(slot + CURSOR_SLOT - 4, crc32c(0, slot, CURSOR_SLOT - 4));
}

bool cursor_good(const unsigned char slot[static CURSOR_SLOT], unsigned generation,
                 struct cursor_view *cursor)
{
    if (memcmp(slot, cursor_magic, sizeof cursor_magic) != 0 || get32(slot + 8) != FORMAT_VERSION ||
        get32(slot + 12) != generation ||
        get32(slot + CURSOR_SLOT - 4) != crc32c(0, slot, CURSOR_SLOT - 4))
        return false;
    cursor->counter = get64(slot + 16);
    cursor->segment = get64(slot + 24);
    cursor->offset = get64(slot + 32);
    cursor->kept_segment = get64(slot + 40);
    cursor->kept_offset = get64(slot + 48);
    cursor->store = get64(slot + 56);
    if (cursor->kept_segment == 0) {
        cursor->kept_segment = cursor->segment;
        cursor->kept_offset = cursor->offset;
    }
    return true;
}

uint32_t cursor_format(const unsigned char slot[static CURSOR_SLOT])
{
    bool whole = memcmp(slot, cursor_magic, sizeof cursor_magic) == 0 &&
                 get32(slot + CURSOR_SLOT - 4) == crc32c(0, slot, CURSOR_SLOT - 4);

    return whole ? get32(slot + 8) : 0;
}
