/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch: writes that wait.
 *
 *     table[hash of key] -> newest command of that key -> its words, in a chain
 *
 * A write joins the newest command of its key if that has the same verb; else it begins a new
 * one. So writes to one key keep their order, and only writes to different keys change places.
 */
#include "batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/digest.h"

#define TABLE_SIZE 16384u
#define BYTES_MAX ((size_t)256 << 20)
#define ITEMS_MAX ((size_t)16 << 20)

static const struct {
    const char *name;
    bool joins; /* takes any number of words */
} verbs[] = {
    [VERB_HSET] = {"HSET", true},  [VERB_HDEL] = {"HDEL", true},
    [VERB_SADD] = {"SADD", true},  [VERB_SREM] = {"SREM", true},  [VERB_ZADD] = {"ZADD", true},
    [VERB_ZREM] = {"ZREM", true},  [VERB_ZSWEEP] = {"ZREMRANGEBYSCORE", false},
    [VERB_XADD] = {"XADD", false},
};

void batch_init(struct batch *batch)
{
    *batch = (struct batch){.word_count = 1, .command_count = 1};
    buffer_init(&batch->bytes, BYTES_MAX);
    digest_random(&batch->seed, sizeof batch->seed);
}

void batch_free(struct batch *batch)
{
    buffer_free(&batch->bytes);
    free(batch->words);
    free(batch->commands);
    free(batch->table);
    *batch = (struct batch){0};
}

void batch_clear(struct batch *batch)
{
    if (batch->table && batch->command_count > 1)
        memset(batch->table, 0, TABLE_SIZE * sizeof *batch->table);
    if (batch->bytes.capacity > 16u << 20)
        buffer_free(&batch->bytes);
    else
        buffer_clear(&batch->bytes);
    batch->word_count = batch->command_count = 1;
    batch->failed = false;
}

size_t batch_count(const struct batch *batch)
{
    return batch->command_count - 1;
}

struct slice batch_key(const struct batch *batch, uint32_t command)
{
    const struct batch_command *of = &batch->commands[command];

    return slice_make(batch->bytes.data + of->key_at, of->key_size);
}

/* Room for one more item; the array grows by doubling. */
static void *room_for(void *items, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? *room * 2 : 256;
    void *grown;

    if (count < *room)
        return items;
    grown = wanted > ITEMS_MAX ? NULL : reallocarray(items, wanted, size);
    if (grown)
        *room = wanted;
    return grown;
}

static bool batch_make_room(struct batch *batch)
{
    void *words =
        room_for(batch->words, batch->word_count, &batch->word_room, sizeof *batch->words);
    void *commands;

    if (words)
        batch->words = words;
    commands = room_for(batch->commands, batch->command_count, &batch->command_room,
                        sizeof *batch->commands);
    if (commands)
        batch->commands = commands;
    if (!batch->table)
        batch->table = calloc(TABLE_SIZE, sizeof *batch->table);
    return words && commands && batch->table;
}

static uint32_t batch_keep(struct batch *batch, struct slice bytes)
{
    size_t at = batch->bytes.size;

    if (bytes.size > 0 && buffer_add(&batch->bytes, bytes.at, bytes.size))
        batch->failed = true;
    return (uint32_t)at;
}

/* The newest command of that key, if it can take more; else a new one. 0: no memory. */
static uint32_t batch_command_for(struct batch *batch, enum verb verb, struct slice key,
                                  struct life life)
{
    uint64_t hash = hash_of(batch->seed, key);
    uint32_t *bucket = &batch->table[hash % TABLE_SIZE], number = *bucket;

    while (number != 0 &&
           !(batch->commands[number].hash == hash && slice_equal(batch_key(batch, number), key)))
        number = batch->commands[number].older;
    if (number != 0 && batch->commands[number].verb == verb && verbs[verb].joins)
        return number;
    number = (uint32_t)batch->command_count;
    batch->commands[number] = (struct batch_command){.verb = verb,
                                                     .key_at = batch_keep(batch, key),
                                                     .key_size = (uint32_t)key.size,
                                                     .hash = hash,
                                                     .life = life,
                                                     .older = *bucket};
    if (batch->failed)
        return 0;
    *bucket = number;
    batch->command_count++;
    return number;
}

static void batch_add_word(struct batch *batch, uint32_t number, struct slice word)
{
    struct batch_command *command = &batch->commands[number];
    uint32_t place = (uint32_t)batch->word_count++;

    batch->words[place] =
        (struct batch_word){.at = batch_keep(batch, word), .size = (uint32_t)word.size};
    if (command->last)
        batch->words[command->last].next = place;
    else
        command->first = place;
    command->last = place;
}

void batch_add(struct batch *batch, enum verb verb, struct slice key, struct life life,
               const struct slice *words, size_t count)
{
    uint32_t number = 0;

    if (!batch->failed && !batch_make_room(batch))
        batch->failed = true;
    if (!batch->failed)
        number = batch_command_for(batch, verb, key, life);
    for (size_t i = 0; i < count && !batch->failed; i++) {
        if (batch_make_room(batch))
            batch_add_word(batch, number, words[i]);
        else
            batch->failed = true;
    }
}

/* ---- forming ---- */

static void format_command(const struct batch *batch, uint32_t number, struct pipeline *pipeline)
{
    const struct batch_command *command = &batch->commands[number];
    struct slice few[16], *words = few;
    size_t count = 2;

    for (uint32_t i = command->first; i; i = batch->words[i].next)
        count++;
    if (count > sizeof few / sizeof few[0])
        words = reallocarray(NULL, count, sizeof *words);
    if (!words) {
        pipeline->failed = true;
        return;
    }
    words[0] = slice_of(verbs[command->verb].name);
    words[1] = batch_key(batch, number);
    count = 2;
    for (uint32_t i = command->first; i; i = batch->words[i].next)
        words[count++] = slice_make(batch->bytes.data + batch->words[i].at, batch->words[i].size);
    pipeline_add(pipeline, words, count);
    if (words != few)
        free(words);
}

static void format_expiry(const struct batch *batch, uint32_t number, struct pipeline *pipeline)
{
    struct life life = batch->commands[number].life;
    char moment[24];

    snprintf(moment, sizeof moment, "%" PRId64,
             life.until != 0 ? life.until
                             : expiry_of(batch_key(batch, number), life.day, life.days));
    PIPELINE_ADD(pipeline, WORD("EXPIREAT"), batch_key(batch, number), slice_of(moment));
}

/* A key goes with the last that is taken out of it. Who puts in the next makes it anew, without an
 * end. */
static bool takes_out(enum verb verb)
{
    return verb == VERB_HDEL || verb == VERB_SREM || verb == VERB_ZREM;
}

static bool has_end(struct life life)
{
    return life.days != 0 || life.until != 0;
}

uint32_t *batch_format(const struct batch *batch, struct pipeline *pipeline, struct marks *marks)
{
    uint32_t *sources = calloc(batch->command_count * 2, sizeof *sources);
    size_t count = 0;

    marks_lapse(marks, clock_monotonic());
    for (uint32_t i = 1; sources && i < batch->command_count; i++) {
        format_command(batch, i, pipeline);
        sources[count++] = i;
        if (takes_out(batch->commands[i].verb)) {
            marks_drop(marks, batch_key(batch, i));
        } else if (has_end(batch->commands[i].life) && marks_first(marks, batch_key(batch, i))) {
            format_expiry(batch, i, pipeline);
            sources[count++] = i;
        }
    }
    return sources;
}
