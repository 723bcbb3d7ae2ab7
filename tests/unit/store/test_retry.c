/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection breaks anywhere, the batch is sent again: the keys are in the end those of a
 * run without trouble, byte for byte.
 *
 *     store  <->  proxy that stops after so many bytes  <->  redis-server
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../support/redis.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

static struct redis redis;
static struct settings settings;

static struct {
    int listener, stop[2];
    pthread_t thread;
    char socket[96], address[112];
    atomic_long to_server, to_client; /* bytes that may still pass */
    atomic_long passed_up, passed_down;
} proxy;

static int connect_to_redis(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, redis.socket, strlen(redis.socket));
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Pass on what there is, as far as allowed. False: the end. */
static bool pass(int from, int to, atomic_long *allowed, atomic_long *passed)
{
    char bytes[4096];
    long most = atomic_load(allowed);
    ssize_t size = recv(from, bytes, sizeof bytes, 0);

    if (size <= 0)
        return false;
    if (size > most)
        size = most;
    if (size > 0 && send(to, bytes, (size_t)size, MSG_NOSIGNAL) != size)
        return false;
    atomic_fetch_sub(allowed, size);
    atomic_fetch_add(passed, size);
    return atomic_load(allowed) > 0;
}

static void relay(int client, int server)
{
    struct pollfd fds[] = {{.fd = client, .events = POLLIN},
                           {.fd = server, .events = POLLIN},
                           {.fd = proxy.stop[0], .events = POLLIN}};

    for (;;) {
        if (poll(fds, 3, -1) < 0)
            continue;
        if (fds[2].revents)
            return;
        if (fds[0].revents && !pass(client, server, &proxy.to_server, &proxy.passed_up))
            return;
        if (fds[1].revents && !pass(server, client, &proxy.to_client, &proxy.passed_down))
            return;
    }
}

static void *proxy_live(void *unused)
{
    struct pollfd fds[] = {{.fd = proxy.listener, .events = POLLIN},
                           {.fd = proxy.stop[0], .events = POLLIN}};

    (void)unused;
    for (;;) {
        int client, server;

        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents)
            return NULL;
        client = accept(proxy.listener, NULL, NULL);
        server = connect_to_redis();
        relay(client, server);
        close(client);
        close(server);
    }
}

static void allow(long up, long down)
{
    atomic_store(&proxy.to_server, up);
    atomic_store(&proxy.to_client, down);
    atomic_store(&proxy.passed_up, 0);
    atomic_store(&proxy.passed_down, 0);
}

static int start(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, (const char *[]){"--enable-debug-command", "yes", NULL}, true);
    snprintf(proxy.socket, sizeof proxy.socket, "%s/proxy", redis.directory);
    snprintf(proxy.address, sizeof proxy.address, "unix:%s", proxy.socket);
    redis_settings(&settings, proxy.address);
    settings.redis_timeout_ms = 500;
    memcpy(address.sun_path, proxy.socket, strlen(proxy.socket));
    proxy.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(proxy.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy.listener, 20), 0);
    assert_int_equal(pipe(proxy.stop), 0);
    return pthread_create(&proxy.thread, NULL, proxy_live, NULL);
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(write(proxy.stop[1], "", 1), 1);
    pthread_join(proxy.thread, NULL);
    redis_remove(&redis);
    return 0;
}

static int write_batch(struct store *store)
{
    uint32_t day = clock_day(clock_now(), NULL);
    int64_t time = clock_of_day(day, 0);
    struct error why;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t id = id_make(day, UINT64_C(123450100001) + i * UINT64_C(9000000000));

        store_put_record(store, i % 2 + 1, id, slice_of("1 h i q\n1 mAb3dEf9012 mail"), i == 3);
        store_post_term(store, id, TERM_SENDER, slice_of("a@b"), i == 3);
        store_mark_state(store, id, 5, i ? STATE_FAILED : STATE_DELAYED, time);
    }
    store_put_gap(store, 1, slice_of("log"), time, time, slice_of("killed"), 1);
    store_put_counter(store, 1, time, "mails", 4);
    return store_flush(store, &why);
}

/* The content, and that every key of a day has its end. */
static char *snapshot(void)
{
    char *left =
        redis_ask(&redis, "EVAL \"local n = 0; for _, k in ipairs(redis.call('keys', '*')) "
                          "do if redis.call('ttl', k) == -1 then n = n + 1 end end; "
                          "return n\" 0");

    assert_string_equal(left, "2"); /* nodes, st:delayed */
    free(left);
    return redis_ask(&redis, "DEBUG DIGEST");
}

static void test_batch_cut_at_any_byte_and_sent_again_is_one_batch(void **state)
{
    struct store *store;
    struct error why;
    char *clean, *again;
    long up, down;

    (void)state;
    allow(1 << 20, 1 << 20);
    assert_int_equal(store_open(&store, &settings, &why), 0);
    assert_int_equal(write_batch(store), 0);
    up = atomic_load(&proxy.passed_up);
    down = atomic_load(&proxy.passed_down);
    clean = snapshot();
    store_close(&store);
    assert_true(up > 500 && down > 50);
    for (long cut = 1; cut < up + down; cut += cut < up ? 23 : 3) {
        free(redis_ask(&redis, "FLUSHALL"));
        allow(cut < up ? cut : 1 << 20, cut < up ? 1 << 20 : cut - up + 1);
        assert_int_equal(store_open(&store, &settings, &why), 0);
        if (cut < up + down - 1)
            assert_int_equal(write_batch(store), -1);
        allow(1 << 20, 1 << 20);
        if (write_batch(store)) /* the cut may be noticed only now */
            assert_int_equal(write_batch(store), 0);
        again = snapshot();
        assert_string_equal(clean, again);
        free(again);
        store_close(&store);
    }
    free(clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_cut_at_any_byte_and_sent_again_is_one_batch),
    };

    signal(SIGPIPE, SIG_DFL);
    return cmocka_run_group_tests_name("store retry", tests, start, stop);
}
