/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buffer: bytes that grow, up to a limit named at birth.
 *
 * A buffer is always terminated by a NUL that is not counted, so `data` may be printed. An add
 * that would pass the limit, or finds no memory, adds nothing, sets `failed` and returns -1; all
 * later adds fail too. So a run of adds needs one check at its end.
 */
#ifndef WAYBILL_BUFFER_H
#define WAYBILL_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buffer {
    char *data;      /* never NULL after buffer_init */
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes owned; 0: `data` is a constant */
    size_t limit;    /* `size` never passes it */
    bool failed;
};

/* Start empty; allocates nothing. */
void buffer_init(struct buffer *buffer, size_t limit);
/* Release the memory and leave an empty buffer that may be used again. */
void buffer_free(struct buffer *buffer);
/* Make it empty and not failed; keeps the memory. */
void buffer_clear(struct buffer *buffer);
/* Cut to `size` bytes; more than there are: no change. */
void buffer_cut(struct buffer *buffer, size_t size);

/* What buffer_add does if the memory at hand does not take it. */
int buffer_add_slow(struct buffer *buffer, const void *data, size_t size);
/* Here, since most adds are a few bytes into memory that is there: a call costs more than they. */
static inline int buffer_add(struct buffer *buffer, const void *data, size_t size)
{
    if (buffer->failed || (ptrdiff_t)size <= 0 || size >= buffer->capacity - buffer->size)
        return buffer_add_slow(buffer, data, size);
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return 0;
}
/* Add `size` bytes, which the caller writes to where this points; NULL as -1 above. */
char *buffer_extend(struct buffer *buffer, size_t size);
static inline int buffer_add_text(struct buffer *buffer, const char *text)
{
    return buffer_add(buffer, text, strlen(text));
}
static inline int buffer_add_char(struct buffer *buffer, char byte)
{
    return buffer_add(buffer, &byte, 1);
}
int buffer_addf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int buffer_addv(struct buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
