/* SPDX-License-Identifier: BSD-2-Clause */
/* `waybill explain --log` as a user meets it: an object a line, totals, exit codes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run.h"
#include "waybill/cli.h"

static char directory[] = "/tmp/waybill-explain-log-XXXXXX";

static const char mail_log[] =
    "2026-11-21T20:55:43.250+01:00 mx postfix/smtpd[7]: connect from a[192.0.2.1]\n"
    "no header\n"
    "2026-11-21T20:55:44+01:00 mx postfix/smtp[8]: 4mGprq8lpWzGsdv: to=<a@example.org>, "
    "relay=mx.example.org[192.0.2.9]:25, delay=1.5, delays=1/0/0.2/0.3, dsn=2.0.0, status=sent "
    "(250 \"ok\")\n"
    "2026-11-21T20:55:45+01:00 mx postfix/qmgr[8]: 4mGprq8lpWzGsdv: from=<b@example.org>, size=1, nrc\n"
    "2026-11-21T20:55:46+01:00 mx other\x01\xff[9]: words";

static int make(void **state)
{
    char path[80];
    (void)state;
    if (mkdtemp(directory) == NULL || chdir(directory) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/mail.log", directory);
    FILE *to = fopen(path, "w");
    fwrite(mail_log, 1, sizeof mail_log - 1, to);
    fclose(to);
    to = fopen("letter", "w");
    fputs("Dear Bob,\nhello.\n", to);
    return fclose(to);
}

static int drop(void **state)
{
    (void)state;
    unlink("mail.log");
    unlink("letter");
    return rmdir(directory);
}

static void test_each_line_gives_an_object(void **state)
{
    (void)state;
    assert_int_equal(run("explain --log mail.log"), CLI_FOUND);
    assert_int_equal(
        python("import sys, json\n"
               "l = [json.loads(x) for x in sys.stdin]\n"
               "assert len(l) == 5, l\n"
               "assert l[0][\"time\"] == \"2026-11-21T19:55:43.250Z\", l[0]\n"
               "assert l[0][\"program\"] == \"postfix/smtpd\" and l[0][\"pid\"] == \"7\", l[0]\n"
               "assert l[1] == {}, l[1]\n"
               "assert l[2][\"host\"] == \"mx\" and \"mta\" in l[2], l[2]\n"
               "assert set(l[3]) == {\"time\", \"mta\", \"host\", \"program\", \"pid\"}, l[3]\n"
               "assert l[4][\"program\"] == \"other\\u0001\\ufffd\", l[4]\n"),
        0);
}

static void test_a_log_that_is_taken_for_a_report_is_told(void **state)
{
    (void)state;
    static const struct run_case cases[] = {
        {"explain mail.log", CLI_NOTHING, "'mail.log' looks like a log: that is what --log reads\n"},
        {"explain --json mail.log", CLI_NOTHING, "'mail.log' looks like a log"},
        {"explain letter", CLI_NOTHING, "letter: no report"},
    };
    run_cases(cases, sizeof cases / sizeof cases[0]);
    assert_false(says("log")); /* of the letter */
}

static void test_quiet_only_counts(void **state)
{
    (void)state;
    static const struct run_case cases[] = {
        {"explain --log --quiet mail.log", CLI_FOUND,
         "lines 5, understood 1, broken 1, without header 1, too long 0, bytes 414\n"},
        {"explain --log --quiet --json mail.log mail.log", CLI_FOUND,
         "{\"lines\":10,\"understood\":2,\"broken\":2,\"without_header\":2,\"too_long\":0,"
         "\"bytes\":828}\n"},
        {"explain --log letter", CLI_NOTHING, "{}\n{}\n"},
        {"explain --log letter mail.log", CLI_FOUND, "{}\n{}\n{\"time\""},
        {"explain --log nowhere mail.log", CLI_USAGE, "cannot read 'nowhere'"},
        {"explain --log nowhere mail.log", CLI_USAGE, "postfix/smtpd"},
        {"explain --quiet mail.log", CLI_USAGE, "--quiet goes with --log"},
    };
    run_cases(cases, sizeof cases / sizeof cases[0]);
    assert_int_equal(run("explain --log --quiet mail.log"), CLI_FOUND);
    assert_int_equal(count_of("\n"), 1);
}

/* Explain a long log to `out`, which is closed; what it complains of is in `output`. */
static int explain_to(int out)
{
    int told[2];
    FILE *to = fopen("long.log", "w");
    for (int i = 0; i < 20000; i++)
        fwrite(mail_log, 1, (size_t)(strchr(mail_log, '\n') + 1 - mail_log), to);
    assert_int_equal(fclose(to), 0);
    fflush(NULL);
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out, 1);
        dup2(told[1], 2);
        close(told[0]);
        close(told[1]);
        run_here("explain --log long.log");
    }
    close(out);
    close(told[1]);
    int code = run_collect(told[0], pid);
    assert_int_equal(unlink("long.log"), 0);
    return code;
}

static void test_a_closed_pipe_is_no_failure(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(explain_to(ends[1]), CLI_FOUND);
    assert_string_equal(output, "");
}

static void test_a_full_disk_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(explain_to(open("/dev/full", O_WRONLY)), CLI_USAGE);
    assert_int_equal(count_of("cannot write"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_line_gives_an_object),
        cmocka_unit_test(test_a_log_that_is_taken_for_a_report_is_told),
        cmocka_unit_test(test_quiet_only_counts),
        cmocka_unit_test(test_a_closed_pipe_is_no_failure),
        cmocka_unit_test(test_a_full_disk_is_told_once),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
