/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis: starts and stops a server of its own; it dies with the test. See redis.h.
 */
#include "redis.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waybill/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void run_server(const struct redis *redis)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis->socket, "--save", "",
           "--dir", redis->directory, "--daemonize", "no", (char *)NULL);
    _exit(127);
}

static void write_config(struct redis *redis)
{
    FILE *file;

    snprintf(redis->config, sizeof redis->config, "%s/waybill.conf", redis->directory);
    file = fopen(redis->config, "w");
    assert_non_null(file);
    /* Longer than the span of the mails that the tests make. */
    fprintf(file, "redis = \"unix:%s\"\nrefused_retention_days = 20\n", redis->socket);
    assert_int_equal(fclose(file), 0);
}

void redis_start(struct redis *redis)
{
    struct error why;

    strcpy(redis->directory, "/tmp/waybill-answer-XXXXXX");
    assert_non_null(mkdtemp(redis->directory));
    snprintf(redis->socket, sizeof redis->socket, "%s/socket", redis->directory);
    write_config(redis);
    redis->pid = fork();
    assert_true(redis->pid >= 0);
    if (redis->pid == 0)
        run_server(redis);
    if (settings_read(&redis->settings, redis->config, &why) != 0)
        fail_msg("%s", why.text);
    if (store_open(&redis->store, redis->settings, &why) != 0)
        fail_msg("%s", why.text);
    for (int tries = 0; store_connect(redis->store, &why) != 0; tries++) {
        if (tries > 200)
            fail_msg("%s", why.text);
        clock_sleep(50);
    }
}

void redis_stop(struct redis *redis)
{
    char command[160];

    store_close(&redis->store);
    settings_free(&redis->settings);
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
    snprintf(command, sizeof command, "rm -rf '%s'", redis->directory);
    assert_int_equal(system(command), 0);
}

void redis_flush(struct redis *redis)
{
    char command[160];

    snprintf(command, sizeof command, "redis-cli -s '%s' FLUSHALL >/dev/null", redis->socket);
    assert_int_equal(system(command), 0);
    /* What the writer knows of the keys in use is gone with them. */
    store_close(&redis->store);
    assert_int_equal(store_open(&redis->store, redis->settings, NULL), 0);
}
