/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * digest: hashes of bytes. The library behind them is OpenSSL; its names stay in base/digest.c.
 * Any thread. They cannot fail on valid arguments; if the library refuses, the process aborts.
 */
#ifndef WAYBILL_DIGEST_H
#define WAYBILL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20
void digest_sha1(const void *data, size_t size, unsigned char out[static SHA1_SIZE]);
/* First 8 bytes of SHA-256, big-endian. The hash for fact and event ids: stable for ever, on
 * every machine. */
uint64_t digest_64(const void *data, size_t size);
/* HMAC-SHA-256; `out` gets all 32 bytes. */
void digest_hmac(const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char out[static 32]);
/* Are they the same? The time that this takes does not tell where they differ. */
bool digest_same(const void *a, const void *b, size_t size);
/* For tables in memory: quick, of no use outside this process, and seeded, so that who writes what
 * is hashed cannot choose what collides. Not proof against one who sees the hashes: compare the
 * bytes. `before`: 0, or the hash of what stands before these bytes. */
uint64_t digest_here(uint64_t before, const void *data, size_t size);
/* Random bytes of the kernel. */
void digest_random(void *data, size_t size);

#endif
