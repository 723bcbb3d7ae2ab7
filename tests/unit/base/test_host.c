/* SPDX-License-Identifier: BSD-2-Clause */
/* Which names are one host's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "waybill/host.h"

static bool same(const char *a, const char *b)
{
    bool there = host_same(slice_of(a), slice_of(b));
    assert_int_equal(there, host_same(slice_of(b), slice_of(a)));
    return there;
}

static void test_a_host_has_a_short_name_and_a_long_one(void **state)
{
    (void)state;
    assert_true(same("mx1.example.org", "mx1.example.org"));
    assert_true(same("mx1", "MX1.Example.org"));
    assert_true(same("Mx1", "mx1"));
    assert_false(same("mx1", "mx2.example.org"));
    assert_false(same("mx1", "mx10"));
}

static void test_two_long_names_are_two_hosts(void **state)
{
    (void)state;
    assert_false(same("mx1.example.org", "mx1.example.net"));
    assert_false(same("mx1.example.org", "mx1.example.org.example.net"));
}

static void test_an_absent_name_fits_every_host_and_an_empty_one_none(void **state)
{
    (void)state;
    assert_true(host_same(SLICE_ABSENT, slice_of("mx1.example.org")));
    assert_true(host_same(slice_of("mx1"), SLICE_ABSENT));
    assert_false(same("", "mx1.example.org"));
}

static void test_a_log_that_names_nobody_speaks_of_no_host(void **state)
{
    (void)state;
    assert_true(host_fits(slice_of("mx1.example.org"), slice_of("mx1")));
    assert_false(host_fits(slice_of("mx1.example.org"), slice_of("mx1.example.net")));
    assert_false(host_fits(slice_of("mx1"), SLICE_ABSENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_host_has_a_short_name_and_a_long_one),
        cmocka_unit_test(test_two_long_names_are_two_hosts),
        cmocka_unit_test(test_an_absent_name_fits_every_host_and_an_empty_one_none),
        cmocka_unit_test(test_a_log_that_names_nobody_speaks_of_no_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
