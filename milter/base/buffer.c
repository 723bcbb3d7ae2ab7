/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buffer: bytes that grow, up to a limit named at birth. Promise: `size` never passes `limit`,
 * `data` is always terminated, and an add either adds all or nothing.
 */
#include "waybill/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256 /* a fact, most often */

/* Shared by all empty buffers. Never written: capacity 0 says that nothing is owned. */
static char nothing[1] = "";

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.data = nothing, .limit = limit};
}

void buffer_free(struct buffer *buffer)
{
    if (buffer->capacity > 0)
        free(buffer->data);
    buffer_init(buffer, buffer->limit);
}

void buffer_clear(struct buffer *buffer)
{
    buffer_cut(buffer, 0);
    buffer->failed = false;
}

void buffer_cut(struct buffer *buffer, size_t size)
{
    if (size >= buffer->size)
        return;
    buffer->size = size;
    buffer->data[size] = '\0';
}

static int buffer_fail(struct buffer *buffer)
{
    buffer->failed = true;
    return -1;
}

/* Own room for `more` bytes and the NUL. Doubling keeps many small adds linear. */
static int buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t need, capacity = buffer->capacity;
    char *data;

    if (buffer->failed || more > buffer->limit - buffer->size)
        return buffer_fail(buffer);
    /* No object is larger than PTRDIFF_MAX, so the sums below cannot wrap around. */
    if (more >= PTRDIFF_MAX - buffer->size)
        return buffer_fail(buffer);
    need = buffer->size + more + 1;
    if (need <= capacity)
        return 0;
    capacity = capacity < FIRST_CAPACITY / 2 ? FIRST_CAPACITY : capacity;
    while (capacity < need)
        capacity *= 2;
    if (capacity - 1 > buffer->limit)
        capacity = buffer->limit + 1;
    data = realloc(buffer->capacity > 0 ? buffer->data : NULL, capacity);
    if (data == NULL)
        return buffer_fail(buffer);
    buffer->data = data;
    buffer->capacity = capacity;
    buffer->data[buffer->size] = '\0';
    return 0;
}

int buffer_add_slow(struct buffer *buffer, const void *data, size_t size)
{
    if (buffer_reserve(buffer, size) < 0)
        return -1;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return 0;
}

char *buffer_extend(struct buffer *buffer, size_t size)
{
    if (buffer_reserve(buffer, size) < 0)
        return NULL;
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return buffer->data + buffer->size - size;
}

int buffer_addf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = buffer_addv(buffer, format, arguments);
    va_end(arguments);
    return result;
}

int buffer_addv(struct buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    int length;

    if (buffer->failed)
        return -1;
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0 || buffer_reserve(buffer, (size_t)length) < 0)
        return buffer_fail(buffer);
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    buffer->size += (size_t)length;
    return 0;
}
