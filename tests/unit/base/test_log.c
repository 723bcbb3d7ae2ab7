/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: what comes out on stderr, byte for byte, and how often a trouble is told.
 */
#include "waybill/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"

static char told[20000];
static int old_stderr, catcher;

static void catch_begin(void)
{
    FILE *file = tmpfile();

    assert_non_null(file);
    catcher = dup(fileno(file));
    fclose(file);
    old_stderr = dup(STDERR_FILENO);
    dup2(catcher, STDERR_FILENO);
}

static const char *catch_end(void)
{
    ssize_t size = pread(catcher, told, sizeof told - 1, 0);

    told[size > 0 ? size : 0] = '\0';
    dup2(old_stderr, STDERR_FILENO);
    close(old_stderr);
    close(catcher);
    return told;
}

static size_t lines(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void test_line_is_escaped_and_stays_one_line(void **state)
{
    (void)state;
    log_start("prog", LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    catch_begin();
    errno = 42;
    log_warning("subject '%s'", "a\nNov 21 forged\x1b[2J\xe2\x80\xae\xff");
    assert_int_equal(errno, 42);
    catch_end();
    assert_int_equal(lines(told), 1);
    assert_non_null(strstr(told, "prog["));
    assert_non_null(strstr(told, ": warning: subject 'a\\x0ANov 21 forged\\x1B[2J\\u{202E}\\xFF'\n"));
}

static void test_line_is_cut_at_2000_bytes(void **state)
{
    char big[5000];

    (void)state;
    memset(big, '\n', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    catch_begin();
    log_error("%s", big);
    catch_end();
    assert_int_equal(lines(told), 1);
    assert_true(strlen(told) > 1900 && strlen(told) < 2200);
}

static void test_a_reader_of_stderr_that_sleeps_stops_nobody(void **state)
{
    char filling[4096] = "";
    int ends[2], flags;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    flags = fcntl(ends[1], F_GETFL);
    fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
    while (write(ends[1], filling, sizeof filling) > 0)
        ;
    fcntl(ends[1], F_SETFL, flags);
    old_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    alarm(10); /* else it would wait for ever */
    log_error("nobody reads this");
    alarm(0);
    dup2(old_stderr, STDERR_FILENO);
    close(old_stderr);
    close(ends[0]);
    close(ends[1]);
}

static void test_level_silences_what_is_below_it(void **state)
{
    (void)state;
    catch_begin();
    log_start("prog", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    log_info("one");
    log_debug("two");
    log_warning("three");
    log_start("prog", LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    log_debug("four");
    catch_end();
    assert_null(strstr(told, "one"));
    assert_null(strstr(told, "two"));
    assert_non_null(strstr(told, "warning: three"));
    assert_non_null(strstr(told, "debug: four"));
    log_start("prog", LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
}

static void test_json_line_is_an_object(void **state)
{
    (void)state;
    log_start("prog", LOG_LEVEL_INFO, LOG_FORMAT_JSON, LOG_TARGET_STDERR);
    catch_begin();
    log_error("say \"%s\"", "a\nb\x1b");
    catch_end();
    assert_int_equal(strncmp(told, "{\"time\":\"20", 11), 0);
    assert_non_null(strstr(told, "\"level\":\"error\",\"program\":\"prog\",\"pid\":"));
    assert_non_null(strstr(told, "\"message\":\"say \\\"a\\nb\\u001b\\\"\"}\n"));
    log_start("prog", LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
}

static void test_journal_stream_gets_level_prefixes_only_if_it_is_stderr(void **state)
{
    struct stat status;
    char stream[64];

    (void)state;
    catch_begin();
    fstat(STDERR_FILENO, &status);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_start("prog", LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    log_error("e");
    log_warning("w");
    log_info("i");
    log_debug("d");
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_start("prog", LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    log_error("plain");
    unsetenv("JOURNAL_STREAM");
    catch_end();
    assert_int_equal(strncmp(told, "<3>e\n<4>w\n<6>i\n<7>d\n", 20), 0);
    assert_null(strstr(told, "<3>plain"));
    assert_non_null(strstr(told, "error: plain"));
}

static void test_trouble_is_told_once_per_change_and_hour(void **state)
{
    struct log_trouble trouble = {.on = false};

    (void)state;
    catch_begin();
    log_trouble_off(&trouble, "was never on");
    for (int i = 0; i < 1000; i++)
        log_trouble_on(&trouble, "redis is away: %s", "refused");
    catch_end();
    assert_int_equal(lines(told), 1);
    assert_non_null(strstr(told, "warning: redis is away: refused"));

    catch_begin();
    log_trouble_on(&trouble, "redis is away: %s", "timed out");
    log_trouble_on(&trouble, "redis is away: %s", "timed out");
    catch_end();
    assert_int_equal(lines(told), 1);

    catch_begin();
    trouble.told -= HOUR_MS;
    trouble.began -= HOUR_MS;
    log_trouble_on(&trouble, "redis is away: %s", "timed out");
    log_trouble_on(&trouble, "redis is away: %s", "timed out");
    catch_end();
    assert_int_equal(lines(told), 1);
    assert_non_null(strstr(told, "still, for 1 h, 1003 times: redis is away: timed out"));

    catch_begin();
    log_trouble_off(&trouble, "redis is back");
    log_trouble_off(&trouble, "redis is back");
    catch_end();
    assert_int_equal(lines(told), 1);
    assert_non_null(strstr(told, "redis is back (after 1 h and 1004 failures)"));

    catch_begin();
    log_trouble_on(&trouble, "redis is away: %s", "timed out");
    catch_end();
    assert_int_equal(lines(told), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_is_escaped_and_stays_one_line),
        cmocka_unit_test(test_line_is_cut_at_2000_bytes),
        cmocka_unit_test(test_a_reader_of_stderr_that_sleeps_stops_nobody),
        cmocka_unit_test(test_level_silences_what_is_below_it),
        cmocka_unit_test(test_json_line_is_an_object),
        cmocka_unit_test(test_journal_stream_gets_level_prefixes_only_if_it_is_stderr),
        cmocka_unit_test(test_trouble_is_told_once_per_change_and_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
