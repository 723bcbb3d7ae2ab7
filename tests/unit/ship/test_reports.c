/* SPDX-License-Identifier: BSD-2-Clause */
/* A report finds the mail that it speaks of, or says that it did not; strangers cost little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/clock.h"
#include "waybill/id.h"
#include "world.h"

#define LOG "host=mx1 inst=postfix"
#define W(id) (unsigned long long)(id)
#define BOB "bob@mail.example.org"
#define LATE_MS (5 * DAY_MS + 3 * HOUR_MS)
#define THEIRS "side=smtp ip=192.0.2.9 client=unknown"

static struct redis redis;
static struct world world;
static uint64_t mail, report; /* bob's mail; the mail that brought the report */

static int set_up_at(int64_t start)
{
    redis_prepare(&redis);
    redis_start(&redis, NULL, true);
    world_open(&world, &redis, 3, start);
    mail = world_id(&world, 0, 1);
    report = world_id(&world, 90000, 2);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_at(world_hour_ago());
}

static int set_up_long_ago(void **state)
{
    (void)state;
    return set_up_at(world_hour_ago() - LATE_MS);
}

static int tear_down(void **state)
{
    (void)state;
    world_close(&world);
    redis_remove(&redis);
    return 0;
}

/* Bob's mail: taken under a queue id, and handed over. */
static void tell_mail(uint64_t id, const char *queue_id)
{
    world_tell(&world, 'm', 51, "mail w=%llu host=mx1.example.org from=a@example.net ip=192.0.2.7",
               W(id));
    world_tell(&world, 'm', 61, "rcpt w=%llu to=" BOB, W(id));
    world_tell(&world, 'm', 71, "header w=%llu q=%s id=first@example.net", W(id), queue_id);
    world_tell(&world, 'm', 81, "queued w=%llu q=%s size=420", W(id), queue_id);
    world_tell(&world, 'l', 1000,
               "delivered " LOG " q=%s to=" BOB " via=smtp relay=mx.example.org[192.0.2.9]:25",
               queue_id);
    world_tell(&world, 'l', 1000, "removed " LOG " q=%s", queue_id);
}

/* A mail that is a report: what it tells of one recipient, as the milter writes it. */
static void tell_report_of(struct world *where, uint64_t by, int64_t ms, const char *kind,
                           const char *values)
{
    world_tell(where, 'm', ms, "mail w=%llu host=mx1.example.org from= ip=192.0.2.9", W(by));
    world_tell(where, 'm', ms + 1, "rcpt w=%llu to=a@example.net", W(by));
    world_tell(where, 'r', ms + 2, "%s by=%llu bq=RQ report=bounce dsn=5.1.1 %s", kind, W(by),
               values);
    world_tell(where, 'm', ms + 3, "queued w=%llu q=RQ size=420", W(by));
}

static void tell_report(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell_report(const char *format, ...)
{
    char values[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(values, sizeof values, format, arguments);
    va_end(arguments);
    tell_report_of(&world, report, 90000, "failed", values);
}

/* The report's fact stands in this waybill, and in the report's own that it is about it. */
static void check_about(uint64_t id)
{
    char about[64];
    snprintf(about, sizeof about, " about=%llu\n", W(id));
    char *text = world_record(&world, report);
    char *line = strstr(text, " report to=");
    assert_non_null(line);
    snprintf(about, sizeof about, " about=%llu", W(id));
    assert_non_null(strstr(line, about));
    assert_non_null(strstr(line, " report=bounce"));
    free(text);
    if (id == 0)
        return;
    world_has(&world, id, " failed to=" BOB " ", 1);
    snprintf(about, sizeof about, " by=%llu", W(report));
    world_has(&world, id, about, 1);
}

static size_t count_events(uint64_t id)
{
    return (size_t)redis_number(&redis, "XLEN wb:ev:%llu", W(id % 16));
}

static void test_a_token_leads_to_its_mail_and_proves_the_report(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    tell_report("to=" BOB
                " token=1 w=%llu q=OTHER host=mx7.example.net arrived=%lld id=x@y from=z@y "
                "envid=e " THEIRS,
                W(mail), (long long)world.start);
    world_ship(&world);
    check_about(mail);
    assert_int_equal(1, world_state(&world, STATE_FAILED));
    world_has(&world, mail, " token=1 ", 1);
    world_has(&world, mail, "OTHER", 0);
    world_has(&world, mail, "id=x@y", 0);
    world_has(&world, mail, "from=z@y", 0);
    world_has(&world, mail, "arrived=", 0);
    world_has(&world, mail, "envid=", 0);
    assert_int_equal(3, count_events(mail)); /* accepted, delivered, failed */
    assert_int_equal(2, world_records(&world));
    /* The report went to its recipient, not to the one that it speaks of. */
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, BOB, NULL));
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, "a@example.net", NULL));
}

static void test_our_own_report_is_found_by_queue_id_and_host(void **state)
{
    (void)state;
    world_tell(&world, 'l', 900, "notified " LOG " q=4mGprq next=RQ");
    tell_mail(mail, "4mGprq");
    tell_report("to=new@example.org orig=" BOB " side=local q=4mGprq host=mx1.example.org "
                "arrived=%lld",
                (long long)world.start);
    world.settings.hold_seconds = 600; /* it must not have to wait */
    world_start(&world);
    world_read(&world, world.appended);
    world_stop(&world);
    world_has(&world, mail, " failed to=new@example.org orig=" BOB " ", 1);
    assert_int_equal(1, world_state(&world, STATE_FAILED));
}

static void test_a_proved_report_is_found_under_the_recipient_that_it_is_proved_for(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    tell_report("to=alice@example.com orig=" BOB " token=1 w=%llu " THEIRS, W(mail));
    world_ship(&world);
    assert_int_equal(1, world_state(&world, STATE_FAILED));
    assert_int_equal(0, world_find(&world, TERM_RECIPIENT, "alice@example.com", NULL));
    assert_int_equal(0, world_find(&world, TERM_BAD_DOMAIN, "failed/example.com", NULL));
    assert_int_equal(1, world_find(&world, TERM_BAD_DOMAIN, "failed/mail.example.org", NULL));
}

/* Eve hands in a mail with the token and the Message-ID of bob's, and our own server bounces it. */
static void test_our_own_report_speaks_of_the_mail_with_its_queue_id_alone(void **state)
{
    (void)state;
    uint64_t eves = world_id(&world, 5000, 7);
    tell_mail(mail, "4mGprq");
    world_tell(&world, 'm', 5000, "mail w=%llu host=mx1.example.org from=eve@x", W(eves));
    world_tell(&world, 'm', 5000, "rcpt w=%llu to=" BOB, W(eves));
    world_tell(&world, 'm', 5001, "queued w=%llu q=4mEVES", W(eves));
    tell_report("to=" BOB " token=1 w=%llu q=4mEVES host=mx1.example.org side=internal "
                "id=first@example.net",
                W(mail));
    world_ship(&world);
    check_about(eves);
    world_has(&world, mail, " failed ", 0);
    assert_int_equal(2, count_events(mail)); /* accepted, delivered */
}

static void test_our_own_report_of_a_mail_that_is_not_known_is_of_no_other(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    tell_report("to=" BOB " token=1 w=%llu q=4mEVES host=mx1.example.org side=internal "
                "id=first@example.net",
                W(mail));
    world_ship(&world);
    check_about(0);
    world_has(&world, mail, " failed ", 0);
}

static void test_a_queue_id_used_twice_is_told_apart_by_the_arrival(void **state)
{
    (void)state;
    uint64_t later = world_id(&world, 40 * 60000, 5);
    tell_mail(mail, "4mGprq");
    world_tell(&world, 'm', 40 * 60000, "mail w=%llu host=mx1.example.org from=a@x", W(later));
    world_tell(&world, 'm', 40 * 60000, "rcpt w=%llu to=" BOB, W(later));
    world_tell(&world, 'm', 40 * 60000, "queued w=%llu q=4mGprq", W(later));
    world_ship(&world);
    report = world_id(&world, 50 * 60000, 2);
    char values[256];
    snprintf(values, sizeof values,
             "to=" BOB " side=smtp q=4mGprq host=mx1.example.org arrived=%lld",
             (long long)world.start + 1000);
    tell_report_of(&world, report, 50 * 60000, "failed", values);
    world_ship(&world);
    check_about(mail);
    world_has(&world, later, " failed ", 0);
}

static void test_what_is_said_outside_must_fit_host_recipient_and_time(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "to=eve@example.net q=4mGprq host=mx1.example.org",
        "to=" BOB " q=4mGprq host=mx2.example.org",
        "to=" BOB " q=4mGprq",
        "to=" BOB " q=4mgprq host=mx1.example.org",
        "q=4mGprq host=mx1.example.org",
        "to=" BOB " id=First@example.net",
    };
    tell_mail(mail, "4mGprq");
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char values[256];
        snprintf(values, sizeof values, "%s side=smtp", wrong[i]);
        tell_report_of(&world, world_id(&world, 90000, 10 + i), 90000 + i, "failed", values);
    }
    tell_report("to=" BOB " side=smtp q=4mGprq host=mx1.example.org arrived=%lld",
                (long long)world.start - HOUR_MS);
    world_ship(&world);
    world_has(&world, mail, " failed ", 0);
    check_about(0);
    char *dump = redis_dump(&redis);
    assert_int_equal(sizeof wrong / sizeof *wrong + 1, count_words(dump, " about=0"));
    free(dump);
}

static void test_the_message_id_and_the_recipient_find_a_mail_of_five_days_ago(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    world_tell(&world, 'l', 1000, "notified " LOG " q=4mGprq next=RQ");
    world_ship(&world);
    report = world_id(&world, LATE_MS, 2);
    tell_report_of(&world, report, LATE_MS, "failed",
                   "to=Bob@Mail.example.org id=first@example.net side=local");
    world_ship(&world);
    world_has(&world, mail, " failed to=Bob@Mail.example.org ", 1);
    assert_int_equal(1, world_find(&world, TERM_OUTCOME, "failed", NULL));
    assert_int_equal(3, count_events(mail));
}

static void test_of_two_mails_with_one_message_id_the_recipient_tells(void **state)
{
    (void)state;
    uint64_t other = world_id(&world, 500, 7);
    tell_mail(mail, "4mGprq");
    world_tell(&world, 'm', 500, "mail w=%llu host=mx1.example.org from=a@example.net", W(other));
    world_tell(&world, 'm', 501, "rcpt w=%llu to=eve@example.net", W(other));
    world_tell(&world, 'm', 502, "header w=%llu q=5X id=first@example.net", W(other));
    world_tell(&world, 'm', 503, "queued w=%llu q=5X", W(other));
    world_ship(&world);
    tell_report("to=" BOB " side=smtp id=first@example.net");
    world_tell(&world, 'r', 90002,
               "failed by=%llu side=smtp to=eve@example.net "
               "id=first@example.net report=bounce",
               W(report));
    world_tell(&world, 'r', 90002,
               "failed by=%llu side=smtp to=mallory@example.net "
               "id=first@example.net report=bounce",
               W(report));
    world_ship(&world);
    world_has(&world, mail, " failed to=" BOB " ", 1);
    world_has(&world, mail, " failed ", 1);
    world_has(&world, other, " failed to=eve@example.net ", 1);
    world_has(&world, other, " failed ", 1);
    world_has(&world, report, " about=0", 1);
    assert_int_equal(0, world_state(&world, STATE_FAILED)); /* claimed */
    /* Nor may a claim choose under which words a mail is found. */
    assert_int_equal(0, world_find(&world, TERM_BAD_DOMAIN, "failed/mail.example.org", NULL));
}

static void test_what_no_mail_is_known_of_says_so_itself(void **state)
{
    (void)state;
    tell_report("to=" BOB " side=smtp id=nobody@example.net token=1 w=%llu",
                W(world_id(&world, 5, 99)));
    world_ship(&world);
    check_about(0);
    assert_int_equal(1, world_records(&world)); /* a token makes no mail */
    assert_int_equal(2, count_events(report));  /* accepted, report.unmatched */
    assert_int_equal(1, world_counter(&world, "ship_reports_unmatched"));
    assert_int_equal(0, world_counter(&world, "ship_reports_matched"));
}

static void test_a_report_with_nothing_to_go_by_does_not_wait(void **state)
{
    (void)state;
    world.settings.hold_seconds = 600;
    tell_report("to=" BOB " side=smtp");
    world_ship(&world);
    check_about(0);
}

static void test_a_token_does_not_prove_what_is_said_of_another_mail(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    world_ship(&world);
    tell_report("to=" BOB " token=1 w=%llu id=first@example.net " THEIRS,
                W(world_id(&world, 5, 99)));
    world_ship(&world);
    check_about(mail);
    world_has(&world, mail, "token=1", 0);
    assert_int_equal(0, world_state(&world, STATE_FAILED));
}

static void test_a_token_of_one_mail_does_not_reach_another(void **state)
{
    (void)state;
    uint64_t eves = world_id(&world, 500, 7);
    tell_mail(mail, "4mGprq");
    world_tell(&world, 'm', 500, "mail w=%llu host=mx1.example.org from=a@example.net", W(eves));
    world_tell(&world, 'm', 501, "rcpt w=%llu to=eve@example.org", W(eves));
    world_tell(&world, 'm', 503, "queued w=%llu q=5X", W(eves));
    tell_report("to=" BOB " token=1 w=%llu id=first@example.net q=4mGprq host=mx1.example.org "
                "side=smtp ip=192.0.2.9 client=mail.example.org",
                W(eves));
    world_ship(&world);
    check_about(eves);
    world_has(&world, mail, " failed ", 0);
    assert_int_equal(0, world_state(&world, STATE_FAILED));
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, BOB, NULL));
}

static void test_a_word_for_the_waybill_without_a_token_is_worth_nothing(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    tell_report("to=" BOB " w=%llu " THEIRS, W(mail));
    world_ship(&world);
    check_about(0);
    world_has(&world, mail, " failed ", 0);
}

static void test_a_report_does_not_speak_of_itself(void **state)
{
    (void)state;
    tell_report("to=a@example.net side=internal q=RQ host=mx1.example.org token=1 w=%llu",
                W(report));
    world_ship(&world);
    check_about(0);
    world_has(&world, report, " failed ", 0);
}

static void test_a_refused_mail_takes_no_reports(void **state)
{
    (void)state;
    world_tell(&world, 'm', 51, "mail w=%llu host=mx1.example.org from=a@x ip=192.0.2.7", W(mail));
    world_tell(&world, 'm', 61, "refused w=%llu to=" BOB " phase=rcpt", W(mail));
    world_tell(&world, 'm', 71, "abandoned w=%llu phase=rcpt", W(mail));
    world_ship(&world);
    tell_report("to=" BOB " token=1 w=%llu " THEIRS, W(mail));
    world_ship(&world);
    check_about(0);
    assert_int_equal(1, world_refused(&world));
}

static void test_a_report_may_come_before_its_mail(void **state)
{
    (void)state;
    world.settings.hold_seconds = 2;
    world_start(&world);
    tell_report("to=" BOB " side=smtp id=first@example.net q=4mGprq host=mx1.example.org");
    world_read(&world, world.appended);
    clock_sleep(200);
    tell_mail(mail, "4mGprq");
    world_settle(&world);
    world_stop(&world);
    check_about(mail);
    char *dump = redis_dump(&redis);
    assert_int_equal(0, count_words(dump, "about=0"));
    free(dump);
}

static void test_a_mail_that_only_the_log_knows_has_reports_too(void **state)
{
    (void)state;
    world_tell(&world, 'l', 0, "cleanup " LOG " q=9QUEUE id=log@example.net");
    world_tell(&world, 'l', 0, "active " LOG " q=9QUEUE from=a@x nrcpt=1");
    world_tell(&world, 'l', 1000, "delayed " LOG " q=9QUEUE to=" BOB " via=smtp");
    tell_report("to=" BOB " side=internal q=9QUEUE host=mx1.example.org arrived=%lld",
                (long long)world.start);
    world_ship(&world);
    uint64_t id;
    assert_int_equal(1, world_find(&world, TERM_QUEUE_ID, "9queue", &id));
    check_about(id);
    assert_int_equal(1, world_state(&world, STATE_FAILED));
    assert_int_equal(0, world_state(&world, STATE_DELAYED));
}

static void test_a_report_that_came_in_elsewhere_goes_into_a_field_of_that_node(void **state)
{
    (void)state;
    struct world other;
    tell_mail(mail, "4mGprq");
    world_ship(&world);
    world_open(&other, &redis, 9, world.start);
    report = world_id(&other, 90000, 2);
    char values[256];
    snprintf(values, sizeof values, "to=" BOB " token=1 w=%llu " THEIRS, W(mail));
    tell_report_of(&other, report, 90000, "failed", values);
    world_ship(&other);
    check_about(mail);
    assert_int_equal(1, world_state(&world, STATE_FAILED));
    assert_int_equal(1, redis_number(&redis, "EVAL \"local n = 0 for _, key in ipairs(redis.call("
                                             "'KEYS', 'wb:r:*')) do for _, field in "
                                             "ipairs(redis.call('HKEYS', key)) do if "
                                             "field:find('+09', 1, true) then n = n + 1 end end "
                                             "end return n\" 0"));
    /* Its own node goes on with it. */
    world_tell(&world, 'l', 99000, "notified " LOG " q=4mGprq next=ZZ");
    world_ship(&world);
    check_about(mail);
    world_has(&world, mail, "1 mx1.example.org postfix 4mGprq\n", 1);
    assert_int_equal(1, world_state(&world, STATE_FAILED));
    world_close(&other);
}

static void test_reports_folded_twice_leave_the_same_bytes(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    tell_report("to=" BOB " token=1 w=%llu " THEIRS, W(mail));
    tell_report_of(&world, world_id(&world, 91000, 7), 91000, "failed",
                   "to=x@example.com side=smtp id=unknown@x");
    tell_report_of(&world, world_id(&world, 92000, 8), 92000, "delayed",
                   "to=" BOB " side=smtp id=first@example.net");
    world_ship(&world);
    char *once = redis_dump(&redis);
    assert_int_equal(2, count_words(once, " by="));
    world_rewind(&world);
    world_ship(&world);
    char *again = redis_dump(&redis);
    assert_string_equal(once, again);
    free(again);
    free(once);
}

static void test_a_day_about_to_go_takes_no_report(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    world_ship(&world);
    world.settings.retention_days = 2;
    report = world_id(&world, LATE_MS, 2);
    char values[256];
    snprintf(values, sizeof values, "to=" BOB " token=1 w=%llu " THEIRS, W(mail));
    tell_report_of(&world, report, LATE_MS, "failed", values);
    world_ship(&world);
    check_about(0);
    world_has(&world, mail, " failed ", 0);
}

static long long commands(void)
{
    return redis_number(&redis,
                        "INFO stats | sed -n 's/total_commands_processed:\\([0-9]*\\).*/\\1/p'");
}

static void test_a_report_of_a_thousand_recipients_costs_one_question(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    world_ship(&world);
    world.settings.batch_facts = 5000;
    world_tell(&world, 'm', 90000, "mail w=%llu host=mx1.example.org from=", W(report));
    world_tell(&world, 'm', 90001, "rcpt w=%llu to=a@example.net", W(report));
    for (unsigned i = 0; i < 1000; i++)
        world_tell(&world, 'r', 90002,
                   "failed by=%llu side=smtp id=first@example.net q=XX host=mx1.example.org "
                   "report=bounce to=%s%u@mail.example.org",
                   W(report), i == 500 ? BOB " orig=u" : "u", i);
    world_tell(&world, 'm', 90003, "queued w=%llu q=RQ", W(report));
    long long before = commands();
    world_ship(&world);
    assert_in_range(commands() - before, 1, 300);
    world_has(&world, mail, " failed to=" BOB " ", 1);
    world_has(&world, report, " about=0", 999);
    assert_int_equal(999, world_counter(&world, "ship_reports_unmatched"));
    assert_int_equal(1, world_counter(&world, "ship_reports_matched"));
}

static void test_a_flood_of_forgeries_costs_little_and_does_not_stop_our_own(void **state)
{
    (void)state;
    tell_mail(mail, "4mGprq");
    world_ship(&world);
    world.settings.batch_facts = 5000;
    for (unsigned i = 0; i < 3000; i++)
        world_tell(&world, 'r', 89000 + i,
                   "failed by=%llu side=smtp id=forged%u@example.net report=bounce to=" BOB,
                   W(world_id(&world, 89000, 100 + i)), i);
    tell_report("to=" BOB " side=internal q=4mGprq host=mx1.example.org");
    long long before = commands();
    world_ship(&world);
    check_about(mail);
    uint64_t unasked = world_counter(&world, "ship_reports_unasked");
    assert_int_equal(3000 - 3 * 20, unasked);
    assert_int_equal(3000, world_counter(&world, "ship_reports_unmatched"));
    /* Each has a record of its own to write, and its event; a question reads two weeks, twice. */
    assert_in_range(commands() - before, 1, 3 * 3000 + 2 * 3 * 20 * 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define LATE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_long_ago, tear_down)
        TEST(test_a_token_leads_to_its_mail_and_proves_the_report),
        TEST(test_our_own_report_is_found_by_queue_id_and_host),
        TEST(test_a_proved_report_is_found_under_the_recipient_that_it_is_proved_for),
        TEST(test_our_own_report_speaks_of_the_mail_with_its_queue_id_alone),
        TEST(test_our_own_report_of_a_mail_that_is_not_known_is_of_no_other),
        TEST(test_a_queue_id_used_twice_is_told_apart_by_the_arrival),
        TEST(test_what_is_said_outside_must_fit_host_recipient_and_time),
        LATE_TEST(test_the_message_id_and_the_recipient_find_a_mail_of_five_days_ago),
        TEST(test_of_two_mails_with_one_message_id_the_recipient_tells),
        TEST(test_what_no_mail_is_known_of_says_so_itself),
        TEST(test_a_report_with_nothing_to_go_by_does_not_wait),
        TEST(test_a_token_does_not_prove_what_is_said_of_another_mail),
        TEST(test_a_token_of_one_mail_does_not_reach_another),
        TEST(test_a_word_for_the_waybill_without_a_token_is_worth_nothing),
        TEST(test_a_report_does_not_speak_of_itself),
        TEST(test_a_refused_mail_takes_no_reports),
        TEST(test_a_report_may_come_before_its_mail),
        TEST(test_a_mail_that_only_the_log_knows_has_reports_too),
        TEST(test_a_report_that_came_in_elsewhere_goes_into_a_field_of_that_node),
        TEST(test_reports_folded_twice_leave_the_same_bytes),
        LATE_TEST(test_a_day_about_to_go_takes_no_report),
        TEST(test_a_report_of_a_thousand_recipients_costs_one_question),
        TEST(test_a_flood_of_forgeries_costs_little_and_does_not_stop_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
