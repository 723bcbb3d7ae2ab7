/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the callbacks answer, and what they tell when told little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "milter/observe/smtp/macros.h"
#include "stage.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN
#endif
#endif

static SMFICTX *connected(unsigned long protocol)
{
    return stage_client(SHIM_ACTIONS, protocol);
}

static void one_mail(SMFICTX *context)
{
    stage_mail(context, "<alice@sender.example>");
}

static void test_no_answer_is_given_where_that_was_agreed(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL);

    (void)state;
    /* a burst that ends with the connection is lost, so an answer holds the MTA back here */
    assert_int_equal(shim_mail(context, "<a@sender.example>"), SMFIS_CONTINUE);
    assert_int_equal(shim_rcpt(context, "<b@next.example>"), SMFIS_CONTINUE);
    assert_int_equal(shim_data(context), SMFIS_NOREPLY);
    assert_int_equal(shim_header(context, "Subject", "x"), SMFIS_NOREPLY);
    assert_int_equal(shim_eoh(context), SMFIS_NOREPLY);
    assert_int_equal(shim_eom(context), SMFIS_CONTINUE);
    stage_end(context);
    stage_close();
}

static void test_only_what_is_offered_is_asked_for(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit <= 21; bit++) {
        SMFICTX *context = connected(bit == 21 ? 0 : 1UL << bit);
        unsigned long skipped_phases = SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL |
                                       SMFIP_NORCPT | SMFIP_NOBODY | SMFIP_NOHDRS | SMFIP_NOEOH |
                                       SMFIP_NODATA;
        assert_int_equal(shim_granted(context) & skipped_phases, 0);
        assert_int_equal(shim_granted(context) & SMFIP_NR_BODY, 0);
        one_mail(context);
        shim_body(context, 65535);
        shim_eom(context);
        stage_end(context);
    }
    stage_close();
    assert_int_equal(stage_count(FACT_QUEUED), 22);
}

static void test_the_daemons_name_is_asked_for_at_connect_only(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL);

    (void)state;
    assert_non_null(strstr(shim_asked(context, SMFIM_CONNECT), "{daemon_name}"));
    assert_non_null(strstr(shim_asked(context, SMFIM_CONNECT), "{client_addr}"));
    for (int stage = SMFIM_HELO; stage <= SMFIM_LAST; stage++)
        assert_null(strstr(shim_asked(context, stage), "{daemon_name}"));
    stage_end(context);
    context = shim_connection();
    shim_negotiate(context, 0xff, SHIM_PROTOCOL); /* no SMFIF_SETSYMLIST */
    assert_null(shim_asked(context, SMFIM_CONNECT));
    stage_end(context);
    stage_close();
}

static void test_a_large_body_is_skipped_after_its_first_chunk(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL);

    (void)state;
    one_mail(context);
    assert_int_equal(shim_body(context, 65535), SMFIS_SKIP);
    shim_eom(context);
    /* a chunk that is not full was the last: there is nothing to skip, and the size is known */
    one_mail(context);
    assert_int_equal(shim_body(context, 100), SMFIS_CONTINUE);
    shim_eom(context);
    /* an MTA that sends small chunks is asked to stop at the second */
    one_mail(context);
    assert_int_equal(shim_body(context, 100), SMFIS_CONTINUE);
    assert_int_equal(shim_body(context, 100), SMFIS_SKIP);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_null(stage_fact(3)->value[KEY_SIZE].at);
    assert_true(slice_is(stage_fact(7)->value[KEY_SIZE], "118"));
    assert_null(stage_fact(11)->value[KEY_SIZE].at);
}

static void test_the_body_of_what_may_be_a_report_is_read_to_its_end(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL);

    (void)state;
    shim_mail(context, "<>");
    shim_rcpt(context, "<bob@next.example>");
    shim_eoh(context);
    for (int i = 0; i < 5; i++)
        assert_int_equal(shim_body(context, 65535), SMFIS_CONTINUE);
    shim_eom(context);
    shim_mail(context, "<vacation@sender.example>");
    shim_header(context, "Auto-Submitted", " auto-replied");
    shim_eoh(context);
    assert_int_equal(shim_body(context, 65535), SMFIS_CONTINUE);
    shim_eom(context);
    shim_mail(context, "<alice@sender.example>"); /* what the last one was is forgotten */
    shim_eoh(context);
    assert_int_equal(shim_body(context, 65535), SMFIS_SKIP);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_true(slice_is(stage_first(FACT_QUEUED)->value[KEY_SIZE], "327677"));
}

static void test_an_mta_that_cannot_skip_is_never_told_to(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL & ~(unsigned long)SMFIP_SKIP);

    (void)state;
    one_mail(context);
    for (int i = 0; i < 3; i++)
        assert_int_equal(shim_body(context, 65535), SMFIS_CONTINUE);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_true(slice_is(stage_first(FACT_QUEUED)->value[KEY_SIZE], "196623"));
}

static void test_a_second_connection_without_negotiation_is_traced(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL & ~(unsigned long)(SMFIP_NR_CONN | SMFIP_NR_HELO |
                                                                  SMFIP_NR_MAIL | SMFIP_NR_RCPT));

    (void)state;
    stage_end(context); /* SMFIC_QUIT_NC; libmilter itself keeps the flags of the first */
    context = shim_connection();
    shim_connect(context, "six.sender.example", "2001:db8::7", 1);
    shim_mail(context, "<alice@sender.example>");
    shim_rcpt(context, "<bob@next.example>");
    shim_data(context);
    shim_eoh(context);
    shim_body(context, 65535);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_int_equal(stage_count(FACT_QUEUED), 1);
    assert_true(slice_is(stage_first(FACT_MAIL)->value[KEY_IP], "2001:db8::7"));
}

static void test_a_queue_id_that_is_too_long_is_none(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL);
    char id[200];

    (void)state;
    memset(id, 'A', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    shim_macro(context, SMFIM_ENVFROM, "i", id);
    one_mail(context);
    shim_macro(context, SMFIM_EOM, "i", "4jX3rc3lgMz1bwkK");
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_null(stage_first(FACT_MAIL)->value[KEY_QUEUE].at);
    assert_true(slice_is(stage_first(FACT_QUEUED)->value[KEY_QUEUE], "4jX3rc3lgMz1bwkK"));
    assert_true(slice_is(stage_first(FACT_QUEUED)->value[KEY_HOST], STAGE_HOST));
}

static void test_a_garbled_macro_packet_is_no_macro(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL);
    struct error why;

    (void)state;
#ifdef UNDER_TSAN
    shim_abort(context);
    stage_end(context);
    stage_close();
    skip(); /* TSan cannot follow a jump out of a handler */
#endif
    assert_int_equal(macros_guard(&why), 0); /* cmocka has put its own handler in between */
    shim_macro(context, SMFIM_ENVFROM, "i", "4jX3rc3lgMz1bwkK");
    shim_break_macros(context);
    one_mail(context);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_int_equal(stage_count(FACT_QUEUED), 1);
    assert_null(stage_first(FACT_QUEUED)->value[KEY_QUEUE].at);
}

static void test_long_names_are_cut_and_lose_no_fact(void **state)
{
    static char text[100001];
    SMFICTX *context = shim_connection();

    (void)state;
    memset(text, '\xff', sizeof text - 1);
    shim_negotiate(context, SHIM_ACTIONS, SHIM_PROTOCOL);
    shim_macro(context, SMFIM_CONNECT, "{client_name}", text);
    shim_macro(context, SMFIM_CONNECT, "{daemon_name}", text);
    shim_connect(context, text, "192.0.2.7", 1);
    shim_helo(context, text);
    shim_macro(context, SMFIM_ENVFROM, "{auth_authen}", text);
    shim_macro(context, SMFIM_ENVFROM, "{tls_version}", text);
    shim_macro(context, SMFIM_ENVFROM, "{cipher}", text);
    shim_mail(context, text);
    shim_rcpt(context, text);
    shim_header(context, "Subject", text);
    shim_header(context, "From", text);
    shim_header(context, "Date", text);
    shim_header(context, "Message-ID", text);
    shim_eoh(context);
    shim_eom(context);
    stage_end(context);
    stage_close();
    assert_int_equal(stage_lines(), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(strlen(stage_line(i)) <= FACT_LINE_MAX);
}

static void test_a_late_journal_is_counted_and_delays_no_answer(void **state)
{
    struct smtp_stats stats;
    SMFICTX *context;

    (void)state;
    stage_close();
    stage_settings.eom_wait_ms = 0;
    stage_open();
    context = connected(SHIM_PROTOCOL);
    for (int i = 0; i < 200; i++) {
        one_mail(context);
        assert_int_equal(shim_eom(context), SMFIS_CONTINUE);
    }
    stage_end(context);
    stage_close();
    smtp_read_stats(&stats);
    assert_int_equal(stats.queued, 200);
    assert_in_range(stats.eom_late, 1, 200);
    assert_int_equal(stage_count(FACT_QUEUED), 200); /* late, not lost */
}

static void test_the_counters_say_what_happened(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL), *other = connected(SHIM_PROTOCOL);
    struct smtp_stats stats;

    (void)state;
    one_mail(context);
    shim_eom(context);
    one_mail(context);
    shim_macro(context, SMFIM_ENVRCPT, "{rcpt_mailer}", "error");
    shim_rcpt(context, "<nobody@next.example>");
    shim_abort(context);
    stage_end(context);
    smtp_read_stats(&stats);
    assert_int_equal(stats.sessions, 2);
    assert_int_equal(stats.open_sessions, 1);
    assert_int_equal(stats.messages, 2);
    assert_int_equal(stats.queued, 1);
    assert_int_equal(stats.abandoned, 1);
    assert_int_equal(stats.recipients, 2);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.eom_late, 0);
    assert_int_equal(stats.no_memory, 0);
    stage_end(other);
    stage_close();
}

static void test_a_reload_leaves_open_sessions_alone(void **state)
{
    struct settings hashed = stage_settings, broken = stage_settings;
    SMFICTX *before = connected(SHIM_PROTOCOL), *after, *last;

    (void)state;
    hashed.subject = broken.subject = SUBJECT_HASH;
    hashed.key_file = stage_key();
    broken.key_file = (char *)(void *)"/nowhere/key";
    smtp_reload(&hashed);
    after = connected(SHIM_PROTOCOL);
    smtp_reload(&broken); /* told in the log; the rules stay as they are */
    last = connected(SHIM_PROTOCOL);
    one_mail(before);
    one_mail(after);
    one_mail(last);
    stage_end(before);
    stage_end(after);
    stage_end(last);
    stage_close();
    assert_true(slice_is(stage_fact(2)->value[KEY_SUBJECT], "Hello"));
    assert_null(stage_fact(5)->value[KEY_SUBJECT].at);
    assert_int_equal(stage_fact(5)->value[KEY_SUBJECT_HASH].size, 16);
    assert_int_equal(stage_fact(8)->value[KEY_SUBJECT_HASH].size, 16);
}

static void test_subject_hash_without_a_key_does_not_start(void **state)
{
    struct settings settings = stage_settings;
    struct error why;

    (void)state;
    settings.subject = SUBJECT_HASH;
    settings.key_file = (char *)(void *)"/nowhere/key";
    assert_int_equal(smtp_open(&settings, NULL, 0, 0, 0, false, &why), -1);
    assert_non_null(strstr(why.text, "/nowhere/key"));
    stage_close();
}

static void test_each_phase_is_measured_under_its_own_name(void **state)
{
    SMFICTX *context = connected(SHIM_PROTOCOL);
    struct histogram_reading reading;

    (void)state;
    one_mail(context);
    shim_body(context, 65535);
    shim_eom(context);
    for (int phase = 0; phase < SMTP_PHASE_COUNT; phase++) {
        smtp_read_latency((enum smtp_phase)phase, &reading);
        assert_true(reading.count > 0);
        assert_true(reading.nanoseconds > 0);
    }
    smtp_read_latency(SMTP_EOM, &reading);
    assert_int_equal(reading.count, 1);
    shim_mail(context, "<a@sender.example>");
    smtp_read_latency(SMTP_MAIL, &reading);
    assert_int_equal(reading.count, 2);
    smtp_read_latency(SMTP_RCPT, &reading);
    assert_int_equal(reading.count, 1);
    assert_true(smtp_take_slowest() > 0);
    assert_int_equal(smtp_take_slowest(), 0);
    stage_end(context);
    stage_close();
}

#define PHASE_TEST(name) cmocka_unit_test_setup_teardown(name, stage_set_up, stage_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PHASE_TEST(test_no_answer_is_given_where_that_was_agreed),
        PHASE_TEST(test_only_what_is_offered_is_asked_for),
        PHASE_TEST(test_the_daemons_name_is_asked_for_at_connect_only),
        PHASE_TEST(test_a_large_body_is_skipped_after_its_first_chunk),
        PHASE_TEST(test_the_body_of_what_may_be_a_report_is_read_to_its_end),
        PHASE_TEST(test_an_mta_that_cannot_skip_is_never_told_to),
        PHASE_TEST(test_a_second_connection_without_negotiation_is_traced),
        PHASE_TEST(test_a_queue_id_that_is_too_long_is_none),
        PHASE_TEST(test_a_garbled_macro_packet_is_no_macro),
        PHASE_TEST(test_long_names_are_cut_and_lose_no_fact),
        PHASE_TEST(test_a_late_journal_is_counted_and_delays_no_answer),
        PHASE_TEST(test_the_counters_say_what_happened),
        PHASE_TEST(test_each_phase_is_measured_under_its_own_name),
        PHASE_TEST(test_a_reload_leaves_open_sessions_alone),
        PHASE_TEST(test_subject_hash_without_a_key_does_not_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
