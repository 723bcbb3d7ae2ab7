/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of the shipper: bounded, and the cursor never passes what is not written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../milter/ship/counters.h"
#include "../../../milter/ship/hold.h"
#include "../../../milter/ship/live.h"
#include "../../../milter/ship/refused.h"
#include "../../../milter/ship/seen.h"
#include "waybill/clock.h"

/* ---- seen ---- */

static void test_a_set_knows_what_it_was_given_and_nothing_else(void **state)
{
    struct seen seen = {0}, more = {0};
    (void)state;
    assert_false(seen_have(&seen, 5));
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(0, seen_add(&seen, i * 3));
    for (uint64_t i = 1; i < 3000; i++)
        assert_int_equal(i % 3 == 0 || i == 1, seen_have(&seen, i)); /* 0 counts as 1 */
    assert_int_equal(1000, seen.count);
    seen_add(&more, 7);
    assert_int_equal(0, seen_take(&seen, &more));
    assert_true(seen_have(&seen, 7));
    assert_int_equal(0, more.count);
    seen_clear(&seen);
}

/* ---- pins ---- */

static struct pin *read_and_pin(struct pins *pins, unsigned generation, uint64_t offset)
{
    struct journal_position position = {generation, 1, offset};
    struct pin place = pins_read(pins, &position);
    return pins_set(pins, &place);
}

static int64_t commit_at(const struct pins *pins, unsigned generation)
{
    struct journal_position position;
    return pins_commit(pins, generation, &position) ? (int64_t)position.offset : -1;
}

static void test_the_cursor_stops_before_the_oldest_pin_of_its_generation(void **state)
{
    struct pins pins = {0};
    (void)state;
    struct pin *first = read_and_pin(&pins, 0, 10), *second = read_and_pin(&pins, 0, 20);
    struct pin *third = read_and_pin(&pins, 0, 30), *other = read_and_pin(&pins, 1, 99);
    assert_int_equal(-1, commit_at(&pins, 0)); /* the first fact that was read */
    pins_release(&pins, second);
    assert_int_equal(-1, commit_at(&pins, 0));
    pins_release(&pins, first);
    assert_int_equal(20, commit_at(&pins, 0)); /* before the third */
    pins_release(&pins, third);
    assert_int_equal(30, commit_at(&pins, 0));
    assert_int_equal(-1, commit_at(&pins, 1));
    pins_release(&pins, other);
    assert_int_equal(30, commit_at(&pins, 0));
    assert_int_equal(99, commit_at(&pins, 1));
}

static void test_an_owner_keeps_its_oldest_pin(void **state)
{
    struct pins pins = {0};
    struct pin *chain = NULL;
    (void)state;
    pins_release(&pins, read_and_pin(&pins, 0, 10));
    struct pin *old = read_and_pin(&pins, 0, 20), *young = read_and_pin(&pins, 0, 30);
    struct pin *other = read_and_pin(&pins, 5, 7);
    pins_gather(&pins, &chain, young);
    pins_gather(&pins, &chain, other);
    pins_gather(&pins, &chain, old); /* takes the place of the young one */
    assert_int_equal(10, commit_at(&pins, 0));
    struct pin *copy = pins_copy(&pins, old);
    pins_release_chain(&pins, &chain);
    assert_null(chain);
    assert_int_equal(10, commit_at(&pins, 0)); /* the copy holds it */
    pins_release(&pins, copy);
    assert_int_equal(30, commit_at(&pins, 0));
    assert_int_equal(7, commit_at(&pins, 5));
}

/* ---- live ---- */

static void test_the_table_lets_go_the_longest_untouched_and_never_the_unwritten(void **state)
{
    struct live live;
    struct pins pins = {0};
    (void)state;
    assert_int_equal(0, live_init(&live));
    live.records_max = 10;
    for (uint64_t i = 1; i <= 30; i++) {
        struct entry *entry = live_make(&live, i, (int64_t)i);
        if (i <= 3)
            live_move(&live, entry, ENTRY_DIRTY);
        if (i == 4)
            live_move(&live, entry, ENTRY_WAITING);
    }
    live_trim(&live, 31);
    assert_int_equal(10, live.count);
    for (uint64_t i = 1; i <= 30; i++)
        assert_int_equal(i <= 4 || i > 24, live_find(&live, i) != NULL);
    live_clear(&live, &pins);
}

static void test_a_finished_waybill_stays_for_a_grace(void **state)
{
    struct live live;
    struct pins pins = {0};
    (void)state;
    assert_int_equal(0, live_init(&live));
    live_move(&live, live_make(&live, 1, 1000), ENTRY_DONE);
    live_move(&live, live_make(&live, 2, 1000), ENTRY_OPEN);
    live_trim(&live, 1000 + LIVE_GRACE_MS);
    assert_non_null(live_find(&live, 1));
    live_trim(&live, 1001 + LIVE_GRACE_MS);
    assert_null(live_find(&live, 1));
    assert_non_null(live_find(&live, 2));
    live_clear(&live, &pins);
}

static void test_the_table_counts_bytes_too(void **state)
{
    struct live live;
    struct pins pins = {0};
    (void)state;
    assert_int_equal(0, live_init(&live));
    for (uint64_t i = 1; i <= 100; i++)
        live_make(&live, i, 1);
    live.bytes_max = live.bytes / 2;
    live_trim(&live, 2);
    assert_true(live.bytes <= live.bytes_max);
    assert_true(live.count >= 48 && live.count <= 50);
    live_clear(&live, &pins);
    assert_int_equal(0, live.bytes);
}

/* ---- hold ---- */

static struct fact log_fact(enum fact_kind kind, const char *queue_id, int64_t time)
{
    struct fact fact;
    fact_init(&fact, WITNESS_LOG, kind, time);
    fact_set(&fact, KEY_HOST, slice_of("mx1"));
    fact_set(&fact, KEY_INSTANCE, slice_of("postfix"));
    fact_set(&fact, KEY_QUEUE, slice_of(queue_id));
    return fact;
}

static struct group *hold_one(struct hold *hold, enum fact_kind kind, const char *queue_id,
                              int64_t now)
{
    struct fact fact = log_fact(kind, queue_id, now);
    fact.id = (uint64_t)kind;
    struct group *group =
        hold_add(hold, hold_find(hold, &fact), 1, &fact, slice_of("a line"), NULL, now);
    assert_non_null(group);
    return group;
}

static void test_a_group_waits_from_its_first_fact_that_tells_more_than_the_client(void **state)
{
    struct hold hold;
    struct pins pins = {0};
    (void)state;
    assert_int_equal(0, hold_init(&hold));
    struct group *group = hold_one(&hold, FACT_CLIENT, "A1", 1000);
    assert_true(group_lone(group));
    assert_int_equal(1500, group_due(group, 500));
    group->tried = true;
    assert_int_equal(1000 + HOLD_CLIENT_MS, group_due(group, 500));
    assert_ptr_equal(group, hold_one(&hold, FACT_ACTIVE, "A1", 2000));
    assert_ptr_not_equal(group, hold_one(&hold, FACT_ACTIVE, "A2", 2000));
    assert_false(group_lone(group));
    assert_true(group->opened);
    assert_int_equal(2500, group_due(group, 500));
    hold_clear(&hold, &pins);
}

static void test_held_facts_are_counted_in_and_out(void **state)
{
    struct hold hold;
    struct pins pins = {0};
    char name[300];
    (void)state;
    assert_int_equal(0, hold_init(&hold));
    hold.count_max = 100;
    for (int i = 0; i < 101; i++) {
        assert_false(hold_full(&hold));
        snprintf(name, sizeof name, "%0*d", i % 2 ? 280 : 4, i / 4); /* some keys are too long */
        hold_one(&hold, FACT_ACTIVE, name, i);
    }
    assert_true(hold_full(&hold));
    while (hold.first != NULL) {
        struct group *group = hold.first;
        assert_false(hold_drop_empty(&hold, group));
        while (group->first != NULL)
            hold_remove(&hold, &pins, group, &group->first);
        assert_true(hold_drop_empty(&hold, group));
    }
    assert_int_equal(0, hold.count);
    assert_int_equal(0, hold.bytes);
    hold_clear(&hold, &pins);
}

/* ---- refused ---- */

static void test_each_client_has_its_share_of_each_hour(void **state)
{
    struct refusals refusals;
    struct pins pins = {0};
    (void)state;
    assert_int_equal(0, refusals_init(&refusals));
    for (int i = 0; i < 5; i++)
        assert_int_equal(i < 3, refusals_admit(&refusals, "192.0.2.1", 1000, 3));
    assert_true(refusals_spent(&refusals, "192.0.2.1", 1000, 3));
    assert_true(refusals_admit(&refusals, "192.0.2.2", 1000, 3));
    assert_true(refusals_admit(&refusals, "192.0.2.1", HOUR_MS + 1000, 3));
    assert_false(refusals_admit(&refusals, "192.0.2.3", 1000, 0));
    refusals_clear(&refusals, &pins);
}

static void test_a_flood_of_clients_needs_no_more_memory_and_spares_the_busy(void **state)
{
    struct refusals refusals;
    struct pins pins = {0};
    char ip[32];
    (void)state;
    assert_int_equal(0, refusals_init(&refusals));
    for (int i = 0; i < 10; i++)
        refusals_admit(&refusals, "192.0.2.1", 1000, 10);
    for (unsigned i = 0; i < 5 * REFUSED_CLIENTS; i++) {
        snprintf(ip, sizeof ip, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        refusals_admit(&refusals, ip, 1000, 10);
    }
    assert_false(refusals_admit(&refusals, "192.0.2.1", 1000, 10));
    refusals_clear(&refusals, &pins);
}

static void test_a_refusal_is_known_by_recipient_client_and_time(void **state)
{
    struct refusals refusals;
    struct pins pins = {0};
    struct fact fact;
    (void)state;
    assert_int_equal(0, refusals_init(&refusals));
    fact_init(&fact, WITNESS_LOG, FACT_REFUSED, 10000);
    fact_set(&fact, KEY_TO, slice_of("Bob@Example.com"));
    fact_set(&fact, KEY_IP, slice_of("192.0.2.1"));
    uint64_t what = refusal_of(&fact, SLICE_ABSENT);
    assert_int_equal(0, refusals_wait(&refusals, &fact, slice_of("a line"), NULL, what, 50));
    fact_set(&fact, KEY_TO, slice_of("<bob@example.com>"));
    fact_set(&fact, KEY_IP, SLICE_ABSENT);
    assert_true(what == refusal_of(&fact, slice_of("192.0.2.1")));
    assert_true(what != refusal_of(&fact, slice_of("192.0.2.2")));
    assert_int_equal(0, refusals_told(&refusals, &pins, what, 10000 + REFUSED_NEAR_MS + 1));
    assert_null(refusals_due(&refusals, 49));
    assert_non_null(refusals_due(&refusals, 50));
    assert_int_equal(1, refusals_told(&refusals, &pins, what, 10000 - REFUSED_NEAR_MS));
    assert_null(refusals_due(&refusals, 50));
    assert_null(refusals.last);
    assert_true(refusals_known(&refusals, what, 9000));
    assert_false(refusals_known(&refusals, what, 30000));
    refusals_clear(&refusals, &pins);
}

/* ---- counters ---- */

static uint64_t hour_value(const struct counters *counters, int64_t start, size_t place)
{
    const struct hour *hour = &counters->hours[(uint64_t)(start / HOUR_MS) % HOURS_KEPT];
    return hour->start == start ? hour->value[place] : 0;
}

static void test_totals_become_what_was_added_in_each_hour(void **state)
{
    static struct counters counters;
    int64_t ten = 1000 * HOUR_MS, eleven = ten + HOUR_MS;
    (void)state;
    counters_tell(&counters, "mails", 5);
    counters_take(&counters, ten + 1000);
    counters_tell(&counters, "mails", 8);
    counters_tell(&counters, "mails", 2); /* a total does not fall */
    counters_take(&counters, ten + 2000);
    counters_take(&counters, ten + 3000);
    assert_int_equal(8, hour_value(&counters, ten, 0));
    counters_tell(&counters, "mails", 9);
    counters_take(&counters, eleven);
    assert_int_equal(8, hour_value(&counters, ten, 0));
    assert_int_equal(1, hour_value(&counters, eleven, 0));
}

static void test_of_a_highest_value_each_hour_keeps_its_own(void **state)
{
    static struct counters counters;
    const int64_t ten = 10 * HOUR_MS, eleven = 11 * HOUR_MS;
    (void)state;
    counters_tell(&counters, "answer_slowest_us", 700);
    counters_tell(&counters, "answer_slowest_us", 300);
    counters_take(&counters, ten + 1000);
    counters_tell(&counters, "answer_slowest_us", 500);
    counters_take(&counters, ten + 2000);
    assert_int_equal(700, hour_value(&counters, ten, 0));
    counters_tell(&counters, "answer_slowest_us", 20);
    counters_take(&counters, eleven);
    counters_take(&counters, eleven + 1000);
    assert_int_equal(700, hour_value(&counters, ten, 0));
    assert_int_equal(20, hour_value(&counters, eleven, 0));
}

static void test_too_many_names_are_left_out(void **state)
{
    static struct counters counters;
    char name[64];
    (void)state;
    for (unsigned i = 0; i < 2 * COUNTERS_MAX; i++) {
        snprintf(name, sizeof name, "counter%u", i);
        counters_tell(&counters, name, i);
    }
    counters_tell(&counters, "a_name_that_is_far_too_long_for_a_counter", 1);
    assert_int_equal(COUNTERS_MAX, counters.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_knows_what_it_was_given_and_nothing_else),
        cmocka_unit_test(test_the_cursor_stops_before_the_oldest_pin_of_its_generation),
        cmocka_unit_test(test_an_owner_keeps_its_oldest_pin),
        cmocka_unit_test(test_the_table_lets_go_the_longest_untouched_and_never_the_unwritten),
        cmocka_unit_test(test_a_finished_waybill_stays_for_a_grace),
        cmocka_unit_test(test_the_table_counts_bytes_too),
        cmocka_unit_test(test_a_group_waits_from_its_first_fact_that_tells_more_than_the_client),
        cmocka_unit_test(test_held_facts_are_counted_in_and_out),
        cmocka_unit_test(test_each_client_has_its_share_of_each_hour),
        cmocka_unit_test(test_a_flood_of_clients_needs_no_more_memory_and_spares_the_busy),
        cmocka_unit_test(test_a_refusal_is_known_by_recipient_client_and_time),
        cmocka_unit_test(test_totals_become_what_was_added_in_each_hour),
        cmocka_unit_test(test_of_a_highest_value_each_hour_keeps_its_own),
        cmocka_unit_test(test_too_many_names_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
