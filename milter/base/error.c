/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * error: words the reason of a failure. Promise: the text is one printable line, whatever bytes
 * the arguments held, and errno is what it was before.
 */
#include "waybill/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "waybill/escape.h"

/* Longer raw texts are cut here before they are escaped; the escaped one is cut again. */
#define RAW_MAX 512

static void error_format(char raw[RAW_MAX], const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void error_format(char raw[RAW_MAX], const char *format, va_list arguments)
{
    if (vsnprintf(raw, RAW_MAX, format, arguments) < 0)
        memcpy(raw, "unknown", sizeof "unknown");
}

/* No allocation: an error must be told when there is no memory, too. */
static void error_store(struct error *why, const char *raw)
{
    struct slice rest = slice_of(raw);
    char piece[ESCAPE_PIECE_SIZE];
    size_t used = 0;

    while (rest.size > 0) {
        size_t length = escape_piece(&rest, piece);
        if (used + length >= sizeof why->text)
            break;
        memcpy(why->text + used, piece, length);
        used += length;
    }
    why->text[used] = '\0';
}

int error_set(struct error *why, const char *format, ...)
{
    int cause = errno;
    char raw[RAW_MAX];
    va_list arguments;

    if (why != NULL) {
        va_start(arguments, format);
        error_format(raw, format, arguments);
        va_end(arguments);
        error_store(why, raw);
    }
    errno = cause;
    return -1;
}

int error_prefix(struct error *why, const char *format, ...)
{
    int cause = errno;
    char raw[RAW_MAX];
    struct error context;
    size_t head, tail;
    va_list arguments;

    if (why != NULL) {
        va_start(arguments, format);
        error_format(raw, format, arguments);
        va_end(arguments);
        error_store(&context, raw);
        head = strlen(context.text);
        if (head > sizeof why->text - 3)
            head = sizeof why->text - 3;
        tail = strlen(why->text);
        if (tail > sizeof why->text - 3 - head)
            tail = sizeof why->text - 3 - head;
        memmove(why->text + head + 2, why->text, tail);
        memcpy(why->text, context.text, head);
        memcpy(why->text + head, ": ", 2);
        why->text[head + 2 + tail] = '\0';
    }
    errno = cause;
    return -1;
}
