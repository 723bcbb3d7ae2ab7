/* SPDX-License-Identifier: BSD-2-Clause */
/* What is written is found again, the same however often and by whomever it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/plain.h"
#include "../../support/redis.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

static struct redis redis;
static struct settings settings;
static uint32_t today;

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
    assert_int_equal(store_queued(store), 0);
}

static int start(void **state)
{
    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, (const char *[]){"--enable-debug-command", "yes", NULL}, true);
    redis_settings(&settings, redis.address);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_remove(&redis);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    free(redis_ask(&redis, "FLUSHALL"));
    today = clock_day(clock_now(), NULL);
    return 0;
}

/* An id of today: second, node, sequence. */
static uint64_t id_at(uint32_t second, unsigned node, unsigned sequence)
{
    return id_make(today, second * UINT64_C(10000000) + node * UINT64_C(100000) + sequence);
}

/* ---- records ---- */

struct seen {
    size_t calls;
    uint64_t ids[3000];
    size_t facts[3000];
    bool odd[3000];
    char text[4096];
};

static void take_record(void *context, uint64_t id, const struct record *record,
                        const char *why_not)
{
    struct seen *seen = context;
    struct buffer text;

    assert_true(seen->calls < 3000);
    seen->ids[seen->calls] = id;
    seen->facts[seen->calls] = record->count;
    seen->odd[seen->calls++] = why_not != NULL;
    buffer_init(&text, sizeof seen->text - 1);
    if (record->count) {
        plain_record(record, &text);
        buffer_add_char(&text, '\n'); /* the last line has none */
    }
    strcpy(seen->text, text.data);
    buffer_free(&text);
}

static struct seen *get(struct store *store, const uint64_t *ids, size_t count)
{
    static struct seen seen;
    struct error why = {""};

    memset(&seen, 0, sizeof seen);
    if (store_get_records(store, ids, count, take_record, &seen, &why))
        fail_msg("%s", why.text);
    assert_int_equal(seen.calls, count);
    for (size_t i = 0; i < count; i++)
        assert_true(seen.ids[i] == ids[i]);
    return &seen;
}

#define HEAD "1 mx1.example.org postfix 4mGprq8lpWzGsdv\n"
#define FACT_A "51 mAb3dEf9012 mail from=shop@example.org\n"
#define FACT_B "60 mAb3dEf9013 rcpt to=bob@example.com\n"
#define FACT_C "2522 l00000y4567 delivered to=bob@example.com dsn=2.0.0\n"

static void test_record_comes_back_as_it_went(void **state)
{
    struct store *store = open_store();
    uint64_t id = id_at(58523, 3, 412);
    struct seen *seen;
    char key[64];

    (void)state;
    store_put_record(store, 3, id, slice_of(HEAD FACT_A FACT_B), false);
    flush(store);
    seen = get(store, &id, 1);
    assert_int_equal(seen->facts[0], 2);
    assert_string_equal(seen->text, HEAD FACT_A FACT_B);
    /* and it stands where the schema says */
    snprintf(key, sizeof key, "wb:r:%06u:1610:3", today);
    assert_int_equal(redis_number(&redis, "HEXISTS %s 585230300412", key), 1);
    store_close(&store);
}

static void test_missing_record_is_told_as_empty(void **state)
{
    struct store *store = open_store();
    uint64_t ids[] = {id_at(10, 1, 1), id_at(20, 1, 2), 0, 7};

    (void)state;
    store_put_record(store, 1, ids[1], slice_of(HEAD FACT_A), false);
    flush(store);
    assert_int_equal(get(store, ids, 4)->facts[0], 0);
    assert_int_equal(get(store, ids, 4)->facts[1], 1);
    assert_false(get(store, ids, 4)->odd[0]);
    store_close(&store);
}

static void test_two_writers_of_one_mail_are_merged(void **state)
{
    struct store *one = open_store(), *two = open_store();
    uint64_t id = id_at(100, 1, 5);
    struct seen *seen;

    (void)state;
    store_put_record(one, 1, id, slice_of(HEAD FACT_A FACT_B), false);
    store_put_record(two, 42, id, slice_of(HEAD FACT_C), false);
    flush(one);
    flush(two);
    store_close(&two);
    two = open_store();
    seen = get(two, &id, 1);
    assert_string_equal(seen->text, HEAD FACT_A FACT_B FACT_C);
    assert_int_equal(redis_number(&redis, "HEXISTS wb:r:%06u:0000:1 001000100005+42", today), 1);
    store_close(&one);
    store_close(&two);
}

static void test_refused_mail_has_a_class_of_its_own(void **state)
{
    struct store *store = open_store();
    uint64_t id = id_at(200, 2, 1), *ids, other = id_at(201, 2, 2);
    size_t count;
    struct error why;

    (void)state;
    store_put_record(store, 2, id, slice_of(HEAD FACT_A), true);
    store_post_term(store, id, TERM_SENDER, slice_of("shop@example.org"), true);
    store_put_record(store, 2, other, slice_of(HEAD FACT_B), false);
    flush(store);
    assert_int_equal(get(store, &id, 1)->facts[0], 1);
    assert_int_equal(redis_number(&redis, "EXISTS wb:rr:%06u:0000:2", today), 1);
    assert_int_equal(store_find_term(store, today, TERM_SENDER, slice_of("shop@example.org"), &ids,
                                     &count, &why),
                     0);
    assert_int_equal(count, 1);
    assert_true(ids[0] == id);
    free(ids);
    assert_int_equal(store_find_slice(store, id_time(id), true, &ids, &count, &why), 0);
    assert_int_equal(count, 1);
    free(ids);
    /* taken after all: the good record hides the refused one until that is dropped */
    store_put_record(store, 2, id, slice_of(HEAD FACT_A FACT_B), false);
    flush(store);
    assert_string_equal(get(store, &id, 1)->text, HEAD FACT_A FACT_B);
    store_drop_record(store, 2, id, true);
    flush(store);
    assert_int_equal(redis_number(&redis, "EXISTS wb:rr:%06u:0000:2", today), 0);
    store_close(&store);
}

static void test_dropped_record_is_gone_and_order_is_kept(void **state)
{
    struct store *store = open_store();
    uint64_t id = id_at(300, 2, 1);

    (void)state;
    store_put_record(store, 2, id, slice_of(HEAD FACT_A), false);
    store_drop_record(store, 2, id, false);
    flush(store);
    assert_int_equal(get(store, &id, 1)->facts[0], 0);
    store_drop_record(store, 2, id, false);
    store_put_record(store, 2, id, slice_of(HEAD FACT_A), false);
    flush(store);
    assert_int_equal(get(store, &id, 1)->facts[0], 1);
    store_close(&store);
}

static void test_unreadable_record_is_told_and_others_still_come(void **state)
{
    struct store *store = open_store();
    uint64_t ids[] = {id_at(700, 1, 1), id_at(1300, 1, 2), id_at(1900, 1, 3)};
    struct seen *seen;

    (void)state;
    store_put_record(store, 1, ids[0], slice_of("garbage \xff\n"), false);
    store_put_record(store, 1, ids[1], slice_of(HEAD FACT_A), false);
    flush(store);
    free(redis_ask(&redis, "SET wb:r:%06u:0030:1 x", today));
    seen = get(store, ids, 3);
    assert_true(seen->odd[0]);
    assert_false(seen->odd[1]);
    assert_int_equal(seen->facts[1], 1);
    assert_true(seen->odd[2]);
    store_close(&store);
}

static void test_many_records_come_in_the_order_asked(void **state)
{
    static uint64_t ids[2500];
    struct store *store = open_store();
    struct seen *seen;

    (void)state;
    for (unsigned i = 0; i < 2500; i++) {
        ids[i] = id_at(i * 30, i % 4, i);
        store_put_record(store, i % 4, ids[i], slice_of(HEAD FACT_A), false);
    }
    flush(store);
    for (unsigned i = 0; i < 1250; i++) {
        uint64_t swap = ids[i];

        ids[i] = ids[2499 - i];
        ids[2499 - i] = swap;
    }
    seen = get(store, ids, 2500);
    for (unsigned i = 0; i < 2500; i++)
        assert_int_equal(seen->facts[i], 1);
    store_close(&store);
}

static void test_slice_holds_all_nodes(void **state)
{
    struct store *store = open_store();
    uint64_t *ids;
    size_t count;
    struct error why;

    (void)state;
    store_put_record(store, 1, id_at(599, 1, 0), slice_of(HEAD FACT_A), false);
    store_put_record(store, 1, id_at(600, 1, 0), slice_of(HEAD FACT_A), false);
    store_put_record(store, 1, id_at(1199, 9, 3), slice_of(HEAD FACT_A), false);
    store_put_record(store, 9, id_at(1199, 9, 3), slice_of(HEAD FACT_A), false);
    store_put_record(store, 1, id_at(1200, 1, 0), slice_of(HEAD FACT_A), false);
    flush(store);
    assert_int_equal(store_find_slice(store, id_time(id_at(900, 0, 0)), false, &ids, &count, &why),
                     0);
    assert_int_equal(count, 2);
    assert_true(ids[0] == id_at(1199, 9, 3));
    assert_true(ids[1] == id_at(600, 1, 0));
    free(ids);
    store_close(&store);
}

/* ---- the index ---- */

struct pair {
    uint64_t id;
    unsigned term;
};

#define TERMS 200u

/* Few terms are in most mails, most in few. */
static unsigned random_term(void)
{
    unsigned r = (unsigned)random() % 1000;

    return r < 300 ? 0 : r < 400 ? 1 : (unsigned)random() % TERMS;
}

static void term_text(unsigned term, char *text)
{
    if (term == 2)
        memset(text, 'x', 400), text[400] = '\0'; /* too long for a key */
    else if (term == 3)
        strcpy(text, "odd \n:0:0 \xff bytes");
    else
        sprintf(text, "user%u@example.com", term);
}

static int by_id_down(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

static void check_term(struct store *store, const struct pair *pairs, size_t count, unsigned term)
{
    uint64_t *expected = calloc(count + 1, sizeof *expected), *ids;
    size_t wanted = 0, got;
    char text[512];
    struct error why = {""};

    for (size_t i = 0; i < count; i++)
        if (pairs[i].term == term)
            expected[wanted++] = pairs[i].id;
    qsort(expected, wanted, sizeof *expected, by_id_down);
    term_text(term, text);
    if (store_find_term(store, today, TERM_RECIPIENT, slice_of(text), &ids, &got, &why))
        fail_msg("%s", why.text);
    assert_int_equal(got, wanted);
    for (size_t i = 0; i < wanted; i++)
        assert_true(ids[i] == expected[i]);
    free(ids);
    free(expected);
}

static void post_pairs(struct store *store, const struct pair *pairs, size_t count, size_t batch)
{
    char text[512];

    for (size_t i = 0; i < count; i++) {
        term_text(pairs[i].term, text);
        store_post_term(store, pairs[i].id, TERM_RECIPIENT, slice_of(text), false);
        if (i % batch == batch - 1)
            flush(store);
    }
    flush(store);
}

static void check_sets_are_small(const char *pattern)
{
    char *keys = redis_ask(&redis, "--scan --pattern '%s' | head -400", pattern);
    size_t count = 0;

    for (char *key = strtok(keys, "\n"); key; key = strtok(NULL, "\n"), count++) {
        long long members = redis_number(&redis, "SCARD '%s'", key);

        if (members > 512)
            fail_msg("%s has %lld members", key, members);
    }
    assert_true(count > 0);
    free(keys);
}

static void test_every_term_is_found_as_by_brute_force(void **state)
{
    enum { COUNT = 6000 };
    static struct pair pairs[COUNT];
    struct store *store = open_store(), *reader = open_store();

    (void)state;
    srandom(1);
    for (unsigned i = 0; i < COUNT; i++)
        pairs[i] = (struct pair){id_at(i * 14, i % 3, i % 90000), random_term()};
    post_pairs(store, pairs, COUNT, 700);
    for (unsigned term = 0; term < TERMS + 3; term++)
        check_term(reader, pairs, COUNT, term);
    check_sets_are_small("wb:hp:*user0@*");
    /* Right after a restart, in other batches, and again: the answers stay the same. */
    for (int again = 0; again < 2; again++) {
        store_close(&store);
        store = open_store();
        post_pairs(store, pairs, COUNT, 1 + 999 * (size_t)again + 500);
        for (unsigned term = 0; term < 12; term++)
            check_term(reader, pairs, COUNT, term);
    }
    check_sets_are_small("wb:hp:*user0@*");
    store_close(&store);
    store_close(&reader);
}

static void test_one_term_in_one_huge_batch_is_split(void **state)
{
    enum { COUNT = 5000 };
    static struct pair pairs[COUNT];
    struct store *store = open_store();

    (void)state;
    for (unsigned i = 0; i < COUNT; i++)
        pairs[i] = (struct pair){id_at(i, 0, 1), 7};
    post_pairs(store, pairs, COUNT, COUNT);
    check_term(store, pairs, COUNT, 7);
    check_sets_are_small("wb:hp:*");
    store_close(&store);
}

/* Hot on one day, in the index on others, and on a day too early. */
static void test_several_days_are_searched_at_once(void **state)
{
    struct store *store = open_store();
    struct slice term = slice_of("many@example.org");
    static uint64_t wanted[3 + 2000];
    uint64_t *ids;
    size_t count, known = 0;
    struct error why;

    (void)state;
    for (int back = 0; back < 4; back++)
        for (unsigned i = 0; i < (back == 1 ? 2000u : 1u); i++) {
            uint64_t id = id_make(clock_day_add(today, -back), UINT64_C(11000200000) + i);
            store_post_term(store, id, TERM_RECIPIENT, term, back == 2);
            if (back < 3)
                wanted[known++] = id;
            if (i % 100 == 99)
                flush(store);
        }
    flush(store);
    qsort(wanted, known, sizeof *wanted, by_id_down);
    assert_int_equal(store_find_days(store, today, 3, TERM_RECIPIENT, term, &ids, &count, &why), 0);
    assert_int_equal(count, known);
    assert_memory_equal(ids, wanted, known * sizeof *ids);
    free(ids);
    assert_int_equal(store_find_days(store, clock_day_add(today, -2), 1000, TERM_RECIPIENT, term,
                                     &ids, &count, &why),
                     0);
    assert_int_equal(count, 2);
    free(ids);
    store_close(&store);
}

static void test_a_day_about_to_go_takes_no_record(void **state)
{
    struct store *store = open_store();
    int days = (int)settings.retention_days;

    (void)state;
    assert_true(store_takes(store, id_make(clock_day_add(today, -days + 1), 7), false));
    assert_false(store_takes(store, id_make(clock_day_add(today, -days - 1), 7), false));
    store_close(&store);
}

static void test_full_index_is_split_and_all_is_still_found(void **state)
{
    struct store *store = open_store();
    uint64_t *ids, id = id_at(1, 1, 1);
    size_t count;
    struct error why;

    (void)state;
    store_post_term(store, id, TERM_LOGIN, slice_of("early"), false);
    flush(store);
    /* as if others had filled every shard that is looked at */
    for (unsigned part = 0; part < 256; part += 32)
        free(redis_ask(&redis,
                       "EVAL \"for i=1,400 do redis.call('sadd', KEYS[1], 9100000 .. "
                       "string.format('%%012d', i)) end\" 1 wb:x:%06u:8:%x",
                       today, part));
    store_close(&store);
    store = open_store();
    store_post_term(store, id_at(2, 1, 1), TERM_LOGIN, slice_of("early"), false);
    flush(store);
    assert_int_equal(redis_number(&redis, "SISMEMBER wb:d:%06u 10", today), 1);
    assert_int_equal(redis_number(&redis, "SISMEMBER wb:d:%06u 8", today), 1);
    assert_int_equal(
        store_find_term(store, today, TERM_LOGIN, slice_of("early"), &ids, &count, &why), 0);
    assert_int_equal(count, 2);
    free(ids);
    /* and who comes later goes on where the others are */
    store_close(&store);
    store = open_store();
    store_post_term(store, id_at(3, 1, 1), TERM_LOGIN, slice_of("late"), false);
    flush(store);
    assert_int_equal(redis_number(&redis, "SCARD wb:d:%06u", today), 2);
    store_close(&store);
}

static void test_writer_goes_on_where_others_have_split_to(void **state)
{
    struct store *store = open_store();
    char *keys;

    (void)state;
    free(redis_ask(&redis, "SADD wb:d:%06u 10 14", today));
    /* others have filled the whole day's part: the first quarter of the day is next */
    free(redis_ask(&redis,
                   "EVAL \"for i=1,400 do redis.call('sadd', KEYS[1], 500000000000 + i) end\" 1 "
                   "wb:hp:%06u:1:a:often",
                   today));
    for (unsigned i = 0; i < 100; i++)
        store_post_term(store, id_at(i, 1, 1), TERM_LOGIN, slice_of("often"), false);
    flush(store);
    keys = redis_ask(&redis, "--scan --pattern 'wb:x:*' | cut -d: -f4 | sort -u | tr '\\n' ' '");
    assert_string_equal(keys, "14 ");
    free(keys);
    assert_int_equal(redis_number(&redis, "SISMEMBER wb:h:%06u:a:often 4", today), 1);
    assert_int_equal(redis_number(&redis, "SCARD wb:hp:%06u:4:a:often", today), 36);
    store_close(&store);
}

/* What an earlier day held tells how a new one is laid out. */
static void test_a_new_day_is_laid_out_by_an_earlier_one(void **state)
{
    static const struct {
        int back;
        unsigned exponent, fill, expected;
    } tries[] = {{-1, 10, 100, 10}, {-1, 10, 200, 11}, {-7, 12, 30, 10}, {-1, 4, 3, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        uint32_t day = clock_day_add(today, tries[i].back);
        struct store *store = open_store();

        free(redis_ask(&redis, "FLUSHALL"));
        free(redis_ask(&redis, "SADD wb:d:%06u %u", day, tries[i].exponent));
        for (unsigned part = 0; part < 8; part++)
            free(redis_ask(&redis,
                           "EVAL \"for i=1,%u do redis.call('sadd', KEYS[1], 9100000 .. "
                           "string.format('%%012d', i)) end\" 1 wb:x:%06u:%u:%x",
                           tries[i].fill, day, tries[i].exponent,
                           part << (tries[i].exponent - 3)));
        store_post_term(store, id_at(1, 1, 1), TERM_LOGIN, slice_of("a"), false);
        flush(store);
        assert_int_equal(
            redis_number(&redis, "SISMEMBER wb:d:%06u %u", today, tries[i].expected), 1);
        assert_int_equal(redis_number(&redis, "SCARD wb:d:%06u", today), 1);
        store_close(&store);
    }
}

static void test_shard_is_what_a_person_would_compute(void **state)
{
    struct store *store = open_store();
    char *sum;

    (void)state;
    store_post_term(store, id_at(58523, 3, 412), TERM_RECIPIENT, slice_of("bob@example.com"),
                    false);
    flush(store);
    sum = redis_ask(&redis,
                    "PING >/dev/null; H=$(printf r:bob@example.com | sha1sum); "
                    "FP=$((1000000 + 0x$(echo $H | cut -c1-6) %% 8200000)); "
                    "SHARD=$(printf %%x $((0x$(echo $H | cut -c36-40) %% 256))); "
                    "redis-cli -s %s SISMEMBER wb:x:%06u:8:$SHARD ${FP}585230300412",
                    redis.socket, today);
    assert_string_equal(sum, "1");
    free(sum);
    store_close(&store);
}

static void test_overfull_shard_is_read_to_its_end(void **state)
{
    struct store *store = open_store();
    uint64_t *ids;
    size_t count;
    struct error why;
    char *key;

    (void)state;
    store_post_term(store, id_at(5, 1, 1), TERM_LOGIN, slice_of("carol"), false);
    flush(store);
    key = redis_ask(&redis, "--scan --pattern 'wb:x:*'");
    free(redis_ask(&redis,
                   "EVAL \"for i=1,5000 do redis.call('sadd', KEYS[1], 9100000 .. "
                   "string.format('%%012d', i)) end\" 1 %s",
                   key));
    free(key);
    assert_int_equal(
        store_find_term(store, today, TERM_LOGIN, slice_of("carol"), &ids, &count, &why), 0);
    assert_int_equal(count, 1);
    free(ids);
    store_close(&store);
}

/* ---- states ---- */

static size_t delayed(struct store *store, uint64_t *first)
{
    uint64_t *ids;
    size_t count;
    struct error why;

    assert_int_equal(store_find_delayed(store, &ids, &count, &why), 0);
    *first = count ? ids[0] : 0;
    free(ids);
    return count;
}

static void test_recipient_stands_in_the_set_while_it_is_delayed(void **state)
{
    struct store *store = open_store();
    uint64_t a = id_at(1, 1, 1), b = id_at(2, 1, 2), first;
    int64_t now = clock_of_day(today, 100);

    (void)state;
    store_mark_state(store, a, 11, STATE_DELAYED, now);
    store_mark_state(store, a, 12, STATE_DELAYED, now);
    store_mark_state(store, b, 11, STATE_DELAYED, now);
    flush(store);
    assert_int_equal(delayed(store, &first), 2);
    assert_true(first == b);
    store_mark_state(store, a, 11, STATE_FAILED, now);
    store_mark_state(store, b, 11, STATE_EXPIRED, now);
    flush(store);
    assert_int_equal(delayed(store, &first), 1);
    assert_true(first == a);
    store_mark_state(store, a, 12, STATE_DELIVERED, now);
    flush(store);
    assert_int_equal(delayed(store, &first), 0);
    assert_int_equal(redis_number(&redis, "DBSIZE"), 0);
    store_close(&store);
}

/* ---- events ---- */

struct events {
    size_t count;
    struct event list[400];
};

static void take_event(void *context, const struct event *event)
{
    struct events *events = context;

    events->list[events->count++ % 400] = *event;
}

static size_t read_events(struct store *store, struct store_cursor *cursor, struct events *events)
{
    struct error why = {""};

    events->count = 0;
    if (store_read_events(store, cursor, 50, take_event, events, &why))
        fail_msg("%s", why.text);
    return events->count;
}

static void test_events_are_read_once_from_now_on(void **state)
{
    struct store *writer = open_store(), *reader = open_store();
    struct event event = {.id = 77,
                          .waybill = id_at(9, 1, 1),
                          .recipient = 1234567,
                          .action = EVENT_DELIVERY_DELAYED,
                          .time = 1763740000123,
                          .sequence = 4};
    static struct events events;
    struct store_cursor cursor;
    struct error why;

    (void)state;
    store_emit_event(writer, &event);
    flush(writer);
    assert_int_equal(store_cursor_now(reader, &cursor, &why), 0);
    assert_int_equal(read_events(reader, &cursor, &events), 0); /* it was before */
    store_emit_event(writer, &event);
    for (unsigned i = 0; i < 32; i++) {
        event.waybill++;
        event.id++;
        store_emit_event(writer, &event);
    }
    flush(writer);
    assert_int_equal(read_events(reader, &cursor, &events), 33);
    assert_int_equal(read_events(reader, &cursor, &events), 0);
    store_emit_event(writer, &event);
    flush(writer);
    free(redis_ask(&redis, "XADD wb:ev:0 '*' a message.unheard-of"));
    assert_int_equal(read_events(reader, &cursor, &events), 1);
    assert_true(events.list[0].id == event.id);
    assert_true(events.list[0].waybill == event.waybill);
    assert_true(events.list[0].recipient == 1234567);
    assert_true(events.list[0].time == 1763740000123);
    assert_int_equal(events.list[0].action, EVENT_DELIVERY_DELAYED);
    assert_int_equal(events.list[0].sequence, 4);
    store_close(&writer);
    store_close(&reader);
}

/* ---- nodes ---- */

static void test_node_belongs_to_the_machine_that_claimed_it(void **state)
{
    struct store *one = open_store(), *two = open_store();
    struct error why = {""};
    unsigned node;

    (void)state;
    assert_int_equal(store_claim_node(one, 3, "machine-one", "mx1.example.org", &node, &why), 0);
    assert_int_equal(node, 3);
    assert_int_equal(store_claim_node(two, 3, "machine-two", "mx2.example.org", &node, &why), -1);
    assert_non_null(strstr(why.text, "cannot use node number 3: it belongs to the host "
                                     "'mx1.example.org' (machine id 'machine-one') since 2"));
    assert_int_equal(store_last_trouble(two), STORE_DENIED);
    assert_int_equal(store_claim_node(two, -1, "machine-two", "mx2.example.org", &node, &why), 0);
    assert_int_equal(node, 0);
    /* the number that it has is found again, wherever lower ones are free */
    assert_int_equal(store_claim_node(one, -1, "machine-one", "new-name", &node, &why), 0);
    assert_int_equal(node, 3);
    assert_int_equal(store_claim_node(one, 100, "machine-one", "x", &node, &why), -1);
    for (int i = 2; i < 100; i++) {
        char machine[32];

        snprintf(machine, sizeof machine, "many-%d", i);
        assert_int_equal(store_claim_node(one, -1, machine, "h", &node, &why), 0);
    }
    assert_int_equal(node, 99);
    assert_int_equal(store_claim_node(one, -1, "one-too-many", "h", &node, &why), -1);
    assert_string_equal(why.text, "cannot claim a node number: all 100 are taken");
    store_close(&one);
    store_close(&two);
}

static void take_node(void *context, const struct store_node *node)
{
    ((struct store_node *)context)[node->node] = *node;
}

static void test_beats_are_shown_with_their_node(void **state)
{
    struct store_node *nodes = calloc(100, sizeof *nodes);
    struct store *store = open_store();
    struct error why;
    unsigned node;

    (void)state;
    assert_int_equal(store_claim_node(store, 7, "m7", "mx7", &node, &why), 0);
    store_put_beat(store, 7, "milter", 1000);
    store_put_beat(store, 7, "log", 2000);
    store_put_beat(store, 7, "milter", 3000);
    flush(store);
    assert_int_equal(store_get_nodes(store, take_node, nodes, &why), 0);
    assert_string_equal(nodes[7].host, "mx7");
    assert_true(nodes[7].milter == 3000 && nodes[7].log == 2000 && nodes[7].ship == 0);
    assert_true(nodes[7].since > 1700000000000);
    free(nodes);
    store_close(&store);
}

static void take_sheet(void *context, const struct sheet *sheet)
{
    ((struct sheet *)context)[sheet->node] = *sheet;
}

static void test_sheet_comes_back_whole_and_what_is_told_no_more_is_unknown(void **state)
{
    struct sheet *sheets = calloc(100, sizeof *sheets), told;
    struct store *store = open_store();
    struct error why;
    int64_t server;

    (void)state;
    sheet_clear(&told);
    told.node = 7;
    snprintf(told.host, sizeof told.host, "mx7");
    snprintf(told.logs, sizeof told.logs, "log:/var/log/mail.log\nsocket:/run/x");
    told.written = clock_now();
    told.clock_ahead_ms = -1500;
    told.facts_lost = 0;
    snprintf(told.rival, sizeof told.rival, "mx8");
    store_put_sheet(store, &told);
    store_put_beat(store, 9, "ship", 1);
    flush(store);
    assert_int_equal(store_get_sheets(store, &server, take_sheet, sheets, &why), 0);
    assert_memory_equal(&sheets[7], &told, sizeof told);
    assert_int_equal(sheets[9].node, 9);
    assert_true(sheets[9].written == SHEET_UNKNOWN && sheets[9].host[0] == '\0');
    assert_true(llabs(server - clock_now()) < 5000);
    told.clock_ahead_ms = SHEET_UNKNOWN;
    memset(told.rival, 0, sizeof told.rival);
    store_put_sheet(store, &told);
    flush(store);
    assert_int_equal(store_get_sheet(store, 7, &sheets[0], &server, &why), 0);
    assert_memory_equal(&sheets[0], &told, sizeof told);
    free(sheets);
    store_close(&store);
}

static void test_sheet_of_a_liar_stays_within_its_bounds(void **state)
{
    struct store *store = open_store();
    struct error why;
    struct sheet sheet;
    char lie[400];
    int64_t server;

    (void)state;
    memset(lie, 'x', sizeof lie - 1);
    lie[sizeof lie - 1] = '\0';
    free(redis_ask(&redis,
                   "HSET wb:sheet:07 host %s written 99999999999999999999 mails - answers 12x "
                   "started -7",
                   lie));
    assert_int_equal(store_get_sheet(store, 7, &sheet, &server, &why), 0);
    assert_int_equal(strlen(sheet.host), sizeof sheet.host - 1);
    assert_true(sheet.written == SHEET_UNKNOWN && sheet.mails == SHEET_UNKNOWN);
    assert_true(sheet.answers == SHEET_UNKNOWN && sheet.started == -7);
    free(redis_ask(&redis, "DEL wb:sheet:07"));
    free(redis_ask(&redis, "SADD wb:sheet:07 x"));
    assert_int_equal(store_get_sheet(store, 7, &sheet, &server, &why), 0);
    assert_true(sheet.node == 7 && sheet.written == SHEET_UNKNOWN);
    store_close(&store);
}

struct gaps {
    size_t count;
    struct store_gap list[10];
};

static void take_gap(void *context, const struct store_gap *gap)
{
    struct gaps *gaps = context;

    gaps->list[gaps->count++] = *gap;
}

static void test_gap_over_midnight_is_told_once_on_any_day(void **state)
{
    struct store *store = open_store();
    int64_t midnight = clock_of_day(today, 0), from = midnight - 2 * DAY_MS - HOUR_MS;
    int64_t until = midnight - HOUR_MS;
    struct gaps gaps = {0};
    struct error why;

    (void)state;
    for (int again = 0; again < 2; again++)
        store_put_gap(store, 4, slice_of("log"), from, until, slice_of("killed, by hand"), 12);
    flush(store);
    assert_int_equal(store_get_gaps(store, from - DAY_MS, until + DAY_MS, take_gap, &gaps, &why),
                     0);
    assert_int_equal(gaps.count, 1);
    assert_int_equal(gaps.list[0].node, 4);
    assert_string_equal(gaps.list[0].witness, "log");
    assert_string_equal(gaps.list[0].cause, "killed, by hand");
    assert_true(gaps.list[0].from == from && gaps.list[0].until == until);
    assert_int_equal(gaps.list[0].count, 12);
    for (int64_t at = from; at <= until; at += HOUR_MS) {
        gaps.count = 0;
        assert_int_equal(store_get_gaps(store, at, at, take_gap, &gaps, &why), 0);
        assert_int_equal(gaps.count, 1);
    }
    gaps.count = 0;
    assert_int_equal(store_get_gaps(store, until + 1, until + DAY_MS, take_gap, &gaps, &why), 0);
    assert_int_equal(gaps.count, 0);
    store_close(&store);
}

static void test_gap_older_than_retention_is_told_as_far_as_it_is_kept(void **state)
{
    struct store *store = open_store();
    int64_t now = clock_now();
    struct gaps gaps = {0};
    struct error why;

    (void)state;
    store_put_gap(store, 4, slice_of("milter"), now - 40 * DAY_MS, now - 5 * DAY_MS,
                  slice_of("off"), 0);
    flush(store);
    assert_int_equal(store_get_gaps(store, 0, now, take_gap, &gaps, &why), 0);
    assert_int_equal(gaps.count, 1);
    assert_true(gaps.list[0].from == now - 40 * DAY_MS);
    store_close(&store);
}

static void take_counter(void *context, const char *name, uint64_t value)
{
    if (strcmp(name, "mails") == 0)
        *(uint64_t *)context = value;
}

static void test_counters_are_absolute_and_summed(void **state)
{
    struct store *store = open_store();
    int64_t now = clock_now();
    uint64_t mails = 0;
    struct error why;

    (void)state;
    for (int again = 0; again < 3; again++) {
        store_put_counter(store, 1, now, "mails", 10);
        store_put_counter(store, 2, now, "mails", 100);
        store_put_counter(store, 2, now - 5 * HOUR_MS, "mails", 1000);
        flush(store);
    }
    assert_int_equal(store_get_counters(store, now - HOUR_MS, now, take_counter, &mails, &why), 0);
    assert_int_equal(mails, 110);
    assert_int_equal(store_get_counters(store, 0, now + 1000 * DAY_MS, take_counter, &mails, &why),
                     0);
    assert_int_equal(mails, 1110);
    store_close(&store);
}

static void take_slowest(void *context, const char *name, uint64_t value)
{
    if (strcmp(name, "answer_slowest_us") == 0)
        *(uint64_t *)context = value;
}

static void test_of_a_highest_value_the_highest_is_read(void **state)
{
    struct store *store = open_store();
    int64_t now = clock_now();
    uint64_t slowest = 0;
    struct error why;

    (void)state;
    store_put_counter(store, 1, now, "answer_slowest_us", 300);
    store_put_counter(store, 2, now, "answer_slowest_us", 900);
    store_put_counter(store, 2, now - 5 * HOUR_MS, "answer_slowest_us", 700);
    flush(store);
    assert_int_equal(
        store_get_counters(store, now - 6 * HOUR_MS, now, take_slowest, &slowest, &why), 0);
    assert_int_equal(slowest, 900);
    store_close(&store);
}

/* ---- life of the keys, repetition ---- */

static void write_everything(struct store *store)
{
    int64_t now = clock_of_day(today, 5000);

    for (unsigned i = 0; i < 30; i++) {
        uint64_t id = id_at(i * 1000, i % 3, i);
        char term[64];

        store_put_record(store, 1, id, slice_of(HEAD FACT_A FACT_B), i % 7 == 0);
        snprintf(term, sizeof term, "user%u@example.com", i % 5);
        store_post_term(store, id, TERM_RECIPIENT, slice_of(term), i % 7 == 0);
        store_mark_state(store, id, i, i % 2 ? STATE_DELAYED : STATE_FAILED, now);
    }
    store_put_beat(store, 1, "milter", now);
    store_put_gap(store, 1, slice_of("log"), now, now + 5, slice_of("killed"), 1);
    store_put_counter(store, 1, now, "mails", 30);
    flush(store);
}

static void test_everything_twice_is_everything_once(void **state)
{
    struct store *store = open_store();
    char *once, *twice;

    (void)state;
    write_everything(store);
    once = redis_ask(&redis, "DEBUG DIGEST");
    assert_int_equal(strlen(once), 40);
    write_everything(store);
    twice = redis_ask(&redis, "DEBUG DIGEST");
    assert_string_equal(once, twice);
    free(twice);
    store_close(&store);
    store = open_store();
    write_everything(store);
    twice = redis_ask(&redis, "DEBUG DIGEST");
    assert_string_equal(once, twice);
    free(once);
    free(twice);
    store_close(&store);
}

static void test_keys_of_a_day_end_within_an_hour_of_each_other(void **state)
{
    struct store *store = open_store();
    int64_t normal = clock_of_day(today, 0) / 1000 + 31 * 86400;
    int64_t refused = clock_of_day(today, 0) / 1000 + 4 * 86400;
    char *keys, *place;
    int dated = 0;
    bool apart = false;
    long long first = 0;

    (void)state;
    write_everything(store);
    keys = redis_ask(&redis, "KEYS '*'");
    for (char *key = strtok_r(keys, "\n", &place); key; key = strtok_r(NULL, "\n", &place)) {
        long long ends = redis_number(&redis, "EXPIRETIME %s", key);

        if (strstr(key, "wb:nodes") || strstr(key, "wb:beat") || strstr(key, "wb:st:delayed") ||
            strstr(key, "wb:ev:")) {
            assert_int_equal(ends, -1);
            continue;
        }
        if (strncmp(key, "wb:rr:", 6) == 0 || strncmp(key, "wb:rx:", 6) == 0 ||
            strncmp(key, "wb:rd:", 6) == 0)
            assert_in_range(ends, refused, refused + 3600);
        else
            assert_in_range(ends, normal, normal + 3600);
        apart |= dated++ > 0 && ends != first;
        first = ends;
    }
    assert_true(dated > 20);
    assert_true(apart);
    free(keys);
    store_close(&store);
}

/* Redis lets a key go with its last field, and its end with it. */
static void test_key_that_was_emptied_ends_again(void **state)
{
    struct store *store = open_store();
    uint64_t first = id_at(5, 2, 0), second = id_at(6, 2, 0), third = id_at(7, 2, 0);

    (void)state;
    store_put_record(store, 2, first, slice_of(HEAD FACT_A), false);
    flush(store);
    store_drop_record(store, 2, first, false);
    store_put_record(store, 2, second, slice_of(HEAD FACT_A), false);
    flush(store);
    assert_true(redis_number(&redis, "TTL wb:r:%06u:0000:2", today) > 0);
    store_drop_record(store, 2, second, false);
    flush(store);
    assert_int_equal(redis_number(&redis, "EXISTS wb:r:%06u:0000:2", today), 0);
    store_put_record(store, 2, third, slice_of(HEAD FACT_A), false);
    flush(store);
    assert_true(redis_number(&redis, "TTL wb:r:%06u:0000:2", today) > 0);
    store_close(&store);
}

static void test_day_about_to_go_is_not_written_again(void **state)
{
    struct store *store = open_store();
    uint32_t old = clock_day_add(today, -32), kept = clock_day_add(today, -29);
    uint64_t gone = id_make(old, 1), id = id_make(kept, 1);

    (void)state;
    store_put_record(store, 0, gone, slice_of(HEAD FACT_A), false);
    store_post_term(store, gone, TERM_SENDER, slice_of("a"), false);
    store_put_counter(store, 0, id_time(gone), "mails", 1);
    store_put_record(store, 0, id_make(clock_day_add(today, -5), 1), slice_of(HEAD FACT_A), true);
    flush(store);
    assert_int_equal(redis_number(&redis, "DBSIZE"), 0);
    store_put_record(store, 0, id, slice_of(HEAD FACT_A), false);
    flush(store);
    assert_int_equal(get(store, &id, 1)->facts[0], 1);
    store_close(&store);
}

static void test_thousand_mails_take_few_commands(void **state)
{
    struct store *store = open_store();
    long long before, commands;

    (void)state;
    before = redis_number(&redis,
                          "INFO stats | sed -n 's/total_commands_processed:\\([0-9]*\\).*/\\1/p'");
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t id = id_at(i * 3 / 5, 1, i);
        char term[64];

        store_put_record(store, 1, id, slice_of(HEAD FACT_A FACT_B FACT_C), false);
        for (unsigned k = 0; k < 8; k++) {
            snprintf(term, sizeof term, "term%u", i * 8 + k);
            store_post_term(store, id, TERM_QUEUE_ID, slice_of(term), false);
        }
        store_mark_state(store, id, 1, STATE_DELIVERED, clock_of_day(today, 1000));
    }
    flush(store);
    commands =
        redis_number(&redis,
                     "INFO stats | sed -n 's/total_commands_processed:\\([0-9]*\\).*/\\1/p'") -
        before;
    /* the first batch says each shard's expiry, too; the next ones do not */
    before += commands;
    assert_in_range(commands, 256, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t id = id_at(i * 3 / 5, 1, 2000 + i);
        char term[64];

        store_put_record(store, 1, id, slice_of(HEAD FACT_A FACT_B FACT_C), false);
        for (unsigned k = 0; k < 8; k++) {
            snprintf(term, sizeof term, "more%u", i * 8 + k);
            store_post_term(store, id, TERM_QUEUE_ID, slice_of(term), false);
        }
        store_mark_state(store, id, 1, STATE_DELIVERED, clock_of_day(today, 1000));
    }
    flush(store);
    commands =
        redis_number(&redis,
                     "INFO stats | sed -n 's/total_commands_processed:\\([0-9]*\\).*/\\1/p'") -
        before;
    assert_in_range(commands, 256, 400);
    store_close(&store);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup(test, empty)
    const struct CMUnitTest tests[] = {
        EACH(test_record_comes_back_as_it_went),
        EACH(test_missing_record_is_told_as_empty),
        EACH(test_two_writers_of_one_mail_are_merged),
        EACH(test_refused_mail_has_a_class_of_its_own),
        EACH(test_dropped_record_is_gone_and_order_is_kept),
        EACH(test_unreadable_record_is_told_and_others_still_come),
        EACH(test_many_records_come_in_the_order_asked),
        EACH(test_slice_holds_all_nodes),
        EACH(test_every_term_is_found_as_by_brute_force),
        EACH(test_one_term_in_one_huge_batch_is_split),
        EACH(test_several_days_are_searched_at_once),
        EACH(test_a_day_about_to_go_takes_no_record),
        EACH(test_full_index_is_split_and_all_is_still_found),
        EACH(test_writer_goes_on_where_others_have_split_to),
        EACH(test_a_new_day_is_laid_out_by_an_earlier_one),
        EACH(test_shard_is_what_a_person_would_compute),
        EACH(test_overfull_shard_is_read_to_its_end),
        EACH(test_recipient_stands_in_the_set_while_it_is_delayed),
        EACH(test_events_are_read_once_from_now_on),
        EACH(test_node_belongs_to_the_machine_that_claimed_it),
        EACH(test_beats_are_shown_with_their_node),
        EACH(test_sheet_comes_back_whole_and_what_is_told_no_more_is_unknown),
        EACH(test_sheet_of_a_liar_stays_within_its_bounds),
        EACH(test_gap_over_midnight_is_told_once_on_any_day),
        EACH(test_gap_older_than_retention_is_told_as_far_as_it_is_kept),
        EACH(test_counters_are_absolute_and_summed),
        EACH(test_of_a_highest_value_the_highest_is_read),
        EACH(test_everything_twice_is_everything_once),
        EACH(test_keys_of_a_day_end_within_an_hour_of_each_other),
        EACH(test_key_that_was_emptied_ends_again),
        EACH(test_day_about_to_go_is_not_written_again),
        EACH(test_thousand_mails_take_few_commands),
    };

    return cmocka_run_group_tests_name("store", tests, start, stop);
}
