/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch: writes that wait. Those of one verb to one key become one command, because the server's
 * work is mostly per command: a thousand mails need hardly more commands than a hundred.
 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "expiry.h"
#include "pipeline.h"
#include "waybill/buffer.h"

enum verb { VERB_HSET, VERB_HDEL, VERB_SADD, VERB_SREM, VERB_ZADD, VERB_ZREM, VERB_ZSWEEP, VERB_XADD };

struct batch_word {
    uint32_t at, size; /* in `bytes` */
    uint32_t next;     /* of the same command; 0: the last */
};

struct batch_command {
    enum verb verb;
    uint32_t key_at, key_size;
    uint64_t hash;
    struct life life;
    uint32_t first, last; /* words; 0: none */
    uint32_t older;       /* earlier command of the same bucket of the table; 0: none */
};

struct batch {
    struct buffer bytes;
    struct batch_word *words;       /* [0] is not used */
    struct batch_command *commands; /* [0] is not used */
    size_t word_count, word_room, command_count, command_room;
    uint32_t *table; /* newest command by hash of its key */
    uint64_t seed;
    bool failed; /* no memory, or over the limit */
};

void batch_init(struct batch *batch);
void batch_free(struct batch *batch);
void batch_clear(struct batch *batch);
size_t batch_count(const struct batch *batch); /* commands */

void batch_add(struct batch *batch, enum verb verb, struct slice key, struct life life,
               const struct slice *words, size_t count);
#define BATCH_ADD(batch, verb, key, life, ...)                                                     \
    batch_add((batch), (verb), (key), (life), (const struct slice[]){__VA_ARGS__},                 \
              sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))

/* Form the commands. EXPIREAT follows the first write to a key that is not in `marks`. sources[i]
 * tells the batch_command behind command i of the pipeline; NULL if there was no memory. */
uint32_t *batch_format(const struct batch *batch, struct pipeline *pipeline, struct marks *marks);
struct slice batch_key(const struct batch *batch, uint32_t command);

#endif
