/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread: no signal comes to one that was started here, and who starts it keeps his own.
 */
#include "waybill/thread.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STACK ((size_t)256 << 10)

struct seen {
    sigset_t blocked;
    size_t stack;
};

static void *look(void *context)
{
    struct seen *seen = context;
    pthread_attr_t attributes;

    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &seen->stack);
        pthread_attr_destroy(&attributes);
    }
    return NULL;
}

static void test_thread_gets_its_stack_and_no_signal(void **state)
{
    struct seen seen = {.stack = 0};
    sigset_t mine;
    pthread_t thread;

    (void)state;
    assert_int_equal(thread_start(&thread, STACK, look, &seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sigismember(&seen.blocked, SIGTERM), 1);
    assert_int_equal(sigismember(&seen.blocked, SIGINT), 1);
    assert_int_equal(seen.stack, STACK);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_int_equal(sigismember(&mine, SIGTERM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_gets_its_stack_and_no_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
