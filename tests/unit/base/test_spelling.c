/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spelling: how far words are from each other, both ways round.
 */
#include "waybill/spelling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_letters_that_differ_are_counted(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned far;
    } rows[] = {
        {"", "", 0},
        {"redis", "redis", 0},
        {"Redis", "rEDIS", 0},
        {"", "redis", 5},
        {"redi", "redis", 1},
        {"rediss", "redis", 1},
        {"radis", "redis", 1},
        {"rdeis", "redis", 1}, /* neighbours swapped */
        {"sidre", "redis", 4},
        {"kitten", "sitting", 3},
        {"ab", "b", 1},
        {"abc", "ca", 3}, /* what was swapped is not touched again */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(spelling_difference(slice_of(rows[i].a), slice_of(rows[i].b)),
                         rows[i].far);
        assert_int_equal(spelling_difference(slice_of(rows[i].b), slice_of(rows[i].a)),
                         rows[i].far);
    }
}

static void test_long_words_are_like_nothing(void **state)
{
    static const char longest[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; /* one too long */

    (void)state;
    assert_int_equal(sizeof longest - 1, SPELLING_MAX + 1);
    assert_int_equal(spelling_difference(slice_of(longest), slice_of(longest)), SPELLING_MAX);
    assert_int_equal(spelling_difference(slice_of("x"), slice_of(longest)), SPELLING_MAX);
    assert_int_equal(spelling_difference(slice_of(longest + 1), slice_of(longest + 1)), 0);
    assert_int_equal(spelling_difference(slice_of(""), slice_of(longest + 1)), SPELLING_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters_that_differ_are_counted),
        cmocka_unit_test(test_long_words_are_like_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
