/* SPDX-License-Identifier: BSD-2-Clause */
/* streams: the set of all streams and their threads. A place in it is free again when the thread
 * and the connection both have ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream_state.h"
#include "waybill/clock.h"
#include "waybill/thread.h"

static const struct {
    size_t most, each;
    const char *words;
} kinds[STREAM_KIND_COUNT] = {
#define X(symbol, most, each, words) [STREAM_##symbol] = {most, each, words},
    STREAM_KINDS(X)
#undef X
};

void http_streams_wake(const struct http_streams *streams)
{
    uint64_t one = 1;

    if (write(streams->done, &one, sizeof one) < 0 && errno != EAGAIN)
        return; /* EAGAIN: it is awake already; nothing else can be, of an eventfd */
}

/* ---- one more ---- */

static struct http_stream *make(struct http_asker *asker, enum http_stream_kind kind,
                                http_streamer *run)
{
    struct http_stream *stream = calloc(1, sizeof *stream);
    pthread_condattr_t monotonic;

    if (stream == NULL)
        return NULL;
    stream->set = asker->streams;
    stream->kind = kind;
    stream->run = run;
    stream->asker = *asker;
    stream->fd = -1;
    buffer_init(&stream->reply.body, HTTP_REPLY_MAX);
    pthread_mutex_init(&stream->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&stream->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return stream;
}

/* With the lock. NULL: there is no place for him. */
static struct http_stream **find_place(struct http_streams *streams, enum http_stream_kind kind,
                                       const struct access *access)
{
    struct http_stream **place = NULL;
    size_t all = 0, his = 0;

    for (size_t i = 0; i < STREAM_SLOTS; i++) {
        const struct http_stream *stream = streams->slots[i];

        if (stream == NULL) {
            place = &streams->slots[i];
        } else if (stream->kind == kind) {
            all++;
            his += slice_is(slice_of(stream->asker.access.name), access->name);
        }
    }
    return streams->stop || all >= kinds[kind].most || his >= kinds[kind].each ? NULL : place;
}

void http_stream_start(struct http_asker *asker, struct http_reply *reply,
                       enum http_stream_kind kind, http_streamer *run)
{
    struct http_streams *streams = asker->streams;
    struct http_stream **place;

    pthread_mutex_lock(&streams->lock);
    place = find_place(streams, kind, &asker->access);
    if (place != NULL)
        reply->stream = *place = make(asker, kind, run);
    pthread_mutex_unlock(&streams->lock);
    if (reply->stream == NULL)
        http_problem(reply, 503, kinds[kind].words);
}

/* ---- its thread ---- */

/* Who asked is known already; the rest it gets of its own. */
static int open_asker(struct http_asker *asker, struct error *why)
{
    const struct http_asker asked = *asker;
    int result = http_asker_open(asker, asked.common, why);

    asker->now = asked.now;
    asker->access = asked.access;
    asker->basis.messages = asked.basis.messages;
    asker->door = asked.door;
    asker->until = asked.until;
    memcpy(asker->session, asked.session, sizeof asker->session);
    memcpy(asker->proof, asked.proof, sizeof asker->proof);
    memcpy(asker->reason, asked.reason, sizeof asker->reason);
    return result;
}

static void answer(struct http_stream *stream)
{
    struct error why;

    if (open_asker(&stream->asker, &why) != 0)
        http_store_problem(&stream->reply, &why);
    else
        stream->run(stream, &stream->asker, &stream->request, &stream->reply);
    http_asker_close(&stream->asker);
}

/* It has not begun: what the reply says is the answer. */
static void give_back(struct http_stream *stream)
{
    struct work_job *job = stream->job;

    if (stream->reply.status == 0)
        http_problem(&stream->reply, 503, "The service ends; try again later.");
    buffer_free(&job->reply.body);
    job->reply = stream->reply;
    buffer_init(&stream->reply.body, HTTP_REPLY_MAX);
    stream->job = NULL;
    stream->set->back(stream->set->context, job);
}

static void *run(void *context)
{
    struct http_stream *stream = context;
    bool never_begun;

    answer(stream);
    never_begun = stream->job != NULL;
    if (never_begun)
        give_back(stream);
    pthread_mutex_lock(&stream->lock);
    if (never_begun)
        stream->detached = true;
    if (!stream->complete)
        http_stream_cut(stream);
    stream->ended = true;
    pthread_mutex_unlock(&stream->lock);
    http_streams_wake(stream->set);
    return NULL;
}

void http_stream_go(struct work_job *job)
{
    struct http_stream *stream = job->reply.stream;
    struct http_streams *streams = stream->set;
    int result;

    stream->job = job;
    stream->request = job->request; /* for the job may end before the stream */
    buffer_init(&stream->request.body, 0);
    buffer_init(&job->request.text, 0);
    pthread_mutex_lock(&streams->lock); /* whoever joins it knows then that it has begun */
    result = thread_start(&stream->thread, 0, run, stream);
    stream->started = result == 0;
    pthread_mutex_unlock(&streams->lock);
    if (result == 0)
        return;
    http_problem(&stream->reply, 503, "There is no thread for this now; try again later.");
    give_back(stream);
    pthread_mutex_lock(&stream->lock);
    stream->detached = stream->ended = true;
    pthread_mutex_unlock(&stream->lock);
}

/* ---- all of them ---- */

struct http_streams *http_streams_new(int done, void (*back)(void *context, struct work_job *job),
                                      void *context)
{
    struct http_streams *streams = calloc(1, sizeof *streams);

    if (streams == NULL)
        return NULL;
    streams->done = done;
    streams->back = back;
    streams->context = context;
    pthread_mutex_init(&streams->lock, NULL);
    return streams;
}
