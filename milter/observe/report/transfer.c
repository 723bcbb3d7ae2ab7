/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer: base64 and quoted-printable, as lenient as mails in the wild need. Promise: one pass,
 * no memory, nothing is refused.
 */
#include "transfer.h"

#include <string.h>

enum transfer transfer_of(struct slice value)
{
    struct slice word;

    value = slice_trim(value);
    if (value.size == 0)
        return TRANSFER_PLAIN;
    if (!text_take_any(&value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
                       &word))
        return TRANSFER_PLAIN;
    if (slice_equal_nocase(word, slice_of("base64")))
        return TRANSFER_BASE64;
    if (slice_equal_nocase(word, slice_of("quoted-printable")))
        return TRANSFER_QUOTED;
    if (slice_equal_nocase(word, slice_of("x-uuencode")) ||
        slice_equal_nocase(word, slice_of("binhex")))
        return TRANSFER_UNKNOWN;
    return TRANSFER_PLAIN;
}

/* The sextet of a byte plus one; 0: not in the alphabet. */
static unsigned sextet(unsigned char byte)
{
    static const unsigned char values[256] = {
        ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
        ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
        ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
        ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
        ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
        ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
        ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
        ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
        ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
        ['/'] = 64,
    };
    return values[byte];
}

/* A group is told byte by byte, as soon as a byte is complete: so nothing waits for an end. */
size_t base64_decode(struct base64 *state, struct slice from, char *to)
{
    size_t size = 0;

    for (size_t i = 0; i < from.size; i++) {
        unsigned value = sextet((unsigned char)from.at[i]);
        if (value == 0) {
            if (from.at[i] == '=')
                state->count = 0;
            continue;
        }
        state->bits = (state->bits << 6 | (value - 1)) & 0xffffffu;
        if (state->count > 0)
            to[size++] = (char)(state->bits >> (6 - 2 * state->count) & 0xffu);
        state->count = (state->count + 1) & 3u;
    }
    return size;
}

size_t quoted_decode(struct slice from, bool underscore, char *to)
{
    size_t size = 0;

    for (size_t i = 0; i < from.size; i++) {
        char byte = from.at[i];
        if (byte == '_' && underscore) {
            byte = ' ';
        } else if (byte == '=' && from.size - i >= 3) {
            int high = text_hex(from.at[i + 1]), low = text_hex(from.at[i + 2]);
            if (high >= 0 && low >= 0) {
                byte = (char)(high << 4 | low);
                i += 2;
            }
        }
        to[size++] = byte;
    }
    return size;
}

size_t quoted_decode_line(const struct piece *piece, char *to)
{
    struct slice from = piece->bytes;
    size_t size;

    if (!piece->last)
        return quoted_decode(from, false, to);
    while (from.size > 0 && memchr(" \t\r", from.at[from.size - 1], 3) != NULL)
        from.size--;
    if (from.size > 0 && from.at[from.size - 1] == '=')
        return quoted_decode(slice_make(from.at, from.size - 1), false, to);
    size = quoted_decode(from, false, to);
    to[size++] = '\n';
    return size;
}
