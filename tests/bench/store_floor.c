/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_floor: see the header. Of a mail there are written, one after the other: its strings, each
 * once and with a separator, and for each fact four bytes of time, one of its kind, and the eight
 * of an id that follows from nothing else. The separators do not count as raw bytes.
 */
#include "store_floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zdict.h>
#include <zstd.h>

#define LEVEL 3
#define DICTIONARY_SIZE 65536
#define SAMPLES 20000
#define SAMPLE_BYTES ((size_t)32 << 20)
#define STRINGS_MAX 512
#define PAYLOAD_MAX 65536

struct payload {
    char bytes[PAYLOAD_MAX];
    size_t size, separators;
    struct slice strings[STRINGS_MAX];
    size_t count;
};

static void add_bytes(struct payload *payload, const void *bytes, size_t size)
{
    if (payload->size + size > PAYLOAD_MAX)
        abort();
    memcpy(payload->bytes + payload->size, bytes, size);
    payload->size += size;
}

/* Once; what stands in our own words as a whole (a number, a name that was there) is not new. */
static void add_string(struct payload *payload, struct slice string)
{
    for (size_t i = 0; i < payload->count; i++)
        if (slice_equal(payload->strings[i], string))
            return;
    if (payload->count < STRINGS_MAX)
        payload->strings[payload->count++] = string;
    add_bytes(payload, string.at, string.size);
    add_bytes(payload, "\n", 1);
    payload->separators++;
}

static bool is_number(enum fact_key key)
{
    return key == KEY_SIZE || key == KEY_PORT || key == KEY_DAEMON_PORT || key == KEY_RECIPIENTS ||
           key == KEY_CONNECTION;
}

static void add_fact(struct payload *payload, const struct fact *fact, int64_t start)
{
    uint32_t time = (uint32_t)(fact->time - start);
    unsigned char kind = (unsigned char)fact->kind;
    uint64_t keys = fact->keys, number;
    add_bytes(payload, &time, sizeof time);
    add_bytes(payload, &kind, 1);
    if (fact->witness != WITNESS_MILTER)
        add_bytes(payload, &fact->id, sizeof fact->id);
    while (keys != 0) {
        enum fact_key key = fact_take_key(&keys);
        struct slice value = fact->value[key];
        if (key == KEY_WAYBILL || value.size == 0)
            continue;
        if (is_number(key) && text_number(value, 0, UINT32_MAX, &number))
            add_bytes(payload, &number, 4);
        else
            add_string(payload, value);
    }
}

/* What the log only repeats no schema has to keep. */
static bool repeats(const struct fact *fact)
{
    return fact->kind == FACT_CLIENT || fact->kind == FACT_CLEANUP || fact->kind == FACT_ACTIVE;
}

static void pay(struct payload *payload, const struct mails_mail *mail)
{
    payload->size = payload->separators = payload->count = 0;
    for (size_t i = 0; i < mail->count; i++)
        if (!repeats(&mail->facts[i]))
            add_fact(payload, &mail->facts[i], mail->facts[0].time);
}

static ZSTD_CDict *learn(struct traffic *others, struct mails_mail *mail, struct payload *payload)
{
    char *samples = malloc(SAMPLE_BYTES), *dictionary = malloc(DICTIONARY_SIZE);
    size_t *sizes = calloc(SAMPLES, sizeof *sizes), used = 0, count = 0;
    if (samples == NULL || dictionary == NULL || sizes == NULL)
        abort();
    for (; count < SAMPLES && used + PAYLOAD_MAX < SAMPLE_BYTES; count++) {
        traffic_next(others, mail);
        pay(payload, mail);
        memcpy(samples + used, payload->bytes, payload->size);
        sizes[count] = payload->size;
        used += payload->size;
    }
    size_t size =
        ZDICT_trainFromBuffer(dictionary, DICTIONARY_SIZE, samples, sizes, (unsigned)count);
    if (ZDICT_isError(size)) {
        fprintf(stderr, "store_load: no dictionary: %s\n", ZDICT_getErrorName(size));
        exit(1);
    }
    ZSTD_CDict *learnt = ZSTD_createCDict(dictionary, size, LEVEL);
    free(samples);
    free(dictionary);
    free(sizes);
    return learnt;
}

struct floors floors_of(struct traffic *traffic, uint64_t count, struct traffic *others)
{
    struct floors floors = {.mails = count};
    struct mails_mail *mail = malloc(sizeof *mail);
    struct payload *payload = malloc(sizeof *payload);
    char *packed = malloc(ZSTD_compressBound(PAYLOAD_MAX));
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (mail == NULL || payload == NULL || packed == NULL || context == NULL)
        abort();
    ZSTD_CDict *dictionary = learn(others, mail, payload);
    for (uint64_t i = 0; i < count; i++) {
        traffic_next(traffic, mail);
        pay(payload, mail);
        floors.raw += payload->size - payload->separators;
        floors.packed += ZSTD_compress_usingCDict(context, packed, ZSTD_compressBound(PAYLOAD_MAX),
                                                  payload->bytes, payload->size, dictionary);
    }
    ZSTD_freeCDict(dictionary);
    ZSTD_freeCCtx(context);
    free(packed);
    free(payload);
    free(mail);
    return floors;
}
