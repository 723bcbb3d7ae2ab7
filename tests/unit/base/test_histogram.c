/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * histogram: each span in the one bucket where it belongs, and none lost by threads.
 */
#include "waybill/histogram.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#define US INT64_C(1000)

static void test_a_bound_belongs_to_the_bucket_below_it(void **state)
{
    struct histogram histogram = {0};
    struct histogram_reading reading;

    (void)state;
    histogram_add(&histogram, 0);
    histogram_add(&histogram, 5 * US);
    histogram_add(&histogram, 5 * US + 1);
    histogram_add(&histogram, 1000000 * US);
    histogram_add(&histogram, 1000000 * US + 1);
    histogram_read(&histogram, &reading);
    assert_int_equal(reading.bucket[0], 2);
    assert_int_equal(reading.bucket[1], 1);
    assert_int_equal(reading.bucket[HISTOGRAM_BOUND_COUNT - 1], 1);
    assert_int_equal(reading.bucket[HISTOGRAM_BOUND_COUNT], 1);
    assert_int_equal(reading.count, 5);
    assert_int_equal(reading.nanoseconds, 2 * 5 * US + 1 + 2 * 1000000 * US + 1);
}

static void test_a_clock_that_went_back_adds_no_time(void **state)
{
    struct histogram histogram = {0};
    struct histogram_reading reading;

    (void)state;
    histogram_add(&histogram, -7 * US);
    histogram_read(&histogram, &reading);
    assert_int_equal(reading.bucket[0], 1);
    assert_int_equal(reading.nanoseconds, 0);
}

static void test_over_counts_what_took_longer_and_nothing_else(void **state)
{
    struct histogram histogram = {0};
    struct histogram_reading reading;

    (void)state;
    histogram_add(&histogram, 100000 * US);
    histogram_add(&histogram, 100000 * US + 1);
    histogram_add(&histogram, 2000000 * US);
    histogram_read(&histogram, &reading);
    assert_int_equal(histogram_over(&reading, 100000), 2);
    assert_int_equal(histogram_over(&reading, 1000000), 1);
    assert_int_equal(histogram_over(&reading, 5), 3);
}

static void test_bounds_rise(void **state)
{
    (void)state;
    for (size_t i = 1; i < HISTOGRAM_BOUND_COUNT; i++)
        assert_true(histogram_bounds[i - 1] < histogram_bounds[i]);
}

enum { THREADS = 4, ADDS = 20000 };

static void *add_many(void *context)
{
    for (int i = 0; i < ADDS; i++)
        histogram_add(context, i % 2 == 0 ? US : 20 * US);
    return NULL;
}

static void test_threads_lose_nothing(void **state)
{
    struct histogram histogram = {0};
    struct histogram_reading reading;
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &histogram), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    histogram_read(&histogram, &reading);
    assert_int_equal(reading.bucket[0], THREADS * ADDS / 2);
    assert_int_equal(reading.bucket[2], THREADS * ADDS / 2);
    assert_int_equal(reading.count, THREADS * ADDS);
    assert_int_equal(reading.nanoseconds, THREADS * ADDS / 2 * 21 * US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bound_belongs_to_the_bucket_below_it),
        cmocka_unit_test(test_a_clock_that_went_back_adds_no_time),
        cmocka_unit_test(test_over_counts_what_took_longer_and_nothing_else),
        cmocka_unit_test(test_bounds_rise),
        cmocka_unit_test(test_threads_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
