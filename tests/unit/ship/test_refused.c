/* SPDX-License-Identifier: BSD-2-Clause */
/* Refused traffic is strangers' choice: apart, capped, and told once by two witnesses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    redis_start(&redis, NULL, true);
    world_open(&world, &redis, 3, world_hour_ago());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_close(&world);
    redis_remove(&redis);
    return 0;
}

static void tell_mail(uint64_t id, int64_t ms, const char *ip)
{
    world_tell(&world, 'm', ms, "mail w=%llu host=mx1.example.org from=spam@example.net ip=%s",
               W(id), ip);
}

static void tell_refused(uint64_t id, int64_t ms, const char *to)
{
    world_tell(&world, 'm', ms, "refused w=%llu to=%s phase=rcpt dsn=5.1.1 reply=User%%20unknown",
               W(id), to);
}

static void tell_noqueue(int64_t ms, const char *to, const char *ip)
{
    world_tell(&world, 'l', ms,
               "refused " LOG " to=%s from=spam@example.net ip=%s phase=rcpt "
               "dsn=5.1.1 reply=User%%20unknown",
               to, ip);
}

static struct ship_stats settled(void)
{
    struct ship_stats stats;
    world_settle(&world);
    ship_read_stats(world.ship, &stats);
    world_stop(&world);
    return stats;
}

static void test_a_refused_session_goes_to_buckets_of_its_own(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_mail(id, 10, "192.0.2.66");
    tell_refused(id, 20, "nobody@example.com");
    world_tell(&world, 'm', 30, "abandoned w=%llu phase=rcpt", W(id));
    world_ship(&world);
    assert_int_equal(0, world_records(&world));
    assert_int_equal(1, world_refused(&world));
    world_has(&world, id, " refused to=nobody@example.com", 1);
    assert_int_equal(1, world_state(&world, STATE_REJECTED));
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, "nobody@example.com", NULL));
    assert_int_equal(1, world_find(&world, TERM_BAD_DOMAIN, "rejected/example.com", NULL));
}

static void test_a_first_refused_recipient_makes_no_refused_mail(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    world_start(&world);
    tell_mail(id, 10, "192.0.2.66");
    tell_refused(id, 20, "nobody@example.com");
    world_read(&world, 2);
    clock_sleep(200);
    assert_int_equal(0, world_refused(&world));
    world_tell(&world, 'm', 30, "rcpt w=%llu to=bob@example.com", W(id));
    world_settle(&world);
    world_stop(&world);
    assert_int_equal(0, world_refused(&world));
    assert_int_equal(1, world_records(&world));
}

static void test_a_refused_session_without_end_is_written_when_the_hold_is_over(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_mail(id, 10, "192.0.2.66");
    tell_refused(id, 20, "nobody@example.com");
    world_ship(&world);
    assert_int_equal(1, world_refused(&world));
}

static void test_a_recipient_taken_late_moves_the_mail_out_of_the_refused(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_mail(id, 10, "192.0.2.66");
    tell_refused(id, 20, "nobody@example.com");
    world_ship(&world);
    assert_int_equal(1, world_refused(&world));
    world_tell(&world, 'm', 30, "rcpt w=%llu to=bob@example.com", W(id));
    world_ship(&world);
    assert_int_equal(0, world_refused(&world));
    assert_int_equal(1, world_records(&world));
    world_has(&world, id, " mail ", 1);
    char *dump = redis_dump(&redis);
    assert_int_equal(9, count_words(dump, "wb:x:")); /* the terms of the refusal, too */
    free(dump);
}

static void test_a_client_over_its_share_is_counted_only(void **state)
{
    (void)state;
    world.settings.refused_per_client = 3;
    for (unsigned i = 0; i < 10; i++) {
        uint64_t id = world_id(&world, i * 10, i);
        tell_mail(id, i * 10, i < 8 ? "192.0.2.66" : "192.0.2.67");
        tell_refused(id, i * 10 + 1, "nobody@example.com");
        world_tell(&world, 'm', i * 10 + 2, "abandoned w=%llu phase=rcpt", W(id));
    }
    world_start(&world);
    struct ship_stats stats = settled();
    assert_int_equal(3 + 2, world_refused(&world));
    assert_int_equal(5, stats.refused_over);
    assert_int_equal(5, world_counter(&world, "ship_refused_over"));
}

static void test_a_refusal_of_the_log_that_the_milter_told_is_told_once(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1), two = world_id(&world, 100000, 1);
    tell_mail(id, 10, "192.0.2.66");
    tell_refused(id, 20, "Nobody@example.com");
    tell_noqueue(0, "nobody@example.com", "192.0.2.66"); /* after it */
    world_tell(&world, 'm', 30, "abandoned w=%llu phase=rcpt", W(id));
    tell_noqueue(100000, "nobody@example.com", "192.0.2.66"); /* before it */
    tell_mail(two, 100010, "192.0.2.66");
    tell_refused(two, 100020, "nobody@example.com");
    world_tell(&world, 'm', 100030, "abandoned w=%llu phase=rcpt", W(two));
    world_start(&world);
    struct ship_stats stats = settled();
    assert_int_equal(2, world_refused(&world));
    assert_int_equal(0, stats.held);
}

static void test_a_refusal_of_the_log_that_an_earlier_process_was_told_is_told_once(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_mail(id, 10, "192.0.2.66");
    tell_refused(id, 20, "nobody@example.com");
    world_tell(&world, 'm', 30, "abandoned w=%llu phase=rcpt", W(id));
    world_ship(&world);
    tell_noqueue(0, "nobody@example.com", "192.0.2.66");
    tell_noqueue(0, "nobody2@example.com", "192.0.2.66");
    world_ship(&world);
    assert_int_equal(2, world_refused(&world));
}

/* A gapless restart: the new process is there for long before it leads, so what it did not ship
 * itself is not older than it. */
static void test_a_refusal_that_the_leader_before_was_told_is_told_once(void **state)
{
    (void)state;
    world.settings.hold_seconds = 0;
    struct world next = world;
    next.appended = 1;
    next.ship = NULL;
    world_start(&world);
    clock_sleep(50); /* it leads */
    world_start(&next);
    clock_sleep(100);
    world.start = clock_now();
    uint64_t id = world_id(&world, 0, 1);
    tell_mail(id, 0, "192.0.2.66");
    tell_refused(id, 1, "nobody@example.com");
    world_tell(&world, 'm', 2, "abandoned w=%llu phase=rcpt", W(id));
    world_settle(&world);
    clock_sleep(100);
    world_stop(&world);
    tell_noqueue(1, "nobody@example.com", "192.0.2.66");
    world_settle(&next);
    world_stop(&next);
    assert_int_equal(1, world_refused(&world));
}

static void test_a_refusal_that_only_the_log_knows_is_a_refused_mail(void **state)
{
    (void)state;
    tell_noqueue(0, "nobody@example.com", "192.0.2.66");
    tell_noqueue(0, "else@example.com", "192.0.2.66");
    tell_noqueue(60000, "nobody@example.com", "192.0.2.66");
    world_ship(&world);
    assert_int_equal(3, world_refused(&world));
    assert_int_equal(0, world_records(&world));
    world_rewind(&world);
    world_ship(&world);
    assert_int_equal(3, world_refused(&world));
}

static void test_the_share_holds_for_refusals_of_the_log_too(void **state)
{
    (void)state;
    world.settings.refused_per_client = 4;
    for (int i = 0; i < 40; i++) {
        char to[64];
        snprintf(to, sizeof to, "nobody%d@example.com", i);
        tell_noqueue(i * 10, to, "192.0.2.66");
    }
    world_start(&world);
    struct ship_stats stats = settled();
    assert_int_equal(4, world_refused(&world));
    assert_int_equal(36, stats.refused_over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_refused_session_goes_to_buckets_of_its_own),
        TEST(test_a_first_refused_recipient_makes_no_refused_mail),
        TEST(test_a_refused_session_without_end_is_written_when_the_hold_is_over),
        TEST(test_a_recipient_taken_late_moves_the_mail_out_of_the_refused),
        TEST(test_a_client_over_its_share_is_counted_only),
        TEST(test_a_refusal_of_the_log_that_the_milter_told_is_told_once),
        TEST(test_a_refusal_of_the_log_that_an_earlier_process_was_told_is_told_once),
        TEST(test_a_refusal_that_the_leader_before_was_told_is_told_once),
        TEST(test_a_refusal_that_only_the_log_knows_is_a_refused_mail),
        TEST(test_the_share_holds_for_refusals_of_the_log_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
