/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition: the very bytes that Prometheus reads.
 */
#include "waybill/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct metric plain = {
    "waybill_things_total", METRIC_COUNTER, {NULL}, "Things; \\ and \n are escaped"};
static const struct metric labelled = {
    "waybill_things_by", METRIC_GAUGE, {"kind", "place"}, "Things by \"kind\""};
static const struct metric spans = {"waybill_spans_seconds", METRIC_HISTOGRAM, {"phase"}, "Spans"};

static struct exposition exposition;

static int set_up(void **state)
{
    (void)state;
    exposition_init(&exposition, 1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    exposition_free(&exposition);
    return 0;
}

static void test_a_counter_has_help_type_and_value(void **state)
{
    (void)state;
    exposition_count(&exposition, &plain, NULL, UINT64_MAX);
    assert_string_equal(exposition.text.data,
                        "# HELP waybill_things_total Things; \\\\ and \\n are escaped\n"
                        "# TYPE waybill_things_total counter\n"
                        "waybill_things_total 18446744073709551615\n");
}

static void test_help_stands_once_for_all_samples(void **state)
{
    (void)state;
    exposition_count(&exposition, &labelled, (struct slice[]){slice_of("a"), slice_of("b")}, 1);
    exposition_count(&exposition, &labelled, (struct slice[]){slice_of("a"), slice_of("")}, 2);
    exposition_count(&exposition, &plain, NULL, 3);
    assert_string_equal(exposition.text.data,
                        "# HELP waybill_things_by Things by \"kind\"\n"
                        "# TYPE waybill_things_by gauge\n"
                        "waybill_things_by{kind=\"a\",place=\"b\"} 1\n"
                        "waybill_things_by{kind=\"a\",place=\"\"} 2\n"
                        "# HELP waybill_things_total Things; \\\\ and \\n are escaped\n"
                        "# TYPE waybill_things_total counter\n"
                        "waybill_things_total 3\n");
}

static void test_no_label_gets_out_of_its_quotes(void **state)
{
    static const char *const cases[][2] = {
        {"a\"} 1\nwaybill_forged 2", "{kind=\"a\\\"} 1\\nwaybill_forged 2\",place=\"\"} 7\n"},
        {"back\\slash\\", "{kind=\"back\\\\slash\\\\\",place=\"\"} 7\n"},
        {"gr\xc3\xbc\xc3\x9f", "{kind=\"gr\xc3\xbc\xc3\x9f\",place=\"\"} 7\n"},
        {"bad\xff\xc3", "{kind=\"bad\?\?\",place=\"\"} 7\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exposition_free(&exposition);
        exposition_init(&exposition, 1 << 16);
        exposition_count(&exposition, &labelled,
                         (struct slice[]){slice_of(cases[i][0]), SLICE_ABSENT}, 7);
        assert_string_equal(strrchr(exposition.text.data, '{'), cases[i][1]);
    }
}

static void test_a_time_keeps_its_milliseconds(void **state)
{
    (void)state;
    exposition_real(&exposition, &plain, NULL, 1763800000.123);
    assert_non_null(strstr(exposition.text.data, "waybill_things_total 1763800000.123\n"));
}

static void test_buckets_are_cumulated_and_the_last_is_the_count(void **state)
{
    struct histogram histogram = {0};
    struct histogram_reading reading;
    const char *text;

    (void)state;
    histogram_add(&histogram, 3000);
    histogram_add(&histogram, 4000);
    histogram_add(&histogram, 20000000);
    histogram_add(&histogram, 5000000000);
    histogram_read(&histogram, &reading);
    exposition_histogram(&exposition, &spans, (struct slice[]){slice_of("eom")}, &reading);
    text = exposition.text.data;
    assert_non_null(strstr(text, "# TYPE waybill_spans_seconds histogram\n"
                                 "waybill_spans_seconds_bucket{phase=\"eom\",le=\"5e-06\"} 2\n"
                                 "waybill_spans_seconds_bucket{phase=\"eom\",le=\"1e-05\"} 2\n"));
    assert_non_null(strstr(text, "{phase=\"eom\",le=\"0.01\"} 2\n"));
    assert_non_null(strstr(text, "{phase=\"eom\",le=\"0.025\"} 3\n"));
    assert_non_null(strstr(text, "{phase=\"eom\",le=\"1\"} 3\n"
                                 "waybill_spans_seconds_bucket{phase=\"eom\",le=\"+Inf\"} 4\n"
                                 "waybill_spans_seconds_sum{phase=\"eom\"} 5.020007\n"
                                 "waybill_spans_seconds_count{phase=\"eom\"} 4\n"));
}

static void test_what_is_too_long_fails_as_a_whole(void **state)
{
    struct exposition small;

    (void)state;
    exposition_init(&small, 200);
    for (int i = 0; i < 10; i++)
        exposition_count(&small, &plain, NULL, 1);
    assert_true(small.text.failed);
    assert_true(small.text.size <= 200);
    exposition_free(&small);
}

static void test_the_process_knows_itself(void **state)
{
    struct process_figures before, after;
    int fds[2];

    (void)state;
    assert_int_equal(process_read(&before), 0);
    assert_true(before.resident_bytes > 100000 && before.resident_bytes < before.virtual_bytes);
    assert_int_equal(before.threads, 1);
    assert_true(before.max_fds >= before.open_fds && before.open_fds >= 1);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(process_read(&after), 0);
    assert_int_equal(after.open_fds, before.open_fds + 2);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_counter_has_help_type_and_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_help_stands_once_for_all_samples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_label_gets_out_of_its_quotes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_keeps_its_milliseconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buckets_are_cumulated_and_the_last_is_the_count,
                                        set_up, tear_down),
        cmocka_unit_test(test_what_is_too_long_fails_as_a_whole),
        cmocka_unit_test(test_the_process_knows_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
