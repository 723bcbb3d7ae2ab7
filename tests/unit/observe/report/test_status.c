/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: groups of fields, whole and broken.
 */
#include "../../../../milter/observe/report/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "waybill/clock.h"

static struct arena arena;
static struct groups groups;

static int begin(void **state)
{
    (void)state;
    groups_init(&groups, &arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    groups_free(&groups);
    arena_free(&arena);
    return 0;
}

/* Lines "Name: value"; an empty one ends a group. */
static void read_fields(const char *text)
{
    struct slice rest = slice_of(text), line, name;
    while (text_take_until(&rest, '\n', &line)) {
        if (line.size == 0)
            groups_end_group(&groups);
        else if (text_take_until(&line, ':', &name))
            groups_add_field(&groups, name, line);
    }
    groups_end_group(&groups);
}

static void assert_slice(struct slice is, const char *wanted)
{
    if (!slice_is(is, wanted))
        fail_msg("'%.*s' instead of '%s'", SLICE_ARGS(is), wanted);
}

static void test_each_group_is_a_recipient(void **state)
{
    (void)state;
    read_fields("Reporting-MTA: dns; mx.example.org\nOriginal-Envelope-Id: a+2Bb\n"
                "X-Postfix-Queue-ID: 4mGprq8lpWzGsdv\n"
                "Arrival-Date: Sat, 21 Nov 2026 20:41:04 +0000\n\n"
                "Original-Recipient: rfc822;old@example.org\n"
                "Final-Recipient: rfc822; ann@example.org\nAction: failed (no such user)\n"
                "Status: 5.1.1 (bad mailbox)\nRemote-MTA: dns; mx.example.net\n"
                "Diagnostic-Code: smtp; 550 5.1.1 no\n"
                "Last-Attempt-Date: Sat, 21 Nov 2026 20:41:05 +0000\n\n"
                "Final-Recipient: rfc822; bob@example.org\nAction: delayed\nStatus: 4.4.1\n"
                "Will-Retry-Until: Sun, 22 Nov 2026 20:41:05 +0000\n\n");
    assert_slice(groups.reporting, "mx.example.org");
    assert_slice(groups.envelope_id, "a+b");
    assert_slice(groups.queue_id, "4mGprq8lpWzGsdv");
    assert_int_equal(groups.arrived, INT64_C(1795293664000));
    assert_int_equal(groups.count, 2);
    assert_slice(groups.of[0].final, "ann@example.org");
    assert_slice(groups.of[0].original, "old@example.org");
    assert_slice(groups.of[0].status, "5.1.1");
    assert_slice(groups.of[0].remark, "bad mailbox");
    assert_slice(groups.of[0].remote, "mx.example.net");
    assert_slice(groups.of[0].words, "550 5.1.1 no");
    assert_int_equal(groups.of[0].action, REPORTED_FAILED);
    assert_int_equal(groups.of[0].tried, INT64_C(1795293665000));
    assert_int_equal(groups.of[1].action, REPORTED_DELAYED);
    assert_int_equal(groups.of[1].until, INT64_C(1795293665000) + DAY_MS);
    assert_true(groups_tell(&groups));
}

static void test_empty_lines_too_many_and_too_few(void **state)
{
    (void)state;
    read_fields("Reporting-MTA: dns; mx.example.org\nFinal-Recipient: rfc822; ann@example.org\n\n\n"
                "Action: failed\nStatus: 5.2.2\n\n"
                "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"
                "Final-Recipient: rfc822; cid@example.org\nAction: delayed\nStatus: 4.1.1\n"
                "Final-Recipient: rfc822; dan@example.com\nAction: relayed\n");
    assert_int_equal(groups.count, 4);
    assert_slice(groups.of[0].status, "5.2.2");
    assert_slice(groups.of[1].status, "5.1.1");
    assert_int_equal(groups.of[2].action, REPORTED_DELAYED);
    assert_slice(groups.of[3].final, "dan@example.com");
}

static void test_same_recipient_again_is_one_and_failure_outweighs_delay(void **state)
{
    (void)state;
    read_fields("Final-Recipient: rfc822; ann@example.org\nAction: delayed\nStatus: 4.4.1\n\n"
                "Final-Recipient: rfc822; ANN@example.org\nAction: failed\nStatus: 5.4.1\n\n"
                "Final-Recipient: rfc822; ann@example.org\nAction: delayed\nStatus: 4.4.2\n"
                "Diagnostic-Code: smtp; 451 later\n\n");
    assert_int_equal(groups.count, 1);
    assert_int_equal(groups.of[0].action, REPORTED_FAILED);
    assert_slice(groups.of[0].status, "5.4.1");
    assert_slice(groups.of[0].words, "451 later");
}

static void test_recipient_is_found_again_among_many_and_by_a_name_that_came_late(void **state)
{
    (void)state;
    read_fields("Action: failed\n\nFinal-Recipient: rfc822; ann@example.org\n\n");
    for (int i = 0; i < 900; i++) {
        char line[64];
        snprintf(line, sizeof line, "Final-Recipient: u%d@example.org\nAction: delayed\n\n", i);
        read_fields(line);
    }
    read_fields("Final-Recipient: rfc822; Ann@example.org\nStatus: 5.1.1\n\n"
                "Final-Recipient: rfc822; u450@example.org\nStatus: 4.4.1\n\n");
    assert_int_equal(groups.count, 901);
    assert_slice(groups.of[0].status, "5.1.1");
    assert_slice(groups.of[451].status, "4.4.1");
}

static void test_one_mailbox_that_was_written_to_under_two_names_is_two(void **state)
{
    (void)state;
    read_fields(
        "Original-Recipient: rfc822; a@example.com\nFinal-Recipient: rfc822; ann@example.org\n"
        "Action: failed\n\n"
        "Original-Recipient: rfc822; b@example.com\nFinal-Recipient: rfc822; ann@example.org\n"
        "Action: failed\n\n"
        "Final-Recipient: rfc822; ann@example.org\nStatus: 5.2.2\n\n"
        "Original-Recipient: rfc822; B@example.com\nFinal-Recipient: rfc822; ann@example.org\n"
        "Status: 5.1.1\n\n");
    assert_int_equal(groups.count, 2);
    assert_slice(groups.of[0].status, "5.2.2");
    assert_slice(groups.of[1].status, "5.1.1");
}

static void test_status_that_is_none_leaves_its_words(void **state)
{
    (void)state;
    read_fields("Final-Recipient: rfc822; ann@example.org\nStatus: 553 too large\n\n"
                "Final-Recipient: rfc822; bob@example.org\nStatus: 5.1.1.\n\n");
    assert_null(groups.of[0].status.at);
    assert_true(groups.of[0].has_status);
    assert_slice(groups.of[0].remark, "553 too large");
    assert_slice(groups.of[1].status, "5.1.1");
}

static void test_fields_that_name_nobody_tell_nothing(void **state)
{
    (void)state;
    read_fields("Reporting-MTA: dns; mx.example.org\n\nAction: failed\nStatus: 5.1.1\n\n");
    assert_int_equal(groups.count, 1);
    assert_false(groups_tell(&groups));
    read_fields("Final-Recipient: rfc822; ann@example.org\n\n");
    assert_int_equal(groups.count, 1);
    assert_true(groups_tell(&groups));
}

static void test_too_many_recipients_are_left_out_and_told(void **state)
{
    (void)state;
    for (int i = 0; i < 20 * REPORT_RECIPIENTS_MAX; i++) {
        char line[64];
        snprintf(line, sizeof line, "Final-Recipient: u%d@example.org\nAction: failed\n\n", i);
        read_fields(line);
    }
    assert_int_equal(groups.count, REPORT_RECIPIENTS_MAX);
    assert_true(groups.partial);
}

static void test_groups_without_end_are_cut_though_they_name_but_one(void **state)
{
    (void)state;
    for (int i = 0; i < 5 * REPORT_RECIPIENTS_MAX; i++)
        read_fields("Final-Recipient: u@example.org\nAction: failed\n\n");
    assert_int_equal(groups.count, 1);
    assert_true(groups.partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_group_is_a_recipient, begin, end),
        cmocka_unit_test_setup_teardown(test_empty_lines_too_many_and_too_few, begin, end),
        cmocka_unit_test_setup_teardown(
            test_same_recipient_again_is_one_and_failure_outweighs_delay, begin, end),
        cmocka_unit_test_setup_teardown(
            test_recipient_is_found_again_among_many_and_by_a_name_that_came_late, begin, end),
        cmocka_unit_test_setup_teardown(test_one_mailbox_that_was_written_to_under_two_names_is_two,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_status_that_is_none_leaves_its_words, begin, end),
        cmocka_unit_test_setup_teardown(test_fields_that_name_nobody_tell_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_groups_without_end_are_cut_though_they_name_but_one,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_too_many_recipients_are_left_out_and_told, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
