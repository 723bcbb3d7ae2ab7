/* SPDX-License-Identifier: BSD-2-Clause */
/* sse: server-sent events out of a stream of bytes. Memory: one event of SSE_EVENT_MAX at most. */
#ifndef WAYBILL_ANSWER_REMOTE_SSE_H
#define WAYBILL_ANSWER_REMOTE_SSE_H

#include "waybill/buffer.h"
#include "waybill/live.h"

#define SSE_EVENT_MAX (17u << 20)

struct sse {
    struct buffer line, data;
    char place[LIVE_CURSOR_SIZE]; /* the id, behind the last whole event or comment; "": none */
    char fresh[LIVE_CURSOR_SIZE]; /* of the event that has begun */
    int64_t retry;                /* ms, as the other end wishes; -1: it did not say */
    bool has_data, after_return;
};
/* The data of a whole event. 0: go on; else sse_take ends at once with this value. */
typedef int sse_event(void *context, struct slice data);

void sse_init(struct sse *sse);
void sse_free(struct sse *sse);
/* A new connection: what had begun in the old one is no event. */
void sse_restart(struct sse *sse);
/* 0; -1: an event is too large, an id is no cursor, or no memory; else what `event` answered. */
int sse_take(struct sse *sse, struct slice bytes, sse_event *event, void *context);

#endif
