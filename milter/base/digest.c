/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * digest: hashes of bytes by OpenSSL. Promise: an answer is right or the process is gone, since a
 * wrong id would be worse than none.
 *
 * Algorithms are fetched once: EVP_sha256() would look them up again at each call, which costs
 * more than to hash a log line.
 */
#include "waybill/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *sha1, *sha256;
static EVP_MAC *hmac;

static void digest_give_up(const char *what)
{
    fprintf(stderr, "waybill: cannot go on without %s\n", what);
    abort();
}

static pthread_key_t contexts;

static void digest_context_free(void *context)
{
    EVP_MD_CTX_free(context);
}

static void digest_fetch(void)
{
    if (pthread_key_create(&contexts, digest_context_free) != 0)
        digest_give_up("a hash");
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (sha1 == NULL || sha256 == NULL || hmac == NULL)
        digest_give_up("SHA-1, SHA-256 or HMAC");
}

/* One for each thread: to make one takes as long as to hash an address. */
static EVP_MD_CTX *digest_context(void)
{
    EVP_MD_CTX *context = pthread_getspecific(contexts);

    if (context != NULL)
        return context;
    context = EVP_MD_CTX_new();
    if (context == NULL || pthread_setspecific(contexts, context) != 0)
        digest_give_up("a hash");
    return context;
}

static void digest_run(EVP_MD *const *algorithm, const void *data, size_t size, unsigned char *out)
{
    EVP_MD_CTX *context;

    pthread_once(&fetched, digest_fetch);
    context = digest_context();
    if (EVP_DigestInit_ex(context, *algorithm, NULL) != 1 ||
        EVP_DigestUpdate(context, data, size) != 1 || EVP_DigestFinal_ex(context, out, NULL) != 1)
        digest_give_up("a hash");
}

void digest_sha1(const void *data, size_t size, unsigned char out[static SHA1_SIZE])
{
    digest_run(&sha1, data, size, out);
}

uint64_t digest_64(const void *data, size_t size)
{
    unsigned char all[32];
    uint64_t value = 0;

    digest_run(&sha256, data, size, all);
    for (size_t i = 0; i < 8; i++)
        value = (value << 8) | all[i];
    return value;
}

void digest_hmac(const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char out[static 32])
{
    char name[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0),
                               OSSL_PARAM_construct_end()};
    /* EVP_MAC_init takes a NULL key as "keep the last one", so an empty key needs an address. */
    const unsigned char *bytes = key_size > 0 ? key : (const unsigned char *)"";
    EVP_MAC_CTX *context;
    size_t length = 0;

    pthread_once(&fetched, digest_fetch);
    context = EVP_MAC_CTX_new(hmac);
    if (context == NULL || EVP_MAC_init(context, bytes, key_size, parameters) != 1 ||
        EVP_MAC_update(context, data, size) != 1 || EVP_MAC_final(context, out, &length, 32) != 1 ||
        length != 32)
        digest_give_up("HMAC-SHA-256");
    EVP_MAC_CTX_free(context);
}

bool digest_same(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

/* The kernel gives at most 256 bytes a call. */
void digest_random(void *data, size_t size)
{
    unsigned char *to = data;

    while (size > 0) {
        size_t part = size < 256 ? size : 256;
        if (getentropy(to, part) < 0)
            digest_give_up("random bytes");
        to += part;
        size -= part;
    }
}

/* ---- in this process only ---- */

static pthread_once_t seeded = PTHREAD_ONCE_INIT;
static uint64_t seed, factors[2];

static void digest_seed(void)
{
    digest_random(&seed, sizeof seed);
    digest_random(factors, sizeof factors);
    factors[0] |= 1;
    factors[1] |= 1;
}

/* Whatever the factor, a change of the top bit alone stays one. So one product is not enough: who
 * chooses the bytes could undo it in the next word, without knowing anything of us. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * factors[0];
    hash = (hash ^ hash >> 32) * factors[1];
    return hash ^ hash >> 32;
}

static uint64_t word_at(const char *at, size_t size)
{
    uint64_t word = 0;

    memcpy(&word, at, size);
    return word;
}

/* The last word may begin in the one before it: eight bytes are one load, any other number is a
 * call of memcpy(3). */
uint64_t digest_here(uint64_t before, const void *data, size_t size)
{
    const char *at = data, *last = size >= 8 ? at + size - 8 : at;
    uint64_t hash;

    pthread_once(&seeded, digest_seed);
    hash = mix(before ^ seed, size);
    if (size < 8)
        return mix(hash, size > 0 ? word_at(at, size) : 0);
    for (; at < last; at += 8)
        hash = mix(hash, word_at(at, 8));
    return mix(hash, word_at(last, 8));
}
