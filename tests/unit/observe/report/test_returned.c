/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * returned: hops and ids of the mail that came back.
 */
#include "../../../../milter/observe/report/returned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;
static struct report report;

static int begin(void **state)
{
    (void)state;
    report = (struct report){.kind = REPORT_BOUNCE};
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void add(const char *name, const char *value)
{
    returned_add_field(&report, &arena, slice_of(name), slice_of(value));
}

static void assert_slice(struct slice is, const char *wanted)
{
    if (!slice_is(is, wanted))
        fail_msg("'%.*s' instead of '%s'", SLICE_ARGS(is), wanted);
}

static void test_hop_is_read_as_each_server_writes_it(void **state)
{
    (void)state;
    add("Received", "from by (id [192.0.2.1]) by mx.example.org (Postfix) with ESMTPSA id 4mGprq8lp"
                    " for <ann@example.org>; Sat, 21 Nov 2026 20:41:04 +0000 (UTC)");
    add("Received", "by local.example.org (8.17.1/8.17.1/Submit) id 6ALLAYG1028659; Sat, 21 Nov "
                    "2026 21:41:04 +0100");
    add("Received", "from [192.0.2.9] (helo=pc.example.org) by out.example.org with esmtp (Exim "
                    "4.98) (envelope-from <a@example.org>) id 1vMabc-0001-2X");
    add("Received", "nonsense");
    assert_int_equal(report.hop_count, 3);
    assert_slice(report.hops[0].by, "mx.example.org");
    assert_slice(report.hops[0].id, "4mGprq8lp");
    assert_int_equal(report.hops[0].time, INT64_C(1795293664000));
    assert_slice(report.hops[1].by, "local.example.org");
    assert_slice(report.hops[1].id, "6ALLAYG1028659");
    assert_int_equal(report.hops[1].time, INT64_C(1795293664000));
    assert_slice(report.hops[2].id, "1vMabc-0001-2X");
    assert_int_equal(report.hops[2].time, 0);
}

static void test_of_too_many_hops_the_oldest_stay(void **state)
{
    (void)state;
    char value[64];
    for (int i = 0; i < REPORT_HOPS_MAX + 3; i++) {
        snprintf(value, sizeof value, "by h%d.example.org id Q%d", i, i);
        add("Received", value);
    }
    assert_int_equal(report.hop_count, REPORT_HOPS_MAX);
    assert_slice(report.hops[0].id, "Q3");
    assert_slice(report.hops[REPORT_HOPS_MAX - 1].id, "Q14");
    assert_true(report.partial);
}

static void test_first_of_each_field_counts(void **state)
{
    (void)state;
    add("Message-Id", "<one@example.org>");
    add("Message-ID", "<two@example.org>");
    add("Subject", "=?utf-8?Q?gr=C3=BC=C3=9Fe?=");
    add("date", "Sat, 21 Nov 2026 20:41:04 +0000");
    add("From", "Ann <ann@example.org>");
    assert_slice(report.message_id, "one@example.org");
    assert_slice(report.subject, "gr\xc3\xbc\xc3\x9f"
                                 "e");
    assert_slice(report.from, "Ann <ann@example.org>");
    assert_int_equal(report.date, INT64_C(1795293664000));
}

static void test_copy_in_the_text_ends_at_its_empty_line(void **state)
{
    (void)state;
    returned_read_copy(&report, &arena,
                       slice_of("--- Below is a copy of the message.\n\nReturn-Path: <a@b>\n"
                                "Received: from x by mx.example.org\n\tid ABC123;\n Sat, 21 Nov "
                                "2026 20:41:04 +0000\nSubject: one\n\nSubject: two\n"
                                "Message-ID: <not@this.example>\n"));
    assert_int_equal(report.hop_count, 1);
    assert_slice(report.hops[0].id, "ABC123");
    assert_int_equal(report.hops[0].time, INT64_C(1795293664000));
    assert_slice(report.subject, "one");
    assert_null(report.message_id.at);
}

static void test_boundary_of_postfix_holds_the_queue_id(void **state)
{
    (void)state;
    assert_slice(
        returned_boundary_id(slice_of("multipart/report; report-type=delivery-status; "
                                      "boundary=\"4mGprq8lpWz.1795298143/mx.example.org\"")),
        "4mGprq8lpWz");
    assert_null(returned_boundary_id(slice_of("multipart/report; boundary=\"=_4mGprq8lpWz\"")).at);
    assert_null(returned_boundary_id(slice_of("multipart/report; boundary=\"4mGprq.x/h\"")).at);
    assert_null(returned_boundary_id(SLICE_ABSENT).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hop_is_read_as_each_server_writes_it, begin, end),
        cmocka_unit_test_setup_teardown(test_of_too_many_hops_the_oldest_stay, begin, end),
        cmocka_unit_test_setup_teardown(test_first_of_each_field_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_copy_in_the_text_ends_at_its_empty_line, begin, end),
        cmocka_unit_test_setup_teardown(test_boundary_of_postfix_holds_the_queue_id, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
