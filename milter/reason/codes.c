/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codes: the SMTP reply code and the enhanced status code out of a server's words. Numbers are
 * everywhere in such words (addresses, versions, sizes, times), so one counts only where a server
 * puts a code; a status behind a reply code beats one that merely stands in a likely place.
 */
#include "waybill/reason.h"

#include <string.h>

#define DIGITS_MAX 3

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool letter(char byte)
{
    return ((unsigned char)byte | 32) >= 'a' && ((unsigned char)byte | 32) <= 'z';
}

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* A number below 1000 without leading zeros; how many digits it has, or 0. */
static size_t measure_number(struct slice from)
{
    size_t size = 0;

    while (size < from.size && size <= DIGITS_MAX && digit(from.at[size]))
        size++;
    return size > DIGITS_MAX || (size > 1 && from.at[0] == '0') ? 0 : size;
}

/* How many bytes at the front are a status code, whatever follows; 0: none. */
static size_t measure_status(struct slice from)
{
    size_t at = 1;

    if (from.size < 5 || (from.at[0] != '2' && from.at[0] != '4' && from.at[0] != '5'))
        return 0;
    for (int part = 0; part < 2; part++) {
        size_t digits;

        if (at + 1 >= from.size || from.at[at] != '.')
            return 0;
        digits = measure_number(slice_make(from.at + at + 1, from.size - at - 1));
        if (digits == 0)
            return 0;
        at += 1 + digits;
    }
    return at;
}

bool status_fits(struct slice text)
{
    return text.at != NULL && text.size > 0 && measure_status(text) == text.size;
}

/* Nothing at `at` makes the number longer: no letter, no digit, no ".1". */
static bool ends_number(struct slice words, size_t at)
{
    if (at >= words.size)
        return true;
    if (words.at[at] == '.')
        return at + 1 >= words.size || !digit(words.at[at + 1]);
    return !digit(words.at[at]) && !letter(words.at[at]) && strchr("_@/%", words.at[at]) == NULL;
}

/* The word that ends at `end`, blanks behind it left out. */
static struct slice word_before(struct slice words, size_t end)
{
    size_t start;

    while (end > 0 && blank(words.at[end - 1]))
        end--;
    for (start = end; start > 0 && letter(words.at[start - 1]);)
        start--;
    return slice_make(words.at + start, end - start);
}

static bool announces_code(struct slice word)
{
    static const char *const known[] = {"status", "code", "error",    "dsn",
                                        "said",   "smtp", "response", "reply"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_equal_nocase(word, slice_of(known[i])))
            return true;
    return false;
}

/* May a code begin here: at the front, on a new line, behind a mark or a word that tells of one? */
static bool begins_code(struct slice words, size_t at)
{
    size_t before = at;

    if (at == 0)
        return true;
    if (strchr("#([<:;=\"'", words.at[at - 1]) != NULL)
        return true;
    while (before > 0 && blank(words.at[before - 1])) {
        before--;
        if (words.at[before] == '\n')
            return true;
    }
    if (before == at)
        return false;
    return before == 0 || strchr(":;,-=>|", words.at[before - 1]) != NULL ||
           announces_code(word_before(words, at));
}

static bool code_digits(struct slice words, size_t at)
{
    return at + 3 <= words.size && (words.at[at] == '4' || words.at[at] == '5') &&
           digit(words.at[at + 1]) && digit(words.at[at + 2]) &&
           (at == 0 || (!digit(words.at[at - 1]) && !letter(words.at[at - 1]) &&
                        strchr(".-_@/%", words.at[at - 1]) == NULL)) &&
           (at + 3 == words.size || (!digit(words.at[at + 3]) && ends_number(words, at + 3)));
}

/* "550 5.1.1", "550-5.1.1", "550: 5.1.1", "550 #5.1.1": does a reply code end before `at`? */
static bool follows_code(struct slice words, size_t at)
{
    size_t end = at;

    while (end > 0 && at - end < 3 && strchr(" -:#(\t\r\n", words.at[end - 1]) != NULL)
        end--;
    return end < at && end >= 3 &&
           (code_digits(words, end - 3) ||
            (words.at[end - 3] == '2' && digit(words.at[end - 2]) && digit(words.at[end - 1]) &&
             (end == 3 || blank(words.at[end - 4]))));
}

bool status_in(struct slice words, char status[static STATUS_ROOM])
{
    struct slice likely = SLICE_ABSENT;

    for (size_t at = 0; at < words.size; at++) {
        struct slice rest = slice_make(words.at + at, words.size - at);
        size_t size = measure_status(rest);

        if (size == 0 || !ends_number(words, at + size))
            continue;
        rest.size = size;
        if (follows_code(words, at))
            return slice_copy(rest, status, STATUS_ROOM);
        if (likely.at == NULL && begins_code(words, at))
            likely = rest;
    }
    slice_copy(likely, status, STATUS_ROOM);
    return likely.at != NULL;
}

/* "550 5.1.1", or "550-'" before a reply that is quoted: only a reply begins so. */
static bool looks_like_reply(struct slice words, size_t at)
{
    struct slice rest = slice_make(words.at + at + 3, words.size - at - 3);

    if (slice_starts(rest, "-'"))
        return true;
    if (rest.size == 0 || strchr(" -:#", rest.at[0]) == NULL)
        return false;
    while (rest.size > 0 && strchr(" -:#", rest.at[0]) != NULL)
        rest = slice_make(rest.at + 1, rest.size - 1);
    return measure_status(rest) > 0;
}

unsigned smtp_code_in(struct slice words)
{
    for (size_t at = 0; at + 3 <= words.size; at++)
        if (code_digits(words, at) && (begins_code(words, at) || looks_like_reply(words, at)))
            return (unsigned)(words.at[at] - '0') * 100 + (unsigned)(words.at[at + 1] - '0') * 10 +
                   (unsigned)(words.at[at + 2] - '0');
    return 0;
}
