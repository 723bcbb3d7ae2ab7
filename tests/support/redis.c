/* SPDX-License-Identifier: BSD-2-Clause */
/* redis: a private redis-server for a test. */
#include "redis.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"

#define OPTIONS_MAX 40

void redis_prepare(struct redis *redis)
{
    *redis = (struct redis){0};
    strcpy(redis->directory, "/tmp/waybill-redis-XXXXXX");
    assert_non_null(mkdtemp(redis->directory));
    snprintf(redis->socket, sizeof redis->socket, "%s/redis", redis->directory);
    snprintf(redis->address, sizeof redis->address, "unix:%s", redis->socket);
}

/* Valkey, or another Redis, where it is named; see tests/support/valkey. */
static const char *redis_program(void)
{
    const char *named = getenv("WAYBILL_REDIS_SERVER");

    return named && *named ? named : "redis-server";
}

static void redis_become(const struct redis *redis, const char *const *options)
{
    const char *words[OPTIONS_MAX] = {redis_program(),
                                      "--unixsocket",
                                      redis->socket,
                                      "--dir",
                                      redis->directory,
                                      "--logfile",
                                      "log",
                                      "--save",
                                      "",
                                      "--daemonize",
                                      "no"};
    int count = 11;
    bool has_port = false;

    for (int i = 0; options && options[i]; i++) {
        assert_true(count < OPTIONS_MAX - 3);
        has_port |= strcmp(options[i], "--port") == 0;
        words[count++] = options[i];
    }
    if (!has_port) {
        words[count++] = "--port";
        words[count++] = "0";
    }
    words[count] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

static bool redis_answers(const struct redis *redis)
{
    char *answer = redis_ask(redis, "PING");
    bool answers = *answer && !strstr(answer, "Could not connect");

    free(answer);
    return answers;
}

void redis_start(struct redis *redis, const char *const *options, bool wait)
{
    int64_t until = clock_monotonic() + 15000;
    int status;

    unlink(redis->socket);
    redis->pid = fork();
    assert_true(redis->pid >= 0);
    if (redis->pid == 0)
        redis_become(redis, options);
    while (access(redis->socket, F_OK) || (wait && !redis_answers(redis))) {
        if (waitpid(redis->pid, &status, WNOHANG) == redis->pid) {
            redis->pid = 0;
            redis_remove(redis);
            fail_msg("%s did not start (is it installed?), status %x", redis_program(), status);
        }
        if (clock_monotonic() > until) {
            redis_remove(redis);
            fail_msg("%s does not answer", redis_program());
        }
        clock_sleep(10);
    }
}

void redis_stop(struct redis *redis)
{
    if (redis->pid <= 0)
        return;
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
    redis->pid = 0;
}

void redis_remove(struct redis *redis)
{
    redis_stop(redis);
    run_shell("rm -rf %s", redis->directory);
}

static char *redis_askv(const struct redis *redis, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static char *redis_askv(const struct redis *redis, const char *format, va_list arguments)
{
    char words[3000], command[4000];
    size_t size;
    char *answer = malloc(1 << 20);
    FILE *from;

    assert_non_null(answer);
    vsnprintf(words, sizeof words, format, arguments);
    snprintf(command, sizeof command, "redis-cli -s %s %s 2>&1", redis->socket, words);
    from = popen(command, "r");
    assert_non_null(from);
    size = fread(answer, 1, (1 << 20) - 1, from);
    pclose(from);
    while (size > 0 && answer[size - 1] == '\n')
        size--;
    answer[size] = '\0';
    return answer;
}

char *redis_ask(const struct redis *redis, const char *format, ...)
{
    va_list arguments;
    char *answer;

    va_start(arguments, format);
    answer = redis_askv(redis, format, arguments);
    va_end(arguments);
    return answer;
}

long long redis_number(const struct redis *redis, const char *format, ...)
{
    va_list arguments;
    long long number;
    char *answer;

    va_start(arguments, format);
    answer = redis_askv(redis, format, arguments);
    va_end(arguments);
    number = atoll(answer);
    free(answer);
    return number;
}

unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

void redis_settings(struct settings *settings, const char *address)
{
    *settings = (struct settings){.host = "mx1.example.org",
                                  .redis = (char *)(uintptr_t)address,
                                  .redis_prefix = "wb:",
                                  .redis_timeout_ms = 2000,
                                  .retention_days = 30,
                                  .refused_retention_days = 3,
                                  .audit_retention_days = 365,
                                  .events_kept = 1000};
}

void run_shell(const char *format, ...)
{
    char command[4000];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        fail_msg("cannot run: %s", command);
}
