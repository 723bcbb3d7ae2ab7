/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * octets: eight bytes of a text looked at together; private to this room.
 *
 * The words of a log are short and of any length, so a loop over their bytes ends where the
 * processor does not foresee it, which costs more than the loop. Here a word of up to seven bytes
 * is measured without a branch. The first byte of the text is the lowest of the number; a mark is
 * the highest bit of each byte that is meant. Who loads has made sure that eight bytes are there.
 * A journal's binary field has its length in front of it as such a number.
 */
#ifndef LOGLINE_OCTETS_H
#define LOGLINE_OCTETS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OCTETS 8
#define OCTETS_EACH UINT64_C(0x0101010101010101)
#define OCTETS_MARKS (OCTETS_EACH * 0x80)

static inline uint64_t octets_load(const char *at)
{
    uint64_t octets;
    memcpy(&octets, at, OCTETS);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    octets = __builtin_bswap64(octets);
#endif
    return octets;
}

/* Those from `first` to `last`, both ASCII and not NUL. The sums do not reach the next byte. */
static inline uint64_t octets_between(uint64_t octets, char first, char last)
{
    uint64_t low = octets & ~OCTETS_MARKS;
    uint64_t reached = low + OCTETS_EACH * (0x80u - (unsigned char)first);
    uint64_t passed = low + OCTETS_EACH * (0x7fu - (unsigned char)last);
    return reached & ~passed & ~octets & OCTETS_MARKS;
}

static inline uint64_t octets_equal(uint64_t octets, char byte)
{
    return octets_between(octets, byte, byte);
}

/* The place of the first mark; there is one. */
static inline size_t octets_first(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) / 8;
}

static inline size_t octets_last(uint64_t marks)
{
    return OCTETS - 1 - (size_t)__builtin_clzll(marks) / 8;
}

#endif
