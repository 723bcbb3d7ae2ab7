/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: strict reading of bytes that came from outside, left to right.
 *
 * A slice is a view of bytes that somebody else owns; it is not terminated. `at == NULL` means
 * absent, which is not the same as empty. The take functions eat from the front of a slice: on
 * success they return true and the slice begins after what was taken; on failure they return
 * false and the slice is as it was. So a grammar is a chain that stops at the first mismatch.
 * Nothing here allocates or fails otherwise. Any thread.
 */
#ifndef WAYBILL_TEXT_H
#define WAYBILL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *at;
    size_t size;
};

#define SLICE_ABSENT ((struct slice){NULL, 0})
/* A literal in a table of slices, measured by the compiler. */
#define SLICE_LITERAL(literal) {(literal), sizeof(literal) - 1}
/* For printf's "%.*s". */
#define SLICE_ARGS(s) (int)(s).size, (s).at

static inline struct slice slice_make(const char *at, size_t size)
{
    return (struct slice){at, size};
}
/* A view of a C string; NULL gives an absent slice. Here, so that a literal is measured once, by
 * the compiler. */
static inline struct slice slice_of(const char *text)
{
    return slice_make(text, text == NULL ? 0 : strlen(text));
}
/* ASCII only. Not tolower(3): a locale must not decide what an address is. */
static inline char text_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}
static inline char text_upper(char byte)
{
    return byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
}
/* memcmp() of at least one byte, for equality alone. Of a literal's size, which the compiler knows,
 * it is two loads that may overlap, where gcc would call the library. */
static inline bool text_same(const char *a, const char *b, size_t size)
{
    uint64_t a_front = 0, b_front = 0, a_back = 0, b_back = 0;
    size_t part = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
    if (!__builtin_constant_p(part) || size > 16)
        return memcmp(a, b, size) == 0;
    memcpy(&a_front, a, part);
    memcpy(&b_front, b, part);
    memcpy(&a_back, a + size - part, part);
    memcpy(&b_back, b + size - part, part);
    return ((a_front ^ b_front) | (a_back ^ b_back)) == 0;
}
/* Bytes; absent equals only absent. This one and those that compare with a literal are here for
 * the same reason: who reads a log compares many times in each line. */
static inline bool slice_equal(struct slice a, struct slice b)
{
    if (a.at == NULL || b.at == NULL)
        return a.at == b.at;
    return a.size == b.size && (b.size == 0 || text_same(a.at, b.at, b.size));
}
static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_of(text));
}
static inline bool slice_starts_with(struct slice a, struct slice prefix)
{
    return a.at != NULL && a.size >= prefix.size &&
           (prefix.size == 0 || text_same(a.at, prefix.at, prefix.size));
}
static inline bool slice_starts(struct slice a, const char *prefix)
{
    return slice_starts_with(a, slice_of(prefix));
}
static inline bool slice_ends(struct slice a, const char *suffix)
{
    size_t size = strlen(suffix);
    return a.at != NULL && a.size >= size &&
           (size == 0 || memcmp(a.at + (a.size - size), suffix, size) == 0);
}
bool slice_equal_nocase(struct slice a, struct slice b); /* ASCII letters folded */
struct slice slice_trim(struct slice a); /* without blanks, tabs, CR and LF at both ends */
/* Position of the first `byte`, or -1. */
static inline ptrdiff_t slice_find(struct slice a, char byte)
{
    const char *found = a.size > 0 ? memchr(a.at, byte, a.size) : NULL;
    return found == NULL ? -1 : found - a.at;
}
/* Position of the first occurrence of `words`, or -1. The words are few and short, so going from
 * one first byte to the next is linear, and memmem() would take longer to begin. */
static inline ptrdiff_t slice_find_text(struct slice a, const char *words)
{
    size_t size = strlen(words);
    struct slice rest = a;
    ptrdiff_t at;
    if (size == 0 || a.at == NULL)
        return a.at == NULL ? -1 : 0;
    while (rest.size >= size &&
           (at = slice_find(slice_make(rest.at, rest.size - size + 1), words[0])) >= 0) {
        rest = slice_make(rest.at + at, rest.size - (size_t)at);
        if (text_same(rest.at, words, size))
            return rest.at - a.at;
        rest = slice_make(rest.at + 1, rest.size - 1);
    }
    return -1;
}
/* Copy at most room-1 bytes and terminate. Returns true if all fitted. Absent copies "". */
bool slice_copy(struct slice a, char *to, size_t room);

static inline bool text_take_char(struct slice *from, char byte)
{
    if (from->size == 0 || from->at[0] != byte)
        return false;
    *from = slice_make(from->at + 1, from->size - 1);
    return true;
}
static inline bool text_take(struct slice *from, const char *literal)
{
    size_t size = strlen(literal);
    if (!slice_starts(*from, literal))
        return false;
    *from = slice_make(from->at + size, from->size - size);
    return true;
}
/* Take bytes up to the first `stop`, which is eaten too but not part of `taken`. */
static inline bool text_take_until(struct slice *from, char stop, struct slice *taken)
{
    ptrdiff_t at = slice_find(*from, stop);
    if (at < 0)
        return false;
    *taken = slice_make(from->at, (size_t)at);
    *from = slice_make(from->at + at + 1, from->size - (size_t)at - 1);
    return true;
}
/* The next part of a list that `stop` divides: up to it, else all that is left. False: no more. */
static inline bool text_take_part(struct slice *from, char stop, struct slice *part)
{
    if (from->size == 0)
        return false;
    if (text_take_until(from, stop, part))
        return true;
    *part = *from;
    *from = slice_make(from->at + from->size, 0);
    return true;
}
/* As text_take_until, up to the first occurrence of the literal `stop`. */
static inline bool text_take_until_text(struct slice *from, const char *stop, struct slice *taken)
{
    ptrdiff_t at = slice_find_text(*from, stop);
    if (at < 0)
        return false;
    *taken = slice_make(from->at, (size_t)at);
    *from = slice_make(from->at + at + strlen(stop), from->size - (size_t)at - strlen(stop));
    return true;
}
/* Is it one of the words of a list with a blank between two? */
bool text_lists(struct slice list, struct slice word);
/* Take the last `mark`, which is not empty, and what follows it from the end; `tail` is only what
 * follows. Linear. */
bool text_cut_last(struct slice *from, const char *mark, struct slice *tail);
/* Take one or more bytes out of `set`. */
bool text_take_any(struct slice *from, const char *set, struct slice *taken);
/* Take up to the next blank or the end; at least one byte. The blank stays. */
bool text_take_word(struct slice *from, struct slice *taken);
/* Decimal digits only: no sign, no blank; false on overflow of 64 bits. */
bool text_take_number(struct slice *from, uint64_t *number);

/* The whole slice is one decimal number in least..most. */
bool text_number(struct slice all, uint64_t least, uint64_t most, uint64_t *number);
/* Length of the valid UTF-8 sequence at the front (1 to 4), or 0: empty or not valid. No
 * surrogates, no overlong forms, nothing over U+10FFFF. `code` may be NULL. */
size_t text_utf8(struct slice from, uint32_t *code);
/* FNV-1a: the same on every machine, and cheap. Anybody can make it collide. `before`: TEXT_HASH,
 * or the hash of what stands before these bytes. */
#define TEXT_HASH UINT32_C(2166136261)
uint32_t text_hash(uint32_t before, struct slice bytes);
/* The decimal digits of a number, not terminated; returns how many. A key or a
 * member of a set is little else, so snprintf() is too much for it. */
#define TEXT_DIGITS_MAX 20
size_t text_digits(uint64_t number, char to[static TEXT_DIGITS_MAX]);
unsigned text_digits_size(uint64_t number); /* how many they are */
/* The same in just `width` digits: the lowest ones, with zeros in front. */
void text_digits_fixed(uint64_t number, char *to, unsigned width);
/* The value of a hexadecimal digit of either case, or -1. */
int text_hex(char digit);
/* Two small digits for each byte, and a NUL. */
void text_put_hex(const void *bytes, size_t size, char *to);

#endif
