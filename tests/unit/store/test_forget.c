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

#include "../../../milter/store/split.h"
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

/* What was said of a key once would not be said again to an emptied server. */
static void anew(void)
{
    free(redis_ask(&redis, "FLUSHALL"));
    store_close(&store);
    assert_int_equal(store_open(&store, &settings, &why), 0);
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

static void first_seen(void *context, const struct store_field *field)
{
    struct seen *seen = context;

    assert_int_equal(seen[1].count, 0);
    field_seen(&seen[0], field);
}

static void then_seen(void *context, const struct store_field *field)
{
    field_seen((struct seen *)context + 1, field);
}

static void test_a_mail_is_read_with_what_each_node_wrote(void **state)
{
    uint64_t id = id_now(3, 20), other = id_now(3, 21);
    struct slice text = slice_of("1 - - -");
    struct seen seen[2] = {{.count = 0}, {.count = 0}};

    (void)state;
    anew();
    store_put_record(store, 3, id, text, false);
    store_put_record(store, 7, id, text, true);
    store_put_record(store, 8, id, text, false);
    store_put_record(store, 3, other, text, false);
    flush();
    assert_int_equal(store_scan_mail(store, id, first_seen, then_seen, seen, &why), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seen[i].count, 3);
        assert_int_equal(seen[i].refused, 1);
        assert_int_equal(seen[i].nodes[0] + seen[i].nodes[1] + seen[i].nodes[2], 3 + 7 + 8);
        assert_true(seen[i].ids[0] == id && seen[i].ids[2] == id);
    }
}

/* ---- what stands apart, frames, and what is neither ---- */

struct story {
    unsigned whole, unread, named;
    bool forget;
    char why[300];
};

static bool is_bob(void *context, struct slice canonical)
{
    (void)context;
    return slice_is(canonical, "bob@example.org");
}

static void field_told(void *context, const struct store_field *field)
{
    const struct forgetting forgetting = {.is = is_bob};
    struct story *story = context;
    struct forget_named named = {.any = false};
    struct buffer scratch;

    if (field->why_not) {
        story->unread++;
        snprintf(story->why, sizeof story->why, "%.*s: %s", SLICE_ARGS(field->key),
                 field->why_not);
        return;
    }
    story->whole += field->texts == 7;
    story->named += record_names(field->record, &forgetting) > 0;
    assert_int_equal(record_named(field->record, &forgetting, &named), 0);
    if (!story->forget || record_forget(field->record, &forgetting, &named) == 0)
        return;
    buffer_init(&scratch, RECORD_MAX);
    assert_int_equal(store_rewrite_field(store, field, &scratch), 0);
    buffer_free(&scratch);
}

static struct story tell(uint64_t id, bool forget)
{
    struct story story = {.forget = forget};
    unsigned slice = (unsigned)(id_ref(id) / 10000000 / 600);

    if (store_scan_slice(store, id_day(id), slice, field_told, &story, &why))
        fail_msg("%s", why.text);
    flush();
    return story;
}

static void put_text(uint64_t id, const char *const *lines, size_t count, uint64_t keys, int kind)
{
    struct record record;
    struct buffer text;

    record_init(&record, id);
    for (size_t i = 0; i < count; i++) {
        char line[1000];
        struct fact fact;

        snprintf(line, sizeof line, "%lld %c%010zu %s", (long long)id_time(id) + (long long)i,
                 lines[i][0], i, lines[i] + 2);
        assert_int_equal(fact_decode(line, strlen(line), &fact, &why), 0);
        assert_int_equal(record_add(&record, &fact, &why), 1);
    }
    buffer_init(&text, RECORD_MAX);
    assert_int_equal(record_format(&record, keys, &text), 0);
    if (kind < 0)
        store_put_record(store, 3, id, slice_make(text.data, text.size), false);
    else
        store_put_apart(store, 3, id, (enum apart)kind, slice_make(text.data, text.size), false);
    buffer_free(&text);
    record_clear(&record);
}

static long long life_of(const char *pattern)
{
    return redis_number(&redis, "TTL $(redis-cli -s %s KEYS '%s')", redis.socket, pattern);
}

static void test_each_text_is_blanked_where_it_stands(void **state)
{
    static const char *const lines[] = {
        "m mail host=mx1 from=shop@shop.example client=c.example ip=192.0.2.7",
        "m rcpt to=bob@example.org",
        "m header q=Q1 id=1@x.example subject=A%20long%20subject%20for%20Bob%20and%20nobody%20else",
        "l delayed host=mx1 q=Q1 to=bob@example.org dsn=4.2.2 reply=452%204.2.2%20<bob@example.org>"
        "%20is%20over%20his%20quota,%20try%20later",
    };
    uint64_t replies, subjects, id = id_now(3, 1);
    struct story story;

    (void)state;
    settings.reply_retention_days = 5;
    settings.subject_retention_days = 3;
    anew();
    for (int compress = 0; compress < 2; compress++, id++) {
        store_compress(store, compress);
        replies = store_apart_keys(store, APART_REPLY, false);
        subjects = store_apart_keys(store, APART_SUBJECT, false);
        put_text(id, lines, 4, replies, APART_REPLY);
        put_text(id, lines, 4, subjects, APART_SUBJECT);
        put_text(id, lines, 4, ~(replies | subjects), -1);
    }
    flush();
    assert_true(redis_number(&redis, "KEYS 'wb:dict:*' | grep -c dict") == 1);
    story = tell(id, false);
    assert_int_equal(story.whole, 2);
    assert_int_equal(story.named, 2);
    assert_int_equal(story.unread, 0);
    (void)tell(id, true);
    story = tell(id, false);
    assert_int_equal(story.named, 0);
    /* The subjects went, and with them their hash; each hash that is left has the end it had. */
    assert_true(redis_number(&redis, "KEYS 'wb:u:*' | grep -c u:") == 0);
    assert_true(redis_number(&redis, "HLEN $(redis-cli -s %s KEYS 'wb:t:*')", redis.socket) == 2);
    assert_in_range(life_of("wb:t:*"), 1, 8 * 86400);
    assert_in_range(life_of("wb:r:*"), 8 * 86400, INT32_MAX);
}

static void test_what_cannot_be_read_is_named_and_the_rest_is_gone_over(void **state)
{
    static const char *const lines[] = {"m mail host=mx1 from=bob@example.org"};
    uint64_t id = id_now(3, 50);
    unsigned slice = (unsigned)(id_ref(id) / 10000000 / 600);
    struct story story;

    (void)state;
    anew();
    store_compress(store, false);
    put_text(id, lines, 1, UINT64_MAX, -1);
    flush();
    free(redis_ask(&redis, "SADD wb:nodes 9"));
    free(redis_ask(&redis, "SET wb:r:%06u:%02u%u0:9 strange", id_day(id), slice / 6, slice % 6));
    free(redis_ask(&redis, "HSET wb:r:%06u:%02u%u0:3 odd x", id_day(id), slice / 6, slice % 6));
    free(redis_ask(&redis,
                   "-x HSET wb:rr:%06u:%02u%u0:3 %012llu < /dev/null", id_day(id), slice / 6,
                   slice % 6, (unsigned long long)id_ref(id)));
    free(redis_ask(&redis, "EXPIRE wb:r:%06u:%02u%u0:3 100000", id_day(id), slice / 6, slice % 6));
    story = tell(id, true);
    assert_int_equal(story.unread, 3);
    assert_int_equal(story.named, 1);
    assert_int_equal(tell(id, true).named, 0);
}

/* Written again, a hash that is about to end would have no end. */
static void test_what_is_about_to_end_is_not_made_anew(void **state)
{
    static const char *const lines[] = {"m mail host=mx1 from=bob@example.org"};
    uint64_t id = id_now(3, 60);

    (void)state;
    anew();
    put_text(id, lines, 1, UINT64_MAX, -1);
    flush();
    free(redis_ask(&redis, "EXPIRE $(redis-cli -s %s KEYS 'wb:r:*') 600", redis.socket));
    assert_int_equal(tell(id, true).named, 1);
    assert_true(redis_number(&redis, "KEYS 'wb:r:*' | grep -c r:") == 0);
}

static void test_what_goes_between_reading_and_writing_keeps_its_end(void **state)
{
    static const char *const lines[] = {"m mail host=mx1 from=bob@example.org"};
    uint64_t id = id_now(3, 70);
    unsigned slice = (unsigned)(id_ref(id) / 10000000 / 600);
    struct story story = {.forget = true};
    long long before;

    (void)state;
    anew();
    put_text(id, lines, 1, UINT64_MAX, -1);
    flush();
    before = life_of("wb:r:*");
    assert_int_equal(store_scan_slice(store, id_day(id), slice, field_told, &story, &why), 0);
    free(redis_ask(&redis, "DEL $(redis-cli -s %s KEYS 'wb:r:*')", redis.socket));
    store_say_again(store);
    flush();
    assert_in_range(life_of("wb:r:*"), before - 60, before + 1);
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

/* The parts of a term begin at a level that the day before tells: any one, even or odd. */
static void test_a_posting_is_taken_out_of_a_part_of_any_level(void **state)
{
    static const char *const before[] = {"1", "1 2 3 4", "1 2 3 4 5 6 7 8 9",
                                         "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"};
    struct slice bob = slice_of("bob@example.org"), ann = slice_of("ann@example.org");
    struct fact fact;

    (void)state;
    fact_init(&fact, WITNESS_LOG, FACT_DELIVERED, clock_now());
    fact_set(&fact, KEY_TO, bob);
    for (size_t level = 0; level < sizeof before / sizeof *before; level++) {
        uint64_t id = id_now(3, 100);

        anew();
        free(redis_ask(&redis, "SADD wb:h:%06u:r:bob@example.org %s",
                       clock_day_add(id_day(id), -1), before[level]));
        for (unsigned i = 0; i < 150; i++) {
            store_post_term(store, id + i, TERM_RECIPIENT, bob, false);
            store_post_term(store, id + i, TERM_RECIPIENT, ann, false);
        }
        flush();
        assert_true(redis_number(&redis, "SISMEMBER wb:h:%06u:r:bob@example.org %u", id_day(id),
                                 part_of(id_ref(id), (unsigned)level)) == 1);
        for (unsigned i = 0; i < 150; i++)
            store_forget_value(store, id + i, &fact, KEY_TO);
        flush();
        assert_int_equal(found(id, TERM_RECIPIENT, "bob@example.org"), 0);
        assert_int_equal(store_drop_hot(store, id_day(id), TERM_RECIPIENT, bob, &why), 0);
        assert_true(redis_number(&redis, "KEYS 'wb:h*:%06u:*bob*' | grep -c bob", id_day(id)) == 0);
        assert_int_equal(found(id, TERM_RECIPIENT, "ann@example.org"), 150);
    }
}

/* The key that bore the name went; the next mail makes it again, once that is told. */
static void test_a_later_mail_is_found_by_a_term_that_was_dropped(void **state)
{
    struct slice bob = slice_of("bob@example.org");
    uint64_t id = id_now(3, 100);

    (void)state;
    anew();
    for (unsigned i = 0; i < 150; i++)
        store_post_term(store, id + i, TERM_RECIPIENT, bob, false);
    flush();
    for (unsigned i = 0; i < 150; i++)
        store_unpost_term(store, id + i, TERM_RECIPIENT, bob);
    flush();
    assert_int_equal(store_drop_hot(store, id_day(id), TERM_RECIPIENT, bob, &why), 0);
    store_say_again(store);
    store_post_term(store, id + 500, TERM_RECIPIENT, bob, false);
    flush();
    assert_int_equal(found(id, TERM_RECIPIENT, "bob@example.org"), 1);
}

static bool names_bob(void *context, struct slice term)
{
    const struct forgetting forgetting = {.is = is_bob};

    (void)context;
    return forget_names(&forgetting, term);
}

/* Of a mail that moved, or was blanked by a run that was killed, nobody knows the term any more. */
static void test_keys_go_by_their_names(void **state)
{
    static const char *const his[] = {"r:\"bob\"@example.org", "s:bob@EXAMPLE.ORG",
                                      "m:1-bob=example.org@list.example", "a:bob@example.org"};
    uint64_t id = id_now(3, 500), ref = id_ref(id);
    uint32_t day = id_day(id);

    (void)state;
    anew();
    for (size_t i = 0; i < sizeof his / sizeof *his; i++) {
        const char *family = i % 2 ? "rh" : "h";

        free(redis_ask(&redis, "SADD 'wb:%s:%06u:%s' 1 2", family, day, his[i]));
        free(redis_ask(&redis, "SADD 'wb:%sp:%06u:1:%s' %llu", family, day, his[i],
                       (unsigned long long)ref));
        free(redis_ask(&redis, "SADD 'wb:%sp:%06u:5:%s' %llu", family, day, his[i],
                       (unsigned long long)ref)); /* that no list knows */
    }
    free(redis_ask(&redis, "SADD wb:h:%06u:r:ann@example.org 1", day));
    free(redis_ask(&redis, "SADD wb:hp:%06u:1:r:ann@example.org %llu", day,
                   (unsigned long long)ref));
    free(redis_ask(&redis, "SADD wb:h:%06u:r:bob@example.org 1 2", day)); /* of a later mail, too */
    free(redis_ask(&redis, "SADD wb:hp:%06u:1:r:bob@example.org %llu %llu", day,
                   (unsigned long long)ref, (unsigned long long)(ref + 10000000)));
    free(redis_ask(&redis, "SADD wb:h:%06u:a:bob 1", day)); /* his login */
    free(redis_ask(&redis, "SET wb:h:%06u:r:bob@example.org:x foreign", day));
    assert_int_equal(store_drop_named(store, id_time(id), names_bob, NULL, &why), 0);
    assert_true(redis_number(&redis, "KEYS 'wb:*' | grep -c ':m:\\|:s:\\|:a:\\|bob.@'") == 0);
    assert_true(redis_number(&redis, "SMEMBERS wb:h:%06u:r:bob@example.org", day) == 1);
    assert_true(redis_number(&redis, "SMEMBERS wb:hp:%06u:1:r:bob@example.org", day) ==
                (long long)(ref + 10000000));
    assert_true(redis_number(&redis, "EXISTS wb:h:%06u:r:ann@example.org", day) == 1);
    assert_true(redis_number(&redis, "SCARD wb:hp:%06u:1:r:ann@example.org", day) == 1);
}

/* ---- a day that is given up ---- */

static bool go_on(void *context)
{
    (void)context;
    return true;
}

static void test_a_day_goes_with_all_that_stands_apart(void **state)
{
    uint32_t day = clock_day(clock_now() - 20 * DAY_MS, NULL);
    struct store_shed shed;

    (void)state;
    anew();
    free(redis_ask(&redis, "SADD wb:nodes 3"));
    free(redis_ask(&redis, "SADD wb:apart t u"));
    free(redis_ask(&redis, "SADD wb:d:%06u 4", day));
    free(redis_ask(&redis, "SADD wb:x:%06u:4:a 5", day));
    free(redis_ask(&redis, "SADD wb:h:%06u:r:bob@example.org 1", day));
    free(redis_ask(&redis, "SADD wb:hp:%06u:1:r:bob@example.org 5", day));
    free(redis_ask(&redis, "HSET wb:r:%06u:1230:3 a b", day));
    free(redis_ask(&redis, "HSET wb:t:%06u:1230:3 a b", day));
    free(redis_ask(&redis, "HSET wb:u:%06u:0000:3 a b", day));
    assert_int_equal(store_shed_day(store, 3, 7, go_on, NULL, &shed, &why), 1);
    assert_int_equal(shed.day, day);
    assert_true(shed.keys == 7);
    assert_true(redis_number(&redis, "KEYS '*:%06u*' | grep -c wb", day) == 1); /* the gap */
    assert_int_equal(store_shed_day(store, 3, 7, go_on, NULL, &shed, &why), 0);
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
        cmocka_unit_test(test_each_text_is_blanked_where_it_stands),
        cmocka_unit_test(test_what_cannot_be_read_is_named_and_the_rest_is_gone_over),
        cmocka_unit_test(test_what_is_about_to_end_is_not_made_anew),
        cmocka_unit_test(test_what_goes_between_reading_and_writing_keeps_its_end),
        cmocka_unit_test(test_keys_go_by_their_names),
        cmocka_unit_test(test_a_mail_is_read_with_what_each_node_wrote),
        cmocka_unit_test(test_a_posting_is_taken_out_of_a_part_of_any_level),
        cmocka_unit_test(test_a_later_mail_is_found_by_a_term_that_was_dropped),
        cmocka_unit_test(test_a_day_goes_with_all_that_stands_apart),
        cmocka_unit_test(test_an_entry_of_the_audit_is_read_back_and_rewritten),
    };
    return cmocka_run_group_tests_name("store forget", tests, start, stop);
}
