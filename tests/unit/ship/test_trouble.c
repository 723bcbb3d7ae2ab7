/* SPDX-License-Identifier: BSD-2-Clause */
/* The store is away, slow, full, or the shipper dies: nothing is lost, nothing is there twice. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"
#include "waybill/id.h"
#include "world.h"

#define LOG "host=mx1 inst=postfix"
#define W(id) (unsigned long long)(id)

static struct redis redis;
static struct world world;

static int set_up(void **state)
{
    (void)state;
    redis_prepare(&redis);
    world_open(&world, &redis, 3, world_hour_ago());
    world.settings.redis_timeout_ms = 500;
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
        uint64_t id = world_id(&world, i * 10, i);
        char queue_id[32];
        snprintf(queue_id, sizeof queue_id, "Q%u", i);
        world_tell(&world, 'm', i * 10, "mail w=%llu host=mx1.example.org from=a@x ip=192.0.2.1",
                   W(id));
        world_tell(&world, 'm', i * 10 + 1, "rcpt w=%llu to=bob@example.com", W(id));
        world_tell(&world, 'm', i * 10 + 2, "queued w=%llu q=%s size=4", W(id), queue_id);
        world_tell(&world, 'l', i * 10 + 3, "delivered " LOG " q=%s to=bob@example.com via=smtp",
                   queue_id);
    }
}

static void assert_mails(unsigned count)
{
    assert_int_equal(count, world_records(&world));
    for (unsigned i = 0; i < count; i += 7) {
        world_has(&world, world_id(&world, i * 10, i), " mail ", 1);
        world_has(&world, world_id(&world, i * 10, i), " delivered ", 1);
    }
    assert_int_equal(count, world_find(&world, TERM_RECIPIENT, "bob@example.com", NULL));
}

/* What a watcher saw on its way, and what was settled; the shipper's thread, then ours. */
static struct seen {
    unsigned on_way, delivered, failures;
} seen;

static void see_outcome(void *context, const struct waybill *waybill,
                        const struct recipient *recipient, enum recipient_state state)
{
    (void)context;
    seen.on_way += state == STATE_DELIVERED && recipient == &waybill->recipients[0] &&
                   slice_is(recipient->address, "bob@example.com");
}

static void see_settled(void *context, bool good)
{
    (void)context;
    if (good)
        seen.delivered += seen.on_way;
    else
        seen.failures++;
    seen.on_way = 0;
}

static void test_a_store_that_comes_late_gets_everything(void **state)
{
    (void)state;
    struct ship_stats stats;
    seen = (struct seen){0};
    world.watcher = (struct ship_watcher){see_outcome, NULL, see_settled, NULL};
    world_start(&world);
    tell_mails(0, 100);
    clock_sleep(500);
    ship_read_stats(world.ship, &stats);
    assert_false(stats.connected);
    assert_int_equal(0, stats.facts);
    assert_true(stats.retries > 0);
    assert_true(stats.leading);
    assert_int_equal(stats.retries, stats.troubles[STORE_UNREACHABLE]);
    assert_true(stats.oldest_unshipped > 0 && stats.oldest_unshipped <= clock_now());
    redis_start(&redis, NULL, true);
    world_settle(&world);
    ship_read_stats(world.ship, &stats);
    assert_true(stats.connected);
    assert_int_equal(0, stats.oldest_unshipped);
    assert_true(stats.lag_ms >= 500);
    world_stop(&world);
    assert_mails(100);
    assert_int_equal(100, seen.delivered);
}

static void test_a_stop_without_a_store_loses_nothing(void **state)
{
    (void)state;
    world_start(&world);
    tell_mails(0, 20);
    clock_sleep(100);
    int64_t before = clock_monotonic();
    uint64_t facts = world.appended;
    ship_stop(&world.ship, 300);
    assert_true(clock_monotonic() - before < 2000);
    world.appended = facts;
    redis_start(&redis, NULL, true);
    world_ship(&world);
    assert_mails(20);
}

static void test_a_store_killed_in_the_middle_gets_each_mail_once(void **state)
{
    (void)state;
    const char *const kept[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    redis_start(&redis, kept, true);
    world.settings.batch_facts = 7;
    world_start(&world);
    for (unsigned i = 0; i < 5; i++) {
        tell_mails(i * 40, 40);
        if (i < 4)
            redis_stop(&redis);
        clock_sleep(60);
        if (i < 4)
            redis_start(&redis, kept, true);
    }
    world_settle(&world);
    world_stop(&world);
    assert_mails(200);
}

static void test_a_store_that_hangs_only_makes_it_wait(void **state)
{
    (void)state;
    redis_start(&redis, NULL, true);
    world_start(&world);
    tell_mails(0, 10);
    world_settle(&world);
    kill(redis.pid, SIGSTOP);
    tell_mails(10, 10);
    clock_sleep(1200);
    kill(redis.pid, SIGCONT);
    world_settle(&world);
    world_stop(&world);
    assert_mails(20);
}

static void test_a_full_store_gets_it_all_once_there_is_room(void **state)
{
    (void)state;
    struct ship_stats stats;
    redis_start(&redis, NULL, true);
    free(redis_ask(&redis, "CONFIG SET maxmemory 1"));
    seen = (struct seen){0};
    world.watcher = (struct ship_watcher){see_outcome, NULL, see_settled, NULL};
    world_start(&world);
    tell_mails(0, 50);
    clock_sleep(500);
    ship_read_stats(world.ship, &stats);
    assert_true(stats.retries > 0);
    assert_int_equal(0, stats.facts);
    free(redis_ask(&redis, "CONFIG SET maxmemory 0"));
    world_settle(&world);
    ship_read_stats(world.ship, &stats);
    assert_int_equal(stats.retries, stats.troubles[STORE_FULL]);
    world_stop(&world);
    assert_mails(50);
    assert_true(seen.failures > 0);
    assert_int_equal(50, seen.delivered); /* once each, though they were on their way more often */
}

/* A process of its own takes the journal, ships, and is killed after `ms`. */
static void ship_and_die(int64_t ms)
{
    journal_close(&world.journal);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        world_journal(&world);
        world_start(&world);
        clock_sleep(ms);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    world_journal(&world);
}

static void test_a_held_fact_survives_the_death_of_the_shipper(void **state)
{
    (void)state;
    redis_start(&redis, NULL, true);
    world_tell(&world, 'l', 0, "active " LOG " q=HELD1 from=a@x nrcpt=1");
    tell_mails(0, 10);
    world.settings.hold_seconds = 600;
    ship_and_die(700);
    assert_mails(10);
    world_tell(&world, 'l', 500, "delivered " LOG " q=HELD1 to=held@example.com via=smtp");
    world.settings.hold_seconds = 1;
    world_ship(&world);
    uint64_t id;
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, "held@example.com", &id));
    world_has(&world, id, " active ", 1);
    assert_int_equal(11, world_records(&world));
}

static void test_a_refused_mail_that_waits_survives_the_death_of_the_shipper(void **state)
{
    (void)state;
    redis_start(&redis, NULL, true);
    uint64_t id = world_id(&world, 0, 99);
    world_tell(&world, 'm', 0, "mail w=%llu host=mx1.example.org from=a@x ip=192.0.2.1", W(id));
    tell_mails(0, 10);
    world.settings.hold_seconds = 600;
    ship_and_die(500);
    assert_mails(10);
    world_tell(&world, 'm', 1, "rcpt w=%llu to=late@example.com", W(id));
    world_ship(&world);
    world_has(&world, id, " mail ", 1);
    world_has(&world, id, " rcpt ", 1);
}

static void test_counters_go_on_after_a_restart(void **state)
{
    (void)state;
    redis_start(&redis, NULL, true);
    world_start(&world);
    ship_count(world.ship, "messages", 5);
    ship_count(world.ship, "messages", 7);
    tell_mails(0, 5);
    world_settle(&world);
    world_stop(&world);
    assert_int_equal(7, world_counter(&world, "messages"));
    assert_int_equal(20, world_counter(&world, "ship_facts"));
    journal_close(&world.journal);
    world_journal(&world);
    world_start(&world);
    ship_count(world.ship, "messages", 3); /* a new process counts from 0 */
    tell_mails(5, 1);
    world_settle(&world);
    world_stop(&world);
    assert_int_equal(10, world_counter(&world, "messages"));
    assert_int_equal(24, world_counter(&world, "ship_facts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_store_that_comes_late_gets_everything),
        TEST(test_a_stop_without_a_store_loses_nothing),
        TEST(test_a_store_killed_in_the_middle_gets_each_mail_once),
        TEST(test_a_store_that_hangs_only_makes_it_wait),
        TEST(test_a_full_store_gets_it_all_once_there_is_room),
        TEST(test_a_held_fact_survives_the_death_of_the_shipper),
        TEST(test_a_refused_mail_that_waits_survives_the_death_of_the_shipper),
        TEST(test_counters_go_on_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
