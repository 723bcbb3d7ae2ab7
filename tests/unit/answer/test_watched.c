/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was watched: the shares, against a real store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../../milter/answer/catalogue.h"
#include "../../../milter/answer/watched.h"
#include "mail.h"
#include "waybill/clock.h"
#include "world.h"

static struct world world;
static int64_t now;

static void read_list(int64_t since, int64_t until, struct watched_list *list)
{
    struct error why;

    if (watched_read(world.store, since, until, list, &why) != 0)
        fail_msg("%s", why.text);
}

static void claim(unsigned wanted, const char *machine, const char *host)
{
    struct error why;
    unsigned node;

    assert_int_equal(store_claim_node(world.store, wanted, machine, host, &node, &why), 0);
    now = clock_now();
}

static void gap(unsigned node, const char *witness, int64_t from, int64_t until, uint64_t lost)
{
    store_put_gap(world.store, node, slice_of(witness), from, until, slice_of("killed"), lost);
}

static void test_an_empty_store_watched_nothing(void **state)
{
    struct watched_list list;

    (void)state;
    world_flush(&world);
    read_list(clock_now() - DAY_MS, clock_now(), &list);
    assert_int_equal(list.count, 0);
    assert_true(watched_doubt(&list));
    watched_free(&list);
}

static void watch_since(int64_t ms)
{
    redis_number(&world.redis, "HSET wb:node:01 since %lld", (long long)ms);
}

/* Overlapping gaps count once, and what lies outside of the span not at all. */
static void test_gaps_and_silence_shorten_the_share(void **state)
{
    struct watched_list list;

    (void)state;
    world_flush(&world);
    claim(1, "machine-1", "mx1");
    store_put_beat(world.store, 1, "milter", now);
    store_put_beat(world.store, 1, "log", now);
    mail_flush(world.store);
    /* It came just now, so only a span that begins now is whole. */
    read_list(now - HOUR_MS, now, &list);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.list[0].witness, "milter");
    assert_true(watched_share(&list, &list.list[0]) == 0);
    assert_false(list.list[0].never);
    watched_free(&list);

    watch_since(now - 2 * HOUR_MS);
    gap(1, "log", now - 40 * MINUTE_MS, now - 20 * MINUTE_MS, 3);
    gap(1, "log", now - 30 * MINUTE_MS, now - 10 * MINUTE_MS, 4);
    gap(1, "log", now - 90 * MINUTE_MS, now - 54 * MINUTE_MS, 0);
    store_put_beat(world.store, 1, "milter", now - 15 * MINUTE_MS);
    mail_flush(world.store);
    read_list(now - HOUR_MS, now, &list);
    assert_int_equal(list.list[0].silent_since, now - 15 * MINUTE_MS);
    assert_int_equal(watched_share(&list, &list.list[0]), 750);
    assert_int_equal(list.list[1].blind, 36 * MINUTE_MS);
    assert_int_equal(list.list[1].lost, 7);
    assert_int_equal(list.list[1].gap_count, 3);
    assert_int_equal(watched_share(&list, &list.list[1]), 400);
    assert_true(watched_doubt(&list));
    watched_free(&list);
}

static void test_a_witness_that_never_spoke_is_told(void **state)
{
    struct watched_list list;

    (void)state;
    world_flush(&world);
    claim(1, "machine-1", "mx1");
    watch_since(now - 2 * HOUR_MS);
    store_put_beat(world.store, 1, "milter", now);
    mail_flush(world.store);
    read_list(now - HOUR_MS, now, &list);
    assert_int_equal(watched_share(&list, &list.list[0]), 1000);
    assert_true(list.list[1].never);
    assert_int_equal(watched_share(&list, &list.list[1]), 0);
    watched_free(&list);
}

static void test_each_cause_of_blindness_has_its_words(void **state)
{
    static const char *const causes[] = {"killed",    "not running", "truncated",  "unread",
                                         "disk-full", "suppressed",  "disk-error", "not-listening"};

    (void)state;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (strcmp(catalogue_blindness(NULL, causes[i]), causes[i]) == 0)
            fail_msg("'%s' has no words", causes[i]);
    assert_string_equal(catalogue_blindness(NULL, "strange"), "strange");
}

static int open_world(void **state)
{
    (void)state;
    world_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_store_watched_nothing),
        cmocka_unit_test(test_gaps_and_silence_shorten_the_share),
        cmocka_unit_test(test_a_witness_that_never_spoke_is_told),
        cmocka_unit_test(test_each_cause_of_blindness_has_its_words),
    };

    return cmocka_run_group_tests_name("watched", tests, open_world, close_world);
}
