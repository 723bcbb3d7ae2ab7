/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of Postfix's delays=: its first number holds the waiting between two tries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../../milter/answer/cli/delays.h"

static void assert_words(const char *delays, enum delays_wait wait, const char *expected)
{
    struct buffer words;
    double seconds[4];

    buffer_init(&words, 1000);
    assert_true(delays_read(slice_of(delays), seconds));
    assert_int_equal(delays_words(seconds, wait, &words), 0);
    assert_string_equal(words.data, expected);
    buffer_free(&words);
}

static void test_the_first_number_is_called_what_it_holds(void **state)
{
    (void)state;
    assert_words("2.5/0.0017/0.22/0.73", DELAYS_FIRST_TRY,
                 "2.5 s before the queue, 0.0 s waiting for its turn, 0.2 s connecting, "
                 "0.7 s sending; most of it before the queue");
    assert_words("300/0/0/0.1", DELAYS_RETRIED,
                 "5 min arriving and waiting to be tried again, 0.0 s waiting for its turn, "
                 "0.0 s connecting, 0.1 s sending; most of it arriving and waiting to be tried "
                 "again");
    assert_words("7200/0/0/0", DELAYS_HELD,
                 "2 h arriving and on hold, 0.0 s waiting for its turn, 0.0 s connecting, "
                 "0.0 s sending; most of it arriving and on hold");
}

static void test_no_time_at_all_blames_nobody(void **state)
{
    (void)state;
    assert_words("0.1/0/0/0.2", DELAYS_FIRST_TRY,
                 "0.1 s before the queue, 0.0 s waiting for its turn, 0.0 s connecting, "
                 "0.2 s sending");
}

static void test_what_is_no_delays_is_not_read(void **state)
{
    static const char *const texts[] = {"", "1", "1/2/3", "1/2/3/4/5", "1/2/3/x", "1/2//4", "1./2/3/4",
                                        "-1/2/3/4", "1/2/3/4 "};
    double seconds[4];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (delays_read(slice_of(texts[i]), seconds))
            fail_msg("'%s' was read", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_number_is_called_what_it_holds),
        cmocka_unit_test(test_no_time_at_all_blames_nobody),
        cmocka_unit_test(test_what_is_no_delays_is_not_read),
    };

    return cmocka_run_group_tests_name("delays", tests, NULL, NULL);
}
