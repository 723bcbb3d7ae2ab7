/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: blocks in a chain, each filled from its front.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 16384u

struct arena_block {
    struct arena_block *older;
    size_t used, room;
    char bytes[];
};

void arena_free(struct arena *arena)
{
    while (arena->newest != NULL) {
        struct arena_block *block = arena->newest;

        arena->newest = block->older;
        free(block);
    }
    *arena = (struct arena){0};
}

static bool arena_grow(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK ? size : BLOCK;
    struct arena_block *block;

    if (size > ARENA_MAX || room > ARENA_MAX - arena->total)
        return false;
    block = malloc(sizeof(*block) + room);
    if (block == NULL)
        return false;
    *block = (struct arena_block){.older = arena->newest, .room = room};
    arena->newest = block;
    arena->total += room;
    return true;
}

char *arena_take(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->newest;

    if (block == NULL || block->room - block->used < size) {
        if (!arena_grow(arena, size)) {
            arena->failed = true;
            return NULL;
        }
        block = arena->newest;
    }
    block->used += size;
    return block->bytes + block->used - size;
}

void arena_give_back(struct arena *arena, const char *taken, size_t used)
{
    struct arena_block *block = arena->newest;

    block->used = (size_t)(taken - block->bytes) + used;
}

struct slice arena_keep(struct arena *arena, struct slice text)
{
    char *copy;

    if (text.at == NULL)
        return SLICE_ABSENT;
    copy = arena_take(arena, text.size > 0 ? text.size : 1);
    if (copy == NULL)
        return SLICE_ABSENT;
    if (text.size > 0)
        memcpy(copy, text.at, text.size);
    return slice_make(copy, text.size);
}
