/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the catalogue says of the states and codes that staff meet most.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../../milter/answer/catalogue.h"
#include "book.h"
#include "mail.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/verdict.h"

static struct verdict_basis basis;

struct verdict_case {
    enum recipient_state state;
    const char *status, *reply, *relay;
    enum actor who;
    const char *says; /* a part of the sentence */
};

#define THERE "mx.x.example[192.0.2.1]:25"

static const struct verdict_case cases[] = {
    {STATE_FAILED, "5.1.1", "550 5.1.1 no such user", THERE, ACTOR_SENDER,
     "Refused for good by mx.x.example: there is no such mailbox. To do (sender)"},
    {STATE_FAILED, "5.0.0",
     "host mx.x.example[192.0.2.1] said: 550 user unknown (in reply to RCPT TO command)", THERE,
     ACTOR_SENDER, "there is no such mailbox. To do (sender)"},
    {STATE_FAILED, "5.0.0",
     "host mx.x.example[192.0.2.1] said: 550 user unknown (in reply to end of DATA command)", THERE,
     ACTOR_SENDER, "it may not know the address, or a filter of that mailbox said no. To do"},
    {STATE_DELAYED, NULL, "connect to mx.x.example[192.0.2.1]:25: Connection timed out", "none",
     ACTOR_NOBODY, "the receiving server "},
    {STATE_FAILED, "5.2.2", "552 5.2.2 mailbox is full", THERE, ACTOR_RECIPIENT, "is full"},
    {STATE_FAILED, "5.7.26", "550 5.7.26 DMARC", THERE, ACTOR_OURS, "SPF, DKIM, DMARC"},
    {STATE_FAILED, "5.1.1", "unknown user: \"bob\"", "local", ACTOR_SENDER,
     "by our own mail server"},
    {STATE_FAILED, "5.0.0", "599 tschilp", THERE, ACTOR_UNCLEAR,
     "no rule here knows the words of the server. "},
    {STATE_FAILED, "garbage", "garbage", THERE, ACTOR_UNCLEAR, "The words: \"garbage\""},
    {STATE_FAILED, NULL, NULL, THERE, ACTOR_UNCLEAR, "no words were given"},
    {STATE_DELAYED, "4.4.1", "connect to mx.x.example[192.0.2.1]:25: Connection timed out", "none",
     ACTOR_NOBODY, "the receiving server does not answer. Our server keeps trying until"},
    {STATE_DELAYED, "4.7.1", "451 4.7.1 come back later, we are greylisting you", THERE,
     ACTOR_NOBODY, "or asks to come again later"},
    {STATE_DELAYED, "4.2.2", "452 4.2.2 over quota", THERE, ACTOR_NOBODY, "is full"},
    {STATE_DELAYED, "4.7.25", "450 4.7.25 no PTR record", THERE, ACTOR_OURS, "To do (us)"},
    {STATE_REJECTED, "5.1.1", "550 5.1.1 User unknown", NULL, ACTOR_SENDER,
     "Refused at our door, so never in our queue: there is no such mailbox"},
    {STATE_REJECTED, "5.7.1", "554 5.7.1 Relay access denied", NULL, ACTOR_SENDER,
     "only for those who log in"},
    {STATE_REJECTED, "5.7.25", "550 5.7.25 no PTR record", NULL, ACTOR_SENDER,
     "the administrators of the sending server have to see to it"},
    {STATE_REJECTED, "4.7.25", "450 4.7.25 no PTR record", NULL, ACTOR_NOBODY, "nobody has to act"},
    {STATE_REJECTED, "4.3.1", "452 4.3.1 Insufficient system storage", NULL, ACTOR_OURS,
     "make room on its disk"},
    {STATE_EXPIRED, NULL, NULL, "none", ACTOR_THEIRS, "within the time that a mail may wait"},
    {STATE_HELD, NULL, NULL, NULL, ACTOR_OURS, "release"},
    {STATE_DELIVERED, "2.0.0", "250 Ok", THERE, ACTOR_NOBODY,
     "Handed over to mx.x.example, which took it"},
};

/* `reason`: what a report told; NULL: nothing. */
static void read_verdict(const struct verdict_case *one, const char *reason,
                         struct verdict *verdict, struct buffer *text)
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
    waybill.recipients[0].reason = slice_of(reason);
    verdict_read(&waybill, &waybill.recipients[0], &basis, verdict);
    assert_int_equal(verdict_sentence(verdict, text), 0);
    waybill_clear(&waybill);
    record_clear(&record);
}

static void sentence(const struct verdict_case *one, struct verdict *verdict, struct buffer *text)
{
    read_verdict(one, NULL, verdict, text);
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
            fail_msg("case %zu: (%s) %s", i, actor_word(verdict.who), text.data);
        buffer_free(&text);
    }
}

static void test_a_report_that_is_trusted_tells_the_reason(void **state)
{
    static const struct verdict_case one = {STATE_FAILED, "5.1.1", "550 5.1.1 user unknown", THERE,
                                            ACTOR_SENDER, ""};

    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        struct verdict verdict;
        struct buffer text;

        buffer_init(&text, 4096);
        read_verdict(&one, reason_word((enum reason)reason), &verdict, &text);
        assert_true(verdict.has_reason);
        /* A report that knew no reason leaves the word to the rules. */
        assert_int_equal(verdict.reason, reason > REASON_ONHOLD ? reason : REASON_USERUNKNOWN);
        assert_true((verdict.rule == NULL) == (reason > REASON_ONHOLD));
        assert_non_null(strstr(text.data, verdict.why));
        buffer_free(&text);
    }
}

static void test_a_reason_that_is_news_to_us_is_asked_of_the_rules(void **state)
{
    static const struct verdict_case one = {STATE_FAILED, "5.1.1", "550 5.1.1 user unknown", THERE,
                                            ACTOR_SENDER, ""};
    struct verdict verdict;
    struct buffer text;

    (void)state;
    buffer_init(&text, 4096);
    read_verdict(&one, "wormhole", &verdict, &text);
    assert_int_equal(verdict.reason, REASON_USERUNKNOWN);
    buffer_free(&text);
}

/* ---- the catalogue ---- */

static void assert_well_worded(const struct saying *saying)
{
    const char *texts[] = {saying->why, saying->act};

    assert_non_null(saying->why);
    if ((saying->act == NULL) != (saying->who == ACTOR_NOBODY))
        fail_msg("%s: who acts and what is to be done do not fit", saying->key);
    for (size_t i = 0; i < 2; i++) {
        size_t size = texts[i] != NULL ? strlen(texts[i]) : 0;
        /* They are put into sentences: no full stop of their own, and not endless. */
        if (size > 0 && (texts[i][size - 1] == '.' || size > 160))
            fail_msg("%s: %s", saying->key, texts[i]);
    }
}

static void test_every_reason_is_worded_for_every_plight(void **state)
{
    static const char *const statuses[] = {"",       "5.1.1",  "5.1.4",  "5.1.8", "5.2.3", "5.3.2",
                                           "5.4.3",  "5.4.6",  "5.7.2",  "5.7.8", "5.7.9", "5.7.10",
                                           "5.7.20", "5.7.23", "5.7.27", "5.7.28", "nonsense"};

    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++)
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
            for (unsigned bits = 0; bits < 8; bits++) {
                struct plight plight = {(enum reason)reason, slice_of(statuses[i]), (bits & 1) != 0,
                                        (bits & 6) != 0, (bits & 4) != 0, NULL};
                struct saying saying;

                catalogue_find(&plight, &saying);
                assert_well_worded(&saying);
                if (plight.delayed)
                    assert_true(saying.who == ACTOR_NOBODY || saying.who == ACTOR_OURS);
            }
}

static void test_the_actor_of_a_reason_is_the_one_of_its_table(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        struct plight plight = {.reason = (enum reason)reason};
        struct saying saying;

        catalogue_find(&plight, &saying);
        assert_int_equal(saying.who, reason_actor((enum reason)reason));
        assert_string_equal(saying.key, reason_word((enum reason)reason));
    }
}

static void test_a_status_makes_the_saying_finer(void **state)
{
    static const struct {
        enum reason reason;
        const char *status, *key;
        bool here;
    } finer[] = {
        {REASON_USERUNKNOWN, "5.1.4", "userunknown.1.4", false},
        {REASON_USERUNKNOWN, "4.1.4", "userunknown.1.4", false},
        {REASON_USERUNKNOWN, "5.1.41", "userunknown", false},
        {REASON_REJECTED, "5.1.8", "rejected.1.8", false},
        {REASON_NORELAYING, "5.7.1", "norelaying", false},
        {REASON_NORELAYING, "5.7.1", "here.norelaying", true},
        {REASON_SYSTEMERROR, "4.4.3", "systemerror.4.3", true},
        {REASON_SYSTEMERROR, "4.3.0", "here.systemerror", true},
        {REASON_NETWORKERROR, "5.4.6", "networkerror.4.6", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof finer / sizeof finer[0]; i++) {
        struct plight plight = {.reason = finer[i].reason, .status = slice_of(finer[i].status),
                                .here = finer[i].here};
        struct saying saying;

        catalogue_find(&plight, &saying);
        assert_string_equal(saying.key, finer[i].key);
    }
}

/* The queue manager gives a mail up without a word; the last attempt had some. */
static void test_an_expired_mail_has_the_reason_of_its_last_attempt(void **state)
{
    struct mail mail = {.id = mail_id(clock_now() - 6 * DAY_MS, 1), .from = "a@a.example",
                        .recipient_count = 1};
    struct record record;
    struct waybill waybill;
    struct verdict verdict;
    struct fact fact;

    (void)state;
    mail.recipients[0] =
        (struct mail_recipient){.address = "b@b.example", .state = STATE_DELAYED, .status = "4.2.2",
                                .reply = "452 4.2.2 mailbox is full", .relay = THERE};
    mail_record(&mail, &record);
    fact_init(&fact, WITNESS_LOG, FACT_EXPIRED, clock_now());
    fact.id = 7;
    assert_true(record_add(&record, &fact, NULL) >= 0);
    assert_int_equal(waybill_read(&waybill, &record, clock_now(), 0, NULL), 0);
    assert_int_equal(waybill.recipients[0].state, STATE_EXPIRED);
    verdict_read(&waybill, &waybill.recipients[0], &basis, &verdict);
    assert_int_equal(verdict.reason, REASON_MAILBOXFULL);
    assert_int_equal(verdict.who, ACTOR_RECIPIENT);
    waybill_clear(&waybill);
    record_clear(&record);
}

static bool sender_is_told(const char *words)
{
    struct mail mail = {.id = mail_id(clock_now() - DAY_MS, 1), .from = "a@a.example",
                        .recipient_count = 1};
    struct record record;
    struct waybill waybill;
    struct verdict verdict;
    struct fact fact;

    mail.recipients[0] =
        (struct mail_recipient){.address = "b@b.example", .state = STATE_FAILED, .status = "5.1.1",
                                .reply = "550 5.1.1 user unknown", .relay = THERE};
    mail_record(&mail, &record);
    fact_init(&fact, WITNESS_LOG, FACT_NOTIFIED, clock_now());
    fact.id = 7;
    fact_set(&fact, KEY_NEXT, slice_of("4mGprT3zPqWzGsf1"));
    fact_set(&fact, KEY_CAUSE, slice_of(words));
    assert_true(record_add(&record, &fact, NULL) >= 0);
    assert_int_equal(waybill_read(&waybill, &record, clock_now(), 0, NULL), 0);
    verdict_read(&waybill, &waybill.recipients[0], &basis, &verdict);
    waybill_clear(&waybill);
    record_clear(&record);
    return verdict.reported;
}

static void test_only_a_report_of_the_failure_told_the_sender_of_it(void **state)
{
    static const char *const told[] = {"sender non-delivery notification", "DSN: User unknown",
                                       "return to sender: User unknown",
                                       "sender notify: Cannot send message for 5 days"};
    static const char *const other[] = {
        "sender delay notification", "sender delivery status notification",
        "postmaster non-delivery notification", "DSN: Return receipt",
        "sender notify: Warning: could not send message for past 4 hours",
        "postmaster notify: Cannot send message for 5 days"};

    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (!sender_is_told(told[i]))
            fail_msg("not told: %s", told[i]);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        if (sender_is_told(other[i]))
            fail_msg("told: %s", other[i]);
}

struct report_case {
    enum fact_kind kind;
    const char *action, *relay, *reply;
    enum recipient_state state;
    const char *says;
};

/* Our own server's report, on a mail that the log saw go to THERE. */
static void assert_report_says(const struct report_case *one)
{
    struct mail mail = {.id = mail_id(clock_now() - DAY_MS, 1), .from = "a@a.example",
                        .recipient_count = 1};
    struct record record;
    struct waybill waybill;
    struct verdict verdict;
    struct buffer text;
    uint64_t report = mail_id(clock_now() - MINUTE_MS, 2);
    char digits[24], code[ID_CODE_SIZE];
    struct fact fact;

    mail.recipients[0] =
        (struct mail_recipient){.address = "b@b.example", .state = STATE_DELIVERED,
                                .status = "2.0.0", .reply = "250 Ok", .relay = THERE};
    mail_record(&mail, &record);
    fact_init(&fact, WITNESS_REPORT, one->kind, clock_now());
    fact.id = 7;
    fact_set(&fact, KEY_TO, slice_of("b@b.example"));
    fact_set(&fact, KEY_ACTION, slice_of(one->action));
    fact_set(&fact, KEY_RELAY, slice_of(one->relay));
    fact_set(&fact, KEY_REPLY, slice_of(one->reply));
    fact_set(&fact, KEY_SIDE, slice_of("internal"));
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)report);
    fact_set(&fact, KEY_BY_WAYBILL, slice_of(digits));
    assert_true(record_add(&record, &fact, NULL) >= 0);
    assert_int_equal(waybill_read(&waybill, &record, clock_now(), 0, NULL), 0);
    assert_int_equal(waybill.recipients[0].state, one->state);
    verdict_read(&waybill, &waybill.recipients[0], &basis, &verdict);
    buffer_init(&text, 4096);
    verdict_sentence(&verdict, &text);
    id_code(report, code);
    assert_int_equal(verdict.report, one->state == STATE_FAILED ? report : 0);
    assert_true((strstr(text.data, code) != NULL) == (one->state == STATE_FAILED));
    if (strstr(text.data, one->says) == NULL)
        fail_msg("not said: %s\n%s", one->says, text.data);
    buffer_free(&text);
    waybill_clear(&waybill);
    record_clear(&record);
}

static void test_what_happened_behind_the_next_server_is_told_as_a_report(void **state)
{
    static const struct report_case reports[] = {
        {FACT_FAILED, "failed", "far.example", "550 5.1.1 user unknown", STATE_FAILED,
         "Refused for good by far.example, says a report: there is no such mailbox."},
        {FACT_FAILED, "failed", NULL, "550 5.1.1 user unknown", STATE_FAILED,
         "Refused for good by a server further on, says a report"},
        /* Not ours, although no server of the log said it. */
        {FACT_FAILED, "failed", NULL, "554 5.7.1 Relay access denied", STATE_FAILED,
         "does not take mail for this recipient from the sending server"},
        {FACT_DELIVERED, "delivered", "far.example", "250 Ok", STATE_DELIVERED,
         "Handed over to mx.x.example, and delivered there, says a report"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++)
        assert_report_says(&reports[i]);
}

static void test_the_wrapping_of_the_log_is_no_part_of_the_words(void **state)
{
    static const struct verdict_case one = {
        STATE_FAILED, NULL,
        "host politique.example[192.0.2.1] said: 599 tschilp (in reply to RCPT TO command)",
        THERE, ACTOR_UNCLEAR, ""};
    struct verdict verdict;
    struct buffer text;

    (void)state;
    buffer_init(&text, 4096);
    sentence(&one, &verdict, &text);
    assert_int_equal(verdict.reason, REASON_UNDEFINED);
    buffer_free(&text);
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

static int open_basis(void **state)
{
    if (book_open(state) != 0)
        return -1;
    basis = (struct verdict_basis){book, 5 * DAY_MS, NULL};
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_state_and_code_has_its_sentence),
        cmocka_unit_test(test_a_report_that_is_trusted_tells_the_reason),
        cmocka_unit_test(test_a_reason_that_is_news_to_us_is_asked_of_the_rules),
        cmocka_unit_test(test_every_reason_is_worded_for_every_plight),
        cmocka_unit_test(test_the_actor_of_a_reason_is_the_one_of_its_table),
        cmocka_unit_test(test_a_status_makes_the_saying_finer),
        cmocka_unit_test(test_an_expired_mail_has_the_reason_of_its_last_attempt),
        cmocka_unit_test(test_only_a_report_of_the_failure_told_the_sender_of_it),
        cmocka_unit_test(test_what_happened_behind_the_next_server_is_told_as_a_report),
        cmocka_unit_test(test_the_wrapping_of_the_log_is_no_part_of_the_words),
        cmocka_unit_test(test_a_server_cannot_speak_to_the_terminal),
        cmocka_unit_test(test_a_name_of_any_length_fits),
    };
    return cmocka_run_group_tests(tests, open_basis, book_close);
}
