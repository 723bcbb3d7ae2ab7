/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c: by the processor's own instruction where there is one, else by eight tables at a time.
 *
 * The tables are made on the first use; both ways give the same number, on any byte order.
 */
#include "crc32c.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL UINT32_C(0x82f63b78) /* reflected */

static uint32_t table[8][256];
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void table_make(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int i = 1; i < 8; i++)
            table[i][byte] = (table[i - 1][byte] >> 8) ^ table[0][table[i - 1][byte] & 0xff];
}

static uint32_t load32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint32_t crc32c_by_table(uint32_t before, const void *data, size_t size)
{
    const unsigned char *at = data;
    uint32_t crc = ~before;

    pthread_once(&table_made, table_make);
    for (; size >= 8; at += 8, size -= 8) {
        uint32_t low = crc ^ load32(at), high = load32(at + 4);
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
              table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
              table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    for (; size > 0; at++, size--)
        crc = (crc >> 8) ^ table[0][(crc ^ *at) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t before, const void *data,
                                                                 size_t size)
{
    const unsigned char *at = data;
    uint64_t crc = ~before;

    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    for (; size > 0; at++, size--)
        crc = _mm_crc32_u8((uint32_t)crc, *at);
    return ~(uint32_t)crc;
}

uint32_t crc32c(uint32_t before, const void *data, size_t size)
{
    return __builtin_cpu_supports("sse4.2") ? by_instruction(before, data, size)
                                            : crc32c_by_table(before, data, size);
}
#else
uint32_t crc32c(uint32_t before, const void *data, size_t size)
{
    return crc32c_by_table(before, data, size);
}
#endif
