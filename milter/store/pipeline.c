/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline: commands go out together, replies come back in their order.
 *
 * Each command touches one key, so that a Cluster can take it: the key is noted as the command is
 * formed.
 */
#include "pipeline.h"

#include <hiredis/hiredis.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"

#define OUT_MAX ((size_t)512 << 20)

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
    free(pipeline->words);
    free(pipeline->sizes);
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
    pipeline->count = 0;
    pipeline->failed = false;
}

void pipeline_miss(void *context, size_t index, const char *why)
{
    (void)context, (void)index, (void)why;
}

static bool pipeline_make_room(struct pipeline *pipeline, size_t count)
{
    const char **words;
    size_t *sizes;

    if (count <= pipeline->room)
        return true;
    words = reallocarray(pipeline->words, count, sizeof *words);
    if (words)
        pipeline->words = words;
    sizes = reallocarray(pipeline->sizes, count, sizeof *sizes);
    if (sizes)
        pipeline->sizes = sizes;
    if (!words || !sizes)
        return false;
    pipeline->room = count;
    return true;
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

void pipeline_add(struct pipeline *pipeline, const struct slice *words, size_t count)
{
    char *command = NULL;
    long long size; /* an int before hiredis 1.0 */

    if (count > INT_MAX || !pipeline_make_room(pipeline, count)) {
        pipeline->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        pipeline->words[i] = words[i].size ? words[i].at : "";
        pipeline->sizes[i] = words[i].size;
    }
    size = redisFormatCommandArgv(&command, (int)count, pipeline->words, pipeline->sizes);
    if (size < 0 || buffer_add(&pipeline->out, command, (size_t)size) ||
        (pipeline->routed && !pipeline_note_route(pipeline, words, count)))
        pipeline->failed = true;
    else
        pipeline->count++;
    if (size >= 0)
        redisFreeCommand(command);
}
