/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buffer: the limit holds, an add is all or nothing, and the bytes are right.
 */
#include "waybill/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_empty_buffer_can_be_printed(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 10);
    assert_string_equal(buffer.data, "");
    buffer_cut(&buffer, 5);
    assert_int_equal(buffer.size, 0);
    buffer_free(&buffer);
    buffer_free(&buffer);
}

static void test_limit_can_be_reached_but_not_passed(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 5);
    assert_int_equal(buffer_add_text(&buffer, "12345"), 0);
    assert_string_equal(buffer.data, "12345");
    assert_int_equal(buffer_add_char(&buffer, '6'), -1);
    assert_string_equal(buffer.data, "12345");
    assert_true(buffer.failed);
    buffer_free(&buffer);
}

static void test_add_over_the_limit_adds_nothing_and_all_later_fail(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 5);
    buffer_add_text(&buffer, "ab");
    assert_int_equal(buffer_addf(&buffer, "%d", 12345), -1);
    assert_string_equal(buffer.data, "ab");
    assert_int_equal(buffer_add_char(&buffer, 'c'), -1);
    assert_int_equal(buffer_add(&buffer, NULL, 0), -1);
    buffer_clear(&buffer);
    assert_false(buffer.failed);
    assert_int_equal(buffer_add_char(&buffer, 'c'), 0);
    assert_string_equal(buffer.data, "c");
    buffer_free(&buffer);
}

static void test_room_for_the_caller_to_write_ends_where_it_was_asked_for(void **state)
{
    struct buffer buffer;
    char *room;

    (void)state;
    buffer_init(&buffer, 5);
    buffer_add_text(&buffer, "ab");
    room = buffer_extend(&buffer, 3);
    assert_ptr_equal(room, buffer.data + 2);
    memcpy(room, "cde", 3);
    assert_string_equal(buffer.data, "abcde");
    assert_null(buffer_extend(&buffer, 1));
    assert_string_equal(buffer.data, "abcde");
    assert_true(buffer.failed);
    buffer_free(&buffer);
}

static void test_absurd_sizes_do_not_wrap_around(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, SIZE_MAX);
    buffer_add_text(&buffer, "abc");
    assert_int_equal(buffer_add(&buffer, "x", SIZE_MAX - 2), -1);
    assert_string_equal(buffer.data, "abc");
    buffer_clear(&buffer);
    assert_int_equal(buffer_add(&buffer, "x", SIZE_MAX - 100), -1);
    buffer_free(&buffer);
    buffer_init(&buffer, 0);
    assert_int_equal(buffer_add(&buffer, "", 0), 0);
    assert_int_equal(buffer_add_char(&buffer, 'x'), -1);
    buffer_free(&buffer);
}

static void test_grown_buffer_keeps_its_bytes_and_its_end(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100000);
    for (int i = 0; i < 20000; i++)
        buffer_addf(&buffer, "%c", 'a' + i % 26);
    assert_int_equal(buffer.size, 20000);
    for (size_t i = 0; i < 20000; i++)
        assert_int_equal(buffer.data[i], 'a' + (int)(i % 26));
    assert_int_equal(buffer.data[20000], 0);
    buffer_cut(&buffer, 3);
    assert_string_equal(buffer.data, "abc");
    buffer_add(&buffer, "\0z", 2);
    assert_int_equal(buffer.size, 5);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_buffer_can_be_printed),
        cmocka_unit_test(test_limit_can_be_reached_but_not_passed),
        cmocka_unit_test(test_add_over_the_limit_adds_nothing_and_all_later_fail),
        cmocka_unit_test(test_room_for_the_caller_to_write_ends_where_it_was_asked_for),
        cmocka_unit_test(test_absurd_sizes_do_not_wrap_around),
        cmocka_unit_test(test_grown_buffer_keeps_its_bytes_and_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
