/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: what servers write where a date belongs.
 */
#include "../../../../milter/observe/report/date.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* 2026-11-21 20:41:04 UTC */
#define EVENING INT64_C(1795293664000)

static int64_t read_date(const char *text)
{
    return date_read(slice_of(text));
}

static void test_date_of_the_standard_with_its_zone(void **state)
{
    (void)state;
    assert_int_equal(read_date("Sat, 21 Nov 2026 20:41:04 +0000 (UTC)"), EVENING);
    assert_int_equal(read_date("Sat, 21 Nov 2026 21:41:04 +0100"), EVENING);
    assert_int_equal(read_date("21 Nov 2026 12:11:04 -0830"), EVENING);
    assert_int_equal(read_date("Sat, 21 Nov 2026 20:41 +0000"), EVENING - 4000);
}

static void test_obsolete_zones_and_years(void **state)
{
    (void)state;
    assert_int_equal(read_date("Sat, 21 Nov 26 20:41:04 GMT"), EVENING);
    assert_int_equal(read_date("Sat, 21 Nov 2026 12:41:04 PST"), EVENING);
    assert_int_equal(read_date("Sat, 21 Nov 2026 15:41:04 EST"), EVENING);
    assert_int_equal(read_date("1 Jan 99 00:00:01 UT"), 0);
    assert_int_equal(read_date("1 Jan 126 00:00:00 GMT"), INT64_C(1767225600000));
}

static void test_other_orders_of_the_words(void **state)
{
    (void)state;
    assert_int_equal(read_date("Sat Nov 21 20:41:04 2026"), EVENING);
    assert_int_equal(read_date("21-Nov-2026 20:41:04 GMT"), EVENING);
    assert_int_equal(read_date("(a (nested) note) 21 November 2026 (again) 20:41:04"), EVENING);
}

static void test_what_is_no_date_is_none(void **state)
{
    (void)state;
    assert_int_equal(read_date(""), 0);
    assert_int_equal(read_date("yesterday"), 0);
    assert_int_equal(read_date("31 Feb 2026 10:00:00"), 0);
    assert_int_equal(read_date("0 Mar 2026 10:00:00"), 0);
    assert_int_equal(read_date("21 Nov 2026"), 0);
    assert_int_equal(read_date("21 Nov 2026 25:00:00"), 0);
    assert_int_equal(read_date("21 Nov 99999999999999999999 10:00:00"), 0);
    assert_int_equal(read_date("((((((("), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date_of_the_standard_with_its_zone),
        cmocka_unit_test(test_obsolete_zones_and_years),
        cmocka_unit_test(test_other_orders_of_the_words),
        cmocka_unit_test(test_what_is_no_date_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
