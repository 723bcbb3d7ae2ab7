/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deadline: who is late is shut down, who is not is left alone, and a place comes back.
 */
#include "waybill/deadline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"

#define PLACES 2

static struct deadline table[PLACES];
static int pairs[PLACES][2];

static int begin(void **state)
{
    (void)state;
    memset(table, 0, sizeof table);
    for (int i = 0; i < PLACES; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < PLACES; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    return 0;
}

static bool is_open(int i)
{
    char byte;

    return recv(pairs[i][1], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void test_late_one_is_shut_down_and_no_other(void **state)
{
    (void)state;
    assert_non_null(deadline_take(table, PLACES, pairs[0][0], 1000));
    assert_non_null(deadline_take(table, PLACES, pairs[1][0], DEADLINE_NEVER));
    assert_int_equal(deadline_end_late(table, PLACES, 400), 600);
    assert_true(is_open(0));
    assert_int_equal(deadline_end_late(table, PLACES, 1000), SECOND_MS);
    assert_false(is_open(0));
    assert_true(is_open(1));
}

static void test_place_that_was_freed_is_taken_again(void **state)
{
    struct deadline *first = deadline_take(table, PLACES, pairs[0][0], 1000);

    (void)state;
    assert_non_null(deadline_take(table, PLACES, pairs[1][0], 5000));
    assert_null(deadline_take(table, PLACES, pairs[1][0], 5000));
    deadline_free(first);
    deadline_free(NULL);
    assert_int_equal(deadline_end_late(table, PLACES, 2000), SECOND_MS);
    assert_true(is_open(0));
    assert_ptr_equal(deadline_take(table, PLACES, pairs[0][0], 3000), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_late_one_is_shut_down_and_no_other, begin, end),
        cmocka_unit_test_setup_teardown(test_place_that_was_freed_is_taken_again, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
