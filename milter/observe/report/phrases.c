/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phrases: a hash of the first bytes of each phrase; at each byte of the text only those phrases
 * are compared that begin as the text does there.
 */
#include "phrases.h"

#include <string.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static unsigned char fold(char byte)
{
    return (unsigned char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static bool is_end(char byte)
{
    return byte == '\0' || byte == '|';
}

#define KEY_SIZE 3

/* None behind a blank: how long a run of blanks is must not matter. */
static unsigned key_of(const char *at, size_t size)
{
    unsigned key = 0;
    for (size_t i = 0; i < KEY_SIZE && i < size && !is_blank(at[i]) && !is_end(at[i]); i++)
        key = key * 37u + fold(at[i]);
    return key % PHRASES_BUCKETS;
}

static const char *next_alternative(const char *words)
{
    const char *bar = strchr(words, '|');
    return bar == NULL ? NULL : bar + 1;
}

/* A shorter one would have other keys than the text where it stands. */
static bool has_key(const char *words)
{
    for (size_t i = 0; i < KEY_SIZE; i++)
        if (is_end(words[i]) || (i == 0 && is_blank(words[i])))
            return false;
        else if (is_blank(words[i]))
            return true;
    return true;
}

void phrases_init(struct phrases *phrases)
{
    phrases->count = 0;
    memset(phrases->first, 0, sizeof phrases->first);
}

bool phrases_add(struct phrases *phrases, const char *words, uint16_t number)
{
    for (; words != NULL; words = next_alternative(words)) {
        if (phrases->count == PHRASES_MAX || !has_key(words))
            return false;
        unsigned key = key_of(words, KEY_SIZE);
        struct phrase *phrase = &phrases->of[phrases->count++];
        phrase->words = words;
        phrase->number = number;
        phrase->next = phrases->first[key];
        phrases->first[key] = phrases->count;
    }
    return true;
}

static size_t one_at(struct slice from, const char *words)
{
    size_t i = 0;
    for (; !is_end(*words); words++) {
        if (i >= from.size)
            return 0;
        if (*words == ' ') {
            if (!is_blank(from.at[i]))
                return 0;
            while (i < from.size && is_blank(from.at[i]))
                i++;
        } else if (fold(from.at[i++]) != fold(*words)) {
            return 0;
        }
    }
    return i;
}

static bool in_word(char byte)
{
    unsigned char low = fold(byte);
    return (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9');
}

/* May a phrase begin there? Not within a word. */
static bool may_begin(struct slice where, size_t at)
{
    return !is_blank(where.at[at]) &&
           (at == 0 || !in_word(where.at[at]) || !in_word(where.at[at - 1]));
}

void phrases_seek(const struct phrases *phrases, struct slice where, bool *said)
{
    for (size_t i = 0; i < where.size; i++) {
        if (!may_begin(where, i))
            continue;
        struct slice rest = slice_make(where.at + i, where.size - i);
        uint16_t number = phrases->first[key_of(rest.at, rest.size)];
        while (number != 0) {
            const struct phrase *phrase = &phrases->of[number - 1];
            if (!said[phrase->number] && one_at(rest, phrase->words) != 0)
                said[phrase->number] = true;
            number = phrase->next;
        }
    }
}

size_t phrase_at(struct slice from, const char *words)
{
    size_t size = 0;
    for (; words != NULL && size == 0; words = next_alternative(words))
        size = one_at(from, words);
    return size;
}

static struct slice find_one(struct slice where, const char *words)
{
    for (size_t i = 0; i < where.size && !is_end(*words); i++) {
        if (fold(where.at[i]) != fold(*words) || !may_begin(where, i))
            continue;
        size_t size = one_at(slice_make(where.at + i, where.size - i), words);
        if (size > 0)
            return slice_make(where.at + i, size);
    }
    return SLICE_ABSENT;
}

/* Few words, or a line: not worth a table. */
static struct slice find_each(struct slice where, const char *words)
{
    struct slice first = SLICE_ABSENT;
    for (; words != NULL; words = next_alternative(words)) {
        struct slice found = find_one(where, words);
        if (found.at != NULL && (first.at == NULL || found.at < first.at))
            first = found;
    }
    return first;
}

static struct slice find_first(const struct phrases *phrases, struct slice where)
{
    for (size_t i = 0; i < where.size; i++) {
        if (!may_begin(where, i))
            continue;
        struct slice rest = slice_make(where.at + i, where.size - i);
        uint16_t number = phrases->first[key_of(rest.at, rest.size)];
        for (; number != 0; number = phrases->of[number - 1].next) {
            size_t size = one_at(rest, phrases->of[number - 1].words);
            if (size > 0)
                return slice_make(rest.at, size);
        }
    }
    return SLICE_ABSENT;
}

#define TABLE_PAYS 512 /* bytes of text */

struct slice phrase_find(struct slice where, const char *words)
{
    struct phrases phrases;
    if (where.size < TABLE_PAYS || next_alternative(words) == NULL)
        return find_each(where, words);
    phrases_init(&phrases);
    return phrases_add(&phrases, words, 0) ? find_first(&phrases, where) : find_each(where, words);
}
