/* SPDX-License-Identifier: BSD-2-Clause */
/* heap: see heap.h. */
#include "heap.h"

#include <malloc.h>

/* The linker sends the callers here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void __wrap_free(void *memory);

bool heap_counting;
size_t heap_now, heap_peak;
size_t heap_asked, heap_refused_from, heap_refused_to;

static bool refuse(void)
{
    return heap_counting && ++heap_asked >= heap_refused_from && heap_asked < heap_refused_to;
}

static void *count_moved(void *memory, size_t before)
{
    if (!heap_counting || memory == NULL)
        return memory;
    heap_now += malloc_usable_size(memory);
    if (heap_now > heap_peak)
        heap_peak = heap_now;
    heap_now -= before;
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : count_moved(__real_malloc(size), 0);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : count_moved(__real_calloc(count, size), 0);
}

void *__wrap_realloc(void *memory, size_t size)
{
    size_t before = malloc_usable_size(memory);
    return refuse() ? NULL : count_moved(__real_realloc(memory, size), before);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    size_t before = malloc_usable_size(memory);
    return refuse() ? NULL : count_moved(__real_reallocarray(memory, count, size), before);
}

void __wrap_free(void *memory)
{
    if (heap_counting)
        heap_now -= malloc_usable_size(memory);
    __real_free(memory);
}
