/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: answers of any length. A handler of a route (http_handler, on a worker's thread, behind
 * all checks that any route has) starts one; from there on it is made by a function on a thread of
 * its own, with a connection to the store of its own, and goes through a pipe of STREAM_PIPE bytes
 * to the thread that speaks HTTP.
 *
 * Nothing is sent before http_stream_begin, so what goes wrong until then is an ordinary reply.
 * What ends without http_stream_complete is cut off in a way that a client sees: the connection is
 * closed without the last chunk.
 *
 * Promise: at most STREAM_EXPORTS_MAX + STREAM_EVENTS_MAX threads, connections to the store and
 * pipes; a client that takes nothing for STREAM_IDLE_MS is cut, one that goes away is noticed
 * within about a second, and the end of the daemon cuts all.
 */
#ifndef WAYBILL_HTTP_STREAM_H
#define WAYBILL_HTTP_STREAM_H

#include "work.h"

/* X(symbol, how many at once, how many for one person, what is said of one too many) */
#define STREAM_KINDS(X)                                                                            \
    X(EXPORT, 8, 2, "There are too many exports at once; try again when one has ended.")           \
    X(EVENTS, 64, 16, "Too many follow the events at once; try again later.")

enum http_stream_kind {
#define X(symbol, most, each, words) STREAM_##symbol,
    STREAM_KINDS(X)
#undef X
    STREAM_KIND_COUNT
};
#define STREAM_PIPE ((size_t)64 << 10)
#define STREAM_IDLE_MS (60 * SECOND_MS)

/* ---- for handlers ---- */

struct http_stream;
/* Makes the answer. Until http_stream_begin it may fill the reply instead, and return. */
typedef void http_streamer(struct http_stream *stream, struct http_asker *asker,
                           const struct http_request *request, struct http_reply *reply);
/* The last deed of a handler: `run` answers from here on, or a reply says that there are too
 * many. */
void http_stream_start(struct http_asker *asker, struct http_reply *reply,
                       enum http_stream_kind kind, http_streamer *run);

/* ---- for the streamer, on its thread ---- */

/* Status 200, with type and file of the reply, and no body. False: nothing more is wanted;
 * return. */
bool http_stream_begin(struct http_stream *stream);
/* Waits as long as the pipe is full, so little may be put before it has begun. False: it was cut;
 * return soon. */
bool http_stream_put(struct http_stream *stream, const void *data, size_t size);
/* What was put goes out now, not when more has come together. */
void http_stream_flush(struct http_stream *stream);
/* False: it was cut. */
bool http_stream_goes_on(struct http_stream *stream);
/* The same, after so many ms unless it is cut before. */
bool http_stream_sleep(struct http_stream *stream, int64_t ms);
/* The answer is whole. */
void http_stream_complete(struct http_stream *stream);

/* ---- for the workers ---- */

struct http_streams;
/* `back` takes jobs that have an answer; any thread. `done`: the eventfd by which the server's
 * thread is woken. NULL: no memory. */
struct http_streams *http_streams_new(int done, void (*back)(void *context, struct work_job *job),
                                      void *context);
/* The job, whose reply names a stream, is the stream's, until `back` gets it. */
void http_stream_go(struct work_job *job);
/* All are cut, and their threads have ended. None starts any more. */
void http_streams_stop(struct http_streams *streams);
void http_streams_free(struct http_streams **streams);

/* ---- for the server's thread ---- */

struct MHD_Connection;
struct MHD_Response;
struct deadline;
/* The body of the answer; NULL: no memory. The deadline is kept up to date until detached. */
struct MHD_Response *http_stream_attach(struct http_stream *stream,
                                        struct MHD_Connection *connection,
                                        struct deadline *deadline);
/* The connection is done with it. */
void http_stream_detach(struct http_stream *stream);
/* Hand on what came into pipes, cut those whose clients went away, put away what has ended. */
void http_streams_serve(struct http_streams *streams);

#endif
