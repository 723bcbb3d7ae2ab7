/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: strict reading of foreign bytes, left to right. Promise: no byte outside the slice is
 * looked at, and a take that fails leaves the slice as it was.
 */
#include "waybill/text.h"

#include <string.h>

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.at == NULL || b.at == NULL)
        return a.at == b.at;
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (text_lower(a.at[i]) != text_lower(b.at[i]))
            return false;
    return true;
}

static bool is_white(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct slice slice_trim(struct slice a)
{
    while (a.size > 0 && is_white(a.at[0])) {
        a.at++;
        a.size--;
    }
    while (a.size > 0 && is_white(a.at[a.size - 1]))
        a.size--;
    return a;
}

bool slice_copy(struct slice a, char *to, size_t room)
{
    size_t size = a.size;

    if (room == 0)
        return false;
    if (size > room - 1)
        size = room - 1;
    if (size > 0)
        memcpy(to, a.at, size);
    to[size] = '\0';
    return size == a.size;
}

static void advance(struct slice *from, size_t size)
{
    if (size > 0) {
        from->at += size;
        from->size -= size;
    }
}

static struct slice front(const struct slice *from, size_t size)
{
    return slice_make(from->at == NULL ? "" : from->at, size);
}

bool text_lists(struct slice list, struct slice word)
{
    struct slice one;
    while (text_take_part(&list, ' ', &one))
        if (slice_equal(one, word))
            return true;
    return false;
}

bool text_cut_last(struct slice *from, const char *mark, struct slice *tail)
{
    size_t size = strlen(mark), left = from->size;

    while (left >= size) {
        const char *at = memrchr(from->at, mark[0], left - size + 1);
        if (at == NULL)
            return false;
        left = (size_t)(at - from->at);
        if (memcmp(at, mark, size) == 0) {
            *tail = slice_make(at + size, from->size - left - size);
            from->size = left;
            return true;
        }
        left += size - 1;
    }
    return false;
}

bool text_take_any(struct slice *from, const char *set, struct slice *taken)
{
    size_t size = 0;

    /* memchr with the length: strchr would find the NUL at the end of the set. */
    while (size < from->size && memchr(set, from->at[size], strlen(set)) != NULL)
        size++;
    if (size == 0)
        return false;
    *taken = front(from, size);
    advance(from, size);
    return true;
}

bool text_take_word(struct slice *from, struct slice *taken)
{
    ptrdiff_t blank = slice_find(*from, ' ');
    size_t size = blank < 0 ? from->size : (size_t)blank;

    if (size == 0)
        return false;
    *taken = front(from, size);
    advance(from, size);
    return true;
}

bool text_take_number(struct slice *from, uint64_t *number)
{
    uint64_t value = 0;
    size_t size = 0;

    while (size < from->size && from->at[size] >= '0' && from->at[size] <= '9') {
        uint64_t digit = (uint64_t)(from->at[size] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
        size++;
    }
    if (size == 0)
        return false;
    *number = value;
    advance(from, size);
    return true;
}

bool text_number(struct slice all, uint64_t least, uint64_t most, uint64_t *number)
{
    uint64_t value;

    if (!text_take_number(&all, &value) || all.size > 0 || value < least || value > most)
        return false;
    *number = value;
    return true;
}

/* Length by the first byte, and the smallest code that may use this length: what is below it is
 * an overlong form. */
static size_t utf8_length(unsigned char first, uint32_t *bits, uint32_t *least)
{
    if (first < 0x80) {
        *bits = first;
        *least = 0;
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        *bits = first & 0x1fu;
        *least = 0x80;
        return 2;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *bits = first & 0x0fu;
        *least = 0x800;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *bits = first & 0x07u;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t text_utf8(struct slice from, uint32_t *code)
{
    uint32_t value, least;
    size_t length;

    if (from.size == 0)
        return 0;
    length = utf8_length((unsigned char)from.at[0], &value, &least);
    if (length == 0 || length > from.size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)from.at[i];
        if ((next & 0xc0u) != 0x80u)
            return 0;
        value = (value << 6) | (next & 0x3fu);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    if (code != NULL)
        *code = value;
    return length;
}

int text_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

void text_put_hex(const void *bytes, size_t size, char *to)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < size; i++) {
        *to++ = "0123456789abcdef"[from[i] >> 4];
        *to++ = "0123456789abcdef"[from[i] & 15];
    }
    *to = '\0';
}

uint32_t text_hash(uint32_t before, struct slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        before = (before ^ (unsigned char)bytes.at[i]) * UINT32_C(16777619);
    return before;
}

/* Two digits for each division. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "6869707172737475767778798081828384858687888990919293949596979899";

void text_digits_fixed(uint64_t number, char *to, unsigned width)
{
    for (; width > 1; width -= 2, number /= 100)
        memcpy(to + width - 2, pairs + number % 100 * 2, 2);
    if (width > 0)
        to[0] = (char)('0' + number % 10);
}

unsigned text_digits_size(uint64_t number)
{
    unsigned size = 1;

    for (; number > 9999; number /= 10000)
        size += 4;
    return size + (number > 9) + (number > 99) + (number > 999);
}

size_t text_digits(uint64_t number, char to[static TEXT_DIGITS_MAX])
{
    unsigned size = text_digits_size(number);

    text_digits_fixed(number, to, size);
    return size;
}
