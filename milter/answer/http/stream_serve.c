/* SPDX-License-Identifier: BSD-2-Clause */
/* stream_serve: streams from the side of the thread that speaks HTTP. */
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "stream_state.h"
#include "waybill/clock.h"
#include "waybill/deadline.h"

/* ---- one of them ---- */

static void set_deadline(struct http_stream *stream, int64_t at)
{
    if (stream->deadline != NULL)
        stream->deadline->at = at;
}

static size_t copy_out(struct http_stream *stream, char *to, size_t most)
{
    size_t size = stream->used < most ? stream->used : most;
    size_t first = size < STREAM_PIPE - stream->at ? size : STREAM_PIPE - stream->at;

    memcpy(to, stream->pipe + stream->at, first);
    memcpy(to + first, stream->pipe, size - first);
    stream->at = (stream->at + size) % STREAM_PIPE;
    stream->used -= size;
    return size;
}

/* Is called when all that was taken before has been sent: who reads nothing is not asked again. */
static ssize_t take(void *context, uint64_t position, char *to, size_t most)
{
    struct http_stream *stream = context;
    ssize_t taken = 0;

    (void)position;
    pthread_mutex_lock(&stream->lock);
    if (stream->cut) {
        taken = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (stream->used > 0) {
        taken = (ssize_t)copy_out(stream, to, most);
        pthread_cond_broadcast(&stream->wake);
        set_deadline(stream, clock_monotonic() + STREAM_IDLE_MS);
    } else if (stream->complete) {
        taken = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->waits = true;
        set_deadline(stream, DEADLINE_NEVER); /* it is ours to send something */
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->lock);
    return taken;
}

struct MHD_Response *http_stream_attach(struct http_stream *stream,
                                        struct MHD_Connection *connection,
                                        struct deadline *deadline)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    stream->connection = connection;
    stream->deadline = deadline;
    stream->fd = info != NULL ? info->connect_fd : -1;
    set_deadline(stream, clock_monotonic() + STREAM_IDLE_MS);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIPE / 4, take, stream, NULL);
}

void http_stream_detach(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->connection = NULL;
    stream->deadline = NULL;
    stream->detached = true;
    stream->waits = stream->ready = false;
    http_stream_cut(stream);
    pthread_mutex_unlock(&stream->lock);
}

/* ---- all of them ---- */

/* Nobody else looks after a connection that is suspended. */
static void cut_if_gone(struct http_stream *stream)
{
    struct pollfd look = {.fd = stream->fd, .events = POLLRDHUP};

    if (stream->waits && !stream->ready && poll(&look, 1, 0) > 0)
        http_stream_cut(stream);
}

/* True: it is to be put away. */
static bool serve(struct http_stream *stream, bool look)
{
    bool over;

    pthread_mutex_lock(&stream->lock);
    if (look)
        cut_if_gone(stream);
    if (stream->ready) {
        stream->waits = stream->ready = false;
        set_deadline(stream, clock_monotonic() + STREAM_IDLE_MS);
        MHD_resume_connection(stream->connection);
    }
    over = stream->ended && stream->detached;
    pthread_mutex_unlock(&stream->lock);
    return over;
}

static void put_away(struct http_stream *stream)
{
    if (stream->started)
        pthread_join(stream->thread, NULL);
    buffer_free(&stream->reply.body);
    buffer_free(&stream->request.text);
    pthread_cond_destroy(&stream->wake);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

void http_streams_serve(struct http_streams *streams)
{
    int64_t now = clock_monotonic();
    bool look = now - streams->looked >= SECOND_MS;

    if (look)
        streams->looked = now;
    pthread_mutex_lock(&streams->lock);
    for (size_t i = 0; i < STREAM_SLOTS; i++)
        if (streams->slots[i] != NULL && serve(streams->slots[i], look)) {
            put_away(streams->slots[i]);
            streams->slots[i] = NULL;
        }
    pthread_mutex_unlock(&streams->lock);
}

void http_streams_stop(struct http_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->stop = true;
    for (size_t i = 0; i < STREAM_SLOTS; i++)
        if (streams->slots[i] != NULL) {
            pthread_mutex_lock(&streams->slots[i]->lock);
            http_stream_cut(streams->slots[i]);
            pthread_mutex_unlock(&streams->slots[i]->lock);
        }
    pthread_mutex_unlock(&streams->lock);
    for (size_t i = 0; i < STREAM_SLOTS; i++)
        if (streams->slots[i] != NULL && streams->slots[i]->started) {
            pthread_join(streams->slots[i]->thread, NULL);
            streams->slots[i]->started = false;
        }
}

/* The daemon of HTTP has stopped: no connection has to do with any. */
void http_streams_free(struct http_streams **freed)
{
    struct http_streams *streams = *freed;

    if (streams == NULL)
        return;
    *freed = NULL;
    for (size_t i = 0; i < STREAM_SLOTS; i++)
        if (streams->slots[i] != NULL)
            put_away(streams->slots[i]);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}
