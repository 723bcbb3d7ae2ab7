/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which mails get an envelope id of ours, and that no sender can come back changed.
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

static int set_up(void **state)
{
    stage_set_up(state);
    stage_settings.key_file = stage_key();
    stage_settings.stamp_envid = 1;
    smtp_reload(&stage_settings);
    return 0;
}

static SMFICTX *client(unsigned long actions)
{
    return stage_client(actions, SHIM_PROTOCOL);
}

static void send_mail(SMFICTX *context, const char *words)
{
    stage_mail(context, words);
    shim_body(context, 100);
    shim_eom(context);
}

static uint64_t stamped(SMFICTX *context, const char *front, const char *back)
{
    const char *changed = shim_changed_sender(context);
    struct token_keys keys;
    struct slice token;
    uint64_t waybill;
    struct error why;

    assert_non_null(changed);
    assert_true(strncmp(changed, front, strlen(front)) == 0);
    token = slice_of(changed + strlen(front));
    if (back[0] == '\0')
        assert_int_equal(slice_find(token, ' '), -1);
    else
        assert_true(slice_ends(token, back));
    token.size -= strlen(back);
    assert_int_equal(token_keys_read(&keys, stage_settings.key_file, NULL, "envid", &why), 0);
    assert_true(token_envid_read(&keys, token, &waybill));
    return waybill;
}

static void test_a_mail_without_an_envelope_id_gets_ours(void **state)
{
    SMFICTX *context = client(SHIM_ACTIONS);
    struct smtp_stats stats;
    const struct fact *queued;
    uint64_t waybill;

    (void)state;
    send_mail(context, "<alice@sender.example> SIZE=100");
    waybill = stamped(context, "<alice@sender.example> ENVID=", " RET=HDRS");
    stage_end(context);
    smtp_read_stats(&stats);
    stage_close();
    queued = stage_first(FACT_QUEUED);
    assert_true(queued->waybill == waybill);
    assert_true(slice_starts(queued->value[KEY_ENVID], "WB"));
    assert_int_equal(stats.stamped, 1);
    assert_int_equal(stats.stamp_failures, 0);
}

static void test_what_a_report_shall_return_is_the_clients_to_say(void **state)
{
    SMFICTX *context = client(SHIM_ACTIONS);

    (void)state;
    send_mail(context, "<alice@sender.example> RET=FULL");
    stamped(context, "<alice@sender.example> ENVID=", "");
    stage_end(context);
    stage_close();
}

static void leave_alone(const char *words)
{
    SMFICTX *context = client(SHIM_ACTIONS);

    send_mail(context, words);
    if (shim_changed_sender(context) != NULL)
        fail_msg("%s became %s", words, shim_changed_sender(context));
    stage_end(context);
}

static void test_an_envelope_id_of_the_client_stays(void **state)
{
    (void)state;
    leave_alone("<alice@sender.example> ENVID=theirs");
    leave_alone("<alice@sender.example> RET=FULL envid=theirs");
    leave_alone("<alice@sender.example> ENVID=one ENVID=two");
    leave_alone("<alice@sender.example> ENVID");
    stage_close();
}

static void test_the_null_sender_gets_no_envelope_id(void **state)
{
    (void)state;
    leave_alone("<>");
    leave_alone(" SIZE=100");
    stage_close();
}

static void test_a_sender_that_could_come_back_changed_is_left_alone(void **state)
{
    char endless[400];

    (void)state;
    leave_alone("<\"a@b\"@example.org>");
    leave_alone("<\"ab\"@example.org>");
    leave_alone("<j\xc3\xb6rg@example.org> SMTPUTF8");
    leave_alone("<jorg@ex\xc3\xa4mple.org> SMTPUTF8");
    leave_alone("<@relay.example:alice@sender.example>");
    leave_alone("<alice%next.example@sender.example>");
    leave_alone("<next!alice@sender.example>");
    leave_alone("<alice>");
    leave_alone("<alice@>");
    leave_alone("<@sender.example>");
    leave_alone("<alice.@sender.example>");
    leave_alone("<.alice@sender.example>");
    leave_alone("<al..ice@sender.example>");
    leave_alone("<alice@sender.example.>");
    leave_alone("<alice@[192.0.2.7]>");
    leave_alone("<alice@sender.example");
    leave_alone("alice@sender.example>");
    leave_alone("alice@sender.example");
    leave_alone("<<alice@sender.example>>");
    leave_alone("<alice(x)@sender.example>");
    leave_alone("<alice\\@sender.example>");
    snprintf(endless, sizeof endless, "<%0*d@sender.example>", 300, 0);
    leave_alone(endless);
    stage_close();
}

static void test_senders_of_lists_and_forwarders_get_one(void **state)
{
    static const char *const senders[] = {
        "<list-bounces+bob=next.example@lists.sender.example>",
        "<SRS0=HHH=TT=origin.example=alice@sender.example>",
        "<o'neil_{x}/y@sender.example>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
        SMFICTX *context = client(SHIM_ACTIONS);
        char front[200];
        send_mail(context, senders[i]);
        snprintf(front, sizeof front, "%s ENVID=", senders[i]);
        stamped(context, front, " RET=HDRS");
        stage_end(context);
    }
    stage_close();
}

static void test_a_local_mail_is_left_alone(void **state)
{
    SMFICTX *context = shim_connection();

    (void)state;
    /* sendmail -V is not seen there, so an envelope id of the sender's could be lost */
    shim_negotiate(context, SHIM_ACTIONS, SHIM_PROTOCOL);
    shim_connect(context, "localhost", "127.0.0.1", 0);
    shim_helo(context, "localhost");
    send_mail(context, "alice@sender.example");
    assert_null(shim_changed_sender(context));
    stage_end(context);
    stage_close();
}

static void test_an_mta_that_cannot_change_senders_is_not_asked_to(void **state)
{
    SMFICTX *context = client(SHIM_ACTIONS & ~(unsigned long)SMFIF_CHGFROM);

    (void)state;
    send_mail(context, "<alice@sender.example>"); /* the shim would end the test */
    assert_null(shim_changed_sender(context));
    stage_end(context);
    stage_close();
}

static void test_a_stamp_that_fails_is_counted_and_changes_no_answer(void **state)
{
    SMFICTX *context = client(SHIM_ACTIONS);
    struct smtp_stats stats;

    (void)state;
    shim_break_changes(context);
    send_mail(context, "<alice@sender.example>");
    stage_end(context);
    smtp_read_stats(&stats);
    stage_close();
    assert_int_equal(stats.stamped, 0);
    assert_int_equal(stats.stamp_failures, 1);
    assert_null(stage_first(FACT_QUEUED)->value[KEY_ENVID].at);
}

static void test_the_change_is_asked_for_only_where_mails_are_stamped(void **state)
{
    SMFICTX *before, *after;

    (void)state;
    stage_settings.stamp_envid = 0;
    smtp_reload(&stage_settings);
    before = client(SHIM_ACTIONS);
    assert_int_equal(shim_actions(before) & SMFIF_CHGFROM, 0);
    stage_settings.stamp_envid = 1;
    smtp_reload(&stage_settings);
    after = client(SHIM_ACTIONS);
    assert_int_equal(shim_actions(after) & SMFIF_CHGFROM, SMFIF_CHGFROM);
    send_mail(before, "<alice@sender.example>");
    send_mail(after, "<alice@sender.example>");
    assert_null(shim_changed_sender(before)); /* a session keeps what it began with */
    assert_non_null(shim_changed_sender(after));
    stage_end(before);
    stage_end(after);
    stage_close();
}

static void test_stamping_without_a_key_does_not_start(void **state)
{
    struct settings settings = stage_defaults;
    struct error why;

    (void)state;
    settings.stamp_envid = 1;
    settings.key_file = (char *)(void *)"/nowhere/key";
    assert_int_equal(smtp_open(&settings, NULL, 0, 0, 0, false, &why), -1);
    assert_non_null(strstr(why.text, "/nowhere/key"));
    stage_close();
}

#define STAMP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, stage_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAMP_TEST(test_a_mail_without_an_envelope_id_gets_ours),
        STAMP_TEST(test_what_a_report_shall_return_is_the_clients_to_say),
        STAMP_TEST(test_an_envelope_id_of_the_client_stays),
        STAMP_TEST(test_the_null_sender_gets_no_envelope_id),
        STAMP_TEST(test_a_sender_that_could_come_back_changed_is_left_alone),
        STAMP_TEST(test_senders_of_lists_and_forwarders_get_one),
        STAMP_TEST(test_a_local_mail_is_left_alone),
        STAMP_TEST(test_an_mta_that_cannot_change_senders_is_not_asked_to),
        STAMP_TEST(test_a_stamp_that_fails_is_counted_and_changes_no_answer),
        STAMP_TEST(test_the_change_is_asked_for_only_where_mails_are_stamped),
        STAMP_TEST(test_stamping_without_a_key_does_not_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
