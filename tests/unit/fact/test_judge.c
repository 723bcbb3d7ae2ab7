/* SPDX-License-Identifier: BSD-2-Clause */
/* What a set of facts means: one row a story, tried in every order of arrival. */
#include "waybill/waybill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"
#include "waybill/clock.h"

static const struct story stories[] = {
    {"taken",
     {"10 m mail from=a@x", "20 m rcpt to=b@y", "30 m queued"},
     "b@y=accepted",
     "message.accepted"},
    {"delivered by a log whose clock has only seconds",
     {"10 m mail from=a@x", "20 m rcpt to=b@y", "30 m queued", "0 l active",
      "0 l delivered to=b@y via=smtp", "0 l removed"},
     "b@y=delivered",
     "delivery.delivered message.accepted"},
    {"the queue has it no more, and no witness saw its end",
     {"10 m mail from=a@x", "20 m rcpt to=b@y", "21 m rcpt to=c@y", "30 m queued",
      "5000 l delayed to=b@y via=smtp", "6000 l delivered to=c@y via=smtp",
      "900000 q removed cause=reconciled"},
     "b@y=unresolved c@y=delivered",
     "message.accepted delivery.delayed delivery.delivered delivery.unresolved"},
    {"what the log tells later of the time before beats the queue",
     {"20 m rcpt to=b@y", "30 m queued", "900000 q removed cause=reconciled",
      "5000 l delivered to=b@y via=smtp"},
     "b@y=delivered",
     "message.accepted delivery.delivered"},
    {"an attempt after the queue was looked at shows that it was there",
     {"20 m rcpt to=b@y", "30 m queued", "900000 q removed cause=reconciled",
      "950000 l delayed to=b@y via=smtp"},
     "b@y=delayed",
     "message.accepted delivery.delayed"},
    {"a mail that only the queue knows, and then the log",
     {"0 q active from=a@x size=431", "900000 q delayed to=b@y reply=451%20later",
      "0 q rcpt to=c@y", "950000 l delivered to=b@y via=smtp"},
     "c@y=accepted b@y=delivered",
     "message.accepted delivery.delayed delivery.delivered"},
    {"who stands in the queue is no alias, and was not named by the client",
     {"20 m rcpt to=list@x", "30 m queued", "20 q rcpt to=b@y", "5000 l delivered to=b@y via=smtp",
      "6000 l removed"},
     "list@x=expanded b@y=delivered",
     "message.accepted delivery.*"},
    {"delayed, then delivered in the same second",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delayed to=b@y via=smtp",
      "5000 l delivered to=b@y via=smtp"},
     "b@y=delivered",
     "message.accepted delivery.*"},
    {"a copy stays in the mailbox, and another goes on",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delivered to=b@y via=local",
      "5000 l expanded to=b@y via=local next=X", "5000 l removed"},
     "b@y=delivered",
     "message.accepted delivery.*"},
    {"one command of an alias fails, another does not",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delivered to=b@y via=local",
      "5000 l failed to=b@y via=local", "5000 l expanded to=b@y via=local next=X"},
     "b@y=failed",
     "message.accepted delivery.*"},
    {"two recipients of different fate",
     {"20 m rcpt to=b@y", "21 m rcpt to=c@y", "30 m queued", "5000 l failed to=c@y",
      "5000 l delivered to=b@y"},
     "b@y=delivered c@y=failed",
     "message.accepted delivery.*"},
    {"a failure that comes late beats delivered",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delivered to=b@y relay=mx.y[192.0.2.9]:25",
      "900000 r failed to=b@y token=1 ip=192.0.2.9"},
     "b@y=failed / proved",
     "message.accepted delivery.delivered delivery.failed"},
    {"refused at RCPT",
     {"10 m mail from=a@x", "20 m refused to=b@y dsn=5.1.1", "30 m abandoned phase=rcpt"},
     "b@y=rejected",
     "recipient.rejected message.abandoned"},
    {"refused, then taken",
     {"20 m refused to=b@y", "25 m rcpt to=b@y", "30 m queued"},
     "b@y=accepted",
     "message.accepted"},
    {"abandoned",
     {"10 m mail from=a@x", "20 m rcpt to=b@y", "30 m abandoned phase=data"},
     "b@y=abandoned",
     "message.abandoned"},
    {"abort does not mean lost",
     {"20 m rcpt to=b@y", "30 m abandoned phase=data", "40 l active", "5000 l delivered to=b@y"},
     "b@y=delivered",
     "message.accepted delivery.delivered"},
    {"a later milter says no",
     {"20 m rcpt to=b@y", "30 m queued", "31 l rejected phase=eom to=z@z dsn=5.7.1"},
     "b@y=rejected",
     "message.accepted recipient.rejected"},
    {"given up for age",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delayed to=b@y", "9000 l expired"},
     "b@y=expired",
     "message.accepted delivery.delayed delivery.expired"},
    {"on hold, released, delivered",
     {"20 m rcpt to=b@y", "30 m queued", "40 l held", "5000 l delivered to=b@y"},
     "b@y=delivered",
     "message.accepted delivery.delivered"},
    {"on hold",
     {"20 m rcpt to=b@y", "30 m queued", "40 l held"},
     "b@y=held",
     "message.accepted delivery.held"},
    {"on hold in the second it came, by a log whose clock has only seconds",
     {"20 m rcpt to=b@y", "30 m queued", "0 l held", "0 l active"},
     "b@y=held",
     "delivery.held message.accepted"},
    {"a hold is over when the mail is released",
     {"20 m rcpt to=b@y", "30 m queued", "40 l held", "50 l released"},
     "b@y=accepted",
     "message.accepted"},
    {"delayed, held, released",
     {"0 l active", "1000 l delayed to=b@y via=smtp", "2000 l held", "3000 l released"},
     "b@y=delayed",
     "message.accepted delivery.delayed"},
    {"released, and held again",
     {"20 m rcpt to=b@y", "30 m queued", "40 l held", "1050 l released", "2060 l held"},
     "b@y=held",
     "message.accepted delivery.*"},
    {"requeued, it goes on under another id",
     {"0 l active", "1000 l delayed to=b@y via=smtp", "1100 l delivered to=c@y via=smtp",
      "2000 l requeued", "3000 l requeued next=4ABC"},
     "b@y=expanded c@y=delivered",
     "message.accepted delivery.*"},
    {"the log alone tells of a later milter's no",
     {"0 l cleanup id=1@x", "1000 l rejected phase=eom to=b@y dsn=5.7.1"},
     "b@y=rejected",
     "recipient.rejected"},
    {"the log alone, one refused at RCPT, and a later milter's no",
     {"0 l refused phase=rcpt to=no@y", "1000 l rejected phase=eom to=b@y dsn=5.7.1"},
     "no@y=rejected b@y=rejected",
     "recipient.rejected recipient.rejected"},
    {"the log alone, on hold from the start, then delivered to somebody else",
     {"0 l held phase=eom to=v@y", "5000 l released", "6000 l delivered to=b@z", "7000 l removed"},
     "b@z=delivered v@y=expanded",
     "delivery.*"},
    {"a later milter says no to one of two",
     {"20 m rcpt to=b@y", "21 m rcpt to=c@y", "0 l rejected phase=rcpt to=c@y", "30 m queued",
      "5000 l delivered to=b@y", "5000 l removed"},
     "b@y=delivered c@y=rejected",
     "recipient.rejected message.accepted delivery.delivered"},
    {"deleted by the postmaster",
     {"20 m rcpt to=b@y", "30 m queued", "40 l canceled"},
     "b@y=canceled",
     "message.accepted delivery.canceled"},
    {"an alias",
     {"20 m rcpt to=v@y", "30 m queued", "40 l delivered to=b@z orig=v@y"},
     "v@y=expanded b@z=delivered",
     "message.accepted delivery.*"},
    {"an alias that the log does not name",
     {"20 m rcpt to=v@y", "30 m queued", "40 l delivered to=b@z", "50 l removed"},
     "v@y=expanded b@z=delivered",
     "message.accepted delivery.*"},
    {"the log alone",
     {"0 l active from=a@x", "0 l delivered to=b@y"},
     "b@y=delivered",
     "delivery.*"},
    {"a list goes on to its members by a mail for its owner, others do not",
     {"20 m rcpt to=v@y", "21 m rcpt to=b@z", "30 m queued", "5000 l expanded next=X",
      "5000 l delayed to=b@z"},
     "v@y=accepted b@z=delayed",
     "message.accepted delivery.delayed"},
};

static void test_stories_end_the_same_in_any_order(void **state)
{
    (void)state;
    stories_check(stories, sizeof stories / sizeof *stories);
}

static void read_lines(struct waybill *waybill, const char *const *lines, size_t count, int64_t now)
{
    struct record record;
    struct error why;
    record_init(&record, STORY_ID);
    for (size_t i = 0; i < count; i++)
        story_add(&record, lines[i], (unsigned)i);
    assert_int_equal(waybill_read(waybill, &record, now, 5 * DAY_MS, &why), 0);
    record_clear(&record);
}

/* Sendmail logs no "removed": one row a mail, and whether it is known to have left the queue. */
static void test_an_end_that_is_not_told_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *lines[6];
        bool finished;
        const char *states;
    } mails[] = {
        {{"20 m rcpt to=b@y", "30 m queued", "40 l delivered to=b@y via=esmtp"}, true, "delivered"},
        {{"20 m rcpt to=b@y", "30 m queued", "40 l delayed to=b@y via=esmtp"}, false, "delayed"},
        {{"20 m rcpt to=b@y", "21 m rcpt to=c@y", "40 l delivered to=b@y via=esmtp"}, false,
         "delivered accepted"},
        {{"20 m rcpt to=list@y", "30 m queued", "40 l delivered to=ann via=local"}, true,
         "expanded delivered"},
        {{"20 m rcpt to=list@y", "30 m queued", "40 l delivered to=ann via=local",
          "41 l delayed to=b@z via=esmtp"}, false, "accepted delivered delayed"},
        {{"20 m rcpt to=list@y", "21 m rcpt to=b@z", "40 l delivered to=ann via=local"}, false,
         "accepted accepted delivered"},
        {{"20 m rcpt to=list@y", "30 m queued", "40 l expanded next=6ALL81Qp014944"}, true,
         "expanded"},
        {{"0 l active nrcpt=2", "0 l delivered to=b@y via=esmtp"}, false, "delivered"},
        {{"0 l active nrcpt=1", "0 l failed to=b@y via=esmtp"}, true, "failed"},
    };
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
        for (int sendmail = 0; sendmail <= 1; sendmail++) {
            struct record record;
            struct waybill waybill;
            struct error why;
            char seen[100] = "";
            record_init(&record, STORY_ID);
            for (unsigned n = 0; n < 6 && mails[i].lines[n] != NULL; n++) {
                char line[120];
                snprintf(line, sizeof line, "%s inst=%s", mails[i].lines[n],
                         sendmail ? "sendmail" : "postfix");
                story_add(&record, line, n);
            }
            assert_int_equal(waybill_read(&waybill, &record, STORY_BASE + 100, 5 * DAY_MS, &why), 0);
            if (waybill_finished(&waybill) != (sendmail && mails[i].finished))
                fail_msg("mail %zu, sendmail %d", i, sendmail);
            for (size_t n = 0; n < waybill.recipient_count; n++)
                snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%s", n ? " " : "",
                         state_word(waybill.recipients[n].state));
            if (sendmail)
                assert_string_equal(seen, mails[i].states);
            waybill_clear(&waybill);
            record_clear(&record);
        }
    }
}

static void test_nothing_stays_delayed_for_ever(void **state)
{
    (void)state;
    static const char *const lines[] = {"20 m rcpt to=b@y", "30 m queued", "5000 l delayed to=b@y"};
    struct waybill waybill;
    read_lines(&waybill, lines, 3, STORY_BASE + 6 * DAY_MS);
    assert_int_equal(waybill.recipients[0].state, STATE_DELAYED);
    waybill_clear(&waybill);
    read_lines(&waybill, lines, 3, STORY_BASE + 6 * DAY_MS + 10000);
    assert_int_equal(waybill.recipients[0].state, STATE_UNRESOLVED);
    waybill_clear(&waybill);
}

static void test_the_queue_manager_knows_the_size(void **state)
{
    (void)state;
    static const char *const lines[] = {"10 m mail from=a@x size=5", "0 l active size=9 from=other@x",
                                        "30 m queued size=7"};
    struct waybill waybill;
    read_lines(&waybill, lines, 2, STORY_BASE);
    assert_int_equal(waybill.size, 9);
    waybill_clear(&waybill);
    /* What the milter counted is all that is kept of a mail that it saw to its end. */
    read_lines(&waybill, lines, 3, STORY_BASE);
    assert_int_equal(waybill.size, 7);
    assert_true(slice_is(waybill.from, "a@x"));
    waybill_clear(&waybill);
}

static void test_delivered_tells_mailbox_from_next_hop(void **state)
{
    (void)state;
    static const char *const lines[] = {"0 l delivered to=a@x via=local relay=local",
                                        "0 l delivered to=b@x via=smtp relay=h[1]:25 next=ABC"};
    struct waybill waybill;
    read_lines(&waybill, lines, 2, STORY_BASE);
    for (int i = 0; i < 2; i++) {
        const struct recipient *one = &waybill.recipients[i];
        assert_int_equal(one->mailbox, slice_is(one->address, "a@x"));
        assert_int_equal(one->attempts, 1);
    }
    waybill_clear(&waybill);
}

static void test_a_log_with_whole_seconds_stands_last_in_its_second(void **state)
{
    (void)state;
    static const char *const coarse[] = {"400 m mail from=a@x", "500 m rcpt to=b@x", "900 m queued",
                                         "0 l active", "0 l delivered to=b@x", "1000 l removed"};
    static const char *const fine[] = {"400 m mail from=a@x", "200 l active",
                                       "950 l delivered to=b@x"};
    static const enum fact_kind in_order[] = {FACT_MAIL, FACT_RCPT, FACT_QUEUED, FACT_DELIVERED,
                                              FACT_REMOVED};
    struct waybill waybill;
    read_lines(&waybill, coarse, 6, STORY_BASE);
    assert_true(waybill.coarse_log);
    assert_int_equal(waybill.fact_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(waybill.facts[i].kind, in_order[i]);
    assert_int_equal(waybill.arrived, STORY_BASE + 400);
    waybill_clear(&waybill);
    read_lines(&waybill, fine, 3, STORY_BASE);
    assert_false(waybill.coarse_log);
    assert_int_equal(waybill.facts[0].kind, FACT_ACTIVE);
    waybill_clear(&waybill);
}

static void test_many_recipients_take_linear_time_and_lose_none(void **state)
{
    (void)state;
    struct record record;
    struct waybill waybill;
    struct error why;
    record_init(&record, STORY_ID);
    for (unsigned i = 0; i < 9000; i++) {
        char address[64];
        struct fact fact;
        snprintf(address, sizeof address, "user%u@example.com", i);
        fact_init(&fact, WITNESS_MILTER, FACT_RCPT, STORY_BASE + i);
        fact.id = fact_id_milter(STORY_ID, i);
        fact_set(&fact, KEY_TO, slice_of(address));
        assert_int_equal(record_add(&record, &fact, &why), 1);
    }
    assert_int_equal(waybill_read(&waybill, &record, STORY_BASE, 0, &why), 0);
    assert_int_equal(waybill.recipient_count, 9000);
    waybill_clear(&waybill);
    record_clear(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories_end_the_same_in_any_order),
        cmocka_unit_test(test_an_end_that_is_not_told_is_found),
        cmocka_unit_test(test_nothing_stays_delayed_for_ever),
        cmocka_unit_test(test_the_queue_manager_knows_the_size),
        cmocka_unit_test(test_delivered_tells_mailbox_from_next_hop),
        cmocka_unit_test(test_a_log_with_whole_seconds_stands_last_in_its_second),
        cmocka_unit_test(test_many_recipients_take_linear_time_and_lose_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
