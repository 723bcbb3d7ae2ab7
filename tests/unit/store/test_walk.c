/* SPDX-License-Identifier: BSD-2-Clause */
/* A walk hands out what a simple list of all postings holds, in order, each id once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/redis.h"
#include "store/split.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

enum { DAYS = 5, POSTINGS = 40000, TERMS = 400 };

static struct redis redis;
static struct settings settings;
static uint32_t today;

static struct pair {
    uint64_t id;
    unsigned term;
} pairs[POSTINGS];

static struct store *open_store(void)
{
    struct store *store;
    struct error why = {""};

    if (store_open(&store, &settings, &why))
        fail_msg("%s", why.text);
    return store;
}

static void flush(struct store *store)
{
    struct error why = {""};

    if (store_flush(store, &why))
        fail_msg("%s", why.text);
}

static unsigned dice(unsigned sides)
{
    return (unsigned)random() % sides;
}

static struct slice term_words(unsigned term, char room[static 32])
{
    snprintf(room, 32, "d%u", term);
    return slice_of(room);
}

/* Terms of every frequency; most postings of a day lie in a quarter of it; in order of time, as a
 * running host has them, but for some that come late. Refused mail is of today and yesterday. */
static void make_pairs(void)
{
    srandom(7);
    for (unsigned i = 0; i < POSTINGS; i++) {
        int back = DAYS - 1 - (int)(i / (POSTINGS / DAYS));
        uint32_t second = i % (POSTINGS / DAYS) * 86400 / (POSTINGS / DAYS);
        unsigned refused = back < 2 && dice(4) == 0;

        if (dice(3))
            second = 30000 + second / 4;
        if (dice(50) == 0)
            second = dice(86400);
        pairs[i] = (struct pair){
            id_make(clock_day_add(today, -back),
                    second * UINT64_C(10000000) + dice(3) * UINT64_C(100000) + refused * 50000 + i),
            dice(10) < 4 ? 0 : dice(1 + dice(TERMS))};
    }
}

static bool is_refused(uint64_t id)
{
    return id % 100000 >= 50000;
}

/* Two writers, who know nothing of each other. */
static void post_pairs(unsigned batch)
{
    struct store *writers[2] = {open_store(), open_store()};
    char room[32];

    for (unsigned i = 0; i < POSTINGS; i++) {
        store_post_term(writers[dice(2)], pairs[i].id, TERM_LOGIN, term_words(pairs[i].term, room),
                        is_refused(pairs[i].id));
        if (i % batch == batch - 1)
            flush(writers[dice(2)]);
    }
    for (int i = 0; i < 2; i++) {
        flush(writers[i]);
        store_close(&writers[i]);
    }
}

static int start(void **state)
{
    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, (const char *[]){NULL}, true);
    redis_settings(&settings, redis.address);
    today = clock_day(clock_now(), NULL);
    make_pairs();
    free(redis_ask(&redis, "SADD wb:nodes 0 1"));
    post_pairs(700);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_remove(&redis);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

struct ask {
    unsigned terms[4];
    size_t count;
    int64_t from, until;
    bool oldest_first;
};

/* As the walk should; free(). */
static uint64_t *simple(const struct ask *ask, size_t *count)
{
    uint64_t *ids = calloc(POSTINGS, sizeof *ids);
    size_t found = 0;

    *count = 0;
    for (unsigned i = 0; i < POSTINGS; i++)
        for (size_t j = 0; j < ask->count; j++)
            if (pairs[i].term == ask->terms[j] && id_time(pairs[i].id) >= ask->from &&
                id_time(pairs[i].id) <= ask->until) {
                ids[found++] = pairs[i].id;
                break;
            }
    qsort(ids, found, sizeof *ids, by_id);
    for (size_t i = 0; i < found; i++)
        if (i == 0 || ids[i] != ids[*count - 1])
            ids[(*count)++] = ids[i];
    for (size_t i = 0; i < *count / 2 && !ask->oldest_first; i++) {
        uint64_t id = ids[i];
        ids[i] = ids[*count - 1 - i];
        ids[*count - 1 - i] = id;
    }
    return ids;
}

static struct store_walk *walk_open(struct store *store, const struct ask *ask,
                                    char rooms[static 4][32])
{
    struct store_term terms[4];
    struct store_walk *walk;
    struct error why = {""};

    for (size_t i = 0; i < ask->count; i++)
        terms[i] = (struct store_term){TERM_LOGIN, term_words(ask->terms[i], rooms[i])};
    if (store_walk_open(&walk, store, terms, ask->count, ask->from, ask->until, ask->oldest_first,
                        &why))
        fail_msg("%s", why.text);
    return walk;
}

static size_t check_walk(struct store *store, const struct ask *ask)
{
    size_t wanted, at = 0, count;
    uint64_t *expected = simple(ask, &wanted), *ids;
    char rooms[4][32];
    struct store_walk *walk = walk_open(store, ask, rooms);
    struct error why = {""};
    int more;

    while ((more = store_walk_next(walk, &ids, &count, &why)) > 0) {
        assert_true(at + count <= wanted);
        for (size_t i = 0; i < count; i++)
            if (ids[i] != expected[at + i])
                fail_msg("%llu stands where %llu should", (unsigned long long)ids[i],
                         (unsigned long long)expected[at + i]);
        at += count;
        free(ids);
    }
    assert_int_equal(more, 0);
    assert_null(ids);
    assert_int_equal(at, wanted);
    store_walk_close(&walk);
    free(expected);
    return wanted;
}

static void test_walks_equal_a_simple_pass(void **state)
{
    struct store *store = open_store();
    size_t found = 0;

    (void)state;
    for (int round = 0; round < 150; round++) {
        struct ask ask = {.count = 1 + dice(round % 3 == 0 ? 4 : 1), .oldest_first = dice(2)};
        int64_t length = (int64_t)dice(3 * 86400) * SECOND_MS;

        for (size_t i = 0; i < ask.count; i++)
            ask.terms[i] = dice(3) ? dice(20) : dice(TERMS + 5);
        ask.from = dice(2) ? 0 : clock_of_day(today, 0) - (int64_t)dice(4 * 86400 * 1000);
        ask.until = dice(2) ? INT64_MAX : ask.from + length;
        found += check_walk(store, &ask);
    }
    assert_true(found > 100000);
    store_close(&store);
}

static void test_all_days_are_found_by_the_ship_too(void **state)
{
    struct store *store = open_store();
    struct error why = {""};

    (void)state;
    for (unsigned term = 0; term < 60; term++) {
        struct ask ask = {.terms = {term}, .count = 1, .until = INT64_MAX};
        size_t wanted, count;
        uint64_t *expected = simple(&ask, &wanted), *ids;
        char room[32];

        assert_int_equal(store_find_days(store, today, DAYS, TERM_LOGIN, term_words(term, room),
                                         &ids, &count, &why),
                         0);
        assert_int_equal(count, wanted);
        assert_memory_equal(ids, expected, count * sizeof *ids);
        free(ids);
        free(expected);
    }
    store_close(&store);
}

static void test_no_set_is_over_the_cliff(void **state)
{
    char *most;

    (void)state;
    most = redis_ask(&redis, "EVAL \"local most = 0; for _, k in ipairs(redis.call('keys', "
                             "'wb:*')) do if redis.call('type', k).ok == 'set' then most = "
                             "math.max(most, redis.call('scard', k)) end end; return most\" 0");
    assert_in_range(atoi(most), 300, 512);
    free(most);
}

static long long commands(void)
{
    return redis_number(&redis,
                        "INFO stats | sed -n 's/total_commands_processed:\\([0-9]*\\).*/\\1/p'");
}

/* The newest of a frequent term are a few commands away; its weight tells that it is frequent. */
static void test_newest_of_a_frequent_term_do_not_cost_all(void **state)
{
    struct store *store = open_store();
    struct ask often = {.terms = {0}, .count = 1, .until = INT64_MAX};
    struct ask rare = {.terms = {TERMS - 1}, .count = 1, .until = INT64_MAX};
    char rooms[4][32], more[4][32];
    struct store_walk *walk = walk_open(store, &rare, rooms), *other;
    uint64_t *ids;
    size_t count;
    struct error why;
    long long before = commands();

    (void)state;
    other = walk_open(store, &often, more);
    assert_int_equal(store_walk_next(other, &ids, &count, &why), 1);
    assert_in_range(count, 1, 3000);
    assert_in_range(commands() - before, 1, 120);
    assert_true(store_walk_weight(other) > 20 * store_walk_weight(walk));
    free(ids);
    store_walk_close(&walk);
    store_walk_close(&other);
    store_close(&store);
}

static void test_parts_of_a_level_share_the_day_without_gap(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= PART_MOST; level++) {
        uint32_t first = UINT32_C(1) << level, last = (UINT32_C(2) << level) - 1;

        assert_true(part_from(first) == 0);
        assert_true(part_until(last) == PART_REFS);
        for (unsigned i = 0; i < 300; i++) {
            uint64_t ref = (uint64_t)dice(86400) * 10000000 + dice(10000000);
            uint32_t part = part_of(ref, level);

            assert_int_equal(part_level(part), level);
            assert_true(part_from(part) <= ref && ref < part_until(part));
            assert_true(part == last || part_from(part + 1) == part_until(part));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_of_a_level_share_the_day_without_gap),
        cmocka_unit_test(test_walks_equal_a_simple_pass),
        cmocka_unit_test(test_all_days_are_found_by_the_ship_too),
        cmocka_unit_test(test_no_set_is_over_the_cliff),
        cmocka_unit_test(test_newest_of_a_frequent_term_do_not_cost_all),
    };

    return cmocka_run_group_tests_name("walk", tests, start, stop);
}
