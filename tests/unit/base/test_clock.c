/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: days against the C library, what people type, zones and summer time.
 */
#include "waybill/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

/* Against the C library, over all days of the century and their borders. */
static void test_days_agree_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = 10957; day <= 47481; day++) {
        time_t seconds = (time_t)(day * 86400 + 86399);
        struct tm utc;
        uint32_t second, number = clock_day(seconds * SECOND_MS + 999, &second);
        gmtime_r(&seconds, &utc);
        assert_int_equal(number, (utc.tm_year - 100) * 10000 + (utc.tm_mon + 1) * 100 + utc.tm_mday);
        assert_int_equal(second, 86399);
        assert_true(clock_of_day(number, second) == seconds * SECOND_MS);
    }
}

static void test_day_add_crosses_months_and_leap_days(void **state)
{
    (void)state;
    assert_int_equal(clock_day_add(240228, 1), 240229);
    assert_int_equal(clock_day_add(250228, 1), 250301);
    assert_int_equal(clock_day_add(251231, 1), 260101);
    assert_int_equal(clock_day_add(260101, -1), 251231);
    assert_int_equal(clock_day_add(251121, -400), 241017);
}

static void test_moments_outside_the_century_stay_at_its_ends(void **state)
{
    uint32_t second;

    (void)state;
    assert_int_equal(clock_day(0, &second), 101);
    assert_int_equal(clock_day(-1, &second), 101);
    assert_int_equal(second, 86399);
    assert_int_equal(clock_day(INT64_C(9000000000000000), NULL), 991231);
}

static void test_texts(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    clock_rfc3339(1763733789123, text);
    assert_string_equal(text, "2025-11-21T14:03:09.123Z");
    clock_rfc3339(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    zone("Europe/Berlin");
    clock_text(1763733789123, 0, text);
    assert_string_equal(text, "2025-11-21 15:03:09");
    clock_text(1763733789123, 1, text);
    assert_string_equal(text, "2025-11-21 15:03:09.123");
    clock_text(-1, 1, text);
    assert_string_equal(text, "1970-01-01 00:59:59.999");
}

static void test_spans(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0.0 s"},        {400, "0.4 s"},
        {9949, "9.9 s"},     {9950, "9 s"},
        {59999, "59 s"},     {60000, "1 min"},
        {200000, "3 min 20 s"}, {7500000, "2 h 5 min"},
        {DAY_MS, "1 d"},     {4 * DAY_MS + 2 * HOUR_MS, "4 d 2 h"},
        {-400, "-0.4 s"},    {-3 * MINUTE_MS, "-3 min"},
    };
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clock_span(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
    clock_span(INT64_MIN, text);
    assert_true(strlen(text) < sizeof text);
    clock_span(INT64_MAX, text);
    assert_true(strlen(text) < sizeof text);
}

#define NOW INT64_C(1763733789000) /* 2025-11-21 14:03:09 UTC */

static void assert_moment(const char *text, int64_t expected)
{
    struct error why;
    int64_t ms = 0;

    if (clock_parse(slice_of(text), NOW, &ms, &why) != 0)
        fail_msg("%s: %s", text, why.text);
    if (ms != expected)
        fail_msg("%s: got %lld, want %lld", text, (long long)ms, (long long)expected);
}

static void test_forms_that_people_type(void **state)
{
    (void)state;
    zone("Europe/Berlin");
    assert_moment("now", NOW);
    assert_moment("2025-11-21", 1763679600000);
    assert_moment("2025-11-21 15:03", 1763733780000);
    assert_moment("2025-11-21 15:03:09", NOW);
    assert_moment("  2025-11-21T15:03:09 ", NOW);
    assert_moment("2025-11-21T14:03:09Z", NOW);
    assert_moment("2025-11-21 14:03:09z", NOW);
    assert_moment("2025-11-21 19:33:09+05:30", NOW);
    assert_moment("2025-11-21 09:03:09-0500", NOW);
    assert_moment("15:03", 1763733780000);
    assert_moment("15:03:09", NOW);
    assert_moment("-45s", NOW - 45000);
    assert_moment("-30m", NOW - 30 * MINUTE_MS);
    assert_moment("-2h", NOW - 2 * HOUR_MS);
    assert_moment("-3d", NOW - 3 * DAY_MS);
    assert_moment("-1w", NOW - 7 * DAY_MS);
}

/* On 2025-10-26 Berlin's 02:30 comes twice, on 2025-03-30 never. */
static void test_summer_time_is_the_zones_affair(void **state)
{
    struct error why;
    int64_t ms;

    (void)state;
    zone("Europe/Berlin");
    assert_moment("2025-07-01 12:00", 1751364000000); /* 10:00 UTC */
    assert_moment("2025-12-01 12:00", 1764586800000); /* 11:00 UTC */
    assert_moment("2025-10-26 04:00", 1761447600000); /* 03:00 UTC */
    assert_moment("2025-10-26 00:30", 1761431400000); /* 22:30 UTC of the day before */
    assert_int_equal(clock_parse(slice_of("2025-10-26 02:30"), NOW, &ms, &why), 0);
    assert_true(ms == 1761438600000 || ms == 1761442200000);
    assert_int_equal(clock_parse(slice_of("2025-03-30 02:30"), NOW, &ms, &why), 0);
    assert_true(ms == 1743294600000 || ms == 1743298200000);
    zone("America/New_York");
    assert_moment("2025-11-21", 1763701200000);
    assert_moment("1969-12-31 18:59:59", -1000);
}

static void test_what_is_no_moment_is_refused_with_the_forms(void **state)
{
    static const char *const bad[] = {
        "",           "yesterday",        "2025",          "2025-11",       "2025-13-01",
        "2025-02-29", "2025-11-31",       "2025-11-21 25:00", "2025-11-21 12:60", "12",
        "12:3",       "-2",               "-h",            "-2y",           "2h",
        "-2h30m",     "-99999999999999999999h", "-2000000w", "2025-11-21X12:00",
        "2025-11-21 12:00 UTC", "2025-11-21 12:00+99:00", "2025-11-21Z", "14:03Z",
        "20251-01-01", "2025-1-1", "2025-11-21 12:00:00.5", "- 2h", "--2h",
    };
    struct error why;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = 77;
        if (clock_parse(slice_of(bad[i]), NOW, &ms, &why) != -1)
            fail_msg("'%s' was taken", bad[i]);
        assert_non_null(strstr(why.text, "-2h"));
    }
}

static void test_sleep_waits_and_monotonic_moves(void **state)
{
    int64_t before = clock_monotonic();

    (void)state;
    clock_sleep(20);
    clock_sleep(-5);
    assert_true(clock_monotonic() - before >= 20);
    assert_true(clock_now() > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_agree_with_the_c_library),
        cmocka_unit_test(test_day_add_crosses_months_and_leap_days),
        cmocka_unit_test(test_moments_outside_the_century_stay_at_its_ends),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_forms_that_people_type),
        cmocka_unit_test(test_summer_time_is_the_zones_affair),
        cmocka_unit_test(test_what_is_no_moment_is_refused_with_the_forms),
        cmocka_unit_test(test_sleep_waits_and_monotonic_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
