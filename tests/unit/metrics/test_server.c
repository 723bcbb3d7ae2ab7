/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: what it answers, where it stands, and what clients cannot do to it.
 */
#include "waybill/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"

#define PATIENCE_MS 20000

static const struct metric answer = {"waybill_answer", METRIC_GAUGE, {NULL}, "The answer"};
static char directory[64], path[80], address[96];
static atomic_int gathered;
static struct metrics_server *server;

/* `context`: the value to show; NULL: there is nothing to show. */
static void gather(void *context, struct exposition *exposition)
{
    atomic_fetch_add(&gathered, 1);
    if (context != NULL)
        exposition_count(exposition, &answer, NULL, *(uint64_t *)context);
}

static uint64_t forty_two = 42, forty_three = 43;

static struct metrics_server *start(const char *where, void *context)
{
    struct metrics_server *started = NULL;
    struct error why;

    if (metrics_start(&started, where, gather, context, &why) < 0)
        fail_msg("%s", why.text);
    return started;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/waybill-metrics-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/metrics.sock", directory);
    snprintf(address, sizeof address, "unix:%s", path);
    atomic_store(&gathered, 0);
    server = start(address, &forty_two);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    metrics_stop(&server);
    unlink(path);
    return rmdir(directory); /* nothing else was left there */
}

static int dial(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    strcpy(to.sun_path, path);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

/* All that is said until the server hangs up. */
static char *hear(int fd)
{
    static char heard[100000];
    size_t size = 0;
    int64_t end = clock_monotonic() + PATIENCE_MS;

    while (clock_monotonic() < end && size < sizeof heard - 1) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t got =
            poll(&ready, 1, 1000) > 0 ? read(fd, heard + size, sizeof heard - 1 - size) : 0;
        if ((ready.revents != 0 && got == 0) || got < 0)
            break;
        size += (size_t)got;
    }
    assert_true(clock_monotonic() < end);
    close(fd);
    heard[size] = '\0';
    return heard;
}

static char *ask(const char *request)
{
    int fd = dial();

    assert_true(fd >= 0);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    return hear(fd);
}

static void test_get_shows_the_metrics(void **state)
{
    char *heard = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");

    (void)state;
    assert_non_null(strstr(heard, "HTTP/1.1 200 "));
    assert_non_null(strstr(heard, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(heard, "Connection: close\r\n"));
    assert_non_null(strstr(heard, "\r\n\r\n# HELP waybill_answer The answer\n"
                                  "# TYPE waybill_answer gauge\nwaybill_answer 42\n"));
}

static void test_head_shows_the_head_alone(void **state)
{
    char *heard = ask("HEAD /metrics HTTP/1.0\r\n\r\n");

    (void)state;
    assert_non_null(strstr(heard, " 200 "));
    assert_null(strstr(heard, "waybill_answer"));
}

static void test_all_else_is_refused(void **state)
{
    static const struct {
        const char *request, *answer;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", " 404 "},
        {"GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", " 404 "},
        {"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", " 404 "},
        {"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", " 405 "},
        {"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", " 405 "},
        {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", " 404 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strstr(ask(cases[i].request), cases[i].answer) == NULL)
            fail_msg("case %zu is not answered with%s", i, cases[i].answer);
    assert_non_null(strstr(ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
                           "Allow: GET, HEAD\r\n"));
    assert_int_equal(atomic_load(&gathered), 0);
}

static void test_nonsense_does_not_get_in(void **state)
{
    static char huge[40000];

    (void)state;
    memset(huge, 'a', sizeof huge - 1);
    memcpy(huge, "GET /", 5);
    int fd = dial();
    ssize_t sent = send(fd, huge, sizeof huge - 1, MSG_NOSIGNAL);
    assert_true(sent > 0 || errno == EPIPE);
    assert_null(strstr(hear(fd), " 200 "));
    assert_null(strstr(ask("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), " 200 "));
    assert_non_null(strstr(ask("GET /metrics HTTP/1.0\r\n\r\n"), "waybill_answer 42"));
}

static void test_the_socket_is_for_owner_and_group(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0660);
}

static void test_the_next_generation_takes_the_name_and_keeps_it(void **state)
{
    struct metrics_server *next;
    int early = dial();

    (void)state;
    assert_non_null(strstr(ask("GET /metrics HTTP/1.0\r\n\r\n"), "waybill_answer 42"));
    next = start(address, &forty_three);
    assert_non_null(strstr(ask("GET /metrics HTTP/1.0\r\n\r\n"), "waybill_answer 43"));
    /* who had come to the one before is still served there */
    assert_true(write(early, "GET /metrics HTTP/1.0\r\n\r\n", 25) == 25);
    assert_non_null(strstr(hear(early), "waybill_answer 42"));
    metrics_stop(&server);
    assert_non_null(strstr(ask("GET /metrics HTTP/1.0\r\n\r\n"), "waybill_answer 43"));
    metrics_stop(&next);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_a_file_of_somebody_else_is_left_alone(void **state)
{
    struct metrics_server *other = NULL;
    struct error why;
    FILE *file;

    (void)state;
    metrics_stop(&server);
    file = fopen(path, "w");
    fclose(file);
    assert_int_equal(metrics_start(&other, address, gather, NULL, &why), -1);
    assert_non_null(strstr(why.text, "it exists and is no socket"));
    assert_null(other);
    assert_int_equal(metrics_start(&other, "unix:/nowhere/at/all", gather, NULL, &why), -1);
    assert_non_null(strstr(why.text, "No such file or directory"));
    assert_int_equal(metrics_start(&other, "tcp:192.0.2.1:80", gather, NULL, &why), -1);
}

static unsigned free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void test_a_port_of_this_machine_is_served_and_shared(void **state)
{
    unsigned port = free_port();
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct metrics_server *first, *second;
    char where[64];

    (void)state;
    snprintf(where, sizeof where, "tcp:127.0.0.1:%u", port);
    first = start(where, &forty_two);
    second = start(where, &forty_three);
    metrics_stop(&first);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_true(write(fd, "GET /metrics HTTP/1.0\r\n\r\n", 25) == 25);
    assert_non_null(strstr(hear(fd), "waybill_answer 43"));
    metrics_stop(&second);
}

static void test_nothing_to_show_is_an_error_and_no_half_of_it(void **state)
{
    (void)state;
    metrics_stop(&server);
    server = start(address, NULL);
    assert_non_null(strstr(ask("GET /metrics HTTP/1.0\r\n\r\n"), " 500 "));
}

static void test_a_flood_of_questions_asks_the_parts_rarely(void **state)
{
    int64_t began = clock_monotonic();

    (void)state;
    for (int i = 0; i < 300; i++)
        assert_non_null(strstr(ask("GET /metrics HTTP/1.0\r\n\r\n"), "waybill_answer 42"));
    assert_true(atomic_load(&gathered) <= (clock_monotonic() - began) / 100 + 2);
}

/* More than are served at a time, each with half a request and a byte now and then. */
static void test_who_dawdles_is_cut_off_and_others_get_in(void **state)
{
    enum { DAWDLERS = 40 };
    int fds[DAWDLERS];
    int64_t began = clock_monotonic(), took;

    (void)state;
    for (int i = 0; i < DAWDLERS; i++) {
        fds[i] = dial();
        assert_true(fds[i] >= 0);
        assert_true(write(fds[i], "GET /metrics HTTP/1.1\r\nX: ", 26) == 26);
    }
    for (int second = 0; second < 3; second++) {
        clock_sleep(SECOND_MS);
        for (int i = 0; i < DAWDLERS; i++)
            (void)!send(fds[i], "a", 1, MSG_NOSIGNAL);
    }
    assert_non_null(strstr(ask("GET /metrics HTTP/1.0\r\n\r\n"), "waybill_answer 42"));
    took = clock_monotonic() - began;
    assert_true(took >= 4 * SECOND_MS && took < 12 * SECOND_MS);
    assert_string_equal(hear(fds[0]), "");
    for (int i = 1; i < DAWDLERS; i++)
        close(fds[i]);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(test_get_shows_the_metrics),
        SERVER_TEST(test_head_shows_the_head_alone),
        SERVER_TEST(test_all_else_is_refused),
        SERVER_TEST(test_nonsense_does_not_get_in),
        SERVER_TEST(test_the_socket_is_for_owner_and_group),
        SERVER_TEST(test_the_next_generation_takes_the_name_and_keeps_it),
        SERVER_TEST(test_a_file_of_somebody_else_is_left_alone),
        SERVER_TEST(test_a_port_of_this_machine_is_served_and_shared),
        SERVER_TEST(test_nothing_to_show_is_an_error_and_no_half_of_it),
        SERVER_TEST(test_a_flood_of_questions_asks_the_parts_rarely),
        SERVER_TEST(test_who_dawdles_is_cut_off_and_others_get_in),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
