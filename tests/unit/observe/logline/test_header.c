/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in front of a log message, in all the ways that syslogds write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "one.h"
#include "waybill/clock.h"

static int64_t at(uint32_t day, unsigned hour, unsigned minute, unsigned second)
{
    return clock_of_day(day, (hour * 60 + minute) * 60 + second);
}

static bool read_text(const char *text, int64_t now, struct logline *line)
{
    return one_line(slice_of(text), now, line);
}

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void test_every_form_of_header_gives_the_same_line(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "Nov  4 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "Nov 04 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "Nov 4 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "<22>Nov  4 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "2026-11-04T20:55:43Z mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "<22>2026-11-04T20:55:43.000123+00:00 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "2026-11-04T21:55:43+01:00 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "2026-11-04T12:25:43-0830 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "2026-11-04T20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "2026-11-04 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "Nov  4 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]\r",
        "  Nov  4 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "<mail.notice>Nov  4 20:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "Nov  4 20:55:43 <mail.info> mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "Nov  4 20:55:43 mx mail.info postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "2026 Nov  4 20:55:43.000 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "Nov  4 20:55:43,000 mx postfix/smtpd[27735]: connect from a[192.0.2.1]",
        "<22>1 2026-11-04T20:55:43Z mx postfix/smtpd 27735 - - connect from a[192.0.2.1]",
        "<22>1 2026-11-04T20:55:43Z mx postfix/smtpd 27735 ID1 [a@1 b=\"\\]\\\"[\"][c] "
        "\xef\xbb\xbf" "connect from a[192.0.2.1]",
        "Nov  4 20:55:43 dock docker/abc[9]: 2026-11-04T20:55:43Z mx postfix/smtpd[27735]: connect "
        "from a[192.0.2.1]",
        "Nov  4 20:55:43 dock conmon[9]: <22>Nov  4 19:55:43 mx postfix/smtpd[27735]: connect from "
        "a[192.0.2.1]",
        "{\"log\":\"Nov  4 19:55:43 mx postfix/smtpd[27735]: connect from a[192.0.2.1]\\n\","
        "\"stream\":\"stdout\",\"time\":\"2026-11-04T20:55:43Z\"}",
        "{\"log\":\"2026-11-04T20:55:43Z mx postfix/smtpd[27735]: connect from a[192.0.2.1]\\r\\n\","
        "\"stream\":\"stderr\",\"attrs\":\"x\",\"time\":\"2026-11-04T22:22:22.1234567Z\"}",
        "2026-11-04T20:55:43Z stdout F Nov  4 19:55:43 mx postfix/smtpd[27735]: connect from "
        "a[192.0.2.1]",
        "2026-11-04T22:22:22.123456789Z stderr F 2026-11-04T21:55:43+01:00 mx "
        "postfix/smtpd[27735]: connect from a[192.0.2.1]",
    };
    zone("UTC");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct logline line;
        if (!read_text(forms[i], at(261121, 0, 0, 0), &line) ||
            line.time != at(261104, 20, 55, 43) || !slice_is(line_value(&line, LINE_HOST), "mx") ||
            !slice_is(line_value(&line, LINE_PROGRAM), "postfix/smtpd") ||
            !slice_is(line_value(&line, LINE_PID), "27735") ||
            !slice_is(line.body, "connect from a[192.0.2.1]"))
            fail_msg("%s", forms[i]);
    }
}

static void test_fractions_of_a_second_are_kept_as_ms(void **state)
{
    (void)state;
    struct logline line;
    assert_true(read_text("2026-11-21T20:55:43.123456+00:00 mx a/b[1]: m", 0, &line));
    assert_int_equal(line.time, at(261121, 20, 55, 43) + 123);
    assert_true(read_text("2026-11-21T20:55:43.5Z mx a/b[1]: m", 0, &line));
    assert_int_equal(line.time, at(261121, 20, 55, 43) + 500);
}

static void test_a_header_tells_whether_it_knows_parts_of_a_second(void **state)
{
    (void)state;
    struct logline line;
    assert_true(read_text("2026-11-21T20:55:43.000+00:00 mx a/b[1]: m", 0, &line));
    assert_false(line.whole_seconds);
    assert_true(read_text("2026-11-21T20:55:43Z mx a/b[1]: m", 0, &line));
    assert_true(line.whole_seconds);
    assert_true(read_text("Nov 21 20:55:43.250 mx a/b[1]: m", at(261122, 0, 0, 0), &line));
    assert_false(line.whole_seconds);
    assert_int_equal(line.time % 1000, 250);
}

static void test_nuls_in_front_of_a_line_are_nothing(void **state)
{
    (void)state;
    static const char text[] = "\0\0\0Nov 21 20:55:43 mx a/b[1]: m";
    struct logline line;
    assert_true(one_line(slice_make(text, sizeof text - 1), at(261122, 0, 0, 0), &line));
    assert_true(slice_is(line.body, "m"));
    assert_int_equal(line.raw.size, sizeof text - 1);
}

static void test_a_line_without_a_host_has_none(void **state)
{
    (void)state;
    struct logline line;
    assert_true(read_text("Nov 21 20:55:43 postfix/smtpd[7]: m: n", at(261122, 0, 0, 0), &line));
    assert_false(line_has(&line, LINE_HOST));
    assert_true(slice_is(line_value(&line, LINE_PROGRAM), "postfix/smtpd"));
    assert_true(slice_is(line.body, "m: n"));
}

static void test_only_what_passes_logs_on_has_an_inner_header(void **state)
{
    (void)state;
    struct logline line;
    assert_true(read_text("Nov 21 20:55:43 mx dock[1]: Nov 21 20:55:43 in postfix/smtpd[7]: m",
                          at(261122, 0, 0, 0), &line));
    assert_true(slice_is(line_value(&line, LINE_HOST), "mx"));
    assert_true(read_text("Nov 21 20:55:43 mx docker[1]: no header: m", at(261122, 0, 0, 0), &line));
    assert_true(slice_is(line_value(&line, LINE_PROGRAM), "docker"));
    assert_true(slice_is(line.body, "no header: m"));
    static const char *const none[] = {
        "{\"log\":\"no header\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-04T20:55:43Z\"}",
        "{\"log\":\"Nov 21 20:55:43 in postfix/smtpd[7]: m\",\"time\":\"2026",
        "{\"log\":7,\"time\":\"2026-11-04T20:55:43Z\"}",
        "{\"log\":null}",
        "2026-11-04T20:55:43Z stdout P Nov 21 20:55:43 in postfix/smtpd[7]: half a l",
        "2026-11-04T20:55:43Z stdout F no header",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        if (read_text(none[i], at(261122, 0, 0, 0), &line))
            fail_msg("%s", none[i]);
}

/* A container's clock is often UTC, whatever its host's is. */
static void test_an_inner_time_without_a_zone_does_not_count(void **state)
{
    (void)state;
    struct logline line;
    assert_true(read_text("2026-05-02T22:56:18+02:00 mx docker[1]: May  2 18:00:00 in a/b[7]: m",
                          at(261122, 0, 0, 0), &line));
    assert_int_equal(line.time, at(260502, 20, 56, 18));
    assert_true(slice_is(line_value(&line, LINE_HOST), "in"));
}

static void test_a_repeated_line_stands_for_so_many(void **state)
{
    (void)state;
    struct logline line;
    assert_true(read_text("Nov 21 20:55:43 mx a/b[1]: message repeated 3 times: [ x [y]]",
                          at(261122, 0, 0, 0), &line));
    assert_int_equal(line.repeated, 3);
    assert_true(slice_is(line.body, "x [y]"));
    assert_true(read_text("Nov 21 20:55:43 mx a/b[1]: message repeated 99999999999 times: [ x]",
                          at(261122, 0, 0, 0), &line));
    assert_int_equal(line.repeated, 1000);
    assert_true(read_text("Nov 21 20:55:43 mx a/b[1]: message repeated 3 times: [ x",
                          at(261122, 0, 0, 0), &line));
    assert_int_equal(line.repeated, 1);
}

static void test_year_is_the_last_one_that_is_not_in_the_future(void **state)
{
    (void)state;
    struct logline line;
    zone("UTC");
    /* December read in January */
    assert_true(read_text("Dec 31 23:59:58 mx a/b[1]: m", at(270101, 0, 0, 3), &line));
    assert_int_equal(line.time, at(261231, 23, 59, 58));
    /* a sender whose clock runs ahead over New Year's Eve */
    assert_true(read_text("Jan  1 00:00:01 mx a/b[1]: m", at(261231, 23, 59, 59), &line));
    assert_int_equal(line.time, at(270101, 0, 0, 1));
    /* eleven months back, and tomorrow's date that is last year's */
    assert_true(read_text("Jan  2 00:00:00 mx a/b[1]: m", at(261121, 0, 0, 0), &line));
    assert_int_equal(line.time, at(260102, 0, 0, 0));
    assert_true(read_text("Nov 23 00:00:00 mx a/b[1]: m", at(261121, 0, 0, 0), &line));
    assert_int_equal(line.time, at(251123, 0, 0, 0));
}

static void test_leap_day_falls_into_a_leap_year(void **state)
{
    (void)state;
    struct logline line;
    zone("UTC");
    assert_true(read_text("Feb 29 12:00:00 mx a/b[1]: m", at(261121, 0, 0, 0), &line));
    assert_int_equal(line.time, at(240229, 12, 0, 0));
    assert_true(read_text("Feb 29 12:00:00 mx a/b[1]: m", at(280229, 12, 0, 1), &line));
    assert_int_equal(line.time, at(280229, 12, 0, 0));
    assert_false(read_text("2026-02-29T12:00:00Z mx a/b[1]: m", 0, &line));
}

static void test_rfc3164_is_local_time(void **state)
{
    (void)state;
    struct logline line;
    zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_true(read_text("Nov 21 10:00:00 mx a/b[1]: m", at(261121, 12, 0, 0), &line));
    assert_int_equal(line.time, at(261121, 9, 0, 0));
    assert_true(read_text("Jul  1 10:00:00 mx a/b[1]: m", at(261121, 12, 0, 0), &line));
    assert_int_equal(line.time, at(260701, 8, 0, 0));
    zone("UTC");
}

static void test_a_minute_that_was_kept_serves_no_other_minute(void **state)
{
    (void)state;
    struct logline line;
    zone("UTC");
    for (unsigned i = 0; i < 180; i++) {
        char text[80];
        snprintf(text, sizeof text, "Nov 20 %02u:%02u:%02u mx a/b[1]: m", i / 60, i % 60, i % 60);
        assert_true(read_text(text, at(261121, 0, 0, 0), &line));
        assert_int_equal(line.time, at(261120, i / 60, i % 60, i % 60));
    }
    /* the same minute, asked a year later */
    assert_true(read_text("Nov 20 02:59:00 mx a/b[1]: m", at(271121, 0, 0, 0), &line));
    assert_int_equal(line.time, at(271120, 2, 59, 0));
}

static void test_lines_of_one_second_have_one_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned second;
        int64_t ms;
    } lines[] = {
        {"Nov 14 20:55:43 mx a[1]: b", 43, 0},     {"Nov 14 20:55:43 mx a[2]: b", 43, 0},
        {"Nov 14 20:55:44 mx a[1]: b", 44, 0},     {"Nov 14 20:55:43 mx a[1]: b", 43, 0},
        {"Nov 14 20:55:43.250 mx a[1]: b", 43, 250}, {"Nov 14 20:55:43 mx a[1]: b", 43, 0},
    };
    struct logline line;
    zone("UTC");
    assert_true(read_text("Nov 14 20:55:43 mx a[1]: b", at(261122, 0, 0, 0), &line));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_true(logline_header(one_reader, slice_of(lines[i].text), &line));
        assert_int_equal(line.time, at(261114, 20, 55, lines[i].second) + lines[i].ms);
        assert_int_equal(line.whole_seconds, lines[i].ms == 0);
    }
    logline_until(one_reader, at(251122, 0, 0, 0));
    assert_true(logline_header(one_reader, slice_of(lines[0].text), &line));
    assert_int_equal(line.time, at(251114, 20, 55, 43));
}

static void test_what_is_no_header_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Nov",
        "Nov ",
        "Nov 21",
        "Nov 21 20:55:43",
        "Nov 21 20:55:43 ",
        "Nov 21 20:55:43 mx",
        "Nov 21 20:55:43 mx ",
        "Nov 21 20:55:43 mx message without a tag",
        "Nov 21 20:55:43 mx postfix/smtpd[27735] no colon",
        "Nov 21 20:55:43 mx postfix/smtpd[2x]: m",
        "Nov 21 20:55:43 mx postfix/smtpd[]: m",
        "Nov 21 20:55:43 mx : m",
        "Nov 21 24:55:43 mx a/b[1]: m",
        "Nov 21 20:60:43 mx a/b[1]: m",
        "Nov 21 20:55:61 mx a/b[1]: m",
        "Nov 32 20:55:43 mx a/b[1]: m",
        "Nov 31 20:55:43 mx a/b[1]: m",
        "Nov  0 20:55:43 mx a/b[1]: m",
        "Nox 21 20:55:43 mx a/b[1]: m",
        "nov 21 20:55:43 mx a/b[1]: m",
        "<2222>Nov 21 20:55:43 mx a/b[1]: m",
        "<22Nov 21 20:55:43 mx a/b[1]: m",
        "2026-13-21T20:55:43Z mx a/b[1]: m",
        "2026-11-31T20:55:43Z mx a/b[1]: m",
        "1999-11-21T20:55:43Z mx a/b[1]: m",
        "2026-11-21T20:55:43.Z mx a/b[1]: m",
        "2026-11-21T20:55:43+24:00 mx a/b[1]: m",
        "2026-11-21T20:55:43+0 mx a/b[1]: m",
        "0000 Nov 21 20:55:43 mx a/b[1]: m",
        "2026 Feb 30 20:55:43 mx a/b[1]: m",
        "\xce\x91\xcf\x80\xcf\x81 15 12:20:28 mx a/b[1]: m",
        "M\xe4r 15 12:20:28 mx a/b[1]: m",
        "<22>1 - mx postfix/smtpd 1 - - m",
        "<22>1 2026-11-21T20:55:43Z mx postfix/smtpd 1 - [a b=\"]\" m",
        "<22>1 2026-11-21T20:55:43Z mx postfix/smtpd 1 - [a b=\"\\",
        "<22>1 2026-11-21T20:55:43Z mx postfix/smtpd 1 -",
        "Nov 21 20:55:43 mx mail.other postfix/smtpd[1]: m",
    };
    struct logline line;
    zone("UTC");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_text(bad[i], at(261122, 0, 0, 0), &line))
            fail_msg("taken: '%s'", bad[i]);
}

static void test_every_cut_of_a_line_is_read_without_a_byte_behind_it(void **state)
{
    (void)state;
    static const char whole[] = "<22>2026-11-21T20:55:43.123+01:00 mx postfix/smtp[27735]: text";
    struct logline line;
    for (size_t size = 0; size < sizeof whole; size++) {
        char *copy = malloc(size + 1); /* the sanitizer watches its end */
        memcpy(copy, whole, size);
        bool taken = one_line(slice_make(copy, size), 0, &line);
        assert_true(!taken || size >= strlen(whole) - strlen(" text"));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_of_header_gives_the_same_line),
        cmocka_unit_test(test_fractions_of_a_second_are_kept_as_ms),
        cmocka_unit_test(test_a_header_tells_whether_it_knows_parts_of_a_second),
        cmocka_unit_test(test_nuls_in_front_of_a_line_are_nothing),
        cmocka_unit_test(test_a_line_without_a_host_has_none),
        cmocka_unit_test(test_only_what_passes_logs_on_has_an_inner_header),
        cmocka_unit_test(test_an_inner_time_without_a_zone_does_not_count),
        cmocka_unit_test(test_a_repeated_line_stands_for_so_many),
        cmocka_unit_test(test_year_is_the_last_one_that_is_not_in_the_future),
        cmocka_unit_test(test_leap_day_falls_into_a_leap_year),
        cmocka_unit_test(test_rfc3164_is_local_time),
        cmocka_unit_test(test_a_minute_that_was_kept_serves_no_other_minute),
        cmocka_unit_test(test_lines_of_one_second_have_one_time),
        cmocka_unit_test(test_what_is_no_header_is_refused),
        cmocka_unit_test(test_every_cut_of_a_line_is_read_without_a_byte_behind_it),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    one_close();
    return failed;
}
