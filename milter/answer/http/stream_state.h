/* SPDX-License-Identifier: BSD-2-Clause */
/* stream_state: what the files of stream share. */
#ifndef WAYBILL_HTTP_STREAM_STATE_H
#define WAYBILL_HTTP_STREAM_STATE_H

#include <pthread.h>

#include "stream.h"

struct http_stream {
    struct http_streams *set;
    enum http_stream_kind kind;
    http_streamer *run;
    pthread_t thread;
    bool started; /* there is a thread to be joined */
    /* of its thread */
    struct http_asker asker;
    struct http_request request;
    struct http_reply reply;
    struct work_job *job; /* NULL: it was handed back */
    /* of the server's thread; NULL: not attached */
    struct MHD_Connection *connection;
    struct deadline *deadline;
    int fd;

    pthread_mutex_t lock; /* all that follows */
    pthread_cond_t wake;  /* there is room again, or it was cut */
    size_t at, used;      /* bytes of the pipe, a ring */
    bool complete, cut;
    bool waits;    /* the connection is suspended */
    bool ready;    /* and is to go on */
    bool ended;    /* its thread has */
    bool detached; /* no connection has, or will have, to do with it */
    char pipe[STREAM_PIPE];
};

/* A place for each stream of each kind. */
enum {
#define X(symbol, most, each, words) STREAM_SLOTS_##symbol = most,
    STREAM_KINDS(X)
#undef X
    STREAM_SLOTS = STREAM_SLOTS_EXPORT + STREAM_SLOTS_EVENTS
};
struct http_streams {
    int done;
    void (*back)(void *context, struct work_job *job);
    void *context;
    int64_t looked; /* of the server's thread: when clients were looked for */
    pthread_mutex_t lock; /* of what follows; a stream's own may be taken within, not the reverse */
    struct http_stream *slots[STREAM_SLOTS];
    bool stop;
};

/* With the lock of the stream: it ends, and whoever waits for it sees so. */
void http_stream_cut(struct http_stream *stream);
/* Wake the server's thread. */
void http_streams_wake(const struct http_streams *streams);

#endif
