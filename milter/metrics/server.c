/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: one thread, by libmicrohttpd, which is run by our own loop so that the same thread can
 * also end connections that take too long; libmicrohttpd itself only ends those that are silent.
 *
 * Promise: whatever clients do costs at most CONNECTIONS_MAX descriptors and a few hundred KiB.
 */
#include "waybill/metrics.h"

#include <errno.h>
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
#include "waybill/listening.h"
#include "waybill/thread.h"

#define CONNECTIONS_MAX 32
#define CONNECTION_MEMORY ((size_t)8 << 10)
#define CONNECTION_MS (5 * SECOND_MS) /* from its first byte to its last */
#define FRESH_MS 100                  /* so long an exposition serves all who ask */
#define TEXT_MAX ((size_t)1 << 20)
#define STACK_SIZE ((size_t)512 << 10)

struct metrics_server {
    struct listening address;
    void (*gather)(void *context, struct exposition *exposition);
    void *context;
    struct MHD_Daemon *daemon;
    struct deadline deadlines[CONNECTIONS_MAX];
    struct MHD_Response *exposition; /* the latest; NULL: none yet */
    int64_t gathered;                /* monotonic */
    int stop;                        /* eventfd */
    pthread_t thread;
};

/* ---- answers ---- */

static const char type_text[] = "text/plain; charset=utf-8";
static const char type_exposition[] = "text/plain; version=0.0.4; charset=utf-8";

static void dress(struct MHD_Response *response, const char *type)
{
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    /* one request a connection: so its deadline is the request's */
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *words)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(words), (char *)(void *)words, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    dress(response, type_text);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* The response takes the text over. */
static struct MHD_Response *make_exposition(struct metrics_server *server)
{
    struct exposition exposition;
    struct MHD_Response *response = NULL;

    exposition_init(&exposition, TEXT_MAX);
    server->gather(server->context, &exposition);
    if (!exposition.text.failed && exposition.text.size > 0)
        response = MHD_create_response_from_buffer(exposition.text.size, exposition.text.data,
                                                   MHD_RESPMEM_MUST_FREE);
    if (response != NULL)
        dress(response, type_exposition);
    else
        exposition_free(&exposition);
    return response;
}

static enum MHD_Result show(struct metrics_server *server, struct MHD_Connection *connection)
{
    int64_t now = clock_monotonic();

    if (server->exposition == NULL || now - server->gathered >= FRESH_MS) {
        if (server->exposition != NULL)
            MHD_destroy_response(server->exposition);
        server->exposition = make_exposition(server);
        server->gathered = now;
    }
    if (server->exposition == NULL)
        return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory for the metrics\n");
    return MHD_queue_response(connection, MHD_HTTP_OK, server->exposition);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    if (strcmp(url, "/metrics") != 0)
        return say(connection, MHD_HTTP_NOT_FOUND, "not found; the metrics are at /metrics\n");
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    return show(context, connection);
}

/* ---- connections ---- */

static void on_connection(void *context, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode code)
{
    struct metrics_server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (code != MHD_CONNECTION_NOTIFY_STARTED)
        deadline_free(*place);
    else if (info != NULL)
        *place = deadline_take(server->deadlines, CONNECTIONS_MAX, info->connect_fd,
                               clock_monotonic() + CONNECTION_MS);
}

/* ---- the thread ---- */

static int wait_ms(struct metrics_server *server, int64_t most)
{
    MHD_UNSIGNED_LONG_LONG wanted;

    if (MHD_get_timeout(server->daemon, &wanted) == MHD_YES && wanted < (unsigned long long)most)
        return (int)wanted;
    return (int)most;
}

static void *serve(void *context)
{
    struct metrics_server *server = context;
    struct pollfd fds[] = {
        {.fd = server->stop, .events = POLLIN},
        {.fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
         .events = POLLIN},
    };

    for (;;) {
        /* libmicrohttpd closes what was shut down */
        int64_t rest = deadline_end_late(server->deadlines, CONNECTIONS_MAX, clock_monotonic());
        if (poll(fds, 2, wait_ms(server, rest)) < 0 && errno != EINTR)
            clock_sleep(SECOND_MS);
        if ((fds[0].revents & POLLIN) != 0)
            return NULL;
        MHD_run(server->daemon);
    }
}

/* ---- start and stop ---- */

static int listen_at(struct metrics_server *server, const char *name, struct error *why)
{
    return listening_open(&server->address, name, why) < 0
               ? error_prefix(why, "cannot serve metrics")
               : 0;
}

static int start_daemon(struct metrics_server *server, const char *name, struct error *why)
{
    server->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
                         server->address.fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                         MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    if (server->daemon == NULL)
        return error_set(why, "cannot serve metrics at '%s': libmicrohttpd does not start", name);
    return 0;
}

static int start_thread(struct metrics_server *server, struct error *why)
{
    int result = thread_start(&server->thread, STACK_SIZE, serve, server);

    return result == 0 ? 0
                       : error_set(why, "cannot serve metrics: no thread: %s", strerror(result));
}

static void release(struct metrics_server *server)
{
    listening_release(&server->address);
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon); /* closes the socket, too */
    else if (server->address.fd >= 0)
        close(server->address.fd);
    if (server->exposition != NULL)
        MHD_destroy_response(server->exposition);
    if (server->stop >= 0)
        close(server->stop);
    free(server);
}

int metrics_start(struct metrics_server **started, const char *address,
                  void (*gather)(void *context, struct exposition *exposition), void *context,
                  struct error *why)
{
    struct metrics_server *server = calloc(1, sizeof *server);

    if (server == NULL)
        return error_set(why, "cannot serve metrics: no memory");
    server->address.fd = -1;
    server->gather = gather;
    server->context = context;
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->stop < 0)
        error_set(why, "cannot serve metrics: %s", strerror(errno));
    if (server->stop < 0 || listen_at(server, address, why) < 0 ||
        start_daemon(server, address, why) < 0 || start_thread(server, why) < 0) {
        release(server);
        return -1;
    }
    *started = server;
    return 0;
}

void metrics_stop(struct metrics_server **stopped)
{
    struct metrics_server *server = *stopped;
    uint64_t one = 1;

    if (server == NULL)
        return;
    *stopped = NULL;
    if (write(server->stop, &one, sizeof one) == sizeof one)
        pthread_join(server->thread, NULL);
    release(server);
}
