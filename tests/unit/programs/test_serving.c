/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serving: who serves is what the kernel says, and with a process its claim dies. Other processes
 * are children, since a lock is a process's own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "milter/programs/serving.h"

static char directory[] = "/tmp/waybill-serving-XXXXXX";
static char here[] = "unix:/run/here", there[] = "unix:/run/there";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    char path[100];

    (void)state;
    snprintf(path, sizeof path, "%s/serving", directory);
    unlink(path);
    return rmdir(directory);
}

static struct serving opened(char *listen)
{
    struct settings settings = {.listen = listen, .state_directory = directory};
    struct serving serving;
    struct error why;

    assert_int_equal(serving_open(&serving, &settings, &why), 0);
    return serving;
}

/* Another process that holds what `take` takes, until it is killed. */
static pid_t another(char *listen, bool (*take)(struct serving *))
{
    int pipes[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        struct serving serving = opened(listen);
        alarm(60); /* when a test fails nobody kills it */
        if (take(&serving) && write(pipes[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    return child;
}

static int end(pid_t child, int by)
{
    int status;

    if (by != 0)
        kill(child, by);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WTERMSIG(status);
}

static void test_a_place_is_one_processs_until_it_dies(void **state)
{
    struct serving serving = opened(here);
    pid_t other = another(here, serving_take);

    (void)state;
    assert_int_equal(serving_holder(&serving), other);
    assert_false(serving_take(&serving));
    end(other, SIGKILL);
    assert_int_equal(serving_holder(&serving), 0);
    assert_true(serving_take(&serving));
    serving_give(&serving);
    close(serving.file);
}

static void test_only_who_holds_the_place_is_sent_a_signal(void **state)
{
    struct serving serving = opened(here);
    pid_t other = another(here, serving_take);

    (void)state;
    assert_int_equal(serving_signal(&serving, SIGUSR2), other);
    assert_int_equal(end(other, 0), SIGUSR2);
    assert_int_equal(serving_signal(&serving, SIGUSR2), 0);
    assert_true(serving_take(&serving));
    assert_int_equal(serving_signal(&serving, SIGKILL), 0); /* never ourselves */
    serving_give(&serving);
    close(serving.file);
}

static void test_another_address_is_another_place(void **state)
{
    struct serving serving = opened(here);
    pid_t other = another(there, serving_take);

    (void)state;
    assert_int_equal(serving_holder(&serving), 0);
    assert_int_equal(serving_elsewhere(&serving), other);
    assert_true(serving_take(&serving));
    end(other, SIGKILL);
    assert_int_equal(serving_elsewhere(&serving), 0);
    serving_give(&serving);
    close(serving.file);
}

static void test_one_at_a_time_takes_over(void **state)
{
    struct serving serving = opened(here);
    pid_t other = another(there, serving_begin);

    (void)state;
    assert_false(serving_begin(&serving));
    assert_int_equal(serving_elsewhere(&serving), 0); /* to take over is not yet to serve */
    end(other, SIGKILL);
    assert_true(serving_begin(&serving));
    assert_true(serving_take(&serving)); /* and then it is over */
    end(another(there, serving_begin), SIGKILL);
    serving_give(&serving);
    close(serving.file);
}

static void test_a_directory_that_is_not_there_is_told(void **state)
{
    struct settings settings = {.listen = here, .state_directory = (char[]){"/nowhere"}};
    struct serving serving;
    struct error why;

    (void)state;
    assert_int_equal(serving_open(&serving, &settings, &why), -1);
    assert_non_null(strstr(why.text, "'/nowhere/serving'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_place_is_one_processs_until_it_dies),
        cmocka_unit_test(test_only_who_holds_the_place_is_sent_a_signal),
        cmocka_unit_test(test_another_address_is_another_place),
        cmocka_unit_test(test_one_at_a_time_takes_over),
        cmocka_unit_test(test_a_directory_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
