/* SPDX-License-Identifier: BSD-2-Clause */
/* stream: the pipe of one stream, from the side of the thread that fills it. */
#include "stream.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stream_state.h"
#include "waybill/clock.h"

#define AT_ONCE (STREAM_PIPE / 4) /* so much makes it worth to wake the server's thread */

void http_stream_cut(struct http_stream *stream)
{
    stream->cut = true;
    if (stream->waits)
        stream->ready = true;
    pthread_cond_broadcast(&stream->wake);
}

static void hand_on(struct http_stream *stream)
{
    if (!stream->waits || stream->ready)
        return;
    stream->ready = true;
    http_streams_wake(stream->set);
}

bool http_stream_begin(struct http_stream *stream)
{
    struct work_job *job = stream->job;
    bool wanted = strcmp(stream->request.method, "HEAD") != 0;

    pthread_mutex_lock(&stream->lock);
    stream->complete = !wanted;
    wanted = wanted && !stream->cut;
    pthread_mutex_unlock(&stream->lock);
    stream->job = NULL;
    job->reply.status = 200;
    job->reply.type = stream->reply.type;
    memcpy(job->reply.file, stream->reply.file, sizeof job->reply.file);
    stream->set->back(stream->set->context, job);
    return wanted;
}

static void copy_in(struct http_stream *stream, const char *data, size_t size)
{
    size_t to = (stream->at + stream->used) % STREAM_PIPE;
    size_t first = size < STREAM_PIPE - to ? size : STREAM_PIPE - to;

    memcpy(stream->pipe + to, data, first);
    memcpy(stream->pipe, data + first, size - first);
    stream->used += size;
}

bool http_stream_put(struct http_stream *stream, const void *data, size_t size)
{
    const char *from = data;
    bool goes_on;

    pthread_mutex_lock(&stream->lock);
    while (size > 0 && !stream->cut) {
        size_t room = STREAM_PIPE - stream->used, some = size < room ? size : room;

        copy_in(stream, from, some);
        from += some;
        size -= some;
        if (stream->used >= AT_ONCE)
            hand_on(stream);
        if (size > 0 && !stream->cut)
            pthread_cond_wait(&stream->wake, &stream->lock);
    }
    goes_on = !stream->cut;
    pthread_mutex_unlock(&stream->lock);
    return goes_on;
}

void http_stream_flush(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    if (stream->used > 0)
        hand_on(stream);
    pthread_mutex_unlock(&stream->lock);
}

bool http_stream_goes_on(struct http_stream *stream)
{
    return http_stream_sleep(stream, 0);
}

bool http_stream_sleep(struct http_stream *stream, int64_t ms)
{
    struct timespec until;
    bool goes_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / SECOND_MS);
    until.tv_nsec += (long)(ms % SECOND_MS) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&stream->lock);
    while (!stream->cut && ms > 0)
        if (pthread_cond_timedwait(&stream->wake, &stream->lock, &until) != 0)
            break;
    goes_on = !stream->cut;
    pthread_mutex_unlock(&stream->lock);
    return goes_on;
}

void http_stream_complete(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->complete = true;
    hand_on(stream);
    pthread_mutex_unlock(&stream->lock);
}
