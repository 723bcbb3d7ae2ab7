/* SPDX-License-Identifier: BSD-2-Clause */
/* The store forgets what it acknowledged: it is shipped again, and stands there once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../milter/ship/trail.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "world.h"

#define LOG "host=mx1 inst=postfix"
#define PATIENCE_MS 15000

/* ---- the ring ---- */

static uint64_t kept_at(struct trail *trail, int64_t now, int64_t window)
{
    struct journal_position position;
    return trail_keep(trail, now, window, &position) ? position.offset : 0;
}

static void test_what_is_kept_was_shipped_a_window_ago(void **state)
{
    struct trail trail = {.count = 0};
    (void)state;
    for (int64_t now = 1000; now <= 200000; now += 100) {
        struct journal_position position = {0, 1, (uint64_t)now};
        trail_add(&trail, &position, now, 60000);
        uint64_t kept = kept_at(&trail, now, 60000);
        assert_true(now < 61000 ? kept == 0 : (int64_t)kept <= now - 60000);
        assert_true(now < 61000 || (int64_t)kept >= now - 60000 - 2300);
        assert_true(trail.count <= TRAIL_PLACES);
    }
    assert_int_equal(0, kept_at(&(struct trail){.count = 0}, 1000, 0));
}

static void test_nothing_new_lets_the_window_end(void **state)
{
    struct trail trail = {.count = 0};
    struct journal_position position = {0, 7, 42};
    (void)state;
    for (int64_t now = 0; now <= 60000; now += 1000)
        trail_add(&trail, &position, now, 60000);
    assert_int_equal(1, trail.count);
    assert_int_equal(0, kept_at(&trail, 59999, 60000));
    assert_int_equal(42, kept_at(&trail, 60000, 60000));
    assert_int_equal(0, trail.count);
}

static void test_a_longer_window_keeps_more(void **state)
{
    struct trail trail = {.count = 0};
    (void)state;
    for (int64_t now = 1; now <= 100; now++) {
        struct journal_position position = {0, 1, (uint64_t)now};
        trail_add(&trail, &position, now, now < 50 ? 30 : 3600000);
    }
    assert_int_equal(0, kept_at(&trail, 3600000, 3600000));
    assert_true(kept_at(&trail, 3600051, 3600000) <= 50);
}

/* ---- a store that forgets ---- */

static struct redis redis;
static struct world world;
static unsigned outcomes;

static void outcome(void *context, const struct waybill *waybill, const struct recipient *recipient,
                    enum recipient_state state)
{
    (void)context, (void)waybill, (void)recipient;
    outcomes += state == STATE_DELIVERED;
}

static int set_up(void **state)
{
    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, NULL, true);
    world_open(&world, &redis, 3, world_hour_ago());
    world.settings.redis_timeout_ms = 500;
    world.settings.redis_rewind_seconds = 60;
    world.settings.journal_max_mb = 64;
    world.watcher.outcome = outcome;
    outcomes = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_close(&world);
    redis_remove(&redis);
    return 0;
}

static void tell_mails(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        unsigned long long id = world_id(&world, i * 10, i);
        world_tell(&world, 'm', i * 10, "mail w=%llu host=mx1.example.org from=a@x ip=192.0.2.1",
                   id);
        world_tell(&world, 'm', i * 10 + 1, "rcpt w=%llu to=bob@example.com", id);
        world_tell(&world, 'm', i * 10 + 2, "queued w=%llu q=Q%u size=4", id, i);
        world_tell(&world, 'l', i * 10 + 3, "delivered " LOG " q=Q%u to=bob@example.com via=smtp",
                   i);
    }
}

static long long records_in_time(long long wanted)
{
    int64_t until = clock_monotonic() + PATIENCE_MS;
    while (world_records(&world) != wanted && clock_monotonic() < until)
        clock_sleep(20);
    return world_records(&world);
}

static void forget_the_latest(void)
{
    redis_stop(&redis);
    redis_start(&redis, NULL, true);
}

static void keep_a_dump(void)
{
    char *answer = redis_ask(&redis, "SAVE");
    assert_non_null(strstr(answer, "OK"));
    free(answer);
}

static void assert_all_once(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        world_has(&world, world_id(&world, i * 10, i), " rcpt ", 1);
        world_has(&world, world_id(&world, i * 10, i), " delivered ", 1);
    }
    assert_int_equal(count, world_find(&world, TERM_RECIPIENT, "bob@example.com", NULL));
}

static void test_what_the_store_forgot_is_shipped_again(void **state)
{
    struct ship_stats stats;
    (void)state;
    world_start(&world);
    tell_mails(0, 20);
    world_settle(&world);
    keep_a_dump();
    tell_mails(20, 20);
    world_settle(&world);
    assert_int_equal(40, world_records(&world));
    forget_the_latest();
    tell_mails(40, 5);
    world_settle(&world);
    assert_int_equal(45, records_in_time(45));
    assert_all_once(45);
    ship_read_stats(world.ship, &stats);
    assert_int_equal(1, stats.rewinds);
    assert_int_equal(45 * 4, stats.facts);
    assert_int_equal(45, outcomes);
    assert_int_equal(0, stats.backlog_bytes);
    assert_int_equal(0, journal_unshipped(world.journal));
}

static void test_it_is_shipped_again_by_who_starts_later(void **state)
{
    (void)state;
    world_start(&world);
    tell_mails(0, 20);
    world_settle(&world);
    keep_a_dump();
    tell_mails(20, 20);
    world_settle(&world);
    world_stop(&world);
    forget_the_latest();
    assert_int_equal(20, world_records(&world));
    world_start(&world);
    assert_int_equal(40, records_in_time(40));
    assert_all_once(40);
}

static void test_a_restart_beside_the_same_store_ships_nothing_again(void **state)
{
    struct ship_stats stats;
    (void)state;
    tell_mails(0, 20);
    world_ship(&world);
    world_start(&world);
    tell_mails(20, 1);
    world_settle(&world);
    ship_read_stats(world.ship, &stats);
    assert_int_equal(4, stats.facts);
    assert_int_equal(0, stats.rewinds);
    assert_int_equal(21, world_records(&world));
}

/* ---- and whom it was told to forget ---- */

static void forget_bob(void)
{
    static const char bob[] = "bob@example.com";
    struct store_tombs tombs = {.list = NULL};
    struct store_tomb tomb = {.until = clock_now(), .told = (uint64_t)clock_now()};
    struct store *store;
    struct error why;
    assert_int_equal(0, store_open(&store, &world.settings, &why));
    assert_int_equal(0, store_get_tombs(store, &tombs, true, &why));
    store_tomb_hash(&tombs, slice_of(bob), tomb.hash);
    store_put_tomb(store, &tomb);
    assert_int_equal(0, store_flush(store, &why));
    store_tombs_free(&tombs);
    store_close(&store);
}

static long long named_in_time(void)
{
    int64_t until = clock_monotonic() + PATIENCE_MS;
    long long named;
    do {
        clock_sleep(50);
        named = redis_number(&redis, "KEYS 'wb:r*' | xargs -n 1 redis-cli -s %s HVALS | grep -c bob",
                             redis.socket);
        named += redis_number(&redis, "KEYS '*bob*' | grep -c bob");
    } while (named != 0 && clock_monotonic() < until);
    return named;
}

static void test_who_was_forgotten_stays_so(void **state)
{
    (void)state;
    world_start(&world);
    keep_a_dump();
    tell_mails(0, 150); /* so many that he gets a key of his own */
    world_settle(&world);
    assert_true(redis_number(&redis, "KEYS '*bob*' | grep -c bob") > 0);
    forget_bob();
    assert_int_equal(0, named_in_time());
    forget_the_latest();
    assert_int_equal(0, redis_number(&redis, "HLEN wb:tomb"));
    tell_mails(150, 5);
    assert_int_equal(155, records_in_time(155));
    int64_t until = clock_monotonic() + PATIENCE_MS;
    while (redis_number(&redis, "HLEN wb:tomb") != 3 && clock_monotonic() < until)
        clock_sleep(20);
    assert_int_equal(3, redis_number(&redis, "HLEN wb:tomb")); /* key, told, bob */
    assert_int_equal(0, named_in_time());
    tell_mails(155, 5);
    assert_int_equal(160, records_in_time(160));
    world_settle(&world);
    assert_int_equal(0, named_in_time());
}

static void test_without_a_window_it_is_lost(void **state)
{
    (void)state;
    world.settings.redis_rewind_seconds = 0;
    world_start(&world);
    tell_mails(0, 20);
    world_settle(&world);
    keep_a_dump();
    tell_mails(20, 20);
    world_settle(&world);
    forget_the_latest();
    tell_mails(40, 5);
    world_settle(&world);
    assert_int_equal(25, records_in_time(25));
}

static void test_a_generation_of_a_process_that_is_gone_lets_go_in_time(void **state)
{
    (void)state;
    world.settings.redis_rewind_seconds = 1;
    tell_mails(0, 20);
    world_ship(&world);
    journal_close(&world.journal);
    world_journal(&world); /* another segment of the same generation */
    world_start(&world);
    int64_t until = clock_monotonic() + PATIENCE_MS;
    struct journal_stats stats;
    do {
        clock_sleep(50);
        journal_read_stats(world.journal, &stats);
    } while (stats.bytes_held > 3000 && clock_monotonic() < until);
    assert_true(stats.bytes_held <= 3000); /* cursor and the head of the newest segment */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept_was_shipped_a_window_ago),
        cmocka_unit_test(test_nothing_new_lets_the_window_end),
        cmocka_unit_test(test_a_longer_window_keeps_more),
        cmocka_unit_test_setup_teardown(test_what_the_store_forgot_is_shipped_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_it_is_shipped_again_by_who_starts_later, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_restart_beside_the_same_store_ships_nothing_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_was_forgotten_stays_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_window_it_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_generation_of_a_process_that_is_gone_lets_go_in_time, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
