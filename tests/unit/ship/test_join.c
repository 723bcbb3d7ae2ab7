/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of two witnesses become one waybill: through a real journal into a real Redis. */
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

#define W(id) (unsigned long long)(id)

static void tell_milter(uint64_t id, int64_t ms, const char *queue_id, const char *to)
{
    world_tell(&world, 'm', ms,
               "mail w=%llu host=mx1.example.org from=Shop@Example.org client=c.example "
               "ip=192.0.2.7 login=Shop helo=c.example",
               W(id));
    world_tell(&world, 'm', ms + 10, "rcpt w=%llu to=%s", W(id), to);
    world_tell(&world, 'm', ms + 20, "header w=%llu q=%s id=Abc%llu@x subject=Hello", W(id),
               queue_id, W(id));
    world_tell(&world, 'm', ms + 30, "queued w=%llu q=%s size=420", W(id), queue_id);
}

static void tell_log(uint64_t id, int64_t ms, const char *queue_id, const char *to)
{
    world_tell(&world, 'l', ms, "client " LOG " q=%s client=c.example ip=192.0.2.7", queue_id);
    world_tell(&world, 'l', ms, "cleanup " LOG " q=%s id=Abc%llu@x", queue_id, W(id));
    world_tell(&world, 'l', ms, "active " LOG " q=%s from=shop@example.org size=430 nrcpt=1",
               queue_id);
    world_tell(&world, 'l', ms + 1000,
               "delivered " LOG " q=%s to=%s relay=next[192.0.2.9]:25 dsn=2.0.0 reply=250%%20Ok",
               queue_id, to);
    world_tell(&world, 'l', ms + 1000, "removed " LOG " q=%s", queue_id);
}

static void test_one_mail_is_one_record_of_both_witnesses(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_milter(id, 51, "4mGprq", "Bob@Example.com");
    tell_log(id, 0, "4mGprq", "bob@example.com");
    world_ship(&world);

    char *text = world_record(&world, id);
    assert_non_null(strstr(text, "1 mx1.example.org postfix 4mGprq\n"));
    assert_non_null(strstr(text, " mail from=Shop@Example.org client=c.example ip=192.0.2.7 "
                                 "helo=c.example login=Shop\n"));
    assert_int_equal(1, count_words(text, " rcpt to=Bob@Example.com\n"));
    assert_int_equal(1, count_words(text, " queued size=420\n"));
    assert_int_equal(1, count_words(text, " delivered to=bob@example.com "));
    assert_non_null(strstr(text, " removed"));
    assert_int_equal(0, count_words(text, " client ip"));
    free(text);
    assert_int_equal(1, world_records(&world));

    uint64_t found;
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, "bob@example.com", &found));
    assert_true(found == id);
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT_DOMAIN, "example.com", NULL));
    assert_int_equal(1, world_find(&world, TERM_SENDER, "shop@example.org", NULL));
    assert_int_equal(1, world_find(&world, TERM_SENDER_DOMAIN, "example.org", NULL));
    assert_int_equal(1, world_find(&world, TERM_QUEUE_ID, "4mgprq", NULL));
    assert_int_equal(1, world_find(&world, TERM_LOGIN, "shop", NULL));
    assert_int_equal(1, world_find(&world, TERM_CLIENT_IP, "192.0.2.7", NULL));
    char term[64];
    snprintf(term, sizeof term, "abc%llu@x", W(id));
    assert_int_equal(1, world_find(&world, TERM_MESSAGE_ID, term, NULL));
    assert_int_equal(0, world_state(&world, STATE_DELAYED));
    char *dump = redis_dump(&redis);
    assert_int_equal(2, count_words(dump, "wb:ev:")); /* accepted, delivered */
    free(dump);
}

static void test_the_log_may_come_first(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    world.settings.hold_seconds = 5;
    world_start(&world);
    tell_log(id, 0, "4mGprq", "bob@example.com");
    world_read(&world, 5);
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_settle(&world);
    world_stop(&world);
    assert_int_equal(1, world_records(&world));
    world_has(&world, id, " delivered ", 1);
    world_has(&world, id, " client", 1); /* the word in the milter's line, not the log's fact */
}

static void test_a_mail_of_the_log_alone_gets_the_same_number_each_time(void **state)
{
    (void)state;
    tell_log(7, 0, "9QUEUE", "bob@example.com");
    world_ship(&world);
    uint64_t id;
    assert_int_equal(1, world_find(&world, TERM_QUEUE_ID, "9queue", &id));
    assert_true(id == id_from_log(3, slice_of("mx1"), slice_of("postfix"), slice_of("9QUEUE"),
                                  world.start, 0));
    world_has(&world, id, "1 mx1 postfix 9QUEUE", 1);
    world_has(&world, id, " client client=c.example", 1);
    world_has(&world, id, " removed", 1);
    assert_int_equal(1, world_records(&world));
}

static void test_a_client_alone_makes_no_waybill_and_holds_nothing_back(void **state)
{
    (void)state;
    world_tell(&world, 'l', 0, "client " LOG " q=AB12 client=c.example ip=192.0.2.7");
    world_start(&world);
    world_read(&world, 1);
    int64_t until = clock_monotonic() + 5000;
    struct ship_stats stats;
    do {
        ship_read_stats(world.ship, &stats);
        clock_sleep(5);
    } while (stats.backlog_bytes > 0 && clock_monotonic() < until);
    assert_int_equal(0, stats.backlog_bytes);
    assert_int_equal(1, stats.held);
    world_stop(&world);
    assert_int_equal(0, world_records(&world));
}

static void test_a_short_queue_id_used_again_is_another_mail(void **state)
{
    (void)state;
    uint64_t one = world_id(&world, 0, 1), two = world_id(&world, 6000, 1);
    tell_milter(one, 51, "A1BF5", "bob@example.com");
    tell_milter(two, 6051, "A1BF5", "eve@example.com");
    tell_log(one, 0, "A1BF5", "bob@example.com");
    tell_log(two, 6000, "A1BF5", "eve@example.com");
    world_ship(&world);
    world_has(&world, one, " delivered to=bob@example.com", 1);
    world_has(&world, one, "eve@", 0);
    world_has(&world, two, " delivered to=eve@example.com", 1);
    world_has(&world, two, "bob@", 0);
    assert_int_equal(2, world_records(&world));
}

static void test_a_queue_id_used_again_in_the_log_alone_is_another_mail(void **state)
{
    (void)state;
    tell_log(1, 0, "A1BF5", "bob@example.com");
    tell_log(2, 60000, "A1BF5", "eve@example.com");
    world_ship(&world);
    assert_int_equal(2, world_records(&world));
    uint64_t id;
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, "eve@example.com", &id));
    world_has(&world, id, " removed", 1);
    world_has(&world, id, " client ", 1);
    world_has(&world, id, "bob@", 0);
}

static void test_two_instances_are_two_mails(void **state)
{
    (void)state;
    world_tell(&world, 'l', 0, "active host=mx1 inst=postfix q=A1BF5 from=a@x nrcpt=1");
    world_tell(&world, 'l', 0, "active host=mx1 inst=postfix-out q=A1BF5 from=b@x nrcpt=1");
    world_tell(&world, 'l', 0, "delivered host=mx1 inst=postfix-out q=A1BF5 to=c@x via=smtp");
    world_ship(&world);
    assert_int_equal(2, world_records(&world));
    uint64_t id;
    assert_int_equal(1, world_find(&world, TERM_SENDER, "b@x", &id));
    world_has(&world, id, "1 mx1 postfix-out A1BF5", 1);
    world_has(&world, id, " delivered ", 1);
}

static void test_the_message_id_tells_two_mails_apart(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_milter(id, 51, "A1BF5", "bob@example.com");
    world_tell(&world, 'l', 1000, "cleanup " LOG " q=A1BF5 id=other@x");
    world_ship(&world);
    assert_int_equal(2, world_records(&world));
    world_has(&world, id, "other@x", 0);
}

/* A second Message-ID, or one with bytes that Postfix masks in its log: while the mail comes in,
 * its queue id cannot be another's. */
static void test_an_odd_message_id_of_the_same_transaction_makes_no_second_mail(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_tell(&world, 'l', 0, "cleanup " LOG " q=4mGprq id=second@x");
    tell_log(id, 0, "4mGprq", "bob@example.com");
    world_ship(&world);
    assert_int_equal(1, world_records(&world));
    world_has(&world, id, " delivered ", 1);
}

/* Postfix writes '?' for each byte that is not printable. */
static void test_a_message_id_that_the_log_masks_is_the_same(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    world_tell(&world, 'm', 51, "mail w=%llu host=mx1.example.org from=a@x ip=192.0.2.7", W(id));
    world_tell(&world, 'm', 52, "rcpt w=%llu to=bob@example.com", W(id));
    world_tell(&world, 'm', 53, "header w=%llu q=A1BF5 id=a%%FF%%01b@x", W(id));
    world_tell(&world, 'm', 54, "queued w=%llu q=A1BF5 size=420", W(id));
    world_tell(&world, 'l', 1000, "cleanup " LOG " q=A1BF5 id=a??b@x");
    world_ship(&world);
    assert_int_equal(1, world_records(&world));
    world_tell(&world, 'l', 1001, "cleanup " LOG " q=A1BF5 id=a?b@x");
    world_ship(&world);
    assert_int_equal(2, world_records(&world));
}

static void test_a_late_milter_takes_over_what_the_log_began(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1), minted;
    world_start(&world);
    tell_log(id, 0, "4mGprq", "bob@example.com");
    world_settle(&world); /* the hold is over */
    assert_int_equal(1, world_find(&world, TERM_QUEUE_ID, "4mgprq", &minted));
    assert_true(minted != id);
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_settle(&world);
    world_stop(&world);
    char see[64];
    snprintf(see, sizeof see, "1 see=%llu", W(id));
    world_has(&world, minted, see, 1);
    world_has(&world, id, " delivered ", 1);
    world_has(&world, id, " subject=Hello", 1);
    world_has(&world, id, "1 mx1", 1);
}

static void test_a_late_milter_finds_what_an_earlier_process_began(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1), minted;
    world_tell(&world, 'l', 1000, "delayed " LOG " q=4mGprq to=bob@example.com via=smtp");
    world_ship(&world);
    assert_int_equal(1, world_find(&world, TERM_QUEUE_ID, "4mgprq", &minted));
    assert_int_equal(1, world_state(&world, STATE_DELAYED));
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_ship(&world);
    char see[64];
    snprintf(see, sizeof see, "1 see=%llu", W(id));
    world_has(&world, minted, see, 1);
    world_has(&world, id, " delayed ", 1);
    assert_int_equal(1, world_state(&world, STATE_DELAYED)); /* of one waybill, not of both */
}

static void test_a_death_between_the_two_records_of_a_mail_is_mended(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1), minted;
    char see[64];
    world_tell(&world, 'l', 1000, "delayed " LOG " q=4mGprq to=bob@example.com via=smtp");
    world_ship(&world);
    assert_int_equal(1, world_find(&world, TERM_QUEUE_ID, "4mgprq", &minted));
    char *made = world_record(&world, minted);
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_ship(&world);
    /* As if the pointer had not got there. */
    free(redis_ask(&redis,
                   "EVAL \"for _, key in ipairs(redis.call('KEYS', 'wb:r:*:3')) do "
                   "if redis.call('HEXISTS', key, ARGV[1]) == 1 then "
                   "redis.call('HSET', key, ARGV[1], ARGV[2]) end end\" 0 %012llu '%s'",
                   W(id_ref(minted)), made));
    world_has(&world, minted, " delayed ", 1);
    free(made);
    world_rewind(&world);
    world_ship(&world);
    snprintf(see, sizeof see, "1 see=%llu", W(id));
    world_has(&world, minted, see, 1);
    world_has(&world, id, " delayed ", 1);
}

static void test_a_line_of_the_log_finds_a_mail_of_an_earlier_process(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_tell(&world, 'l', 2000, "delayed " LOG " q=4mGprq to=bob@example.com via=smtp dsn=4.0.0");
    world_ship(&world);
    assert_int_equal(1, world_state(&world, STATE_DELAYED));
    world.settings.hold_seconds = 600; /* it must not have to wait */
    world_tell(&world, 'l', 90000, "delivered " LOG " q=4mGprq to=bob@example.com via=smtp");
    world_ship(&world);
    world_has(&world, id, " delivered ", 1);
    assert_int_equal(0, world_state(&world, STATE_DELAYED));
    assert_int_equal(1, world_records(&world));
    char *events = redis_ask(&redis, "XLEN wb:ev:%llu", W(id % 16));
    assert_string_equal("3", events); /* accepted, delayed, delivered: none twice */
    free(events);
}

static void test_a_fact_of_another_nodes_mail_goes_into_a_field_of_its_own(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    struct world other;
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_ship(&world);
    world_open(&other, &redis, 9, world.start);
    world_tell(&other, 'r', 90000,
               "failed w=%llu to=bob@example.com dsn=5.1.1 side=smtp client=mx.example.com token=1",
               W(id));
    world_ship(&other);
    world_close(&other);
    world_has(&world, id, " failed ", 1);
    world_has(&world, id, " mail ", 1);
    assert_int_equal(1, world_state(&world, STATE_FAILED));
    long long own =
        redis_number(&redis, "EVAL \"local n = 0 for _, key in ipairs(redis.call("
                             "'KEYS', 'wb:r:*')) do for _, field in ipairs(redis.call('HKEYS',"
                             " key)) do if field:find('+09', 1, true) then n = n + 1 end end "
                             "end return n\" 0");
    assert_int_equal(1, own);
}

static void test_gaps_and_beats_reach_the_store(void **state)
{
    (void)state;
    world_tell(&world, 'l', 0, "gap until=%lld count=7 cause=truncated",
               (long long)(world.start + 5000));
    world_tell(&world, 'l', 6000, "beat");
    world_ship(&world);
    char *dump = redis_dump(&redis);
    assert_int_equal(1, count_words(dump, "wb:gap:"));
    assert_int_equal(1, count_words(dump, "truncated"));
    free(dump);
    char *event = redis_ask(&redis, "XRANGE wb:ev:0 - +");
    assert_int_equal(1, count_words(event, "trace.gap"));
    free(event);
    char *beat = redis_ask(&redis, "HGET wb:beat:03 log");
    assert_int_equal(world.start + 6000, atoll(beat));
    free(beat);
    beat = redis_ask(&redis, "HGET wb:beat:03 ship");
    assert_true(atoll(beat) > clock_now() - 60000);
    free(beat);
}

struct silence {
    size_t count;
    struct store_gap last;
};

static void take_silence(void *context, const struct store_gap *gap)
{
    struct silence *silence = context;
    silence->count++;
    silence->last = *gap;
}

static void check_silence(size_t count, int64_t from, int64_t until)
{
    struct silence silence = {0};
    struct store *store;
    struct error why;
    assert_int_equal(0, store_open(&store, &world.settings, &why));
    assert_int_equal(0, store_get_gaps(store, world.start + from, world.start + until, take_silence,
                                       &silence, &why));
    store_close(&store);
    assert_int_equal(count, silence.count);
    if (count == 0)
        return;
    assert_string_equal("milter", silence.last.witness);
    assert_string_equal("not running", silence.last.cause);
    assert_true(silence.last.from == world.start + from);
    assert_true(silence.last.until == world.start + until);
}

static void test_a_milter_that_was_down_leaves_a_gap(void **state)
{
    (void)state;
    world_tell(&world, 'm', 0, "beat");
    world_tell(&world, 'm', 10000, "beat");
    world_tell(&world, 'm', 100000, "beat");
    world_tell(&world, 'l', 0, "beat");
    world_tell(&world, 'l', 100000, "beat"); /* its lines are read later, none is lost */
    world_ship(&world);
    check_silence(0, 1000, 9000);
    check_silence(1, 10000, 100000);
    world_tell(&world, 'm', 300000, "beat"); /* read by the next process */
    world_ship(&world);
    check_silence(2, 100000, 300000);
}

static void test_what_cannot_be_read_is_counted_and_stops_nothing(void **state)
{
    (void)state;
    uint64_t id = world_id(&world, 0, 1);
    world_tell_text(&world, "no fact at all");
    world_tell_text(&world, "");
    world_tell(&world, 'm', 0, "mail w=999999999999999999 from=a@x");
    world_tell(&world, 'l', 0, "delivered to=bob@example.com");
    tell_milter(id, 51, "4mGprq", "bob@example.com");
    world_start(&world);
    world_settle(&world);
    struct ship_stats stats;
    ship_read_stats(world.ship, &stats);
    world_stop(&world);
    assert_int_equal(2, stats.unread);
    assert_int_equal(2, stats.orphans);
    world_has(&world, id, " queued ", 1);
}

static void tell_notification(void)
{
    world_tell(&world, 'l', 0, "cleanup " LOG " q=5E id=a@x");
    world_tell(&world, 'l', 0, "active " LOG " q=5E from= size=430 nrcpt=1");
    world_tell(&world, 'l', 2000, "delivered " LOG " q=5E to=a@example.com relay=n[192.0.2.9]:25");
    world_tell(&world, 'l', 2000, "removed " LOG " q=5E");
}

/* A refusal makes us look at what its client sent before; of two mails with one queue id that is
 * the second only. */
static void test_a_mail_read_for_its_client_takes_no_others_lines(void **state)
{
    (void)state;
    uint64_t second;
    tell_notification();
    world_tell(&world, 'l', 4000, "client " LOG " q=5E client=c ip=192.0.2.7");
    world_tell(&world, 'l', 4000, "active " LOG " q=5E from=b@x size=430 nrcpt=1");
    world_tell(&world, 'l', 6000, "delivered " LOG " q=5E to=b@example.com relay=n[192.0.2.9]:25");
    world_tell(&world, 'l', 6000, "removed " LOG " q=5E");
    world_ship(&world);
    world_start(&world);
    world_tell(&world, 'l', 7000, "refused " LOG " to=c@example.com ip=192.0.2.7 phase=rcpt");
    world_settle(&world);
    tell_notification();
    world_settle(&world);
    world_stop(&world);
    assert_int_equal(1, world_find(&world, TERM_RECIPIENT, "b@example.com", &second));
    world_has(&world, second, " cleanup ", 0);
    world_has(&world, second, " active ", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_one_mail_is_one_record_of_both_witnesses),
        TEST(test_the_log_may_come_first),
        TEST(test_a_mail_of_the_log_alone_gets_the_same_number_each_time),
        TEST(test_a_client_alone_makes_no_waybill_and_holds_nothing_back),
        TEST(test_a_short_queue_id_used_again_is_another_mail),
        TEST(test_a_queue_id_used_again_in_the_log_alone_is_another_mail),
        TEST(test_two_instances_are_two_mails),
        TEST(test_the_message_id_tells_two_mails_apart),
        TEST(test_an_odd_message_id_of_the_same_transaction_makes_no_second_mail),
        TEST(test_a_message_id_that_the_log_masks_is_the_same),
        TEST(test_a_mail_read_for_its_client_takes_no_others_lines),
        TEST(test_a_late_milter_takes_over_what_the_log_began),
        TEST(test_a_late_milter_finds_what_an_earlier_process_began),
        TEST(test_a_death_between_the_two_records_of_a_mail_is_mended),
        TEST(test_a_line_of_the_log_finds_a_mail_of_an_earlier_process),
        TEST(test_a_fact_of_another_nodes_mail_goes_into_a_field_of_its_own),
        TEST(test_gaps_and_beats_reach_the_store),
        TEST(test_a_milter_that_was_down_leaves_a_gap),
        TEST(test_what_cannot_be_read_is_counted_and_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
