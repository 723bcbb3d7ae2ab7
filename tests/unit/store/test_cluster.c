/* SPDX-License-Identifier: BSD-2-Clause */
/* A Cluster that answers anything at all: no endless way from server to server, no crash, one line.
 * What a real one can be made to do is in tests/stories/test_redis_cluster.py. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"
#include "waybill/store.h"

#define CONNECTIONS 8

/* One port, which every server of the "Cluster" has. */
static struct {
    int listener, stop[2];
    pthread_t thread;
    char address[64], map[512], answer[512];
    unsigned port, asked; /* commands that are no greeting and ask for no map */
} villain;

static bool villain_answers(int fd)
{
    char heard[8192];
    ssize_t size = recv(fd, heard, sizeof heard - 1, 0);
    const char *answer = "+OK\r\n+PONG\r\n$0\r\n\r\n";

    if (size <= 0)
        return false;
    heard[size] = '\0';
    if (strstr(heard, "SLOTS")) {
        answer = villain.map;
    } else if (!strstr(heard, "PING")) {
        villain.asked++;
        answer = villain.answer;
    }
    return send(fd, answer, strlen(answer), MSG_NOSIGNAL) > 0;
}

static void *villain_live(void *unused)
{
    struct pollfd fds[2 + CONNECTIONS];
    nfds_t count = 2;

    (void)unused;
    fds[0] = (struct pollfd){.fd = villain.stop[0], .events = POLLIN};
    fds[1] = (struct pollfd){.fd = villain.listener, .events = POLLIN};
    while (poll(fds, count, -1) >= 0 && !fds[0].revents) {
        for (nfds_t i = 2; i < count; i++)
            if (fds[i].revents && !villain_answers(fds[i].fd)) {
                close(fds[i].fd);
                fds[i--] = fds[--count];
            }
        if (fds[1].revents && count < 2 + CONNECTIONS)
            fds[count++] =
                (struct pollfd){.fd = accept(villain.listener, NULL, NULL), .events = POLLIN};
    }
    while (count > 2)
        close(fds[--count].fd);
    return NULL;
}

static int start(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    (void)state;
    villain.asked = 0;
    villain.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(villain.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(villain.listener, 50), 0);
    assert_int_equal(getsockname(villain.listener, (struct sockaddr *)&address, &size), 0);
    villain.port = ntohs(address.sin_port);
    snprintf(villain.address, sizeof villain.address, "tcp:127.0.0.1:%u", villain.port);
    snprintf(villain.map, sizeof villain.map,
             "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%u\r\n", villain.port);
    assert_int_equal(pipe(villain.stop), 0);
    assert_int_equal(pthread_create(&villain.thread, NULL, villain_live, NULL), 0);
    return 0;
}

static int stop(void **state)
{
    char byte = 0;

    (void)state;
    assert_int_equal(write(villain.stop[1], &byte, 1), 1);
    pthread_join(villain.thread, NULL);
    close(villain.listener);
    close(villain.stop[0]);
    close(villain.stop[1]);
    return 0;
}

static int ask(struct error *why, enum store_trouble *trouble)
{
    char prefix[] = "wb:";
    struct settings settings = {.redis = villain.address,
                                .redis_mode = REDIS_CLUSTER,
                                .redis_prefix = prefix,
                                .redis_timeout_ms = 200,
                                .retention_days = 30,
                                .refused_retention_days = 7};
    struct store *store;
    int64_t began = clock_monotonic();
    uint64_t *ids;
    size_t count;
    int result;

    assert_int_equal(store_open(&store, &settings, why), 0);
    assert_int_equal(store_epoch(store), 0);
    result = store_find_delayed(store, &ids, &count, why);
    free(ids);
    *trouble = store_last_trouble(store);
    store_close(&store);
    assert_true(clock_monotonic() - began < 3000);
    assert_null(strchr(why->text, '\n'));
    return result;
}

static void test_a_sound_one_is_asked_once(void **state)
{
    enum store_trouble trouble;
    struct error why = {""};

    (void)state;
    strcpy(villain.answer, "*0\r\n");
    assert_int_equal(ask(&why, &trouble), 0);
    assert_int_equal(villain.asked, 1);
}

static void test_one_that_sends_in_circles_is_left_after_some_rounds(void **state)
{
    static const char *const ways[] = {"MOVED", "ASK"};
    enum store_trouble trouble;
    struct error why;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        villain.asked = 0;
        /* ASKING and the command are two replies */
        snprintf(villain.answer, sizeof villain.answer, "-%s 1 127.0.0.1:%u\r\n", ways[i],
                 villain.port);
        assert_int_equal(ask(&why, &trouble), -1);
        assert_true(trouble == STORE_PARTLY || trouble == STORE_BUSY ||
                    trouble == STORE_UNREACHABLE);
        assert_in_range(villain.asked, 2, 12);
    }
}

static void test_one_that_sends_to_nowhere_is_told_in_a_line(void **state)
{
    static const char *const ways[] = {"-MOVED 1 127.0.0.1:1\r\n", "-MOVED 99999 a:1\r\n",
                                       "-MOVED 1 a b:1\r\n", "-ASK\r\n", "-CLUSTERDOWN x\r\n",
                                       "-TRYAGAIN x\r\n", "-MOVED 1 \x1b[2J:1\r\n"};
    enum store_trouble trouble;
    struct error why;

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        strcpy(villain.answer, ways[i]);
        assert_int_equal(ask(&why, &trouble), -1);
        assert_int_not_equal(trouble, STORE_FINE);
        assert_null(strchr(why.text, '\x1b'));
    }
}

static void test_a_map_that_cannot_be_is_told_in_a_line(void **state)
{
    static const char *const maps[] = {
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*2147483647\r\n*3\r\n",
        "+OK\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$3\r\na b\r\n:1\r\n",
        "-ERR This instance has cluster support disabled\r\n",
        "*0\r\n",
    };
    enum store_trouble trouble;
    struct error why;

    (void)state;
    strcpy(villain.answer, "*0\r\n");
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        strcpy(villain.map, maps[i]);
        assert_int_equal(ask(&why, &trouble), -1);
        assert_int_not_equal(trouble, STORE_FINE);
        assert_true(strstr(why.text, "slot") || strstr(why.text, "Cluster"));
    }
    assert_int_equal(villain.asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_sound_one_is_asked_once, start, stop),
        cmocka_unit_test_setup_teardown(test_one_that_sends_in_circles_is_left_after_some_rounds,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_one_that_sends_to_nowhere_is_told_in_a_line, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_a_map_that_cannot_be_is_told_in_a_line, start, stop),
    };

    return cmocka_run_group_tests_name("store cluster", tests, NULL, NULL);
}
