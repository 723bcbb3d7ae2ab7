/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: the thread that speaks HTTP, by libmicrohttpd, which is run by our own loop: so the same
 * thread also ends connections that take too long, and hands on what the workers have answered. A
 * connection whose request is with the workers is suspended.
 *
 * Promise: whatever clients do costs at most CONNECTIONS_MAX descriptors, CONNECTION_MEMORY for
 * each, and WORK_QUEUE_MAX requests.
 */
#include "waybill/web.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "waybill/clock.h"
#include "waybill/deadline.h"
#include "waybill/digest.h"
#include "waybill/listening.h"
#include "waybill/thread.h"
#include "proxy.h"
#include "work.h"

#define CONNECTIONS_MAX 1024
#define CONNECTION_MEMORY ((size_t)32 << 10)
#define REQUEST_MS (15 * SECOND_MS) /* from the end of the one before to its last byte */
#define REPLY_MS (60 * SECOND_MS)   /* for a client that reads it */
#define BODY_UNWANTED_MAX 65536u    /* is read and thrown away where none is taken */

struct web {
    struct listening listening;
    struct MHD_Daemon *daemon;
    struct deadline deadlines[CONNECTIONS_MAX];
    struct work *work;
    const struct settings *settings;
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
    size_t body; /* bytes that came, kept or not */
};

static void set_deadline(struct exchange *exchange, int64_t ms)
{
    if (exchange->deadline != NULL)
        exchange->deadline->at = ms == DEADLINE_NEVER ? ms : clock_monotonic() + ms;
}

/* ---- the reply ---- */

#define NO_PAGE "default-src 'none'; frame-ancestors 'none'"

static void dress(struct MHD_Response *response, const struct http_reply *reply, const char *etag)
{
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "private, no-cache"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Embedder-Policy", "require-corp"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
        {"Vary", "Authorization, Cookie"},
    };

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    MHD_add_response_header(response, "Content-Security-Policy",
                            reply->policy != NULL ? reply->policy : NO_PAGE);
    if (reply->status != MHD_HTTP_NOT_MODIFIED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                reply->type != NULL ? reply->type : "application/json");
    if (etag[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
    if (reply->cookie[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, reply->cookie);
    if (reply->allow[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
    if (reply->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Bearer realm=\"waybill\"");
    if (reply->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
}

static void tag(struct exchange *exchange, char etag[static 24])
{
    struct http_reply *reply = &exchange->job.reply;

    etag[0] = '\0';
    if (reply->status != MHD_HTTP_OK)
        return;
    snprintf(etag, 24, "\"%016" PRIx64 "\"", digest_64(reply->body.data, reply->body.size));
    if (!slice_is(exchange->job.request.headers[HTTP_HEADER_IF_NONE_MATCH], etag))
        return;
    reply->status = MHD_HTTP_NOT_MODIFIED;
    buffer_clear(&reply->body);
}

static enum MHD_Result answer(struct exchange *exchange)
{
    struct http_reply *reply = &exchange->job.reply;
    struct MHD_Response *response;
    enum MHD_Result result;
    char etag[24];

    tag(exchange, etag);
    response = MHD_create_response_from_buffer(reply->body.size, reply->body.data,
                                               MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    dress(response, reply, etag);
    set_deadline(exchange, REPLY_MS);
    result = MHD_queue_response(exchange->connection, reply->status, response);
    MHD_destroy_response(response);
    buffer_free(&reply->body);
    return result;
}

/* ---- the request ---- */

static bool take_words(struct http_request *request, const char *words, struct slice *taken)
{
    size_t at = request->text.size;

    if (!http_decode(words != NULL ? words : "", &request->text))
        return false;
    *taken = slice_make(request->text.data + at, request->text.size - at);
    return true;
}

static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct http_request *request = context;
    struct http_argument *argument = &request->arguments[request->argument_count];

    (void)kind;
    if (request->argument_count == HTTP_ARGUMENTS_MAX)
        request->malformed = "There are too many arguments.";
    else if (!take_words(request, name, &argument->name) ||
             !take_words(request, value, &argument->value))
        request->malformed = "An argument is badly encoded, or too long.";
    else
        request->argument_count++;
    return request->malformed == NULL ? MHD_YES : MHD_NO;
}

static void take_headers(struct MHD_Connection *connection, struct http_request *request)
{
    static const struct {
        const char *name;
        size_t most;
    } rows[HTTP_HEADER_COUNT] = {
#define X(symbol, name, most) [HTTP_HEADER_##symbol] = {name, most},
        HTTP_HEADERS(X)
#undef X
    };

    for (size_t i = 0; i < HTTP_HEADER_COUNT; i++) {
        const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, rows[i].name);
        size_t at = request->text.size, size = value != NULL ? strlen(value) : 0;

        request->headers[i] = SLICE_ABSENT;
        if (value != NULL && size <= rows[i].most &&
            buffer_add(&request->text, value, size) == 0)
            request->headers[i] = slice_make(request->text.data + at, size);
    }
}

/* The buffer was given all its memory before: what is in it does not move. */
static bool read_request(struct exchange *exchange, const struct settings *settings,
                         const char *url, const char *method)
{
    struct http_request *request = &exchange->job.request;
    size_t size = strlen(url);

    buffer_init(&request->text, HTTP_TEXT_MAX);
    if (size >= HTTP_TEXT_MAX / 2 || buffer_extend(&request->text, HTTP_TEXT_MAX - 1) == NULL)
        return false;
    buffer_clear(&request->text);
    buffer_add(&request->text, url, size);
    request->path = slice_make(request->text.data, size);
    slice_copy(slice_of(method), request->method, sizeof request->method);
    take_headers(exchange->connection, request);
    proxy_take_user(exchange->connection, settings->web_user_header, request);
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, take_argument, request);
    http_route_find(request);
    buffer_init(&request->body, request->route != NULL ? request->route->body : 0);
    return true;
}

static struct exchange *begin(struct web *web, struct MHD_Connection *connection,
                              const char *url, const char *method)
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
    if (!read_request(exchange, web->settings, url, method)) {
        buffer_free(&exchange->job.request.text);
        free(exchange);
        return NULL;
    }
    return exchange;
}

static enum MHD_Result hand_on(struct web *web, struct exchange *exchange)
{
    if (work_put(web->work, &exchange->job)) {
        exchange->stage = STAGE_ASKED;
        set_deadline(exchange, DEADLINE_NEVER); /* what the workers wait for has its own limits */
        MHD_suspend_connection(exchange->connection);
        return MHD_YES;
    }
    http_problem(&exchange->job.reply, MHD_HTTP_SERVICE_UNAVAILABLE,
                 "There are too many requests; try again later.");
    return answer(exchange);
}

/* False: it is too much even to be thrown away. */
static bool take_body(struct exchange *exchange, const char *upload, size_t size)
{
    struct http_request *request = &exchange->job.request;

    exchange->body += size;
    if (request->body.limit == 0)
        return exchange->body <= BODY_UNWANTED_MAX;
    buffer_add(&request->body, upload, size);
    return exchange->body <= request->body.limit + BODY_UNWANTED_MAX;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct exchange *exchange = *request;

    (void)version;
    if (exchange == NULL) { /* the header is here, nothing else */
        *request = begin(context, connection, url, method);
        return *request != NULL ? MHD_YES : MHD_NO;
    }
    if (*upload_size > 0) {
        bool goes_on = take_body(exchange, upload, *upload_size);

        *upload_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return exchange->stage == STAGE_READ ? hand_on(context, exchange) : answer(exchange);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *request;

    (void)context;
    (void)connection;
    (void)code;
    *request = NULL;
    if (exchange == NULL)
        return;
    set_deadline(exchange, REQUEST_MS);
    buffer_free(&exchange->job.request.text);
    buffer_free(&exchange->job.request.body);
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

    if (code != MHD_CONNECTION_NOTIFY_STARTED)
        deadline_free(*place);
    else if (info != NULL)
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
            /* libmicrohttpd closes what was shut down */
            deadline_end_late(web->deadlines, CONNECTIONS_MAX, looked);
        }
        resume_answered(web);
        MHD_run(web->daemon);
    }
    work_stop(web->work);
    resume_answered(web);
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
        on_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_as_it_is, NULL, MHD_OPTION_END);
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
