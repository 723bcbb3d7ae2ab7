/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the time of a mail went: each ms once, to whom it belongs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../../milter/answer/attribution.h"
#include "../../../milter/answer/delays.h"
#include "book.h"
#include "mail.h"
#include "waybill/clock.h"
#include "waybill/record.h"

#define AT INT64_C(1795298143051) /* the mail arrived */
#define GREY "host mx.far.example[192.0.2.1] said: 451 4.7.1 Greylisted, see you (in reply to RCPT TO command)"
#define LATER "host mx.far.example[192.0.2.1] said: 450 4.7.1 please come back later (in reply to RCPT TO command)"
#define THERE "mx.far.example[192.0.2.1]:25"

/* A fact of bob's mail, `at` ms after the arrival; NULL: not told. */
struct told {
    int64_t at;
    enum witness witness;
    enum fact_kind kind;
    const char *to, *relay, *delays, *reply;
};
#define MILTER(at, kind, to) {at, WITNESS_MILTER, kind, to, NULL, NULL, NULL}
#define BOB "bob@far.example"
static const struct told came_in[] = {
    MILTER(0, FACT_MAIL, NULL), MILTER(50, FACT_RCPT, BOB), MILTER(200, FACT_QUEUED, NULL)};

static void add(struct record *record, const struct told *told, unsigned number)
{
    struct error why;
    struct fact fact;

    fact_init(&fact, told->witness, told->kind, AT + told->at);
    fact.id = 1000 + number;
    fact.waybill = record->id;
    fact_set(&fact, KEY_TO, slice_of(told->to));
    fact_set(&fact, KEY_RELAY, slice_of(told->relay));
    fact_set(&fact, KEY_DELAYS, slice_of(told->delays));
    fact_set(&fact, KEY_REPLY, slice_of(told->reply));
    if (record_add(record, &fact, &why) < 0)
        fail_msg("%s", why.text);
}

static void attribute(const struct told *told, size_t count, int64_t now,
                      struct attribution *attribution, struct buffer *sentence)
{
    struct record record;
    struct waybill waybill;
    unsigned number = 0;
    int64_t sum = 0;

    record_init(&record, mail_id(AT, 1));
    for (size_t i = 0; i < sizeof came_in / sizeof *came_in; i++)
        add(&record, &came_in[i], number++);
    for (size_t i = 0; i < count; i++)
        add(&record, &told[i], number++);
    assert_int_equal(waybill_read(&waybill, &record, AT + now, 0, NULL), 0);
    assert_int_equal(waybill.recipient_count, 1);
    attribution_find(&waybill, &waybill.recipients[0], book, AT + now, attribution);
    for (int share = 0; share < SHARE_COUNT; share++) {
        assert_true(attribution->ms[share] >= 0);
        assert_true(attribution->ms[share] <= attribution->ms[attribution->largest]);
        sum += attribution->ms[share];
    }
    assert_int_equal(sum, attribution->total);
    if (sentence != NULL)
        assert_int_equal(attribution_sentence(attribution, sentence), 0);
    waybill_clear(&waybill);
    record_clear(&record);
}

static void assert_says(const struct told *told, size_t count, int64_t now, const char *expected)
{
    struct attribution attribution;
    struct buffer sentence;

    buffer_init(&sentence, 4096);
    attribute(told, count, now, &attribution, &sentence);
    assert_string_equal(sentence.data, expected);
    buffer_free(&sentence);
}
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void test_the_first_attempt_is_split_as_postfix_says(void **state)
{
    static const struct told facts[] = {
        {2953, WITNESS_LOG, FACT_DELIVERED, BOB, THERE, "0.4/0.5/1.2/0.9", "250 Ok"}};
    struct attribution attribution;

    (void)state;
    attribute(facts, 1, DAY_MS, &attribution, NULL);
    assert_true(attribution.over);
    assert_int_equal(attribution.total, 2953);
    assert_int_equal(attribution.ms[SHARE_RECEIVING], 200);
    assert_int_equal(attribution.ms[SHARE_TURN], 153 + 500);
    assert_int_equal(attribution.ms[SHARE_CONNECTING], 1200);
    assert_int_equal(attribution.ms[SHARE_TRANSFER], 900);
    assert_int_equal(attribution.largest, SHARE_CONNECTING);
}

/* The first number of the second attempt counts the first one again; we do not. */
static void test_greylisting_is_named_and_counted_once(void **state)
{
    static const struct told facts[] = {
        {1001, WITNESS_LOG, FACT_DELAYED, BOB, THERE, "0.2/0/0.3/0.5", GREY},
        {7981002, WITNESS_LOG, FACT_DELIVERED, BOB, THERE, "7980/0.1/0.4/0.5", "250 Ok"}};
    struct attribution attribution;

    (void)state;
    attribute(facts, 2, DAY_MS, &attribution, NULL);
    assert_int_equal(attribution.total, 7981002);
    assert_int_equal(attribution.ms[SHARE_GREYLISTING], 7981002 - 1000 - 1001);
    assert_int_equal(attribution.ms[SHARE_TRANSFER], 1000);
    assert_says(facts, 2, DAY_MS,
                "It took 2 h 13 min. Most of it (2 h 12 min) the mail waited because "
                "mx.far.example asked us to come back later (greylisting).");
}

static void test_a_plain_later_is_only_perhaps_greylisting(void **state)
{
    static const struct told facts[] = {
        {1001, WITNESS_LOG, FACT_DELAYED, BOB, THERE, "0.2/0/0.3/0.5", LATER}};

    (void)state;
    assert_says(facts, 1, 301001,
                "It has taken 5 min 1 s so far. Most of it (5 min) the mail waited because "
                "mx.far.example asked us to come back later (perhaps greylisting).");
}

static void test_each_wait_goes_to_its_cause(void **state)
{
    static const struct {
        const char *relay, *reply;
        enum share share;
    } cases[] = {
        {"none", "connect to mx.far.example[192.0.2.1]:25: Connection timed out",
         SHARE_UNREACHABLE},
        {"none", "connect to mx.far.example[192.0.2.1]:25: Connection refused", SHARE_UNREACHABLE},
        {"none", "Host or domain name not found. Name service error for name=far.example type=MX: "
                 "Host not found, try again", SHARE_UNREACHABLE},
        {THERE, "host mx.far.example[192.0.2.1] said: 452 4.2.2 Mailbox full (in reply to RCPT TO "
                "command)", SHARE_FULL},
        {THERE, "host mx.far.example[192.0.2.1] said: 452 4.3.1 Insufficient system storage (in "
                "reply to MAIL FROM command)", SHARE_BUSY},
        {THERE, "host mx.far.example[192.0.2.1] said: 421 4.7.0 Too many connections from your host",
         SHARE_LIMITED},
        {THERE, "host mx.far.example[192.0.2.1] said: 450 4.7.25 Client host rejected: cannot find "
                "your hostname", SHARE_UNWANTED},
        {THERE, "host mx.far.example[192.0.2.1] said: 450 tschilp", SHARE_RETRY},
        {THERE, GREY, SHARE_GREYLISTING},
        {"local", "cannot update mailbox /var/mail/bob: file too big, disk full", SHARE_OURS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct told fact = {1001,           WITNESS_LOG,     FACT_DELAYED,  BOB,
                            cases[i].relay, "0.2/0/0.3/0.5", cases[i].reply};
        struct attribution attribution;

        attribute(&fact, 1, HOUR_MS, &attribution, NULL);
        if (attribution.largest != cases[i].share)
            fail_msg("'%s': %s, not %s", cases[i].reply, share_word(attribution.largest),
                     share_word(cases[i].share));
        assert_false(attribution.over);
    }
}

static void test_a_hold_is_the_administrators_time(void **state)
{
    static const struct told facts[] = {
        {300, WITNESS_LOG, FACT_HELD, NULL, NULL, NULL, NULL},
        {3600300, WITNESS_LOG, FACT_RELEASED, NULL, NULL, NULL, NULL},
        {3601307, WITNESS_LOG, FACT_DELIVERED, BOB, THERE, "3600/0.1/0.4/0.5", "250 Ok"}};
    struct attribution attribution;

    (void)state;
    attribute(facts, 1, 1000300, &attribution, NULL);
    assert_int_equal(attribution.ms[SHARE_HOLD], 1000000);
    attribute(facts, 3, DAY_MS, &attribution, NULL);
    assert_int_equal(attribution.ms[SHARE_HOLD], 3600000);
    assert_int_equal(attribution.largest, SHARE_HOLD);
}

/* 949: the log's whole second. The attempt has the higher fact id, so it stands behind the hold. */
static void test_an_attempt_of_the_same_second_ends_no_hold(void **state)
{
    static const struct told facts[] = {
        {949, WITNESS_LOG, FACT_HELD, NULL, NULL, NULL, NULL},
        {949, WITNESS_LOG, FACT_DELAYED, BOB, THERE, "0.2/0/0.3/0.5", GREY}};
    struct attribution attribution;

    (void)state;
    attribute(facts, 2, HOUR_MS, &attribution, NULL);
    assert_int_equal(attribution.largest, SHARE_HOLD);
    assert_int_equal(attribution.ms[SHARE_GREYLISTING], 0);
}

static void test_a_mail_out_of_a_listing_waited_for_the_reason_told(void **state)
{
    static const struct told facts[] = {
        {HOUR_MS, WITNESS_QUEUE, FACT_DELAYED, BOB, NULL, NULL, GREY}};
    struct attribution attribution;

    (void)state;
    attribute(facts, 1, 2 * HOUR_MS, &attribution, NULL);
    assert_int_equal(attribution.ms[SHARE_GREYLISTING], 2 * HOUR_MS - 200);
}

static void test_the_time_behind_the_next_server_is_not_ours(void **state)
{
    static const struct told facts[] = {
        {1001, WITNESS_LOG, FACT_DELIVERED, BOB, THERE, "0.2/0/0.3/0.5", "250 Ok"},
        {HOUR_MS, WITNESS_REPORT, FACT_FAILED, BOB, NULL, NULL, "550 no such user"}};
    struct attribution attribution;

    (void)state;
    attribute(facts, 2, DAY_MS, &attribution, NULL);
    /* A claim ends nothing. */
    assert_int_equal(attribution.total, 1001);
    assert_int_equal(attribution.ms[SHARE_BEYOND], 0);
}

/* Whole seconds in the log: the delays say when in the second it was. */
static void test_a_coarse_log_loses_no_time(void **state)
{
    static const struct told facts[] = {
        {949, WITNESS_LOG, FACT_DELIVERED, BOB, THERE, "0.4/0/0.6/0.2", "250 Ok"}};
    struct attribution attribution;

    (void)state;
    attribute(facts, 1, DAY_MS, &attribution, NULL);
    assert_int_equal(attribution.total, 1200);
    assert_int_equal(attribution.ms[SHARE_CONNECTING], 600);
    assert_int_equal(attribution.ms[SHARE_TRANSFER], 200);
}

static int64_t draw(unsigned *seed, int64_t below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (int64_t)(*seed >> 8) % below;
}

/* Whatever the facts say, in whatever order: the sum is checked in attribute(). */
static void test_the_shares_add_up_to_the_total(void **state)
{
    static const enum fact_kind kinds[] = {FACT_DELAYED,  FACT_DELAYED, FACT_DELIVERED,
                                           FACT_HELD,     FACT_FAILED,  FACT_RELEASED,
                                           FACT_REQUEUED, FACT_ACTIVE,  FACT_CANCELED};
    static const enum witness witnesses[] = {WITNESS_LOG, WITNESS_LOG, WITNESS_QUEUE,
                                             WITNESS_REPORT};
    static const char *const delays[] = {"0/0/0/0", "9999999999999/1/1/1", "1/99/0.5/7", "x",
                                         "00:10:00", "5+23:59:59", NULL};
    static const char *const replies[] = {GREY, LATER, "450 tschilp", NULL};
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct told facts[8];
        struct attribution attribution;
        size_t count = 1 + (size_t)draw(&seed, 8);

        for (size_t i = 0; i < count; i++)
            facts[i] = (struct told){draw(&seed, 3 * HOUR_MS) - HOUR_MS,
                                     witnesses[draw(&seed, 4)],
                                     kinds[draw(&seed, 9)],
                                     draw(&seed, 3) > 0 ? BOB : NULL,
                                     draw(&seed, 2) > 0 ? THERE : NULL,
                                     delays[draw(&seed, 7)],
                                     replies[draw(&seed, 4)]};
        if (draw(&seed, 2) > 0)
            for (size_t i = 0; i < count; i++)
                facts[i].at = facts[i].at / 1000 * 1000 - AT % 1000;
        attribute(facts, count, draw(&seed, 4 * HOUR_MS) - HOUR_MS, &attribution, NULL);
    }
}

static void test_what_is_no_delays_is_not_read(void **state)
{
    static const char *const texts[] = {"",        "1",         "1/2/3",    "1/2/3/4/5", "1/2/3/x",
                                        "1/2//4",  "1./2/3/4",  "-1/2/3/4", "1/2/3/4 ",  "1:2",
                                        "1+1/2/3", "24:00:00",  "00:60:00", "00:00:61",  "00:00:01x"};
    struct delays delays;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (delays_read(slice_of(texts[i]), &delays) || delays.sending != 0 || delays.whole)
            fail_msg("'%s' was read", texts[i]);
    assert_false(delays_read(SLICE_ABSENT, &delays));
}

static void test_delays_are_read_to_the_ms(void **state)
{
    struct delays delays;

    (void)state;
    assert_true(delays_read(slice_of("2.5/0.0017/0.22/10"), &delays));
    assert_int_equal(delays.before, 2500);
    assert_int_equal(delays.turn, 1);
    assert_int_equal(delays.connecting, 220);
    assert_int_equal(delays.sending, 10000);
    assert_true(delays_read(slice_of("1+02:03:04"), &delays));
    assert_true(delays.whole);
    assert_int_equal(delays.sending, DAY_MS + 2 * HOUR_MS + 3 * MINUTE_MS + 4 * SECOND_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_attempt_is_split_as_postfix_says),
        cmocka_unit_test(test_greylisting_is_named_and_counted_once),
        cmocka_unit_test(test_a_plain_later_is_only_perhaps_greylisting),
        cmocka_unit_test(test_each_wait_goes_to_its_cause),
        cmocka_unit_test(test_a_hold_is_the_administrators_time),
        cmocka_unit_test(test_an_attempt_of_the_same_second_ends_no_hold),
        cmocka_unit_test(test_a_mail_out_of_a_listing_waited_for_the_reason_told),
        cmocka_unit_test(test_the_time_behind_the_next_server_is_not_ours),
        cmocka_unit_test(test_a_coarse_log_loses_no_time),
        cmocka_unit_test(test_the_shares_add_up_to_the_total),
        cmocka_unit_test(test_what_is_no_delays_is_not_read),
        cmocka_unit_test(test_delays_are_read_to_the_ms),
    };

    return cmocka_run_group_tests_name("attribution", tests, book_open, book_close);
}
