/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: the reader as the daemon and the programs use it; bounds, and what ends the reading.
 */
#include "waybill/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/buffer.h"

static struct phrasebook *book;
static struct report_reader *reader;

static int open_reader(void **state)
{
    (void)state;
    reader = report_open(book);
    return reader == NULL ? -1 : 0;
}

static int close_reader(void **state)
{
    (void)state;
    report_close(&reader);
    return 0;
}

static void assert_slice(struct slice is, const char *wanted)
{
    if (!slice_is(is, wanted))
        fail_msg("'%.*s' instead of '%s'", SLICE_ARGS(is), wanted);
}

static const struct report *read_mail(const char *mail)
{
    report_mail(reader, mail, strlen(mail));
    return report_end(reader);
}

#define HEAD                                                                                       \
    "From: Mail System <MAILER-DAEMON@mx.example.org>\nMIME-Version: 1.0\n"                        \
    "Content-Type: multipart/report; report-type=delivery-status; boundary=\"x\"\n"
#define STATUS_PART "\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"

static void test_nothing_fed_is_no_report(void **state)
{
    (void)state;
    const struct report *report = report_end(reader);
    assert_int_equal(report->kind, REPORT_OTHER);
    assert_string_equal(report->dialect, "");
    assert_int_equal(report->count, 0);
    assert_false(report_expected(reader, false));
    assert_true(report_expected(reader, true));
}

static void test_header_by_header_and_body_as_the_milter_gets_them(void **state)
{
    (void)state;
    const char *body = "text\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: "
                       "dns; mx\r\n\r\nFinal-Recipient: rfc822; a@example.org\r\nAction: "
                       "failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n";
    report_header(reader, slice_of("From"), slice_of(" ann@example.org"));
    report_header(reader, slice_of("Content-Type"),
                  slice_of(" multipart/report;\n\treport-type=delivery-status; boundary=x"));
    assert_true(report_expected(reader, false));
    report_body(reader, body, strlen(body));
    const struct report *report = report_end(reader);
    assert_int_equal(report->kind, REPORT_BOUNCE);
    assert_string_equal(report->dialect, "rfc3464");
    assert_slice(report->recipients[0].address, "a@example.org");
    assert_ptr_equal(report_end(reader), report);
    assert_int_equal(report->count, 1);
}

static void test_null_sender_is_remembered(void **state)
{
    (void)state;
    report_header(reader, slice_of("Subject"), slice_of("Re: hm"));
    assert_false(report_expected(reader, false));
    assert_true(report_expected(reader, true));
    assert_true(report_expected(reader, false));
}

static void test_words_of_the_text_where_the_code_says_nothing(void **state)
{
    (void)state;
    const struct report *report = read_mail(
        HEAD "\n--x\n\n<a@example.org>: host mx.example.net[192.0.2.1] said: 552 5.2.2 mailbox "
             "full (in\n    reply to RCPT TO command)\n" STATUS_PART
             "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.0.0\n"
             "Diagnostic-Code: smtp; 552\n\n--x--\n");
    assert_int_equal(report->count, 1);
    const struct report_recipient *one = &report->recipients[0];
    assert_slice(one->status, "5.2.2");
    assert_int_equal(one->code, 552);
    assert_slice(one->remote, "mx.example.net");
    assert_slice(one->command, "RCPT");
    assert_true(slice_find_text(one->words, "mailbox full (in reply to") > 0);
}

static void test_pipe_is_named_by_the_address_that_the_mail_was_for(void **state)
{
    (void)state;
    const struct report *report =
        read_mail(HEAD STATUS_PART "Original-Recipient: rfc822;a@example.org\nFinal-Recipient: "
                                   "X-Unix; |/usr/bin/filter\nAction: failed\nStatus: 5.3.0\n\n"
                                   "Final-Recipient: LOCAL; <ann>\nX-Actual-Recipient: rfc822; "
                                   "ann@example.org\nAction: failed\nStatus: 5.1.1\n\n--x--\n");
    assert_int_equal(report->count, 2);
    assert_slice(report->recipients[0].address, "a@example.org");
    assert_slice(report->recipients[1].address, "ann@example.org");
}

static void test_program_that_failed_is_told_by_the_type_of_its_words(void **state)
{
    (void)state;
    const struct report *report = read_mail(
        HEAD STATUS_PART "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: "
                         "5.3.0\nDiagnostic-Code: X-Unix; permission denied\n\n"
                         "Final-Recipient: rfc822; b@example.org\nAction: failed\nStatus: "
                         "5.3.0\nDiagnostic-Code: X-Local; permission denied\n\n--x--\n");
    assert_int_equal(report->recipients[0].reason, REASON_MAILERERROR);
    assert_slice(report->recipients[0].words, "permission denied");
    assert_int_equal(report->recipients[1].reason, REASON_SYSTEMERROR);
}

static void test_words_that_only_name_the_recipient_tell_no_reason(void **state)
{
    (void)state;
    const struct report *report = read_mail(
        HEAD STATUS_PART "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: "
                         "5.0.0\nDiagnostic-Code: smtp; To: <a@example.org>\n\n"
                         "Final-Recipient: rfc822; b@example.org\nAction: failed\nStatus: "
                         "5.2.2\nDiagnostic-Code: smtp; To: <b@example.org>\n\n--x--\n");
    assert_int_equal(report->recipients[0].reason, REASON_ONHOLD);
    assert_int_equal(report->recipients[1].reason, REASON_MAILBOXFULL);
}

static void test_action_that_is_missing_follows_the_status(void **state)
{
    (void)state;
    const struct report *report = read_mail(
        HEAD STATUS_PART "Final-Recipient: rfc822; a@example.org\nStatus: 4.2.2\n\n"
                         "Final-Recipient: rfc822; b@example.org\nStatus: 2.1.5\n\n"
                         "Final-Recipient: rfc822; c@example.org\nStatus: 5.1.1\n\n--x--\n");
    assert_int_equal(report->recipients[0].action, REPORTED_DELAYED);
    assert_int_equal(report->recipients[1].action, REPORTED_DELIVERED);
    assert_int_equal(report->recipients[1].reason, REASON_DELIVERED);
    assert_int_equal(report->recipients[2].action, REPORTED_FAILED);
}

static void test_reading_ends_once_all_is_known(void **state)
{
    (void)state;
    static const char mail[] = HEAD STATUS_PART
        "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n\n--x\n"
        "Content-Type: message/rfc822\n\nMessage-ID: <1@example.org>\n\n";
    char filler[4096];
    size_t blocks = 0;
    memset(filler, 'a', sizeof filler);
    filler[sizeof filler - 1] = '\n';
    assert_true(report_mail(reader, mail, sizeof mail - 1));
    while (report_mail(reader, filler, sizeof filler) && blocks < 1000)
        blocks++;
    assert_in_range(blocks, 3, 20);
    const struct report *report = report_end(reader);
    assert_int_equal(report->kind, REPORT_BOUNCE);
    assert_slice(report->message_id, "1@example.org");
    assert_false(report->partial);
}

static void test_endless_mail_is_cut_and_said_to_be(void **state)
{
    (void)state;
    static const char head[] = "Content-Type: multipart/mixed; boundary=x\n\n";
    char line[4096];
    size_t bytes = 0;
    memset(line, 'a', sizeof line);
    line[sizeof line - 1] = '\n';
    assert_true(report_mail(reader, head, sizeof head - 1));
    while (bytes <= REPORT_BYTES_MAX + sizeof line && report_mail(reader, line, sizeof line))
        bytes += sizeof line;
    assert_in_range(bytes, REPORT_BYTES_MAX - 2 * sizeof line, REPORT_BYTES_MAX);
    assert_true(report_end(reader)->partial);
}

static void test_bounds_hold_for_recipients_and_their_words(void **state)
{
    (void)state;
    static const char head[] = HEAD STATUS_PART;
    char words[3000], group[4000];
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    report_mail(reader, head, sizeof head - 1);
    for (int i = 0; i < 2 * REPORT_RECIPIENTS_MAX; i++) {
        int size = snprintf(group, sizeof group,
                            "Final-Recipient: rfc822; u%d@example.org\nAction: failed\nStatus: "
                            "5.1.1\nDiagnostic-Code: smtp; 550 %s\n\n",
                            i, words);
        report_mail(reader, group, (size_t)size);
    }
    const struct report *report = report_end(reader);
    assert_int_equal(report->count, REPORT_RECIPIENTS_MAX);
    assert_true(report->partial);
    for (size_t i = 0; i < report->count; i++)
        assert_true(report->recipients[i].words.size <= REPORT_WORDS_MAX);
}

static void test_complaint_names_whom_and_which_mail(void **state)
{
    (void)state;
    const struct report *report = read_mail(
        "From: fbl@example.net\nContent-Type: multipart/report; report-type=feedback-report; "
        "boundary=x\n\n--x\n\nspam!\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: "
        "abuse\nOriginal-Rcpt-To: <a@example.net>\nOriginal-Envelope-Id: e+2B1\n\n--x\n"
        "Content-Type: message/rfc822\n\nMessage-ID: <1@example.org>\n\nhi\n--x--\n");
    assert_int_equal(report->kind, REPORT_COMPLAINT);
    assert_slice(report->message_id, "1@example.org");
    assert_slice(report->envelope_id, "e+1");
    assert_slice(report->recipients[0].address, "a@example.net");
    assert_int_equal(report->recipients[0].reason, REASON_FEEDBACK);
    assert_int_not_equal(report->recipients[0].action, REPORTED_FAILED);
}

static void test_automatic_answer_names_the_mail_that_it_answers(void **state)
{
    (void)state;
    const struct report *report =
        read_mail("From: Ann <ann@example.net>\nSubject: Automatic reply: hi\nAuto-Submitted: "
                  "auto-replied\nReferences: <1@example.org> <2@example.org>\n\nI am away.\n");
    assert_int_equal(report->kind, REPORT_AUTOREPLY);
    assert_slice(report->message_id, "1@example.org");
    assert_slice(report->recipients[0].address, "ann@example.net");
    assert_int_equal(report->recipients[0].reason, REASON_VACATION);
}

static void test_success_report_of_an_absent_person_is_an_automatic_answer(void **state)
{
    (void)state;
    const struct report *report =
        read_mail("From: Ann <ann@example.org>\nSubject: Out of Office: hi\nIn-Reply-To: "
                  "<1@example.org>\nContent-Type: multipart/report; boundary=x\n" STATUS_PART
                  "Final-Recipient: rfc822; ann@example.org\nAction: delivered\n\n--x--\n");
    assert_int_equal(report->kind, REPORT_AUTOREPLY);
    assert_slice(report->message_id, "1@example.org");
}

static void test_status_that_somebody_passes_on_is_no_bounce(void **state)
{
    (void)state;
    const struct report *report =
        read_mail("From: Ann <ann@example.org>\nSubject: Fwd: Undelivered\nContent-Type: "
                  "multipart/mixed; boundary=x\n" STATUS_PART
                  "Final-Recipient: rfc822; bob@example.org\nAction: failed\n\n--x--\n");
    assert_int_equal(report->kind, REPORT_OTHER);
    assert_int_equal(report->count, 0);
}

static void test_sendmail_own_id_in_its_boundary_is_not_the_mail(void **state)
{
    (void)state;
    const struct report *report =
        read_mail("From: MAILER-DAEMON\nMessage-Id: <202611212110.6ALLAYG1028659@mx.example.org>\n"
                  "Content-Type: multipart/report; boundary=\"6ALLAYG1028659.1795295434/"
                  "mx.example.org\"\n\n--6ALLAYG1028659.1795295434/mx.example.org\n"
                  "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
                  "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n\n");
    assert_int_equal(report->kind, REPORT_BOUNCE);
    assert_null(report->queue_id.at);
    assert_true(report->partial);
}

static int open_book(void **state)
{
    struct error why;
    (void)state;
    return phrasebook_open(&book, NULL, &why);
}

static int close_book(void **state)
{
    (void)state;
    phrasebook_close(&book);
    return 0;
}

static void test_a_part_that_somebody_pasted_is_understood(void **state)
{
    (void)state;
    const struct report *report =
        read_mail("Hi, what does this want of me?\n\n<bob@example.org>: host mx.example.org"
                  "[192.0.2.7] said: 550 5.1.1\n    no (in reply to RCPT TO command)\n");
    assert_int_equal(report->kind, REPORT_BOUNCE);
    assert_int_equal(report->count, 1);
    assert_slice(report->recipients[0].address, "bob@example.org");
    assert_slice(report->recipients[0].status, "5.1.1");
}

static void test_pasted_fields_need_no_line_in_front(void **state)
{
    (void)state;
    const struct report *report =
        read_mail("Final-Recipient: rfc822; bob@example.org\nAction: delayed\nStatus: 4.2.2\n"
                  "Diagnostic-Code: smtp; 452 4.2.2 the box is full\n");
    assert_int_equal(report->kind, REPORT_BOUNCE);
    assert_int_equal(report->count, 1);
    assert_slice(report->recipients[0].address, "bob@example.org");
    assert_int_equal(report->recipients[0].action, REPORTED_DELAYED);
}

static void test_the_same_words_of_a_person_are_no_bounce(void **state)
{
    (void)state;
    const struct report *report =
        read_mail("From: jo@example.org\n\n<bob@example.org>: host mx.example.org[192.0.2.7] said: "
                  "550 5.1.1 no (in reply to RCPT TO command)\n");
    assert_int_equal(report->kind, REPORT_OTHER);
}

#define WITH_READER(test) cmocka_unit_test_setup_teardown(test, open_reader, close_reader)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_READER(test_nothing_fed_is_no_report),
        WITH_READER(test_a_part_that_somebody_pasted_is_understood),
        WITH_READER(test_pasted_fields_need_no_line_in_front),
        WITH_READER(test_the_same_words_of_a_person_are_no_bounce),
        WITH_READER(test_header_by_header_and_body_as_the_milter_gets_them),
        WITH_READER(test_null_sender_is_remembered),
        WITH_READER(test_words_of_the_text_where_the_code_says_nothing),
        WITH_READER(test_pipe_is_named_by_the_address_that_the_mail_was_for),
        WITH_READER(test_program_that_failed_is_told_by_the_type_of_its_words),
        WITH_READER(test_words_that_only_name_the_recipient_tell_no_reason),
        WITH_READER(test_action_that_is_missing_follows_the_status),
        WITH_READER(test_reading_ends_once_all_is_known),
        WITH_READER(test_endless_mail_is_cut_and_said_to_be),
        WITH_READER(test_bounds_hold_for_recipients_and_their_words),
        WITH_READER(test_complaint_names_whom_and_which_mail),
        WITH_READER(test_automatic_answer_names_the_mail_that_it_answers),
        WITH_READER(test_success_report_of_an_absent_person_is_an_automatic_answer),
        WITH_READER(test_status_that_somebody_passes_on_is_no_bounce),
        WITH_READER(test_sendmail_own_id_in_its_boundary_is_not_the_mail),
    };

    return cmocka_run_group_tests(tests, open_book, close_book);
}
