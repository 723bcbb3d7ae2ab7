/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a question about a recipient costs the server: commands, and reads of its socket, which are
 * the round trips. They depend on no clock, so they cannot creep up unseen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mail.h"
#include "world.h"
#include "waybill/clock.h"
#include "waybill/query.h"

#define DAYS 30
#define A_DAY 100 /* so that no day has an exponent of its own */

static struct world world;

static void put(const char *to, int64_t time, unsigned number, enum recipient_state state)
{
    struct mail mail = {.id = mail_id(time, number),
                        .from = "someone@elsewhere.example",
                        .ip = "192.0.2.1",
                        .client = "client.example",
                        .queue_id = "4mQ1",
                        .recipients = {{.address = to, .state = state, .status = "5.7.1"}},
                        .recipient_count = 1};

    mail_put(world.store, &mail);
}

/* Each day: ten mails to the frequent one, one to the rare one, and many to others. */
static int make_world(void **state)
{
    int64_t begin = clock_now() - clock_now() % DAY_MS - (DAYS - 1) * DAY_MS - HOUR_MS;
    char other[40];

    (void)state;
    world_open(&world);
    for (unsigned day = 0; day < DAYS; day++) {
        int64_t at = begin + day * DAY_MS;

        for (unsigned i = 0; i < A_DAY; i++) {
            snprintf(other, sizeof other, "other%u@many.example", i);
            put(other, at + i * SECOND_MS, i, STATE_DELIVERED);
        }
        for (unsigned i = 0; i < 10; i++)
            put("frequent@some.example", at + i * SECOND_MS, 1000 + i, STATE_DELIVERED);
        put("rare@some.example", at, 2000, STATE_DELIVERED);
        if (day >= DAYS - 10)
            put("refused@some.example", at, 3000, STATE_REJECTED);
        mail_flush(world.store);
    }
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

/* ---- counting ---- */

struct spent {
    long long commands, trips;
};

static long long figure(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    assert_non_null(at);
    return strtoll(at + strlen(name), NULL, 10);
}

static struct spent spent_now(void)
{
    char *text = redis_ask(&world.redis, "INFO stats");
    struct spent now = {figure(text, "total_commands_processed:"),
                        figure(text, "total_reads_processed:")};

    free(text);
    return now;
}

static size_t ask(const char *to)
{
    struct query query;
    struct query_answer answer;
    struct error why;
    size_t found;

    query_init(&query);
    query.since = clock_now() - (DAYS + 1) * DAY_MS;
    query.limit = 50;
    if (query_add(&query, QUERY_FIELD_TO, false, slice_of(to), &why) != 0 ||
        query_run(world.store, &query, &answer, &why) != 0)
        fail_msg("%s", why.text);
    found = answer.count;
    query_answer_clear(&answer);
    query_clear(&query);
    return found;
}

/* Asked twice: of the first time the store remembers how the days are laid out. */
static struct spent cost_of(const char *to, size_t wanted)
{
    struct spent before, between, after;

    assert_int_equal(ask(to), wanted);
    before = spent_now();
    between = spent_now(); /* what it costs to look */
    assert_int_equal(ask(to), wanted);
    after = spent_now();
    return (struct spent){after.commands - 2 * between.commands + before.commands,
                          after.trips - 2 * between.trips + before.trips};
}

#define assert_costs(spent, most_commands, most_trips)                                             \
    do {                                                                                           \
        print_message("%lld commands in %lld round trips\n", (spent).commands, (spent).trips);     \
        assert_in_range((spent).commands, 1, most_commands);                                       \
        assert_in_range((spent).trips, 1, most_trips);                                             \
    } while (0)

/* How the days are kept; the first eight; all others; the records. */
static void test_a_rare_recipient(void **state)
{
    struct spent spent = cost_of("rare@some.example", DAYS);

    (void)state;
    assert_costs(spent, 120, 4);
}

/* The last eight days have all: the others are not looked at. */
static void test_a_frequent_recipient(void **state)
{
    struct spent spent = cost_of("frequent@some.example", 50);

    (void)state;
    assert_costs(spent, 115, 3);
}

/* Where the records read before were refused ones, both classes are asked for at once. */
static void test_a_refused_recipient(void **state)
{
    struct spent spent = cost_of("refused@some.example", 10);

    (void)state;
    assert_costs(spent, 110, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rare_recipient),
        cmocka_unit_test(test_a_frequent_recipient),
        cmocka_unit_test(test_a_refused_recipient),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
