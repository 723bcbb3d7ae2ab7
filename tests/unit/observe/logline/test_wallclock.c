/* SPDX-License-Identifier: BSD-2-Clause */
/* Local times without a year and without a zone, as a whole log tells them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"
#include "waybill/logfile.h"
#include "waybill/logline.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

struct dated {
    const char *date; /* as the line has it */
    uint32_t day;     /* of the moment in UTC */
    unsigned hour, minute;
};

static int64_t at(uint32_t day, unsigned hour, unsigned minute)
{
    return clock_of_day(day, (hour * 60 + minute) * 60);
}

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void expect(struct logline_reader *reader, const struct dated *dated)
{
    struct logline line;
    char text[100];
    snprintf(text, sizeof text, "%s mx postfix/smtp[1]: m", dated->date);
    assert_true(logline_header(reader, slice_of(text), &line));
    if (line.time != at(dated->day, dated->hour, dated->minute))
        fail_msg("%s: %lld", dated->date, (long long)line.time);
}

static void expect_all(struct logline_reader *reader, const struct dated *dated, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(reader, &dated[i]);
}

static void in_order(const char *where, int64_t until, const struct dated *dated, size_t count)
{
    zone(where);
    struct logline_reader *reader = logline_open();
    logline_until(reader, until);
    expect_all(reader, dated, count);
    logline_close(&reader);
}

#define IN_ORDER(zone, until, list) in_order(zone, until, list, sizeof list / sizeof list[0])

/* The same out of a file, of which the reader was told. */
static void in_file(int64_t until, const struct dated *dated, size_t count)
{
    char path[] = "/tmp/waybill-years-XXXXXX";
    FILE *to = fdopen(mkstemp(path), "w");
    struct logfile *file;
    struct error why;
    zone("UTC");
    for (size_t i = 0; i < count; i++)
        fprintf(to, "%s mx postfix/smtp[1]: m\n", dated[i].date);
    fclose(to);
    assert_int_equal(logfile_open(&file, path, &why), 0);
    unlink(path);
    struct logline_reader *reader = logline_open();
    logline_until(reader, until);
    logline_years(reader, file);
    expect_all(reader, dated, count);
    logline_close(&reader);
    logfile_close(&file);
}

#define IN_FILE(until, list) in_file(until, list, sizeof list / sizeof list[0])

static void test_the_hour_that_comes_twice_is_told_apart_by_the_order(void **state)
{
    (void)state;
    static const struct dated night[] = {
        {"Oct 25 01:59:00", 261024, 23, 59}, {"Oct 25 02:00:00", 261025, 0, 0},
        {"Oct 25 02:30:00", 261025, 0, 30},  {"Oct 25 02:29:00", 261025, 0, 29},
        {"Oct 25 02:59:00", 261025, 0, 59},  {"Oct 25 02:00:00", 261025, 1, 0},
        {"Oct 25 02:59:00", 261025, 0, 59}, /* a straggler */
        {"Oct 25 02:01:00", 261025, 1, 1},   {"Oct 25 02:30:00", 261025, 1, 30},
        {"Oct 25 02:59:00", 261025, 1, 59},  {"Oct 25 03:00:00", 261025, 2, 0},
        {"Oct 25 02:59:00", 261025, 1, 59},  {"Oct 26 02:30:00", 261026, 1, 30},
    };
    IN_ORDER(BERLIN, at(261121, 0, 0), night);
}

static void test_a_follower_that_starts_in_the_second_hour_knows_it_by_now(void **state)
{
    (void)state;
    static const struct dated late[] = {{"Oct 25 02:30:00", 261025, 1, 30}};
    static const struct dated early[] = {{"Oct 25 02:30:00", 261025, 0, 30}};
    IN_ORDER(BERLIN, at(261025, 1, 30), late);
    IN_ORDER(BERLIN, at(261025, 0, 30), early);
}

static void test_the_hour_that_spring_leaves_out_is_read_as_if_it_was_there(void **state)
{
    (void)state;
    static const struct dated night[] = {
        {"Mar 29 01:59:00", 260329, 0, 59},
        {"Mar 29 02:30:00", 260329, 1, 30},
        {"Mar 29 03:00:00", 260329, 1, 0},
        {"Mar 29 03:30:00", 260329, 1, 30},
    };
    IN_ORDER(BERLIN, at(261121, 0, 0), night);
}

static void test_december_stays_in_december(void **state)
{
    (void)state;
    static const struct dated winter[] = {
        {"Dec 31 23:59:00", 261231, 23, 59}, {"Jan  1 00:00:00", 270101, 0, 0},
        {"Dec 31 23:59:00", 261231, 23, 59}, {"Jan  1 00:01:00", 270101, 0, 1},
        {"Feb 28 12:00:00", 270228, 12, 0},
    };
    IN_ORDER("UTC", at(270301, 0, 0), winter);
    IN_FILE(at(270301, 0, 0), winter);
}

static void test_a_log_that_goes_back_does_not_throw_years_around(void **state)
{
    (void)state;
    static const struct dated two_clocks[] = {
        {"Nov 10 10:00:00", 261110, 10, 0}, {"Aug  1 09:00:00", 260801, 9, 0},
        {"Nov 10 10:01:00", 261110, 10, 1}, {"Aug  1 09:01:00", 260801, 9, 1},
        {"Nov 10 10:02:00", 261110, 10, 2},
    };
    IN_ORDER("UTC", at(261121, 0, 0), two_clocks);
    IN_FILE(at(261121, 0, 0), two_clocks);
}

static void test_a_log_longer_than_a_year_advances(void **state)
{
    (void)state;
    static const struct dated years[] = {
        {"Jan 15 10:00:00", 240115, 10, 0}, {"Feb 29 10:00:00", 240229, 10, 0},
        {"May  1 10:00:00", 240501, 10, 0}, {"Sep  1 10:00:00", 240901, 10, 0},
        {"Dec 31 23:00:00", 241231, 23, 0}, {"Jan  1 10:00:00", 250101, 10, 0},
        {"Dec 31 22:00:00", 241231, 22, 0}, {"Jan  2 10:00:00", 250102, 10, 0},
        {"Mar  1 10:00:00", 250301, 10, 0}, {"Jul  1 10:00:00", 250701, 10, 0},
        {"Nov  1 10:00:00", 251101, 10, 0}, {"Feb  1 10:00:00", 260201, 10, 0},
    };
    IN_FILE(at(260301, 0, 0), years);
}

/* The file was copied, and its date with it lost. */
static void test_a_log_that_ended_long_before_its_files_date_is_in_order(void **state)
{
    (void)state;
    static const struct dated winter[] = {
        {"Oct  1 10:00:00", 251001, 10, 0},
        {"Dec 31 10:00:00", 251231, 10, 0},
        {"Feb  1 10:00:00", 260201, 10, 0},
    };
    IN_FILE(at(261121, 0, 0), winter);
}

static void test_any_zone_and_any_hour_is_what_the_c_library_says(void **state)
{
    (void)state;
    static const char *const zones[] = {"UTC", BERLIN, "EST5EDT,M3.2.0,M11.1.0",
                                        "<-03>3", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
                                        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"};
    for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
        zone(zones[z]);
        struct logline_reader *reader = logline_open();
        logline_until(reader, at(261231, 0, 0));
        for (int64_t ms = at(260101, 12, 0); ms < at(261230, 0, 0); ms += 13 * MINUTE_MS) {
            time_t seconds = (time_t)(ms / SECOND_MS);
            struct tm tm;
            char text[100];
            struct logline line;
            localtime_r(&seconds, &tm);
            strftime(text, sizeof text, "%b %e %T mx a/b[1]: m", &tm);
            assert_true(logline_header(reader, slice_of(text), &line));
            if (line.time != ms)
                fail_msg("%s: %s: %lld, not %lld", zones[z], text, (long long)line.time,
                         (long long)ms);
        }
        logline_close(&reader);
    }
    zone("UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hour_that_comes_twice_is_told_apart_by_the_order),
        cmocka_unit_test(test_a_follower_that_starts_in_the_second_hour_knows_it_by_now),
        cmocka_unit_test(test_the_hour_that_spring_leaves_out_is_read_as_if_it_was_there),
        cmocka_unit_test(test_december_stays_in_december),
        cmocka_unit_test(test_a_log_that_goes_back_does_not_throw_years_around),
        cmocka_unit_test(test_a_log_longer_than_a_year_advances),
        cmocka_unit_test(test_a_log_that_ended_long_before_its_files_date_is_in_order),
        cmocka_unit_test(test_any_zone_and_any_hour_is_what_the_c_library_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
