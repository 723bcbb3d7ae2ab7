/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * known and rates: who was asked about is not asked about again for a while, whoever comes in
 * between, and from several threads; each may ask as much as is his.
 */
#include "../../../../milter/answer/http/http.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW INT64_C(1000000)

/* A store that knows who begins with "a", and counts how often it was asked. */
struct asked {
    const char *hash;
    int answer; /* instead, if it is -1 */
};

static atomic_uint questions;

static int ask(void *context, struct access *access, struct error *why)
{
    const struct asked *asked = context;

    atomic_fetch_add(&questions, 1);
    if (asked->answer < 0)
        return error_set(why, "away");
    *access = (struct access){.role = ROLE_DESK, .expires = NOW + 10};
    snprintf(access->name, sizeof access->name, "%.60s", asked->hash);
    return asked->hash[0] == 'a';
}

static int get(struct http_known *known, const char *hash, int64_t now, int answer,
               struct access *access)
{
    struct asked asked = {hash, answer};
    struct error why;

    return http_known_get(known, hash, now, ask, &asked, access, &why);
}

static unsigned asked_since(unsigned before)
{
    return atomic_load(&questions) - before;
}

static void test_once(void **state)
{
    struct http_known *known = http_known_open();
    struct access access;
    unsigned before = atomic_load(&questions);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get(known, "anna", NOW, 0, &access), 1);
        assert_string_equal(access.name, "anna");
        assert_int_equal(get(known, "zoe", NOW, 0, &access), 0);
    }
    assert_int_equal(asked_since(before), 2);
    http_known_drop(known, "anna");
    assert_int_equal(get(known, "anna", NOW, 0, &access), 1);
    assert_int_equal(asked_since(before), 3);
    http_known_clear(known);
    assert_int_equal(get(known, "zoe", NOW, 0, &access), 0);
    assert_int_equal(asked_since(before), 4);
    http_known_free(&known);
    assert_null(known);
}

static void test_end_is_exact(void **state)
{
    struct http_known *known = http_known_open();
    struct access access;

    (void)state;
    assert_int_equal(get(known, "anna", NOW, 0, &access), 1);
    assert_int_equal(get(known, "anna", NOW + 9, 0, &access), 1);
    assert_int_equal(get(known, "anna", NOW + 10, 0, &access), 0);
    http_known_free(&known);
}

static void test_failure_is_not_kept(void **state)
{
    struct http_known *known = http_known_open();
    struct access access;

    (void)state;
    assert_int_equal(get(known, "anna", NOW, -1, &access), -1);
    assert_int_equal(get(known, "anna", NOW, 0, &access), 1);
    assert_int_equal(get(known, "anna", NOW, -1, &access), 1); /* and does not matter meanwhile */
    http_known_free(&known);
}

/* A flood of those who are nobody costs nobody his place. */
static void test_flood(void **state)
{
    struct http_known *known = http_known_open();
    struct access access;
    char hash[32];
    unsigned before;

    (void)state;
    assert_int_equal(get(known, "anna", NOW, 0, &access), 1);
    for (int i = 0; i < 100000; i++) {
        snprintf(hash, sizeof hash, "nobody %d", i);
        assert_int_equal(get(known, hash, NOW, 0, &access), 0);
    }
    before = atomic_load(&questions);
    assert_int_equal(get(known, "anna", NOW, 0, &access), 1);
    assert_int_equal(asked_since(before), 0);
    http_known_free(&known);
}

static void *ask_many(void *context)
{
    struct access access;
    char hash[32];

    for (int i = 0; i < 20000; i++) {
        snprintf(hash, sizeof hash, "%c%d", i % 2 == 0 ? 'a' : 'n', i % 1000);
        if (get(context, hash, NOW, 0, &access) != (i % 2 == 0) ||
            (i % 2 == 0 && strcmp(access.name, hash) != 0))
            return context;
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct http_known *known = http_known_open();
    pthread_t threads[4];
    void *wrong;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, known), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    http_known_free(&known);
}

/* ---- rates ---- */

static unsigned taken(struct http_rates *rates, const char *who, int64_t a_minute, int64_t now)
{
    unsigned count = 0;

    while (count < 10000 && http_rates_take(rates, who, a_minute, now) == 0)
        count++;
    return count;
}

static void test_rate(void **state)
{
    struct http_rates *rates = http_rates_open();

    (void)state;
    assert_int_equal(taken(rates, "anna", 600, 5000), 150);
    assert_int_equal(taken(rates, "anna", 600, 5000), 0);
    assert_int_equal(http_rates_take(rates, "anna", 600, 5000), 1);
    assert_int_equal(taken(rates, "bob", 600, 5000), 150);
    assert_int_equal(taken(rates, "anna", 600, 6000), 10);
    assert_int_equal(taken(rates, "anna", 600, 600000), 150);
    assert_int_equal(taken(rates, "carl", 1, 5000), 1);
    assert_int_equal(http_rates_take(rates, "carl", 1, 5000), 60);
    assert_int_equal(http_rates_take(rates, "carl", 1, 64000), 1);
    assert_int_equal(taken(rates, "carl", 1, 65000), 1);
    assert_int_equal(taken(rates, "dora", 0, 5000), 10000);
    http_rates_free(&rates);
    assert_null(rates);
}

/* Those who asked little make room for others; who is over his rate stays over it. */
static void test_many_ask(void **state)
{
    struct http_rates *rates = http_rates_open();
    char who[32];

    (void)state;
    assert_int_equal(taken(rates, "anna", 600, 5000), 150);
    for (int i = 0; i < 100000; i++) {
        snprintf(who, sizeof who, "peer %d", i);
        assert_int_equal(http_rates_take(rates, who, 600, 5000), 0);
    }
    assert_int_equal(taken(rates, "anna", 600, 5000), 0);
    http_rates_free(&rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),    cmocka_unit_test(test_end_is_exact),
        cmocka_unit_test(test_failure_is_not_kept), cmocka_unit_test(test_flood),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_many_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
