/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold: one look at each byte, and a short one ahead where a word begins with 4 or 5.
 */
#include "fold.h"

#include <string.h>

#include "waybill/reason.h"

#define STATUS_LONGEST 9

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* How long is the status code at the front, up to a blank? 0: there is none. */
static size_t measure_status(struct slice from)
{
    size_t size = 0;

    while (size < from.size && size <= STATUS_LONGEST && !blank(from.at[size]))
        size++;
    return size < from.size && status_fits(slice_make(from.at, size)) ? size : 0;
}

/* Length of the codes that a line of a reply begins with, or 0. */
static size_t measure_codes(struct slice from)
{
    size_t status;

    if (from.size < 5 || (from.at[0] != '4' && from.at[0] != '5') || !digit(from.at[1]) ||
        !digit(from.at[2]) || (from.at[3] != '-' && from.at[3] != ' '))
        return 0;
    status = measure_status(slice_make(from.at + 4, from.size - 4));
    if (status > 0)
        return 4 + status;
    return from.at[3] == '-' && !digit(from.at[4]) ? 4 : 0;
}

static bool address_byte(char byte, const char *others)
{
    char small = text_lower(byte);

    return (small >= 'a' && small <= 'z') || digit(byte) ||
           (byte != '\0' && strchr(others, byte) != NULL);
}

/* How much of what stands before an @ belongs to the address. */
static size_t measure_local(const char *folded, size_t size)
{
    size_t start = size;

    while (start > 0 && address_byte(folded[start - 1], "!#$%&'*+-/=?^_`{|}~."))
        start--;
    return size - start;
}

static size_t measure_domain(struct slice from)
{
    size_t size = 0;

    while (size < from.size && address_byte(from.at[size], ".-"))
        size++;
    return size;
}

static size_t fold_into(struct slice from, char *to, size_t room, bool reply)
{
    size_t size = 0;
    bool gap = true;

    for (size_t at = 0; at < from.size && size < room; at++) {
        struct slice rest = slice_make(from.at + at, from.size - at);
        size_t codes = reply && gap ? measure_codes(rest) : 0;

        if (codes > 0) {
            at += codes - 1;
        } else if (reply && rest.at[0] == '@') {
            size -= measure_local(to, size);
            to[size++] = '@';
            at += measure_domain(slice_make(rest.at + 1, rest.size - 1));
            gap = false;
        } else if (!blank(from.at[at])) {
            to[size++] = text_lower(from.at[at]);
            gap = false;
        } else if (!gap) {
            to[size++] = ' ';
            gap = true;
        }
    }
    return size > 0 && gap ? size - 1 : size;
}

size_t fold_phrase(struct slice phrase, char *to)
{
    return fold_into(phrase, to, phrase.size, false);
}

size_t fold_words(struct slice words, char *to, size_t room)
{
    return fold_into(words, to, room, true);
}
