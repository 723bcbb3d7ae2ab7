/* SPDX-License-Identifier: BSD-2-Clause */
/* Tombs, the way over all records, postings that go, and the audit, against a real Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/redis.h"
#include "waybill/clock.h"
#include "waybill/forget.h"
#include "waybill/id.h"
#include "waybill/store.h"

static struct redis redis;
static struct settings settings;
static struct store *store;
static struct error why;

static int start(void **state)
{
    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, NULL, true);
    redis_settings(&settings, redis.address);
    return store_open(&store, &settings, &why);
}

static int stop(void **state)
{
    (void)state;
    store_close(&store);
    redis_remove(&redis);
    return 0;
}

static void flush(void)
{
    if (store_flush(store, &why))
        fail_msg("%s", why.text);
}

static uint64_t id_now(unsigned node, unsigned number)
{
    uint32_t second, day = clock_day(clock_now(), &second);

    return id_make(day, (uint64_t)second * 10000000 + node * 100000 + number);
}

static void test_a_tomb_has_one_key_and_is_found_by_its_hash(void **state)
{
    struct store_tombs tombs = {.list = NULL}, again = {.list = NULL};
    struct store_tomb tomb = {.until = 1763740832000, .told = 1763740832001};
    char other[TOMB_HASH_SIZE];
    uint64_t told;

    (void)state;
    assert_int_equal(store_tombs_told(store, &told, &why), 0);
    assert_true(told == 0);
    assert_int_equal(store_get_tombs(store, &tombs, true, &why), 0);
    assert_int_equal(tombs.count, 0);
    store_tomb_hash(&tombs, slice_of("bob@example.org"), tomb.hash);
    store_put_tomb(store, &tomb);
    flush();
    assert_int_equal(store_get_tombs(store, &again, true, &why), 0);
    assert_memory_equal(tombs.key, again.key, sizeof tombs.key);
    assert_int_equal(again.count, 1);
    store_tomb_hash(&again, slice_of("bob@example.org"), other);
    assert_true(store_tombs_find(&again, other)->until == tomb.until);
    store_tomb_hash(&again, slice_of("ann@example.org"), other);
    assert_null(store_tombs_find(&again, other));
    assert_int_equal(store_tombs_told(store, &told, &why), 0);
    assert_true(told == tomb.told);
    store_tombs_free(&tombs);
    store_tombs_free(&again);
}

/* ---- all records ---- */

struct seen {
    uint64_t ids[8];
    unsigned nodes[8];
    size_t count, refused;
};

static void field_seen(void *context, const struct store_field *field)
{
    struct seen *seen = context;

    assert_in_range(seen->count, 0, 7);
    assert_null(field->why_not);
    assert_non_null(field->record);
    seen->ids[seen->count] = field->id;
    seen->nodes[seen->count++] = field->node;
    seen->refused += field->refused;
}

static void test_each_field_of_a_slice_is_seen(void **state)
{
    uint64_t id = id_now(3, 1), refused = id_now(4, 2);
    struct slice text = slice_of("1 - - -");
    struct seen seen = {.count = 0}, none = {.count = 0};
    unsigned slice = (unsigned)(id_ref(id) / 10000000 / 600);

    (void)state;
    store_put_record(store, 3, id, text, false);
    store_put_record(store, 7, id, text, false); /* another node's field */
    store_put_record(store, 4, refused, text, true);
    flush();
    assert_int_equal(store_scan_slice(store, id_day(id), slice, field_seen, &seen, &why), 0);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.refused, 1);
    assert_int_equal(seen.nodes[0] + seen.nodes[1] + seen.nodes[2], 3 + 7 + 4);
    assert_int_equal(store_scan_slice(store, id_day(id), (slice + 5) % STORE_SLICES, field_seen,
                                      &none, &why),
                     0);
    assert_int_equal(none.count, 0);
}

/* ---- postings ---- */

static size_t found(uint64_t id, enum term_kind kind, const char *term)
{
    uint64_t *ids;
    size_t count;

    assert_int_equal(store_find_term(store, id_day(id), kind, slice_of(term), &ids, &count, &why),
                     0);
    free(ids);
    return count;
}

static void test_a_value_that_went_leads_nowhere(void **state)
{
    uint64_t id = id_now(3, 10);
    struct slice bob = slice_of("bob@example.org");
    struct fact fact;

    (void)state;
    for (unsigned i = 0; i < 100; i++) /* so many that the term gets keys of its own */
        store_post_term(store, id + i, TERM_RECIPIENT, bob, i % 5 == 0);
    store_post_term(store, id, TERM_RECIPIENT, slice_of("ann@example.org"), false);
    store_mark_state(store, id, recipient_hash(bob), STATE_DELAYED, clock_now());
    flush();
    assert_int_equal(found(id, TERM_RECIPIENT, "bob@example.org"), 100);
    assert_true(redis_number(&redis, "EXISTS wb:h:%06u:r:bob@example.org", id_day(id)) == 1);
    assert_true(redis_number(&redis, "ZCARD wb:st:delayed") == 1);

    fact_init(&fact, WITNESS_LOG, FACT_DELAYED, clock_now());
    fact_set(&fact, KEY_TO, slice_of("Bob@Example.org"));
    for (unsigned i = 0; i < 99; i++)
        store_forget_value(store, id + i, &fact, KEY_TO);
    flush();
    assert_int_equal(found(id, TERM_RECIPIENT, "bob@example.org"), 1);
    assert_int_equal(store_drop_hot(store, id_day(id), TERM_RECIPIENT, bob, &why), 0);
    assert_int_equal(found(id, TERM_RECIPIENT, "bob@example.org"), 1); /* it is needed still */
    store_forget_value(store, id + 99, &fact, KEY_TO);
    flush();
    assert_int_equal(store_drop_hot(store, id_day(id), TERM_RECIPIENT, bob, &why), 0);
    assert_int_equal(found(id, TERM_RECIPIENT, "bob@example.org"), 0);
    assert_true(redis_number(&redis, "KEYS *bob@* | grep -c bob") == 0);
    assert_true(redis_number(&redis, "ZCARD wb:st:delayed") == 0);
    assert_int_equal(found(id, TERM_RECIPIENT, "ann@example.org"), 1);
}

/* ---- the audit ---- */

static void audit_seen(void *context, const struct store_audit *audit, struct slice field)
{
    unsigned *count = context;

    assert_true(slice_is(audit->who, "anna as root"));
    assert_true(slice_is(audit->reason, "ticket 4711, \"urgent\" = 100%"));
    assert_true(audit->count == 7);
    assert_true(*count > 0 || slice_is(audit->about, "to:bob@example.org"));
    assert_true(*count == 0 || slice_is(audit->about, FORGOTTEN));
    if (*count == 0) {
        struct store_audit blank = *audit;

        blank.about = slice_of(FORGOTTEN);
        store_rewrite_audit(store, &blank, field);
    }
    ++*count;
}

static void test_an_entry_of_the_audit_is_read_back_and_rewritten(void **state)
{
    int64_t now = clock_now();
    const struct store_audit audit = {.time = now,
                                      .who = slice_of("anna as root"),
                                      .what = slice_of("trace"),
                                      .about = slice_of("to:bob@example.org"),
                                      .count = 7,
                                      .reason = slice_of("ticket 4711, \"urgent\" = 100%")};
    unsigned count = 0;

    (void)state;
    store_put_audit(store, &audit);
    flush();
    assert_int_equal(store_each_audit(store, now - HOUR_MS, now - 1, audit_seen, &count, &why), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_each_audit(store, now - DAY_MS, now, audit_seen, &count, &why), 0);
    assert_int_equal(count, 1);
    flush();
    assert_int_equal(store_each_audit(store, now - DAY_MS, now, audit_seen, &count, &why), 0);
    assert_int_equal(count, 2);
    assert_true(redis_number(&redis, "KEYS 'wb:audit:*' | grep -c audit") == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tomb_has_one_key_and_is_found_by_its_hash),
        cmocka_unit_test(test_each_field_of_a_slice_is_seen),
        cmocka_unit_test(test_a_value_that_went_leads_nowhere),
        cmocka_unit_test(test_an_entry_of_the_audit_is_read_back_and_rewritten),
    };
    return cmocka_run_group_tests_name("store forget", tests, start, stop);
}
