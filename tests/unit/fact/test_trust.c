/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom a report may be believed, and what it changes: each story in many orders of arrival. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "story.h"

/* A mail to bob, handed over to his server. */
#define SENT                                                                                       \
    "20 m rcpt to=bob@mail.example.org", "30 m queued",                                            \
        "5001 l delivered to=bob@mail.example.org via=smtp "                                       \
        "relay=mx1.example.net[192.0.2.9]:25 dsn=2.0.0 reply=250%20Ok"
#define SENT_STATE "bob@mail.example.org=delivered"
#define SENT_EVENTS "message.accepted delivery.delivered"
#define LATE "900000 r failed to=bob@mail.example.org side=smtp dsn=5.1.1 "
#define THEIRS "ip=192.0.2.9 client=unknown"
#define WAITS "20 m rcpt to=b@example.com", "30 m queued"

static const struct story stories[] = {
    /* proved */
    {"from the address of the relay",
     {SENT, LATE "token=1 " THEIRS},
     "bob@mail.example.org=failed / proved",
     SENT_EVENTS " delivery.failed"},
    {"from a name of the relay's organisation",
     {SENT, LATE "token=1 ip=192.0.2.77 client=out3.Example.net."},
     "bob@mail.example.org=failed / proved",
     SENT_EVENTS " delivery.failed"},
    {"from a name of the recipient's organisation",
     {SENT, LATE "token=1 ip=192.0.2.77 client=bounces.example.org"},
     "bob@mail.example.org=failed / proved",
     SENT_EVENTS " delivery.failed"},
    {"the log was not there: the recipient's domain is enough",
     {WAITS, "900000 r failed to=b@example.com side=smtp token=1 client=mx.example.com"},
     "b@example.com=failed / proved",
     "message.accepted delivery.failed"},
    {"a bounce that comes at once, to a node whose clock is behind",
     {SENT, "3000 r failed to=bob@mail.example.org side=smtp token=1 " THEIRS},
     "bob@mail.example.org=failed / proved",
     "message.accepted delivery.failed delivery.delivered"},
    {"the recipient has another name over there",
     {SENT,
      "900000 r failed to=b17@inside.example orig=Bob@Mail.example.org side=smtp token=1 " THEIRS},
     "bob@mail.example.org=failed / proved",
     SENT_EVENTS " delivery.failed"},
    {"their queue waits: after the hand-over that is no news",
     {SENT, "900000 r delayed to=bob@mail.example.org side=smtp token=1 " THEIRS},
     SENT_STATE " / proved",
     SENT_EVENTS},
    {"given up over there after days",
     {SENT, "400000000 r expired to=bob@mail.example.org side=smtp token=1 " THEIRS},
     "bob@mail.example.org=expired / proved",
     SENT_EVENTS " delivery.expired"},
    {"the same report twice",
     {SENT, LATE "token=1 " THEIRS,
      "950000 r failed to=bob@mail.example.org side=smtp dsn=5.1.1 token=1 " THEIRS},
     "bob@mail.example.org=failed / proved proved",
     SENT_EVENTS " delivery.failed"},

    /* claimed: what a forger may have */
    {"the right Message-ID, and so the right mail and recipient",
     {SENT, LATE THEIRS},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"a report out of nowhere says nothing of its side",
     {SENT, "900000 r failed to=bob@mail.example.org"},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"the right queue id from outside",
     {SENT, "5100 l notified next=REPORT1", LATE "bq=REPORT1 ip=198.51.100.1 client=unknown"},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"a local user with the null sender",
     {SENT, "5100 l notified next=REPORT1",
      "900000 r failed to=bob@mail.example.org side=local bq=OTHER"},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"a local user, and the log names no report",
     {SENT, "5100 l removed next=OTHER",
      "900000 r failed to=bob@mail.example.org side=local bq=OTHER"},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"the right token and a foreign recipient",
     {SENT, "900000 r failed to=eve@example.net side=smtp token=1 " THEIRS},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"the right token and no recipient",
     {SENT, "900000 r failed side=smtp token=1 " THEIRS},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"right token, right recipient, wrong client",
     {SENT, LATE "token=1 ip=198.51.100.1 client=mail.evil.example"},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"a client whose name is not confirmed",
     {SENT, LATE "token=1 ip=198.51.100.1 client=unknown"},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"a client whose name ends like theirs",
     {SENT, LATE "token=1 ip=198.51.100.1 client=notexample.net"},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"a client that shares the public suffix only",
     {"20 m rcpt to=b@a.co.uk", "30 m queued",
      "900000 r failed to=b@a.co.uk side=smtp token=1 client=mx.evil.co.uk"},
     "b@a.co.uk=accepted / claimed",
     "message.accepted"},
    {"the relay of another recipient of the same mail",
     {SENT, "21 m rcpt to=eve@evil.example",
      "5002 l delivered to=eve@evil.example relay=mx.evil.example[198.51.100.1]:25",
      LATE "token=1 ip=198.51.100.1 client=mx.evil.example"},
     SENT_STATE " eve@evil.example=delivered / claimed",
     SENT_EVENTS " delivery.delivered"},
    {"a replay of a true report, by somebody else",
     {SENT, LATE "token=1 " THEIRS,
      "950000 r delivered to=bob@mail.example.org side=smtp token=1 ip=198.51.100.1"},
     "bob@mail.example.org=failed / proved claimed",
     SENT_EVENTS " delivery.failed"},
    {"a filter on our own machine is nobody's address",
     {"20 m rcpt to=b@example.com", "30 m queued",
      "5001 l delivered to=b@example.com relay=127.0.0.1[127.0.0.1]:10024",
      "900000 r failed to=b@example.com side=smtp token=1 ip=127.0.0.1 client=localhost"},
     "b@example.com=delivered / claimed",
     SENT_EVENTS},
    {"nor its name, even where that looks like somebody's",
     {"20 m rcpt to=b@example.com", "30 m queued",
      "5001 l delivered to=b@example.com relay=localhost.localdomain[127.0.0.1]:10024",
      "900000 r failed to=b@example.com side=smtp token=1 ip=127.0.0.1 "
      "client=localhost.localdomain",
      "900001 r failed to=b@example.com side=smtp token=1 ip=::ffff:127.0.0.1 "
      "client=mx.example.com"},
     "b@example.com=delivered / claimed claimed",
     SENT_EVENTS},
    {"a recipient that was refused never got the mail",
     {WAITS, "25 m refused to=c@example.com",
      "900000 r failed to=c@example.com side=smtp token=1 client=mx.example.com"},
     "b@example.com=accepted c@example.com=rejected / claimed",
     "recipient.rejected message.accepted"},
    {"a claim makes no stranger, so that the lost recipient stays unresolved",
     {WAITS, "25 m refused to=c@example.com", "6001 l removed",
      "900000 r failed to=c@example.com orig=b@example.com side=smtp"},
     "b@example.com=unresolved c@example.com=rejected / claimed",
     "recipient.rejected message.accepted"},
    {"one report does not prove another",
     {WAITS, "900000 r failed to=x@example.com side=internal",
      "950000 r delivered to=x@example.com side=smtp token=1 client=mx.example.com"},
     "b@example.com=accepted x@example.com=failed / own claimed",
     "message.accepted delivery.failed"},

    /* own */
    {"our own report, which the log names",
     {WAITS, "5001 l notified next=REPORT1",
      "5100 r failed to=b@example.com side=local bq=REPORT1"},
     "b@example.com=failed / own",
     "message.accepted delivery.failed"},
    {"our own report, by the name of its daemon",
     {WAITS, "5100 r failed to=b@example.com side=internal"},
     "b@example.com=failed / own",
     "message.accepted delivery.failed"},
    {"log and own report of one attempt are one event",
     {WAITS, "5001 l failed to=b@example.com via=smtp", "5002 l notified next=R1",
      "5100 r failed to=b@example.com side=local bq=R1"},
     "b@example.com=failed / own",
     "message.accepted delivery.failed"},
    {"the same, by a log whose clock has only seconds",
     {WAITS, "5000 l failed to=b@example.com via=smtp", "5000 l notified next=R1",
      "5100 r failed to=b@example.com side=local bq=R1"},
     "b@example.com=failed / own",
     "message.accepted delivery.failed"},
    {"a warning of delay is not another attempt",
     {WAITS, "5001 l delayed to=b@example.com via=smtp",
      "9100 r delayed to=b@example.com side=internal"},
     "b@example.com=delayed / own",
     "message.accepted delivery.delayed"},
    {"without a log a warning of delay is all there is",
     {WAITS, "9100 r delayed to=b@example.com side=internal",
      "99100 r failed to=b@example.com side=internal"},
     "b@example.com=failed / own own",
     "message.accepted delivery.delayed delivery.failed"},
    {"the report of what was given up may only say failed",
     {WAITS, "5001 l delayed to=b@example.com", "9001 l expired",
      "9100 r failed to=b@example.com side=internal"},
     "b@example.com=expired / own",
     "message.accepted delivery.delayed delivery.expired"},
    {"relayed is delivered to the next hop",
     {WAITS, "9100 r delivered to=b@example.com side=internal action=relayed"},
     "b@example.com=delivered / own",
     "message.accepted delivery.delivered"},
    {"an alias that only the report knows",
     {WAITS, "9100 r delivered to=c@example.net orig=b@example.com side=internal"},
     "b@example.com=expanded c@example.net=delivered / own",
     "message.accepted delivery.*"},
    {"expanded, says our report",
     {WAITS, "9100 r expanded to=b@example.com side=internal"},
     "b@example.com=expanded / own",
     "message.accepted delivery.expanded"},
    {"a report of success does not undo a failure",
     {WAITS, "5001 l failed to=b@example.com", "9100 r delivered to=b@example.com side=internal"},
     "b@example.com=failed / own",
     "message.accepted delivery.failed"},
    {"a late success of the log beats an early report",
     {WAITS, "5001 r failed to=b@example.com side=internal", "9001 l delivered to=b@example.com"},
     "b@example.com=delivered / own",
     "message.accepted delivery.failed delivery.delivered"},
    {"a report without a recipient is of nobody",
     {WAITS, "9100 r failed side=internal"},
     "b@example.com=accepted / own",
     "message.accepted"},

    /* remarks */
    {"a complaint that is proved",
     {SENT, "900000 r remark to=bob@mail.example.org report=complaint side=smtp token=1 " THEIRS},
     SENT_STATE " / proved",
     SENT_EVENTS " complaint.received"},
    {"a complaint that anybody could send",
     {SENT, "900000 r remark to=bob@mail.example.org report=complaint side=smtp " THEIRS},
     SENT_STATE " / claimed",
     SENT_EVENTS},
    {"an automatic answer is no complaint, and makes no recipient",
     {SENT, "900000 r remark to=new@example.org report=autoreply side=internal"},
     SENT_STATE " / own",
     SENT_EVENTS},

    /* the report's own waybill */
    {"a bounce of which no mail is known",
     {WAITS, "900 r report about=0 report=bounce to=x@example.net"},
     "b@example.com=accepted / own",
     "message.accepted report.unmatched"},
    {"a complaint of which no mail is known",
     {WAITS, "900 r report about=0 report=complaint"},
     "b@example.com=accepted / own",
     "message.accepted"},
    {"a bounce of which one of two is known",
     {WAITS, "900 r report about=0 report=bounce to=x@example.net",
      "900 r report about=251121576320300999 report=bounce to=y@example.net"},
     "b@example.com=accepted / own own",
     "message.accepted"},
};

static void test_trust_and_what_follows_is_the_same_in_any_order(void **state)
{
    (void)state;
    stories_check(stories, sizeof stories / sizeof *stories);
}

static void read_lines(struct waybill *waybill, const char *const *lines, size_t count)
{
    struct record record;
    struct error why;
    record_init(&record, STORY_ID);
    for (size_t i = 0; i < count; i++)
        story_add(&record, lines[i], (unsigned)i);
    assert_int_equal(waybill_read(waybill, &record, STORY_BASE, 0, &why), 0);
    record_clear(&record);
}

static void test_the_log_keeps_its_words_and_the_report_fills_in(void **state)
{
    (void)state;
    static const char *const lines[] = {
        WAITS, "5001 l failed to=b@example.com via=smtp relay=mx[192.0.2.9]:25 reply=the%20log",
        ("9100 r failed to=b@example.com side=internal reply=the%20report dsn=5.1.1 "
         "reason=userunknown relay=other.example")};
    struct waybill waybill;
    read_lines(&waybill, lines, 4);
    const struct recipient *bob = &waybill.recipients[0];
    assert_true(bob->since == STORY_BASE + 5001);
    assert_true(slice_is(bob->reply, "the log"));
    assert_true(slice_is(bob->status, "5.1.1"));
    assert_true(slice_is(bob->reason, "userunknown"));
    assert_true(slice_is(bob->relay, "mx[192.0.2.9]:25"));
    assert_int_equal(bob->attempts, 1);
    assert_true(bob->tried == STORY_BASE + 5001);
    waybill_clear(&waybill);
}

static void test_a_claim_fills_nothing_in(void **state)
{
    (void)state;
    static const char *const lines[] = {
        WAITS, "5001 l failed to=b@example.com via=smtp",
        ("9100 r failed to=b@example.com orig=x@example.com side=smtp dsn=5.1.1 reply=no "
         "reason=userunknown relay=r.example ip=192.0.2.1 from=eve@example.net id=x@y")};
    struct waybill waybill;
    read_lines(&waybill, lines, 4);
    const struct recipient *bob = &waybill.recipients[0];
    assert_null(bob->status.at);
    assert_null(bob->reply.at);
    assert_null(bob->reason.at);
    assert_null(bob->original.at);
    assert_null(waybill.ip.at);
    assert_null(waybill.from.at);
    assert_null(waybill.message_id.at);
    assert_int_equal(waybill.recipient_count, 1);
    assert_int_equal(waybill.trust[3], TRUST_CLAIMED);
    assert_int_equal(waybill.subject[3], 0); /* shown where it belongs */
    waybill_clear(&waybill);
}

static void test_words_of_a_delay_go_out_of_date(void **state)
{
    (void)state;
    static const char *const lines[] = {
        WAITS, "5001 l delayed to=b@example.com via=smtp",
        "6001 r delayed to=b@example.com side=internal reason=mailboxfull",
        "9001 l delayed to=b@example.com via=smtp"};
    struct waybill waybill;
    read_lines(&waybill, lines, 4);
    assert_true(slice_is(waybill.recipients[0].reason, "mailboxfull"));
    waybill_clear(&waybill);
    read_lines(&waybill, lines, 5);
    assert_null(waybill.recipients[0].reason.at);
    assert_int_equal(waybill.recipients[0].attempts, 2);
    waybill_clear(&waybill);
}

static void test_a_report_of_delivery_names_the_mailbox_only_if_it_was_one(void **state)
{
    (void)state;
    static const char *const mailbox[] = {
        WAITS, "5001 l delivered to=b@example.com via=smtp next=N1",
        "9100 r delivered to=b@example.com side=internal action=delivered"};
    static const char *const hop[] = {
        WAITS, "9100 r delivered to=b@example.com side=internal action=relayed"};
    struct waybill waybill;
    read_lines(&waybill, mailbox, 4);
    assert_true(waybill.recipients[0].mailbox);
    assert_true(slice_is(waybill.recipients[0].next, "N1"));
    waybill_clear(&waybill);
    read_lines(&waybill, hop, 3);
    assert_false(waybill.recipients[0].mailbox);
    assert_int_equal(waybill.recipients[0].attempts, 0);
    waybill_clear(&waybill);
}

static void test_reports_keep_their_place_beside_a_log_with_whole_seconds(void **state)
{
    (void)state;
    static const char *const lines[] = {"400 m mail from=a@x", "500 r failed to=b@x side=internal",
                                        "0 l active"};
    struct waybill waybill;
    read_lines(&waybill, lines, 3);
    assert_true(waybill.coarse_log);
    assert_int_equal(waybill.facts[1].witness, WITNESS_REPORT);
    assert_int_equal(waybill.facts[2].witness, WITNESS_LOG);
    waybill_clear(&waybill);
}

static void test_of_two_mails_that_a_report_is_about_the_lower_id_is_shown(void **state)
{
    (void)state;
    static const char *const lines[] = {"9 r report about=251121576320300999 report=bounce",
                                        "8 r report about=251121576320300888 report=bounce",
                                        "7 r report about=0 report=bounce"};
    struct waybill waybill;
    read_lines(&waybill, lines, 3);
    assert_true(waybill.is_report);
    assert_true(waybill.about == UINT64_C(251121576320300888));
    waybill_clear(&waybill);
    read_lines(&waybill, lines, 0);
    assert_false(waybill.is_report);
    waybill_clear(&waybill);
}

static void test_thousands_of_reports_are_judged_in_no_time(void **state)
{
    (void)state;
    struct record record;
    struct waybill waybill;
    struct event *events;
    struct error why;
    size_t count;
    record_init(&record, STORY_ID);
    for (unsigned i = 0; i < 1500; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "%u l delayed to=b@example.com relay=mx%u.example.com[192.0.2.%u]:25", i, i % 100,
                 i % 100);
        story_add(&record, text, i);
        snprintf(text, sizeof text,
                 "%u r delayed to=b@example.com side=smtp token=1 ip=192.0.2.200 client=a.example",
                 i);
        story_add(&record, text, i + 10000);
    }
    clock_t before = clock();
    assert_int_equal(waybill_read(&waybill, &record, STORY_BASE, 0, &why), 0);
    assert_int_equal(waybill_events(&waybill, &events, &count), 0);
    assert_true(clock() - before < CLOCKS_PER_SEC);
    free(events);
    waybill_clear(&waybill);
    record_clear(&record);
}

static void test_a_report_has_one_id_however_its_recipient_is_written(void **state)
{
    (void)state;
    uint64_t id = fact_id_report(slice_of("bob@example.com"), FACT_FAILED, slice_of("550 no"));
    assert_true(id ==
                fact_id_report(slice_of("<Bob@Example.com>"), FACT_FAILED, slice_of("550 no")));
    assert_true(id !=
                fact_id_report(slice_of("bob@example.com"), FACT_DELAYED, slice_of("550 no")));
    assert_true(id != fact_id_report(slice_of("bob@example.com"), FACT_FAILED, slice_of("551 no")));
    assert_true(id != fact_id_report(slice_of("eve@example.com"), FACT_FAILED, slice_of("550 no")));
    assert_true(id >> 60 == 0);
    assert_true(fact_id_report(SLICE_ABSENT, FACT_FAILED, SLICE_ABSENT) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust_and_what_follows_is_the_same_in_any_order),
        cmocka_unit_test(test_the_log_keeps_its_words_and_the_report_fills_in),
        cmocka_unit_test(test_a_claim_fills_nothing_in),
        cmocka_unit_test(test_words_of_a_delay_go_out_of_date),
        cmocka_unit_test(test_a_report_of_delivery_names_the_mailbox_only_if_it_was_one),
        cmocka_unit_test(test_reports_keep_their_place_beside_a_log_with_whole_seconds),
        cmocka_unit_test(test_of_two_mails_that_a_report_is_about_the_lower_id_is_shown),
        cmocka_unit_test(test_thousands_of_reports_are_judged_in_no_time),
        cmocka_unit_test(test_a_report_has_one_id_however_its_recipient_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
