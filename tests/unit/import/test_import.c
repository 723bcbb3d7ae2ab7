/* SPDX-License-Identifier: BSD-2-Clause */
/* A dry run over small logs: what is read, what is counted, which states come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"
#include "waybill/import.h"

#define DAY "2026-11-21T"
#define ZONE "+00:00 mx1 "
#define SMTPD DAY "10:00:00.100000" ZONE "postfix/smtpd[7]: "
#define CLEANUP DAY "10:00:00.200000" ZONE "postfix/cleanup[8]: "
#define QMGR DAY "10:00:00.300000" ZONE "postfix/qmgr[9]: "
#define SMTP DAY "10:00:01.000000" ZONE "postfix/smtp[10]: "
#define GONE DAY "10:00:01.100000" ZONE "postfix/qmgr[9]: "
#define TO(address, status, words)                                                                 \
    "to=<" address ">, relay=mx.example.org[192.0.2.9]:25, delay=1, delays=0.1/0/0.4/0.5, dsn="     \
    "2.0.0, status=" status " (" words ")\n"

static struct settings *settings;
static char path[2][64];

static int start(void **state)
{
    struct error why;
    (void)state;
    return settings_read(&settings, NULL, &why);
}

static int stop(void **state)
{
    (void)state;
    settings_free(&settings);
    return 0;
}

static struct import_options options(void)
{
    return (struct import_options){.settings = settings,
                                   .dry_run = true,
                                   .since = INT64_MIN,
                                   .until = INT64_MAX,
                                   .retention_days = IMPORT_KEEP_DAYS};
}

static void write_log(int index, const char *text)
{
    FILE *file;
    snprintf(path[index], sizeof path[index], "/tmp/waybill-import-%d-%d", (int)getpid(), index);
    file = fopen(path[index], "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct import_tally run(const struct import_options *asked, size_t files)
{
    const char *const paths[] = {path[0], path[1]};
    struct import_tally tally;
    struct import *import;
    struct error why;
    assert_int_equal(import_open(&import, asked, &why), 0);
    assert_int_equal(import_logs(import, paths, files, &why), IMPORT_DONE);
    assert_int_equal(import_finish(import, &why), IMPORT_DONE);
    tally = *import_counts(import);
    import_close(&import);
    for (size_t i = 0; i < files; i++)
        unlink(path[i]);
    return tally;
}

static struct import_tally run_text(const char *text)
{
    struct import_options asked = options();
    write_log(0, text);
    return run(&asked, 1);
}

static void test_states_of_recipients_are_those_that_the_judge_gives(void **state)
{
    struct import_tally tally = run_text(
        SMTPD "4mGprq8lpWzGsA: client=c.example[192.0.2.1]\n"
        CLEANUP "4mGprq8lpWzGsA: message-id=<1@example.org>\n"
        QMGR "4mGprq8lpWzGsA: from=<a@example.org>, size=500, nrcpt=3 (queue active)\n"
        SMTP "4mGprq8lpWzGsA: " TO("b@example.net", "sent", "250 2.0.0 Ok: queued as X")
        SMTP "4mGprq8lpWzGsA: " TO("c@example.net", "bounced", "host said: 550 5.1.1 no")
        SMTP "4mGprq8lpWzGsA: " TO("d@example.net", "deferred", "host said: 451 later"));
    (void)state;
    assert_int_equal(tally.mails, 1);
    assert_int_equal(tally.open, 1);
    assert_int_equal(tally.recipients, 3);
    assert_int_equal(tally.states[STATE_DELIVERED], 1);
    assert_int_equal(tally.states[STATE_FAILED], 1);
    assert_int_equal(tally.states[STATE_DELAYED] + tally.states[STATE_UNRESOLVED], 1);
}

static void test_attempt_and_its_success_are_one_recipient(void **state)
{
    struct import_tally tally = run_text(
        QMGR "4mGprq8lpWzGsA: from=<a@example.org>, size=500, nrcpt=1 (queue active)\n"
        SMTP "4mGprq8lpWzGsA: " TO("b@example.net", "deferred", "host said: 451 later")
        DAY "10:20:00.000000" ZONE "postfix/smtp[10]: 4mGprq8lpWzGsA: " TO("B@EXAMPLE.net", "sent", "250 ok")
        DAY "10:20:00.000000" ZONE "postfix/qmgr[9]: 4mGprq8lpWzGsA: removed\n");
    (void)state;
    assert_int_equal(tally.recipients, 1);
    assert_int_equal(tally.states[STATE_DELIVERED], 1);
    assert_int_equal(tally.open, 0);
}

static void test_lines_are_counted_by_what_they_are(void **state)
{
    struct import_tally tally = run_text(
        "no header at all\n"
        SMTPD "connect from c.example[192.0.2.1]\n"
        DAY "10:00:00.000000" ZONE "sshd[3]: 4mGprq8lpWzGsA: removed\n"
        GONE "4mGprq8lpWzGsA: removed\n"
        SMTPD "NOQUEUE: reject: RCPT from c.example[192.0.2.1]: 550 5.1.1 <x@example.org>: Recipient "
              "address rejected: no; from=<a@example.org> to=<x@example.org> proto=ESMTP helo=<c>\n"
        GONE "4mGprq8lpWzGsB: remo");
    (void)state;
    assert_int_equal(tally.lines, 6);
    assert_int_equal(tally.nothing, 3);
    assert_int_equal(tally.understood, 2);
    assert_int_equal(tally.broken, 1);
    assert_int_equal(tally.refusals, 1);
    assert_int_equal(tally.mails, 1);
    assert_int_equal(tally.first, tally.last - 1000);
}

static void test_line_that_stands_for_many_counts_as_many(void **state)
{
    struct import_tally tally = run_text(
        SMTPD "message repeated 3 times: [ NOQUEUE: reject: RCPT from c.example[192.0.2.1]: 550 5.1.1 "
              "<x@example.org>: Recipient address rejected: no; from=<a@example.org> "
              "to=<x@example.org> proto=ESMTP helo=<c>]\n");
    (void)state;
    assert_int_equal(tally.lines, 1);
    assert_int_equal(tally.refusals, 3);
}

static void test_lines_that_the_log_lost_are_gaps(void **state)
{
    struct import_tally tally =
        run_text(DAY "10:00:00.000000" ZONE "rsyslogd[2]: imuxsock: 40 messages lost due to "
                     "rate-limiting (20000 allowed within 60 seconds)\n"
                 DAY "10:00:00.000000" ZONE "systemd-journald[2]: Suppressed 7 messages from "
                     "postfix.service\n");
    (void)state;
    assert_in_range(tally.gaps, 1, 2);
    assert_int_equal(tally.facts, 0);
}

static void test_span_and_retention_leave_lines_out(void **state)
{
    struct import_options asked = options();
    const char *text = DAY "10:00:00.000000" ZONE "postfix/qmgr[9]: 4mGprq8lpWzGsA: removed\n"
                       DAY "11:00:00.000000" ZONE "postfix/qmgr[9]: 4mGprq8lpWzGsB: removed\n"
                       DAY "12:00:00.000000" ZONE "postfix/qmgr[9]: 4mGprq8lpWzGsC: removed\n";
    int64_t ten = clock_of_day(261121, 36000);
    struct import_tally tally;
    (void)state;
    asked.since = ten + 1;
    asked.until = ten + HOUR_MS;
    write_log(0, text);
    tally = run(&asked, 1);
    assert_int_equal(tally.outside, 2);
    assert_int_equal(tally.mails, 1);
    asked = options();
    asked.retention_days = (clock_now() - ten) / DAY_MS;
    write_log(0, DAY "10:00:00.000000" ZONE "postfix/qmgr[9]: 4mGprq8lpWzGsA: removed\n"
                 "2001-01-01T00:00:00Z mx1 postfix/qmgr[9]: 4mGprq8lpWzGsA: removed\n");
    tally = run(&asked, 1);
    assert_in_range(tally.old, 1, 2);
    assert_int_equal(tally.facts + tally.old, 2);
}

static void test_files_are_read_in_the_order_of_their_lines(void **state)
{
    struct import_options asked = options();
    (void)state;
    write_log(0, SMTP "4mGprq8lpWzGsA: " TO("b@example.net", "sent", "250 2.0.0 Ok") GONE "4mGprq8lpWzGsA: removed\n");
    write_log(1, QMGR "4mGprq8lpWzGsA: from=<a@example.org>, size=500, nrcpt=1 (queue active)\n");
    struct import_tally tally = run(&asked, 2);
    assert_int_equal(tally.files, 2);
    assert_int_equal(tally.mails, 1);
    assert_int_equal(tally.open, 0);
}

static void test_file_that_is_not_there_is_told(void **state)
{
    const char *const paths[] = {"/nonexistent/mail.log"};
    struct import_options asked = options();
    struct import *import;
    struct error why = {.text = ""};
    (void)state;
    assert_int_equal(import_open(&import, &asked, &why), 0);
    assert_int_equal(import_logs(import, paths, 1, &why), IMPORT_UNREADABLE);
    assert_non_null(strstr(why.text, "/nonexistent/mail.log"));
    import_close(&import);
}

static void test_mail_of_somebody_else_is_judged_in_the_order_of_time(void **state)
{
    struct import_options asked = options();
    struct import *import;
    struct error why;
    struct fact facts[2];
    (void)state;
    fact_init(&facts[0], WITNESS_QUEUE, FACT_DELIVERED, clock_now());
    fact_set(&facts[0], KEY_TO, slice_of("b@example.net"));
    fact_init(&facts[1], WITNESS_QUEUE, FACT_FAILED, clock_now() - 1000);
    fact_set(&facts[1], KEY_TO, slice_of("b@example.net"));
    assert_int_equal(import_open(&import, &asked, &why), 0);
    assert_int_equal(import_mail(import, facts, 2, &why), IMPORT_DONE);
    assert_int_equal(import_finish(import, &why), IMPORT_DONE);
    assert_int_equal(import_counts(import)->mails, 1);
    assert_int_equal(import_counts(import)->states[STATE_DELIVERED], 1);
    import_close(&import);
}

static bool halfway;
static atomic_bool stopped;

static void stop_halfway(void *context, const struct import_progress *progress)
{
    (void)context;
    assert_non_null(progress->file);
    halfway = progress->done > 0 && progress->done < progress->total;
    atomic_store(&stopped, true);
}

static void test_stopped_it_ends_with_what_it_has(void **state)
{
    struct import_options asked = options();
    struct import *import;
    struct error why;
    FILE *file;
    (void)state;
    write_log(0, "");
    file = fopen(path[0], "w");
    assert_non_null(file);
    for (int i = 0; i < 20000; i++)
        assert_true(fprintf(file, GONE "%010d: removed\n", i) > 0);
    assert_int_equal(fclose(file), 0);
    asked.stop = &stopped;
    asked.progress = stop_halfway;
    const char *const paths[] = {path[0]};
    assert_int_equal(import_open(&import, &asked, &why), 0);
    assert_int_equal(import_logs(import, paths, 1, &why), IMPORT_STOPPED);
    assert_true(halfway);
    assert_in_range(import_counts(import)->lines, 1, 19999);
    import_close(&import);
    unlink(path[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_of_recipients_are_those_that_the_judge_gives),
        cmocka_unit_test(test_attempt_and_its_success_are_one_recipient),
        cmocka_unit_test(test_lines_are_counted_by_what_they_are),
        cmocka_unit_test(test_line_that_stands_for_many_counts_as_many),
        cmocka_unit_test(test_lines_that_the_log_lost_are_gaps),
        cmocka_unit_test(test_span_and_retention_leave_lines_out),
        cmocka_unit_test(test_files_are_read_in_the_order_of_their_lines),
        cmocka_unit_test(test_file_that_is_not_there_is_told),
        cmocka_unit_test(test_mail_of_somebody_else_is_judged_in_the_order_of_time),
        cmocka_unit_test(test_stopped_it_ends_with_what_it_has),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
