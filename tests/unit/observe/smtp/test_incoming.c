/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports that come in: what is told of them, and that a mail which is none costs nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"
#include "waybill/token.h"

#define SENT UINT64_C(261121575430100007) /* waybill of the mail that is reported on */

static int set_up(void **state)
{
    stage_set_up(state);
    stage_settings.key_file = stage_key();
    smtp_reload(&stage_settings);
    return 0;
}

static const char *token_of(uint64_t waybill, const char *secret)
{
    static char text[TOKEN_ENVID_ROOM];
    struct token_keys keys;
    struct error why;

    assert_int_equal(token_keys_read(&keys, secret, NULL, "envid", &why), 0);
    token_envid(&keys, waybill, text);
    return text;
}

static SMFICTX *client_resolved(const char *resolve)
{
    SMFICTX *context = shim_connection();

    shim_negotiate(context, SHIM_ACTIONS, SHIM_PROTOCOL);
    shim_macro(context, SMFIM_CONNECT, "{client_name}", "mx.next.example");
    shim_macro(context, SMFIM_CONNECT, "{client_resolve}", resolve);
    shim_connect(context, "mx.next.example", "192.0.2.25", 40112);
    shim_helo(context, "mx.next.example");
    return context;
}

static SMFICTX *client(void)
{
    return client_resolved("OK");
}

static void begin_report(SMFICTX *context)
{
    shim_mail(context, "<>");
    shim_rcpt(context, "<alice@sender.example>");
    shim_data(context);
    shim_header(context, "From", " MAILER-DAEMON@mx.next.example");
    shim_header(context, "Subject", " Delivery failed");
    shim_header(context, "Message-ID", " <report-1@mx.next.example>");
    shim_header(context, "MIME-Version", " 1.0");
    shim_header(context, "Content-Type",
                " multipart/report; report-type=delivery-status; boundary=\"cut-here\"");
    shim_eoh(context);
}

#define HEAD                                                                                       \
    "--cut-here\r\n"                                                                               \
    "Content-Type: text/plain\r\n\r\n"                                                             \
    "It did not go through.\r\n"                                                                   \
    "--cut-here\r\n"                                                                               \
    "Content-Type: message/delivery-status\r\n\r\n"                                                \
    "Reporting-MTA: dns; mx.next.example\r\n"                                                      \
    "Arrival-Date: Sat, 21 Nov 2026 20:35:30 +0000\r\n"

#define RECIPIENT                                                                                  \
    "Final-Recipient: rfc822; bob@next.example\r\n"                                                \
    "Action: failed\r\n"                                                                           \
    "Status: 5.2.2\r\n"                                                                            \
    "Diagnostic-Code: smtp; 552 5.2.2 the mailbox is full\r\n"

#define RETURNED                                                                                   \
    "\r\n--cut-here\r\n"                                                                           \
    "Content-Type: text/rfc822-headers\r\n\r\n"                                                    \
    "Received: from a.example (a.example [192.0.2.9]) by mx.next.example\r\n"                      \
    "\twith ESMTP id 77THEIRS77; Sat, 21 Nov 2026 20:35:31 +0000\r\n"                              \
    "Received: from pc.sender.example by mx (Postfix) with ESMTP id 4OURS0ours0;\r\n"              \
    "\tSat, 21 Nov 2026 20:35:30 +0000\r\n"                                                        \
    "Message-ID: <lunch-1@sender.example>\r\n"                                                     \
    "Subject: lunch\r\n\r\n"                                                                       \
    "--cut-here--\r\n"

/* A bounce of another server, with this Original-Envelope-Id. */
static void send_bounce(SMFICTX *context, const char *envelope_id, size_t chunk)
{
    char text[4000];
    size_t size = (size_t)snprintf(
        text, sizeof text, HEAD "Original-Envelope-Id: %s\r\n\r\n" RECIPIENT RETURNED, envelope_id);

    assert_true(size < sizeof text);
    begin_report(context);
    for (size_t at = 0; at < size; at += chunk)
        if (shim_body_bytes(context, text + at, size - at < chunk ? size - at : chunk) ==
            SMFIS_SKIP)
            break;
}

/* All of it, and the end of the connection. */
static void deliver(SMFICTX *context, const char *envelope_id, size_t chunk)
{
    send_bounce(context, envelope_id, chunk);
    shim_eom(context);
    stage_end(context);
}

static size_t first_report(void)
{
    for (size_t i = 0; i < stage_lines(); i++)
        if (stage_fact(i)->witness == WITNESS_REPORT)
            return i;
    fail_msg("no report was told");
    return 0;
}

static size_t count_reports(void)
{
    size_t found = 0;

    for (size_t i = 0; i < stage_lines(); i++)
        found += stage_fact(i)->witness == WITNESS_REPORT;
    return found;
}

static void test_a_bounce_of_another_server_tells_what_it_says(void **state)
{
    const struct fact *fact;

    (void)state;
    deliver(client(), "none-of-ours", 65535);
    stage_close();
    assert_int_equal(count_reports(), 1);
    fact = stage_fact(first_report());
    assert_int_equal(fact->kind, FACT_FAILED);
    assert_true(fact->waybill == 0);
    assert_null(fact->value[KEY_TOKEN].at);
    assert_true(slice_is(fact->value[KEY_TO], "bob@next.example"));
    assert_true(slice_is(fact->value[KEY_ACTION], "failed"));
    assert_true(slice_is(fact->value[KEY_STATUS], "5.2.2"));
    assert_true(slice_is(fact->value[KEY_REASON], "mailboxfull"));
    assert_true(slice_is(fact->value[KEY_REPORT_KIND], "bounce"));
    assert_true(slice_is(fact->value[KEY_SIDE], "smtp"));
    assert_true(slice_is(fact->value[KEY_IP], "192.0.2.25"));
    assert_true(slice_is(fact->value[KEY_CLIENT], "mx.next.example"));
    assert_true(slice_is(fact->value[KEY_ENVID], "none-of-ours"));
    assert_true(slice_is(fact->value[KEY_MESSAGE_ID], "lunch-1@sender.example"));
    assert_true(slice_is(fact->value[KEY_ARRIVED], "1795293330000"));
}

static void test_a_name_that_is_not_confirmed_is_none(void **state)
{
    static const char *const results[] = {"FORGED", "FAIL", "TEMP", ""};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        deliver(client_resolved(results[i]), "none-of-ours", 65535);
    stage_close();
    assert_int_equal(count_reports(), 4);
    for (size_t i = 0; i < stage_lines(); i++)
        if (stage_fact(i)->witness == WITNESS_REPORT)
            assert_true(slice_is(stage_fact(i)->value[KEY_CLIENT], "unknown"));
}

static void test_our_own_hop_names_our_queue_id(void **state)
{
    const struct fact *fact;

    (void)state;
    deliver(client(), "none-of-ours", 65535);
    stage_close();
    fact = stage_fact(first_report());
    assert_true(slice_is(fact->value[KEY_QUEUE], "4OURS0ours0")); /* "mx" is short for us */
    assert_true(slice_is(fact->value[KEY_HOST], STAGE_HOST));
}

static void test_a_token_of_ours_names_the_waybill(void **state)
{
    const struct fact *fact;

    (void)state;
    deliver(client(), token_of(SENT, stage_settings.key_file), 65535);
    stage_close();
    fact = stage_fact(first_report());
    assert_true(fact->waybill == SENT);
    assert_true(slice_is(fact->value[KEY_TOKEN], "1"));
}

static void test_a_token_of_the_key_before_is_good_until_it_is_taken_out(void **state)
{
    char before[200];

    (void)state;
    snprintf(before, sizeof before, "%s",
             stage_file("before", "an older secret of this machine", 31, 0600));
    stage_settings.key_file_before = before;
    smtp_reload(&stage_settings);
    deliver(client(), token_of(SENT, before), 65535);
    stage_settings.key_file_before = NULL;
    smtp_reload(&stage_settings);
    deliver(client(), token_of(SENT + 1, before), 65535);
    stage_close();
    assert_int_equal(count_reports(), 2);
    assert_true(stage_fact(first_report())->waybill == SENT);
    for (size_t i = first_report() + 1; i < stage_lines(); i++)
        assert_false(stage_fact(i)->waybill == SENT + 1);
}

static void test_the_report_is_told_before_its_end(void **state)
{
    (void)state;
    deliver(client(), "none-of-ours", 65535);
    stage_close();
    /* the answer to EOM waits for `queued`, so it waits for what was told before, too */
    assert_int_equal(stage_fact(first_report() + 1)->kind, FACT_QUEUED);
}

static void test_chunks_of_any_size_tell_the_same(void **state)
{
    static const size_t chunks[] = {65535, 1, 7, 100};
    static char lines[4][FACT_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        deliver(client(), "none-of-ours", chunks[i]);
    stage_close();
    assert_int_equal(count_reports(), 4);
    for (size_t i = 0, found = 0; i < stage_lines(); i++)
        if (stage_fact(i)->witness == WITNESS_REPORT) {
            const char *kind = strchr(stage_line(i), ' ') + 1; /* behind the time */
            snprintf(lines[found], FACT_LINE_MAX, "%.*s", (int)(strstr(kind, " by=") - kind), kind);
            assert_string_equal(lines[found++], lines[0]); /* the id, too: a replay is no news */
        }
}

static void test_an_abandoned_report_tells_nothing(void **state)
{
    SMFICTX *context = client();

    (void)state;
    send_bounce(context, "none-of-ours", 65535);
    shim_abort(context);
    send_bounce(context, "none-of-ours", 100);
    stage_end(context);
    stage_close();
    assert_int_equal(count_reports(), 0);
    assert_int_equal(stage_count(FACT_ABANDONED), 2);
}

static void send_ordinary(bool with_eoh)
{
    SMFICTX *context = client();

    shim_mail(context, "<alice@sender.example>");
    shim_rcpt(context, "<bob@next.example>");
    shim_data(context);
    shim_header(context, "Subject", " Hello");
    shim_header(context, "Content-Type", " text/plain");
    if (with_eoh)
        shim_eoh(context);
    assert_int_equal(shim_body_bytes(context, HEAD RECIPIENT RETURNED, 65), SMFIS_CONTINUE);
    assert_int_equal(shim_body_bytes(context, HEAD RECIPIENT RETURNED, 65), SMFIS_SKIP);
    shim_eom(context);
    stage_end(context);
}

static void test_an_ordinary_mail_is_not_read(void **state)
{
    struct smtp_stats stats;

    (void)state;
    send_ordinary(true);
    send_ordinary(false);
    smtp_read_stats(&stats);
    stage_close();
    assert_int_equal(count_reports(), 0);
    assert_int_equal(stats.bounces + stats.complaints + stats.receipts + stats.autoreplies, 0);
}

static void test_a_report_of_very_many_recipients_is_bounded(void **state)
{
    SMFICTX *context = client();
    struct smtp_stats stats;
    char to[200];

    (void)state;
    begin_report(context);
    shim_body_bytes(context, HEAD, sizeof HEAD - 1);
    for (int i = 0; i < 1200; i++) {
        int size = snprintf(to, sizeof to,
                            "\r\nFinal-Recipient: rfc822; bob%d@next.example\r\n"
                            "Action: failed\r\nStatus: 5.1.1\r\n",
                            i);
        shim_body_bytes(context, to, (size_t)size);
    }
    shim_body_bytes(context, RETURNED, sizeof RETURNED - 1);
    shim_eom(context);
    stage_end(context);
    smtp_read_stats(&stats);
    stage_close();
    assert_int_equal(count_reports(), 1000);
    assert_int_equal(stats.bounces, 1);
    assert_int_equal(stats.reports_partial, 1);
}

static void test_endless_words_are_cut_and_lose_no_fact(void **state)
{
    static char words[600000];
    SMFICTX *context = client();
    const struct fact *fact;

    (void)state;
    memset(words, 'x', sizeof words);
    begin_report(context);
    shim_body_bytes(context, HEAD "\r\n" RECIPIENT, sizeof HEAD "\r\n" RECIPIENT - 3);
    for (int i = 0; i < 3; i++)
        shim_body_bytes(context, words, sizeof words);
    shim_body_bytes(context, "\r\n" RETURNED, sizeof RETURNED + 1);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_int_equal(count_reports(), 1);
    fact = stage_fact(first_report());
    assert_true(fact->value[KEY_REPLY].size <= FACT_VALUE_MAX);
    assert_true(slice_starts(fact->value[KEY_REPLY], "552 5.2.2 the mailbox is full"));
}

static void test_a_report_without_an_end_of_header_is_read(void **state)
{
    SMFICTX *context = client();

    (void)state;
    shim_mail(context, "<>");
    shim_header(context, "MIME-Version", " 1.0");
    shim_header(context, "Content-Type",
                " multipart/report; report-type=delivery-status; boundary=\"cut-here\"");
    shim_body_bytes(context, HEAD "\r\n" RECIPIENT RETURNED,
                    sizeof HEAD "\r\n" RECIPIENT RETURNED - 1);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_int_equal(count_reports(), 1);
}

static void test_bad_rules_do_not_start_and_are_not_taken_over(void **state)
{
    struct settings settings = stage_defaults;
    char directory[200];
    struct error why;

    (void)state;
    snprintf(directory, sizeof directory, "%s", stage_file("bad.rules", "nonsense\n", 9, 0644));
    *strrchr(directory, '/') = '\0';
    settings.rules_directory = directory;
    assert_int_equal(smtp_open(&settings, NULL, 0, 0, 0, false, &why), -1);
    if (strstr(why.text, "bad.rules:1") == NULL)
        fail_msg("'%s' does not say where", why.text);
    stage_close();
    stage_open();
    stage_file("bad.rules", "nonsense\n", 9, 0644);
    smtp_reload(&settings); /* told in the log; the rules stay as they are */
    deliver(client(), "none-of-ours", 65535);
    stage_close();
    assert_true(slice_is(stage_fact(first_report())->value[KEY_REASON], "mailboxfull"));
}

#define REPORT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, stage_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPORT_TEST(test_a_bounce_of_another_server_tells_what_it_says),
        REPORT_TEST(test_a_name_that_is_not_confirmed_is_none),
        REPORT_TEST(test_our_own_hop_names_our_queue_id),
        REPORT_TEST(test_a_token_of_ours_names_the_waybill),
        REPORT_TEST(test_a_token_of_the_key_before_is_good_until_it_is_taken_out),
        REPORT_TEST(test_the_report_is_told_before_its_end),
        REPORT_TEST(test_chunks_of_any_size_tell_the_same),
        REPORT_TEST(test_an_abandoned_report_tells_nothing),
        REPORT_TEST(test_an_ordinary_mail_is_not_read),
        REPORT_TEST(test_a_report_of_very_many_recipients_is_bounded),
        REPORT_TEST(test_endless_words_are_cut_and_lose_no_fact),
        REPORT_TEST(test_a_report_without_an_end_of_header_is_read),
        REPORT_TEST(test_bad_rules_do_not_start_and_are_not_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
