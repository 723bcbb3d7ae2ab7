/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline: commands go out together, replies come back in their order.
 *
 * Each command touches one key, so that a Cluster can take it: the key is noted as the command is
 * formed.
 */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "slots.h"

#define OUT_MAX ((size_t)512 << 20)
#define NAMED_WORDS 8u /* of a command: one of these is its key */

int pipeline_init(struct pipeline *pipeline)
{
    *pipeline = (struct pipeline){0};
    buffer_init(&pipeline->out, OUT_MAX);
    pipeline->in = malloc(PIPELINE_IN);
    return pipeline->in ? 0 : -1;
}

void pipeline_free(struct pipeline *pipeline)
{
    buffer_free(&pipeline->out);
    free(pipeline->routes);
    free(pipeline->in);
    *pipeline = (struct pipeline){0};
}

void pipeline_clear(struct pipeline *pipeline)
{
    if (pipeline->out.capacity > 4u << 20)
        buffer_free(&pipeline->out);
    else
        buffer_clear(&pipeline->out);
    pipeline->count = pipeline->named = pipeline->named_at = 0;
    pipeline->failed = false;
}

void pipeline_miss(void *context, size_t index, const char *why)
{
    (void)context, (void)index, (void)why;
}

enum got pipeline_number(void *context, size_t index, const struct reply *reply)
{
    (void)context, (void)index;
    return reply->type == REPLY_NUMBER ? GOT_FINE : GOT_ODD;
}

bool pipeline_foreign(void *context, size_t index, enum store_trouble trouble, struct slice words)
{
    (void)context, (void)index, (void)words;
    return trouble == STORE_FOREIGN;
}

/* What stands before a word, or a list of words: its kind, its size, CR LF. */
static char *put_size(char *to, char kind, size_t size)
{
    *to++ = kind;
    to += text_digits(size, to);
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

static bool pipeline_note_route(struct pipeline *pipeline, const struct slice *words, size_t count)
{
    if (pipeline->count == pipeline->route_room) {
        size_t room = pipeline->route_room ? pipeline->route_room * 2 : 64;
        struct route *grown = reallocarray(pipeline->routes, room, sizeof *grown);

        if (!grown)
            return false;
        pipeline->routes = grown;
        pipeline->route_room = room;
    }
    pipeline->routes[pipeline->count].end = pipeline->out.size;
    pipeline->routes[pipeline->count].slot = slot_of_command(words, count);
    return true;
}

/* ---- which key ---- */

/* The number behind '*' or '$', and past its line: what put_size wrote. */
static size_t take_size(struct slice *rest)
{
    uint64_t size = 0;

    *rest = slice_make(rest->at + 1, rest->size - 1);
    text_take_number(rest, &size);
    text_take(rest, "\r\n");
    return (size_t)size;
}

/* All words of a command, of which the first ones are kept. */
static size_t take_words(struct slice *rest, struct slice words[static NAMED_WORDS])
{
    size_t count = take_size(rest);

    for (size_t i = 0; i < count; i++) {
        size_t size = take_size(rest);

        if (i < NAMED_WORDS)
            words[i] = slice_make(rest->at, size);
        *rest = slice_make(rest->at + size + 2, rest->size - size - 2);
    }
    return count < NAMED_WORDS ? count : NAMED_WORDS;
}

struct slice pipeline_key(struct pipeline *pipeline, size_t index)
{
    struct slice words[NAMED_WORDS], rest;
    size_t count = 0, at;

    if (index < pipeline->named)
        pipeline->named = pipeline->named_at = 0;
    rest = slice_make(pipeline->out.data + pipeline->named_at,
                      pipeline->out.size - pipeline->named_at);
    for (size_t i = pipeline->named; i <= index && rest.size > 0; i++) {
        pipeline->named = i;
        pipeline->named_at = (size_t)(rest.at - pipeline->out.data);
        count = take_words(&rest, words);
    }
    at = count > 0 ? key_of_command(words, count) : 0;
    return at > 0 ? words[at] : SLICE_ABSENT;
}

/* ---- forming ---- */

static size_t size_of_size(size_t size)
{
    return text_digits_size(size) + 3u;
}

/* Straight to where it is sent from: redisFormatCommandArgv() makes a string of its own of each
 * command first. */
void pipeline_add(struct pipeline *pipeline, const struct slice *words, size_t count)
{
    size_t size = size_of_size(count);
    char *to;

    for (size_t i = 0; i < count; i++)
        size += size_of_size(words[i].size) + words[i].size + 2;
    to = buffer_extend(&pipeline->out, size);
    if (to == NULL) {
        pipeline->failed = true;
        return;
    }
    to = put_size(to, '*', count);
    for (size_t i = 0; i < count; i++) {
        to = put_size(to, '$', words[i].size);
        if (words[i].size > 0)
            memcpy(to, words[i].at, words[i].size);
        to += words[i].size;
        *to++ = '\r';
        *to++ = '\n';
    }
    if (pipeline->routed && !pipeline_note_route(pipeline, words, count))
        pipeline->failed = true;
    else
        pipeline->count++;
}
