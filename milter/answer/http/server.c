/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: the thread that speaks HTTP, by libmicrohttpd, which is run by our own loop: so the same
 * thread also ends connections that take too long, and hands on what the workers have answered. A
 * connection whose request is with the workers is suspended.
 *
 * Promise: whatever clients do costs at most CONNECTIONS_MAX descriptors, CONNECTION_MEMORY for
 * each, WORK_QUEUE_MAX requests, and BODIES_MAX for what came with all of them.
 */
#include "waybill/web.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dress.h"
#include "stream.h"
#include "waybill/clock.h"
#include "waybill/deadline.h"
#include "waybill/listening.h"
#include "waybill/thread.h"
#include "work.h"

#define CONNECTIONS_MAX 1024
#define CONNECTION_MEMORY ((size_t)32 << 10)
#define REQUEST_MS (15 * SECOND_MS) /* from the end of the one before to its last byte */
#define REPLY_MS (60 * SECOND_MS)   /* for a client that reads it */
#define CROWD (CONNECTIONS_MAX * 3 / 4)
#define CROWD_MS SECOND_MS /* instead of REQUEST_MS, as long as there are more than these */
#define BODIES_MAX ((size_t)16 << 20)
#define BODY_UNWANTED_MAX 65536u /* over what is taken: is read and thrown away */

struct web {
    struct listening listening;
    struct MHD_Daemon *daemon;
    struct deadline deadlines[CONNECTIONS_MAX];
    struct work *work;
    const struct settings *settings;
    size_t connections;
    size_t held;    /* bytes of bodies of requests */
    int stop, done; /* eventfds */
    pthread_t thread;
    bool runs;
};

/* A request on its way. */
enum stage { STAGE_READ, STAGE_ASKED, STAGE_ANSWERED };
struct exchange {
    struct work_job job;
    struct MHD_Connection *connection;
    struct deadline *deadline;
    enum stage stage;
    size_t body;  /* bytes that came, kept or not */
    size_t held;  /* of these, kept */
    bool refused; /* there is no room for the body now */
};

static void set_deadline(struct exchange *exchange, int64_t ms)
{
    if (exchange->deadline != NULL)
        exchange->deadline->at = ms == DEADLINE_NEVER ? ms : clock_monotonic() + ms;
}

/* ---- the reply ---- */

static enum MHD_Result answer_stream(struct exchange *exchange)
{
    struct http_reply *reply = &exchange->job.reply;
    struct MHD_Response *response =
        http_stream_attach(reply->stream, exchange->connection, exchange->deadline);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    http_dress(response, reply);
    result = MHD_queue_response(exchange->connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(struct exchange *exchange)
{
    struct http_reply *reply = &exchange->job.reply;
    struct MHD_Response *response;
    enum MHD_Result result;

    response = http_dress_body(&reply->body);
    if (response == NULL)
        return MHD_NO;
    http_dress(response, reply);
    set_deadline(exchange, REPLY_MS);
    result = MHD_queue_response(exchange->connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- the request ---- */

static struct exchange *begin(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange == NULL)
        return NULL;
    exchange->connection = connection;
    exchange->deadline = info != NULL ? info->socket_context : NULL;
    exchange->job.owner = exchange;
    exchange->job.reply.status = MHD_HTTP_OK;
    buffer_init(&exchange->job.reply.body, HTTP_REPLY_MAX);
    return exchange;
}

/* Bytes that it says are to come; 0: none, or it does not say how many. */
static uint64_t announced(struct MHD_Connection *connection)
{
    const char *words = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t size;

    return words != NULL && text_number(slice_of(words), 0, UINT64_MAX, &size) ? size : 0;
}

/* What can be refused by its header is answered before a body comes; libmicrohttpd then closes the
 * connection. */
static enum MHD_Result look_at_header(struct web *web, struct exchange *exchange,
                                      const char *url, const char *method)
{
    struct http_request *request = &exchange->job.request;
    struct http_reply *reply = &exchange->job.reply;

    if (!http_request_read(request, web->settings, exchange->connection, url, method)) {
        http_problem(reply, MHD_HTTP_URI_TOO_LONG, "The path is too long.");
        return answer(exchange);
    }
    if (announced(exchange->connection) <= request->body.limit + BODY_UNWANTED_MAX)
        return MHD_YES;
    http_problem(reply, MHD_HTTP_CONTENT_TOO_LARGE, "The body is too large for this path.");
    return answer(exchange);
}

static enum MHD_Result hand_on(struct web *web, struct exchange *exchange)
{
    if (!exchange->refused && work_put(web->work, &exchange->job)) {
        exchange->stage = STAGE_ASKED;
        set_deadline(exchange, DEADLINE_NEVER); /* what the workers wait for has its own limits */
        MHD_suspend_connection(exchange->connection);
        return MHD_YES;
    }
    http_problem(&exchange->job.reply, MHD_HTTP_SERVICE_UNAVAILABLE,
                 "There are too many requests; try again later.");
    return answer(exchange);
}

static void let_body_go(struct web *web, struct exchange *exchange)
{
    web->held -= exchange->held;
    exchange->held = 0;
    buffer_free(&exchange->job.request.body);
}

/* False: it is too much even to be thrown away. */
static bool take_body(struct web *web, struct exchange *exchange, const char *upload, size_t size)
{
    struct http_request *request = &exchange->job.request;

    exchange->body += size;
    if (exchange->body <= request->body.limit && !exchange->refused) {
        web->held += size;
        exchange->held += size;
        exchange->refused =
            web->held > BODIES_MAX || buffer_add(&request->body, upload, size) != 0;
    }
    if (exchange->body > request->body.limit || exchange->refused)
        let_body_go(web, exchange);
    request->body.failed = exchange->body > request->body.limit && request->body.limit > 0;
    return exchange->body <= request->body.limit + BODY_UNWANTED_MAX;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct exchange *exchange = *request;

    (void)version;
    if (exchange == NULL) { /* the header is here, nothing else */
        *request = exchange = begin(connection);
        return exchange != NULL ? look_at_header(context, exchange, url, method) : MHD_NO;
    }
    if (*upload_size > 0) {
        bool goes_on = take_body(context, exchange, upload, *upload_size);

        *upload_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    if (exchange->stage == STAGE_READ)
        return hand_on(context, exchange);
    return exchange->job.reply.stream != NULL ? answer_stream(exchange) : answer(exchange);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *request;

    (void)connection;
    (void)code;
    *request = NULL;
    if (exchange == NULL)
        return;
    if (exchange->job.reply.stream != NULL)
        http_stream_detach(exchange->job.reply.stream);
    set_deadline(exchange, REQUEST_MS);
    let_body_go(context, exchange);
    buffer_free(&exchange->job.request.text);
    buffer_free(&exchange->job.reply.body);
    free(exchange);
}

/* Nothing is decoded: a path is compared as it was sent. */
static size_t leave_as_it_is(void *context, struct MHD_Connection *connection, char *words)
{
    (void)context;
    (void)connection;
    return strlen(words);
}

/* ---- connections ---- */

static void on_connection(void *context, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode code)
{
    struct web *web = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (code != MHD_CONNECTION_NOTIFY_STARTED) {
        web->connections--;
        deadline_free(*place);
        return;
    }
    web->connections++;
    if (info != NULL)
        *place = deadline_take(web->deadlines, CONNECTIONS_MAX, info->connect_fd,
                               clock_monotonic() + REQUEST_MS);
}

/* ---- the thread ---- */

static void resume_answered(struct web *web)
{
    struct work_job *job;
    uint64_t count;

    if (read(web->done, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    while ((job = work_take(web->work)) != NULL) {
        struct exchange *exchange = job->owner;

        exchange->stage = STAGE_ANSWERED;
        MHD_resume_connection(exchange->connection);
    }
}

static int wait_ms(struct web *web)
{
    MHD_UNSIGNED_LONG_LONG wanted;

    return MHD_get_timeout(web->daemon, &wanted) == MHD_YES && wanted < SECOND_MS ? (int)wanted
                                                                                : (int)SECOND_MS;
}

/* libmicrohttpd closes what was shut down. */
static void end_late(struct web *web, int64_t now)
{
    int64_t early = web->connections > CROWD ? REQUEST_MS - CROWD_MS : 0;

    deadline_end_late(web->deadlines, CONNECTIONS_MAX, now + early);
}

static void *serve(void *context)
{
    struct web *web = context;
    struct pollfd fds[] = {
        {.fd = web->stop, .events = POLLIN},
        {.fd = web->done, .events = POLLIN},
        {.fd = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
         .events = POLLIN},
    };
    int64_t looked = 0;

    while ((fds[0].revents & POLLIN) == 0) {
        if (poll(fds, 3, wait_ms(web)) < 0 && errno != EINTR)
            clock_sleep(SECOND_MS);
        if (clock_monotonic() - looked >= SECOND_MS) {
            looked = clock_monotonic();
            end_late(web, looked);
        }
        resume_answered(web);
        http_streams_serve(work_streams(web->work));
        MHD_run(web->daemon);
    }
    work_stop(web->work);
    resume_answered(web);
    http_streams_serve(work_streams(web->work));
    MHD_run(web->daemon);
    return NULL;
}

/* ---- start and stop ---- */

static int start_daemon(struct web *web, struct error *why)
{
    web->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, web,
        MHD_OPTION_LISTEN_SOCKET, web->listening.fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, web, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, web, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_as_it_is, NULL, MHD_OPTION_END);
    return web->daemon != NULL ? 0 : error_set(why, "libmicrohttpd does not start");
}

static int start_thread(struct web *web, struct error *why)
{
    int result = thread_start(&web->thread, 0, serve, web);

    web->runs = result == 0;
    return result == 0 ? 0 : error_set(why, "cannot start a thread: %s", strerror(result));
}

static void release(struct web *web)
{
    listening_release(&web->listening);
    if (web->daemon != NULL)
        MHD_stop_daemon(web->daemon); /* closes the socket, too */
    else if (web->listening.fd >= 0)
        close(web->listening.fd);
    if (web->work != NULL && !web->runs)
        work_stop(web->work);
    work_free(&web->work);
    if (web->stop >= 0)
        close(web->stop);
    if (web->done >= 0)
        close(web->done);
    free(web);
}

int web_start(struct web **started, const struct settings *settings, struct error *why)
{
    struct web *web = calloc(1, sizeof *web);

    if (web == NULL)
        return error_set(why, "no memory");
    web->settings = settings;
    web->listening.fd = -1;
    web->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    web->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (web->stop < 0 || web->done < 0)
        error_set(why, "cannot make an eventfd: %s", strerror(errno));
    if (web->stop < 0 || web->done < 0 || work_start(&web->work, settings, web->done, why) < 0 ||
        listening_open(&web->listening, settings->web_listen, why) < 0 ||
        start_daemon(web, why) < 0 || start_thread(web, why) < 0) {
        release(web);
        return -1;
    }
    *started = web;
    return 0;
}

int web_reload(struct web *web, const struct settings *settings, struct error *why)
{
    return work_reload(web->work, settings, why);
}

void web_stop(struct web **stopped)
{
    struct web *web = *stopped;
    uint64_t one = 1;

    if (web == NULL)
        return;
    *stopped = NULL;
    if (write(web->stop, &one, sizeof one) == sizeof one)
        pthread_join(web->thread, NULL);
    release(web);
}
