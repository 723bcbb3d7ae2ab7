/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line of `postqueue -j`, and whether a mail is among those that were listed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../../milter/import/listing.h"
#include "../../../milter/import/settle.h"
#include "../../../milter/import/sighting.h"
#include "waybill/clock.h"

#define HEAD "{\"queue_name\":\"deferred\",\"queue_id\":\"4mGprq8lpWzGsdv\","
#define CAME "\"arrival_time\":1695298143,"
#define SENDER "\"sender\":\"shop@example.org\","
#define NONE "\"recipients\":[]}"

static void test_a_line_is_taken_apart(void **state)
{
    static const char line[] =
        HEAD CAME SENDER "\"message_size\":431,\"forced_expire\":false,\"recipients\":["
                         "{\"address\":\"bob@example.com\",\"delay_reason\":\"a \\\"b\\\" \xff\"},"
                         "{\"address\":\"eve@example.com\"}]}";
    struct listed mail;
    struct error why;

    (void)state;
    if (listed_read(&mail, slice_of(line), &why) != 0)
        fail_msg("%s", why.text);
    assert_true(slice_is(mail.queue_id, "4mGprq8lpWzGsdv"));
    assert_true(slice_is(mail.queue_name, "deferred"));
    assert_true(slice_is(mail.sender, "shop@example.org"));
    assert_int_equal(mail.arrival, INT64_C(1695298143000));
    assert_int_equal(mail.size, 431);
    assert_int_equal(mail.count, 2);
    assert_true(slice_is(mail.recipients[0].address, "bob@example.com"));
    assert_true(slice_is(mail.recipients[0].reason, "a \"b\" ?"));
    assert_null(mail.recipients[1].reason.at);
    listed_clear(&mail);
}

static void test_the_null_sender_is_called_by_his_name(void **state)
{
    struct listed mail;

    (void)state;
    assert_int_equal(listed_read(&mail, slice_of(HEAD CAME "\"sender\":\"MAILER-DAEMON\"," NONE),
                                 NULL), 0);
    assert_int_equal(mail.sender.size, 0);
    assert_non_null(mail.sender.at);
    assert_int_equal(mail.size, -1);
    listed_clear(&mail);
}

static void test_what_is_no_mail_is_told(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"7", "not a JSON object"},
        {HEAD CAME SENDER "\"recipients\":[]", "not a JSON object: "},
        {"{\"queue_name\":\"x\"," CAME SENDER NONE, "queue_id"},
        {"{\"queue_name\":\"x\",\"queue_id\":\"a b\"," CAME SENDER NONE, "queue_id"},
        {"{\"queue_id\":\"A1\"," CAME SENDER NONE, "queue_name"},
        {HEAD SENDER NONE, "arrival_time"},
        {HEAD "\"arrival_time\":-1," SENDER NONE, "arrival_time"},
        {HEAD "\"arrival_time\":99999999999," SENDER NONE, "arrival_time"},
        {HEAD "\"arrival_time\":\"1\"," SENDER NONE, "arrival_time"},
        {HEAD CAME NONE, "sender"},
        {HEAD CAME SENDER "\"recipients\":{}}", "recipients"},
        {HEAD CAME SENDER "\"recipients\":[5]}", "recipients[0]"},
        {HEAD CAME SENDER "\"recipients\":[{\"address\":\"\"}]}", "recipients[0]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct listed mail;
        struct error why;
        if (listed_read(&mail, slice_of(cases[i].line), &why) == 0)
            fail_msg("'%s' was taken", cases[i].line);
        if (strstr(why.text, cases[i].says) == NULL)
            fail_msg("'%s': %s", cases[i].line, why.text);
    }
}

static void test_a_mail_is_present_whenever_it_came_before(void **state)
{
    struct present present = {0};
    struct error why;

    (void)state;
    assert_int_equal(present_add(&present, slice_of("B1"), 5 * HOUR_MS, &why), 0);
    assert_int_equal(present_add(&present, slice_of("A1"), 9 * HOUR_MS, &why), 0);
    assert_int_equal(present_add(&present, slice_of("A1"), 3 * HOUR_MS, &why), 0);
    present_sort(&present);
    assert_true(present_has(&present, slice_of("B1"), 5 * HOUR_MS));
    assert_true(present_has(&present, slice_of("B1"), 8 * HOUR_MS)); /* known late */
    assert_true(present_has(&present, slice_of("A1"), 3 * HOUR_MS + 1));
    /* Another mail has the queue id since. */
    assert_false(present_has(&present, slice_of("A1"), 2 * HOUR_MS));
    assert_false(present_has(&present, slice_of("C1"), 5 * HOUR_MS));
    free(present.mails);
}

static void test_a_sighting_is_the_same_whenever_it_was(void **state)
{
    struct sighted mail = {slice_of("mx1"), slice_of("postfix"), slice_of("A1"), 5000, 0, 0};
    struct fact first, again, other;

    (void)state;
    assert_int_equal(sighting_fact(&first, &mail, FACT_DELAYED, 9000, slice_of("b@y"),
                                   slice_of("busy")), 0);
    assert_int_equal(sighting_fact(&again, &mail, FACT_DELAYED, 99000, slice_of("b@y"),
                                   slice_of("busy")), 0);
    assert_true(first.id == again.id);
    assert_int_equal(sighting_fact(&other, &mail, FACT_DELAYED, 9000, slice_of("b@y"),
                                   slice_of("busier")), 0);
    assert_true(first.id != other.id);
    mail.settled = 1;
    assert_int_equal(sighting_fact(&other, &mail, FACT_DELAYED, 9000, slice_of("b@y"),
                                   slice_of("busy")), 0);
    assert_true(first.id != other.id);
}

static void test_a_listing_is_never_of_the_future(void **state)
{
    char path[] = "/tmp/waybill-listing-XXXXXX";
    int fd = mkstemp(path);
    const struct timespec times[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};
    struct listing *listing;
    struct error why;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(futimens(fd, times), 0);
    assert_int_equal(listing_open(&listing, path, &why), 0);
    assert_true(listing_taken(listing) <= clock_now());
    listing_close(&listing);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_taken_apart),
        cmocka_unit_test(test_the_null_sender_is_called_by_his_name),
        cmocka_unit_test(test_what_is_no_mail_is_told),
        cmocka_unit_test(test_a_mail_is_present_whenever_it_came_before),
        cmocka_unit_test(test_a_sighting_is_the_same_whenever_it_was),
        cmocka_unit_test(test_a_listing_is_never_of_the_future),
    };

    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
