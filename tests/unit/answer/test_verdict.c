/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the catalogue says of the states and codes that staff meet most.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mail.h"
#include "waybill/clock.h"
#include "waybill/verdict.h"

struct verdict_case {
    enum recipient_state state;
    const char *status, *reply, *relay;
    enum verdict_actor who;
    const char *says; /* a part of the sentence */
};

static const struct verdict_case cases[] = {
    {STATE_FAILED, "5.1.1", "550 5.1.1 no such user", "mx.x.example[192.0.2.1]:25", ACTOR_SENDER,
     "Refused for good by mx.x.example: there is no such mailbox. To do (sender)"},
    {STATE_FAILED, "5.1.2", "", "none", ACTOR_SENDER, "there is no such domain"},
    {STATE_FAILED, "5.2.2", "552", "mx.x.example[192.0.2.1]:25", ACTOR_RECIPIENT, "is full"},
    {STATE_FAILED, "5.7.1", "554", "mx.x.example[192.0.2.1]:25", ACTOR_EITHER, "a rule"},
    {STATE_FAILED, "5.7.26", "550", "mx.x.example[192.0.2.1]:25", ACTOR_OURS, "SPF nor DKIM"},
    {STATE_FAILED, "5.7.99", "550", "mx.x.example[192.0.2.1]:25", ACTOR_EITHER, "policy"},
    {STATE_FAILED, "5.1.1", "unknown user", "local", ACTOR_SENDER, "by our own mail server"},
    {STATE_FAILED, NULL, "550 no", "mx.x.example[192.0.2.1]:25", ACTOR_EITHER, "does not exist"},
    {STATE_FAILED, NULL, "host mx.x.example[192.0.2.1] said: 552 too big", "x[1]:25",
     ACTOR_EITHER, "mail too large"},
    {STATE_FAILED, "5.9.9", "599 what", "mx.x.example[192.0.2.1]:25", ACTOR_EITHER,
     "act on the server's words"},
    {STATE_FAILED, "garbage", "garbage", "mx.x.example[192.0.2.1]:25", ACTOR_EITHER,
     "act on the server's words"},
    {STATE_DELAYED, "4.4.1", "connect: timed out", "none", ACTOR_NOBODY,
     "does not answer. Our server keeps trying until"},
    {STATE_DELAYED, "4.2.2", "452", "mx.x.example[192.0.2.1]:25", ACTOR_NOBODY, "is full"},
    {STATE_DELAYED, "4.4.3", "lookup", "none", ACTOR_OURS, "To do (us)"},
    {STATE_REJECTED, "5.1.1", "unknown", NULL, ACTOR_SENDER, "Refused at our door, so never in our queue: there is no such mailbox"},
    {STATE_EXPIRED, "4.4.1", "timed out", "none", ACTOR_SENDER, "Given up"},
    {STATE_HELD, NULL, NULL, NULL, ACTOR_OURS, "release"},
    {STATE_DELIVERED, "2.0.0", "250 Ok", "mx.x.example[192.0.2.1]:25", ACTOR_NOBODY,
     "Handed over to mx.x.example, which took it"},
};

static void sentence(const struct verdict_case *one, struct verdict *verdict, struct buffer *text)
{
    struct mail mail = {.id = mail_id(clock_now() - MINUTE_MS, 1), .from = "a@a.example",
                        .recipient_count = 1};
    struct record record;
    struct waybill waybill;

    mail.recipients[0] =
        (struct mail_recipient){.address = "b@b.example", .state = one->state,
                                .status = one->status, .reply = one->reply, .relay = one->relay};
    mail_record(&mail, &record);
    assert_int_equal(waybill_read(&waybill, &record, clock_now(), 0, NULL), 0);
    assert_int_equal(waybill.recipients[0].state, one->state);
    verdict_read(&waybill, &waybill.recipients[0], 5 * DAY_MS, verdict);
    assert_int_equal(verdict_sentence(verdict, text), 0);
    waybill_clear(&waybill);
    record_clear(&record);
}

static void test_each_state_and_code_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict;
        struct buffer text;

        buffer_init(&text, 4096);
        sentence(&cases[i], &verdict, &text);
        if (verdict.who != cases[i].who || strstr(text.data, cases[i].says) == NULL)
            fail_msg("case %zu: (%s) %s", i, verdict_actor_word(verdict.who), text.data);
        buffer_free(&text);
    }
}

static void test_a_server_cannot_speak_to_the_terminal(void **state)
{
    (void)state;
    struct verdict_case evil = {STATE_FAILED, "5.1.1", "550 \033]0;x\007",
                                "mx\033[2J\xe2\x80\xae.example[192.0.2.1]:25", ACTOR_SENDER, ""};
    struct verdict verdict;
    struct buffer text;

    buffer_init(&text, 4096);
    sentence(&evil, &verdict, &text);
    assert_null(strchr(text.data, '\033'));
    assert_null(strstr(text.data, "\xe2\x80\xae"));
    buffer_free(&text);
}

static void test_a_name_of_any_length_fits(void **state)
{
    (void)state;
    char relay[1500];
    struct verdict_case longer = {STATE_FAILED, "5.1.1", "550", relay, ACTOR_SENDER, ""};
    struct verdict verdict;
    struct buffer text;

    memset(relay, 'x', sizeof relay);
    strcpy(relay + sizeof relay - 20, "[192.0.2.1]:25");
    buffer_init(&text, 4096);
    sentence(&longer, &verdict, &text);
    assert_non_null(strstr(text.data, "there is no such mailbox"));
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_state_and_code_has_its_sentence),
        cmocka_unit_test(test_a_server_cannot_speak_to_the_terminal),
        cmocka_unit_test(test_a_name_of_any_length_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
