/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much one answer of a query may cost: terms that lead to many mails of which none fits, terms
 * that never meet, and reasons that the rules found later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "book.h"
#include "mail.h"
#include "world.h"
#include "waybill/clock.h"
#include "waybill/query.h"

#define MAILS 400

static struct world world;
static int64_t base;

static int open_all(void **state)
{
    world_open(&world);
    base = clock_now() - HOUR_MS;
    return book_open(state);
}

static int close_all(void **state)
{
    world_close(&world);
    return book_close(state);
}

static void ask(const char *text, size_t scan_most, uint64_t after, struct query_answer *answer)
{
    struct query_fault fault;
    struct query query;
    struct error why;

    query_init(&query);
    query.book = book;
    if (query_parse(&query, slice_of(text), clock_now(), &fault) != 0)
        fail_msg("%s", fault.why.text);
    query.scan_most = scan_most;
    query.after = after;
    if (query_run(world.store, &query, answer, &why) != 0)
        fail_msg("%s", why.text);
    query_clear(&query);
}

/* Go on until nothing is left: how many answers were bounded, and how many mails were found. */
static void ask_on(const char *text, size_t scan_most, size_t *bounded, size_t *found)
{
    uint64_t after = 0;

    *bounded = *found = 0;
    do {
        struct query_answer answer;

        ask(text, scan_most, after, &answer);
        assert_true(answer.examined <= scan_most + 500);
        *found += answer.count;
        *bounded += answer.bounded;
        assert_true(after == 0 || answer.next < after);
        after = answer.next;
        query_answer_clear(&answer);
    } while (after != 0);
}

static void put(size_t number, const char *login, const char *status)
{
    struct mail mail = {.id = mail_id(base - (int64_t)number * 1000, (unsigned)number),
                        .from = "ann@a.example", .login = login, .ip = "192.0.2.1",
                        .recipients = {{.address = "bob@b.example", .state = STATE_DELIVERED,
                                        .status = status, .reply = "words"}},
                        .recipient_count = 1};

    mail_put(world.store, &mail);
}

static void test_a_frequent_term_that_fits_nothing_stops_and_goes_on(void **state)
{
    (void)state;
    size_t bounded, found;

    world_flush(&world);
    for (size_t i = 0; i < MAILS; i++)
        put(i, "bulk", i == MAILS - 1 ? "2.7.7" : "2.0.0");
    mail_flush(world.store);
    ask_on("login:bulk status:2.7.7", 100, &bounded, &found);
    assert_int_equal(found, 1); /* the oldest */
    assert_in_range(bounded, 2, 5);
    ask_on("login:bulk status:2.7.7", QUERY_SCAN_MAX, &bounded, &found);
    assert_int_equal(found, 1);
    assert_int_equal(bounded, 0);
    ask_on("login:bulk limit:1000", 100, &bounded, &found); /* what fits is no waste */
    assert_int_equal(found, MAILS);
    assert_int_equal(bounded, 0);
}

static void test_terms_that_never_meet_stop_and_go_on(void **state)
{
    (void)state;
    size_t bounded, found;

    world_flush(&world);
    for (size_t i = 0; i < MAILS; i++)
        put(i, i % 2 == 0 || i == MAILS - 1 ? "even" : "odd", "2.0.0");
    for (size_t i = 1; i < MAILS; i += 2)
        store_post_term(world.store, mail_id(base - (int64_t)i * 1000, (unsigned)i),
                        TERM_MESSAGE_ID, slice_of("odd@x.example"), false);
    mail_flush(world.store);
    ask_on("login:even message-id:odd@x.example", 3, &bounded, &found);
    assert_int_equal(found, 0);
    assert_in_range(bounded, 2, 20);
}

/* ---- reasons ---- */

static void put_failed(unsigned number, const char *posted)
{
    struct mail mail = {.id = mail_id(base - number * 1000, number),
                        .from = "ann@a.example", .ip = "192.0.2.1",
                        .recipients = {{.address = "bob@b.example", .state = STATE_FAILED,
                                        .status = "5.1.1", .reply = "550 5.1.1 User unknown"}},
                        .recipient_count = 1};

    mail_put(world.store, &mail);
    store_post_term(world.store, mail.id, TERM_REASON, slice_of(posted), false);
}

static size_t found_by(const char *text)
{
    struct query_answer answer;
    size_t count;

    ask(text, QUERY_SCAN_MAX, 0, &answer);
    count = answer.count;
    query_answer_clear(&answer);
    return count;
}

static void test_a_reason_leads_by_the_index_and_todays_rules_decide(void **state)
{
    (void)state;
    struct query_answer answer;

    world_flush(&world);
    put_failed(1, "userunknown");
    put_failed(2, "undefined"); /* a rule came later, or it was imported */
    put_failed(3, "onhold");
    put_failed(4, "mailboxfull"); /* the rules changed their mind: under the word of that time */
    mail_flush(world.store);
    assert_int_equal(found_by("reason:userunknown"), 3);
    assert_int_equal(found_by("reason:userunknown,mailboxfull"), 4);
    assert_int_equal(found_by("reason:mailboxfull"), 0);
    assert_int_equal(found_by("-reason:mailboxfull"), 4); /* leads nowhere: all are read */
    ask("reason:userunknown", QUERY_SCAN_MAX, 0, &answer);
    assert_int_equal(answer.examined, 3);
    query_answer_clear(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frequent_term_that_fits_nothing_stops_and_goes_on),
        cmocka_unit_test(test_terms_that_never_meet_stop_and_go_on),
        cmocka_unit_test(test_a_reason_leads_by_the_index_and_todays_rules_decide),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
