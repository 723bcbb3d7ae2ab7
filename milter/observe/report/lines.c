/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines: from chunks to lines. Promise: what is told depends on the bytes alone, never on where
 * the chunks were cut; one pass, REPORT_LINE_MAX bytes of memory.
 */
#include "lines.h"

#include <string.h>

void lines_begin(struct lines *lines)
{
    lines->size = 0;
    lines->inside = false;
}

static void tell(struct lines *lines, struct slice bytes, bool last, lines_told *told,
                 void *context)
{
    struct piece piece = {.bytes = bytes, .first = !lines->inside, .last = last};

    lines->inside = !last;
    told(context, &piece);
}

/* Where a line that is too long is cut: never inside of an escape of quoted-printable, so that
 * its decoder sees each one whole. */
static size_t cut_size(const char *at)
{
    if (at[REPORT_LINE_MAX - 1] == '=')
        return REPORT_LINE_MAX - 1;
    if (at[REPORT_LINE_MAX - 2] == '=')
        return REPORT_LINE_MAX - 2;
    return REPORT_LINE_MAX;
}

/* Add to the unfinished line what belongs to it. Returns how much of the chunk that was. */
static size_t finish_carry(struct lines *lines, struct slice chunk, lines_told *told, void *context)
{
    size_t room = REPORT_LINE_MAX - lines->size, size = chunk.size < room ? chunk.size : room;
    const char *end = size > 0 ? memchr(chunk.at, '\n', size) : NULL;
    struct slice whole;

    if (end != NULL)
        size = (size_t)(end - chunk.at);
    memcpy(lines->carry + lines->size, chunk.at, size);
    lines->size += size;
    whole = slice_make(lines->carry, lines->size);
    if (end != NULL || (size < chunk.size && chunk.at[size] == '\n')) {
        lines->size = 0;
        tell(lines, whole, true, told, context);
        return size + 1;
    }
    if (size < chunk.size) {
        whole.size = cut_size(lines->carry);
        tell(lines, whole, false, told, context);
        lines->size -= whole.size;
        memmove(lines->carry, lines->carry + whole.size, lines->size);
    }
    return size;
}

void lines_feed(struct lines *lines, struct slice chunk, lines_told *told, void *context)
{
    const char *at = chunk.at, *end = at + chunk.size, *stop;

    while (at < end) {
        if (lines->size > 0) {
            at += finish_carry(lines, slice_make(at, (size_t)(end - at)), told, context);
            continue;
        }
        stop = memchr(at, '\n', (size_t)(end - at));
        if ((stop == NULL ? end : stop) - at > REPORT_LINE_MAX) {
            size_t size = cut_size(at);
            tell(lines, slice_make(at, size), false, told, context);
            at += size;
        } else if (stop != NULL) {
            tell(lines, slice_make(at, (size_t)(stop - at)), true, told, context);
            at = stop + 1;
        } else {
            lines->size = (size_t)(end - at);
            memcpy(lines->carry, at, lines->size);
            return;
        }
    }
}

void lines_end(struct lines *lines, lines_told *told, void *context)
{
    size_t size = lines->size;

    lines->size = 0;
    if (size > 0 || lines->inside)
        tell(lines, slice_make(lines->carry, size), true, told, context);
}
