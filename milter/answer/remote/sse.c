/* SPDX-License-Identifier: BSD-2-Clause */
/* sse: see sse.h. */
#include "sse.h"

#include <string.h>

#include "waybill/text.h"

#define RETRY_MOST 60000

void sse_init(struct sse *sse)
{
    *sse = (struct sse){.retry = -1};
    buffer_init(&sse->line, SSE_EVENT_MAX);
    buffer_init(&sse->data, SSE_EVENT_MAX);
}

void sse_free(struct sse *sse)
{
    buffer_free(&sse->line);
    buffer_free(&sse->data);
}

void sse_restart(struct sse *sse)
{
    buffer_clear(&sse->line);
    buffer_clear(&sse->data);
    memcpy(sse->fresh, sse->place, sizeof sse->fresh);
    sse->has_data = sse->after_return = false;
}

/* It stands in a header, and in a command that somebody may paste into a shell. */
static bool is_cursor(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] == '\0' ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.,",
                   text.at[i]) == NULL)
            return false;
    return text.size < LIVE_CURSOR_SIZE;
}

static int take_field(struct sse *sse, struct slice name, struct slice value)
{
    uint64_t number;

    if (slice_is(name, "data")) {
        if (sse->has_data)
            buffer_add_char(&sse->data, '\n');
        buffer_add(&sse->data, value.at, value.size);
        sse->has_data = true;
    } else if (slice_is(name, "id")) {
        if (!is_cursor(value))
            return -1;
        slice_copy(value, sse->fresh, sizeof sse->fresh);
    } else if (slice_is(name, "retry") && text_number(value, 0, RETRY_MOST, &number)) {
        sse->retry = (int64_t)number;
    }
    return sse->data.failed ? -1 : 0;
}

/* An empty line. The place moves before the event is told: within it, that is behind it. */
static int end_event(struct sse *sse, sse_event *event, void *context)
{
    int result = 0;

    memcpy(sse->place, sse->fresh, sizeof sse->place);
    if (sse->has_data)
        result = event(context, slice_make(sse->data.data, sse->data.size));
    buffer_clear(&sse->data);
    sse->has_data = false;
    return result;
}

static int end_line(struct sse *sse, sse_event *event, void *context)
{
    struct slice line = slice_make(sse->line.data, sse->line.size), name;
    int result;

    if (line.size == 0)
        return end_event(sse, event, context);
    if (!text_take_until(&line, ':', &name)) {
        name = line;
        line = slice_of("");
    }
    if (line.size > 0 && line.at[0] == ' ')
        line = slice_make(line.at + 1, line.size - 1);
    result = take_field(sse, name, line); /* a comment has no name */
    buffer_clear(&sse->line);
    return result;
}

/* A line ends with CR, LF or both. */
int sse_take(struct sse *sse, struct slice bytes, sse_event *event, void *context)
{
    int result = 0;

    while (bytes.size > 0 && result == 0) {
        size_t size = 0;

        while (size < bytes.size && bytes.at[size] != '\n' && bytes.at[size] != '\r')
            size++;
        if (size > 0) {
            buffer_add(&sse->line, bytes.at, size);
            sse->after_return = false;
        }
        if (sse->line.failed)
            return -1;
        if (size == bytes.size)
            return 0;
        if (bytes.at[size] == '\r' || !sse->after_return)
            result = end_line(sse, event, context);
        sse->after_return = bytes.at[size] == '\r';
        bytes = slice_make(bytes.at + size + 1, bytes.size - size - 1);
    }
    return result;
}
