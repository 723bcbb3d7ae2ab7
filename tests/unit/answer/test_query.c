/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries against a real Redis, compared with a pass over plain structs that is too simple to be
 * wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "mail.h"
#include "world.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/query.h"

#define MAILS 600
#define DAYS 4

static struct world world;
static struct mail mails[MAILS];
static int64_t base; /* the newest mail is not later */

/* ---- a world of mails ---- */

static const char *const people[] = {"ann@a.example", "Bob@b.example", "carl@a.example",
                                     "dora@c.example", "ed@b.example"};
static const char *const logins[] = {"ann", "bob", NULL};
static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "2001:db8::7"};
static const char *const names[] = {"one.client.example", "two.client.example", "unknown"};
static const enum recipient_state states[] = {STATE_DELIVERED, STATE_DELIVERED, STATE_DELAYED,
                                              STATE_FAILED,    STATE_EXPIRED,   STATE_ACCEPTED,
                                              STATE_REJECTED,  STATE_HELD};
static char words[MAILS][2][40];

static unsigned roll(unsigned sides)
{
    return (unsigned)rand() % sides;
}

static void make_mail(struct mail *mail, size_t i)
{
    int64_t time = base - (int64_t)roll(DAYS * 86400) * SECOND_MS;

    *mail = (struct mail){.id = mail_id(time, (unsigned)i),
                          .from = roll(10) == 0 ? "" : people[roll(5)],
                          .login = logins[roll(3)], .ip = addresses[roll(3)],
                          .client = names[roll(3)], .message_id = words[i][0],
                          .queue_id = words[i][1]};
    snprintf(words[i][0], sizeof words[i][0], "Id-%u@host.example", roll(200));
    snprintf(words[i][1], sizeof words[i][1], "4m%cQ%u", "aA"[roll(2)], roll(150));
    mail->recipient_count = 1 + roll(3);
    for (size_t j = 0; j < mail->recipient_count; j++) {
        /* Each recipient at most once in a mail: starts at different people. */
        mail->recipients[j].address = people[(i + j) % 5];
        mail->recipients[j].state = states[roll(sizeof states / sizeof states[0])];
        mail->recipients[j].status = "5.0.0";
        mail->recipients[j].reply = "words";
        mail->recipients[j].relay = "mx.example[192.0.2.9]:25";
    }
}

static int newest_first(const void *a, const void *b)
{
    const struct mail *x = a, *y = b;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

static int make_world(void **state)
{
    (void)state;
    srand(7);
    base = clock_now() - MINUTE_MS;
    world_open(&world);
    for (size_t i = 0; i < MAILS; i++)
        make_mail(&mails[i], i);
    for (size_t i = 0; i < MAILS; i++)
        mail_put(world.store, &mails[i]);
    mail_flush(world.store);
    qsort(mails, MAILS, sizeof mails[0], newest_first);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

/* ---- the simple pass ---- */

static bool address_fits(const char *wanted, const char *address)
{
    if (wanted[0] == '@')
        return *address != '\0' && strcasecmp(wanted, strrchr(address, '@')) == 0;
    return strcasecmp(wanted, address) == 0;
}

struct ask {
    const char *from, *to, *message_id, *queue_id, *login, *client;
    int state;
    int64_t since, until;
};

static bool simple_fit(const struct ask *ask, const struct mail *mail)
{
    int64_t time = id_time(mail->id);
    bool recipient = ask->to == NULL && ask->state < 0;

    if (time < ask->since || time > ask->until)
        return false;
    if (ask->from && !address_fits(ask->from, mail->from))
        return false;
    if (ask->message_id && strcasecmp(ask->message_id, mail->message_id) != 0)
        return false;
    if (ask->queue_id && strcmp(ask->queue_id, mail->queue_id) != 0)
        return false;
    if (ask->login && (mail->login == NULL || strcmp(ask->login, mail->login) != 0))
        return false;
    if (ask->client && strcmp(ask->client, mail->ip) != 0 && strcmp(ask->client, mail->client) != 0)
        return false;
    for (size_t i = 0; i < mail->recipient_count; i++)
        if ((ask->to == NULL || address_fits(ask->to, mail->recipients[i].address)) &&
            (ask->state < 0 || mail->recipients[i].state == (enum recipient_state)ask->state))
            recipient = true;
    return recipient;
}

static void random_ask(struct ask *ask)
{
    static const char *const domains[] = {"@A.example", "@b.example", "@c.example", "@d.example"};
    const struct mail *mail = &mails[roll(MAILS)];

    *ask = (struct ask){.state = -1, .since = base - DAYS * DAY_MS, .until = base};
    if (roll(3) == 0)
        ask->from = roll(2) ? mail->from : domains[roll(4)];
    if (roll(3) == 0)
        ask->to = roll(2) ? people[roll(5)] : domains[roll(4)];
    if (roll(6) == 0)
        ask->message_id = mail->message_id;
    if (roll(6) == 0)
        ask->queue_id = mail->queue_id;
    if (roll(6) == 0)
        ask->login = logins[roll(2)];
    if (roll(6) == 0)
        ask->client = roll(2) ? addresses[roll(3)] : names[roll(3)];
    if (roll(3) == 0)
        ask->state = (int)states[roll(sizeof states / sizeof states[0])];
    if (roll(3) == 0)
        ask->since = base - (int64_t)roll(DAYS * 86400) * SECOND_MS;
    if (roll(4) == 0)
        ask->until = ask->since + (int64_t)roll(86400) * SECOND_MS;
}

static void add(struct query *query, enum query_field field, const char *value)
{
    struct error why;

    if (value != NULL && query_add(query, field, false, slice_of(value), &why) != 0)
        fail_msg("%s", why.text);
}

static void query_of(const struct ask *ask, struct query *query)
{
    query_init(query);
    add(query, QUERY_FIELD_FROM, ask->from);
    add(query, QUERY_FIELD_TO, ask->to);
    add(query, QUERY_FIELD_MESSAGE_ID, ask->message_id);
    add(query, QUERY_FIELD_QUEUE_ID, ask->queue_id);
    add(query, QUERY_FIELD_LOGIN, ask->login);
    add(query, QUERY_FIELD_CLIENT, ask->client);
    if (ask->state >= 0)
        add(query, QUERY_FIELD_STATE, state_word((enum recipient_state)ask->state));
    query->since = ask->since;
    query->until = ask->until;
    query->limit = 10000;
}

static void run(const struct query *query, struct query_answer *answer)
{
    struct error why;

    if (query_run(world.store, query, answer, &why) != 0)
        fail_msg("%s", why.text);
}

static void test_queries_equal_a_simple_pass_over_all_mails(void **state)
{
    (void)state;
    size_t found = 0;

    for (int round = 0; round < 400; round++) {
        struct ask ask;
        struct query query;
        struct query_answer answer;
        size_t at = 0;

        random_ask(&ask);
        query_of(&ask, &query);
        run(&query, &answer);
        assert_int_equal(answer.unreadable, 0);
        assert_false(answer.bounded);
        for (size_t i = 0; i < MAILS; i++) {
            if (!simple_fit(&ask, &mails[i]))
                continue;
            assert_true(at < answer.count);
            if (answer.waybills[at].id != mails[i].id)
                fail_msg("round %d: %llu stands where %llu should, asked for from=%s to=%s id=%s "
                         "queue=%s login=%s client=%s state=%d",
                         round, (unsigned long long)answer.waybills[at].id,
                         (unsigned long long)mails[i].id, ask.from, ask.to, ask.message_id,
                         ask.queue_id, ask.login, ask.client, ask.state);
            at++;
        }
        assert_int_equal(at, answer.count);
        assert_true(answer.next == 0);
        found += at;
        query_answer_clear(&answer);
        query_clear(&query);
    }
    assert_true(found > 1000); /* the questions were not all empty */
}

static void walk_in_pages(const struct ask *ask, size_t limit)
{
    struct query query;
    size_t at = 0;

    query_of(ask, &query);
    query.limit = limit;
    do {
        struct query_answer answer;
        run(&query, &answer);
        assert_true(answer.count <= limit);
        for (size_t i = 0; i < answer.count; i++) {
            while (at < MAILS && !simple_fit(ask, &mails[at]))
                at++;
            assert_true(at < MAILS);
            assert_true(answer.waybills[i].id == mails[at].id);
            at++;
        }
        query.after = answer.next;
        query_answer_clear(&answer);
    } while (query.after != 0);
    query_clear(&query);
    while (at < MAILS)
        assert_false(simple_fit(ask, &mails[at++]));
}

static void test_a_walk_with_the_cursor_meets_each_mail_once(void **state)
{
    (void)state;
    struct ask all = {.state = -1, .since = base - DAYS * DAY_MS, .until = base};
    struct ask domain = all, failed = all;

    domain.to = "@a.example";
    failed.state = STATE_FAILED;
    for (size_t limit = 1; limit < 100; limit = limit * 3 + 1) {
        walk_in_pages(&all, limit);
        walk_in_pages(&domain, limit);
        walk_in_pages(&failed, limit);
    }
}

/* ---- one by one ---- */

static struct mail one_mail(unsigned number, const char *to)
{
    struct mail mail = {.id = mail_id(base, 50000 + number),
                        .from = "one@only.example",
                        .message_id = "only@only.example",
                        .queue_id = "4mOnly",
                        .ip = "198.51.100.7",
                        .client = "only.example",
                        .recipient_count = 1};

    mail.recipients[0] =
        (struct mail_recipient){.address = to, .state = STATE_DELIVERED, .reply = "250 Ok"};
    return mail;
}

static size_t count_to(const char *to)
{
    struct ask ask = {.state = -1, .since = base - DAY_MS, .until = base + DAY_MS, .to = to};
    struct query query;
    struct query_answer answer;
    size_t count;

    query_of(&ask, &query);
    run(&query, &answer);
    count = answer.count;
    query_answer_clear(&answer);
    query_clear(&query);
    return count;
}

static void test_a_hash_collision_brings_no_stranger(void **state)
{
    (void)state;
    struct mail mail = one_mail(1, "victim@collide.example");

    mail_put(world.store, &mail);
    mail_post_terms(world.store, &mail, mails[0].id);
    mail_flush(world.store);
    assert_int_equal(count_to("victim@collide.example"), 1);
}

static void test_a_see_record_leads_to_its_waybill_once(void **state)
{
    (void)state;
    struct mail mail = one_mail(2, "seen@see.example");
    struct waybill waybill;
    struct error why;

    mail_put(world.store, &mail);
    mail_put_see(world.store, mail.id + 1, mail.id);
    mail_post_terms(world.store, &mail, mail.id + 1);
    mail_flush(world.store);
    assert_int_equal(count_to("seen@see.example"), 1);
    assert_int_equal(query_one(world.store, mail.id + 1, 0, &waybill, &why), 1);
    assert_true(waybill.id == mail.id);
    waybill_clear(&waybill);
}

static void test_a_see_record_stands_in_for_a_waybill_without_terms(void **state)
{
    (void)state;
    struct mail mail = one_mail(3, "alone@see.example");
    struct record record;
    struct buffer text;

    mail_record(&mail, &record);
    buffer_init(&text, RECORD_MAX);
    assert_int_equal(record_format(&record, UINT64_MAX, &text), 0);
    store_put_record(world.store, 0, mail.id, slice_make(text.data, text.size), false);
    for (unsigned i = 1; i <= 2; i++) {
        mail_put_see(world.store, mail.id + 10 + i, mail.id);
        mail_post_terms(world.store, &mail, mail.id + 10 + i);
    }
    mail_flush(world.store);
    buffer_free(&text);
    record_clear(&record);
    assert_int_equal(count_to("alone@see.example"), 1);
}

static void test_a_circle_of_see_records_ends(void **state)
{
    (void)state;
    uint64_t a = mail_id(base, 60001), b = mail_id(base, 60002);
    struct waybill waybill;
    struct error why;

    mail_put_see(world.store, a, b);
    mail_put_see(world.store, b, a);
    mail_flush(world.store);
    assert_int_equal(query_one(world.store, a, 0, &waybill, &why), 0);
}

static void test_an_unreadable_record_is_counted_and_the_rest_answered(void **state)
{
    (void)state;
    struct mail good = one_mail(4, "both@broken.example"), bad = one_mail(5, "both@broken.example");
    struct ask ask = {.state = -1, .since = base - DAY_MS, .until = base + DAY_MS,
                      .to = "both@broken.example"};
    struct query query;
    struct query_answer answer;
    struct waybill waybill;
    struct error why;

    mail_put(world.store, &good);
    store_put_record(world.store, 0, bad.id, slice_of("9 of the future\n"), false);
    mail_post_terms(world.store, &bad, bad.id);
    mail_flush(world.store);
    query_of(&ask, &query);
    run(&query, &answer);
    assert_int_equal(answer.count, 1);
    assert_true(answer.waybills[0].id == good.id);
    assert_int_equal(answer.unreadable, 1);
    query_answer_clear(&answer);
    query_clear(&query);
    assert_int_equal(query_one(world.store, bad.id, 0, &waybill, &why), -1);
    assert_int_equal(store_last_trouble(world.store), STORE_FINE);
    assert_non_null(strstr(why.text, "cannot read the record"));
}

static void test_an_unreadable_record_behind_a_see_hides_no_other(void **state)
{
    (void)state;
    struct mail good = one_mail(14, "both@behind.example"), bad = one_mail(15, "both@behind.example");
    struct ask ask = {.state = -1, .since = base - DAY_MS, .until = base + DAY_MS,
                      .to = "both@behind.example"};
    struct query query;
    struct query_answer answer;

    mail_put(world.store, &good);
    store_put_record(world.store, 0, bad.id, slice_of("9 of the future\n"), false);
    mail_put_see(world.store, bad.id + 1, bad.id);
    mail_post_terms(world.store, &bad, bad.id + 1);
    mail_flush(world.store);
    query_of(&ask, &query);
    run(&query, &answer);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.unreadable, 1);
    query_answer_clear(&answer);
    query_clear(&query);
}

static void test_an_id_in_the_index_without_a_record_is_passed_over(void **state)
{
    (void)state;
    struct mail gone = one_mail(6, "gone@expired.example");

    mail_post_terms(world.store, &gone, gone.id);
    mail_flush(world.store);
    assert_int_equal(count_to("gone@expired.example"), 0);
}

static void test_refused_mail_is_found_by_term_and_without(void **state)
{
    (void)state;
    struct mail mail = one_mail(7, "nobody@refused.example");
    struct ask ask = {.state = STATE_REJECTED, .since = base - MINUTE_MS, .until = base + DAY_MS,
                      .to = NULL};
    struct query query;
    struct query_answer answer;
    bool seen = false;

    mail.recipients[0].state = STATE_REJECTED;
    mail_put(world.store, &mail);
    mail_flush(world.store);
    assert_int_equal(count_to("nobody@refused.example"), 1);
    query_of(&ask, &query);
    run(&query, &answer);
    for (size_t i = 0; i < answer.count; i++)
        seen = seen || answer.waybills[i].id == mail.id;
    assert_true(seen);
    query_answer_clear(&answer);
    query_clear(&query);
}

static void test_a_scan_stops_at_its_bound_and_goes_on_from_there(void **state)
{
    (void)state;
    /* 5,000 slices are less than 40 days; the mails lie at the new end. */
    struct ask ask = {.state = STATE_HELD, .since = base - 400 * DAY_MS, .until = base + DAY_MS};
    struct query query;
    struct query_answer answer;
    size_t held;

    query_of(&ask, &query);
    run(&query, &answer);
    held = answer.count;
    assert_true(held > 0);
    assert_true(answer.bounded);
    assert_true(answer.scanned_until < base - 30 * DAY_MS);
    assert_true(answer.scanned_until > base - 40 * DAY_MS);
    assert_true(answer.next != 0 && id_valid(answer.next));
    query.after = answer.next;
    query_answer_clear(&answer);
    run(&query, &answer);
    assert_int_equal(answer.count, 0);
    assert_true(answer.scanned_until < base - 60 * DAY_MS);
    query_answer_clear(&answer);
    query_clear(&query);
}

static int stop_at_three(void *context, struct waybill *waybill)
{
    size_t *count = context;

    waybill_clear(waybill);
    return ++*count == 3;
}

static void test_the_caller_may_stop_a_walk(void **state)
{
    (void)state;
    struct ask ask = {.state = -1, .since = base - DAYS * DAY_MS, .until = base};
    struct query query;
    struct query_answer answer;
    struct error why;
    size_t count = 0;

    query_of(&ask, &query);
    assert_int_equal(query_each(world.store, &query, stop_at_three, &count, &answer, &why), 0);
    assert_int_equal(count, 3);
    assert_true(answer.next != 0);
}

/* ---- coverage ---- */

static void coverage_of(int64_t since, int64_t until, struct buffer *text)
{
    struct error why;

    buffer_init(text, 65536);
    if (query_coverage(world.store, since, until, NULL, text, &why) != 0)
        fail_msg("%s", why.text);
}

static void test_coverage_names_silence_and_gaps(void **state)
{
    (void)state;
    int64_t now = clock_now();
    struct buffer text;
    struct error why;
    unsigned one, two;

    world_flush(&world);
    coverage_of(now - DAY_MS, now, &text);
    assert_string_equal(text.data, "no mail server ever reported to this store\n");
    buffer_free(&text);

    assert_int_equal(store_claim_node(world.store, 1, "machine-1", "mx1", &one, &why), 0);
    assert_int_equal(store_claim_node(world.store, 2, "machine-2", "mx\033[31m2", &two, &why), 0);
    now = clock_now();
    store_put_beat(world.store, one, "milter", now);
    store_put_beat(world.store, one, "log", now - 5 * MINUTE_MS);
    store_put_beat(world.store, two, "milter", now);
    store_put_beat(world.store, two, "log", now);
    store_put_gap(world.store, two, slice_of("log"), now - 20 * MINUTE_MS, now - 16 * MINUTE_MS,
                  slice_of("killed"), 12);
    mail_flush(world.store);
    coverage_of(now, now, &text);
    assert_non_null(strstr(text.data, "mx1: milter"));
    assert_non_null(strstr(text.data, "log silent since "));
    assert_null(strchr(text.data, '\033'));
    assert_null(strstr(text.data, "killed")); /* it lies outside of the span */
    buffer_free(&text);
    coverage_of(now - HOUR_MS, now, &text);
    assert_non_null(strstr(text.data, "log blind "));
    assert_non_null(strstr(text.data, "(the daemon was killed, and what it had not written is lost; 12 lost)"));
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries_equal_a_simple_pass_over_all_mails),
        cmocka_unit_test(test_a_walk_with_the_cursor_meets_each_mail_once),
        cmocka_unit_test(test_a_hash_collision_brings_no_stranger),
        cmocka_unit_test(test_a_see_record_leads_to_its_waybill_once),
        cmocka_unit_test(test_a_see_record_stands_in_for_a_waybill_without_terms),
        cmocka_unit_test(test_a_circle_of_see_records_ends),
        cmocka_unit_test(test_an_unreadable_record_is_counted_and_the_rest_answered),
        cmocka_unit_test(test_an_unreadable_record_behind_a_see_hides_no_other),
        cmocka_unit_test(test_an_id_in_the_index_without_a_record_is_passed_over),
        cmocka_unit_test(test_refused_mail_is_found_by_term_and_without),
        cmocka_unit_test(test_a_scan_stops_at_its_bound_and_goes_on_from_there),
        cmocka_unit_test(test_the_caller_may_stop_a_walk),
        cmocka_unit_test(test_coverage_names_silence_and_gaps),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
