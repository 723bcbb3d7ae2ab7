/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One mail after the other has the same queue id, within a second too: whatever the order of the
 * witnesses, wherever batches and processes end, however often the log is read, each mail has a
 * record of its own with its facts and no other's.
 */
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
#define MAILS 60
#define QUEUE_IDS 4
#define LINES_MAX 2000

static struct redis redis;

static int set_up(void **state)
{
    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, NULL, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_remove(&redis);
    return 0;
}

/* ---- a server that uses its queue ids again ---- */

struct mail {
    uint64_t id; /* 0: no milter saw it */
    int64_t begins, ends;
    unsigned queue_id;
};

struct line {
    char *text;
    int64_t key; /* the order of the journal */
};

struct traffic {
    struct mail mails[MAILS];
    struct line log[LINES_MAX], milter[LINES_MAX];
    size_t logged, seen;
};

static unsigned chance(unsigned of)
{
    return (unsigned)random() % of;
}

static void put(struct line *lines, size_t *count, const struct world *world, char witness,
                int64_t ms, int64_t key, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

static void put(struct line *lines, size_t *count, const struct world *world, char witness,
                int64_t ms, int64_t key, const char *format, ...)
{
    char rest[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rest, sizeof rest, format, arguments);
    va_end(arguments);
    assert_true(*count < LINES_MAX);
    lines[*count].text = world_line(world, witness, ms, rest);
    lines[(*count)++].key = key;
}

#define MILTER(ms, ...) put(traffic->milter, &traffic->seen, world, 'm', ms, ms, __VA_ARGS__)
#define LOGGED(ms, ...)                                                                            \
    put(traffic->log, &traffic->logged, world, 'l', whole ? (ms) / 1000 * 1000 : (ms), ms,         \
        __VA_ARGS__)

static void add_seen(struct traffic *traffic, const struct world *world, unsigned i)
{
    const struct mail *mail = &traffic->mails[i];
    int64_t ms = mail->begins;
    MILTER(ms, "mail w=%llu host=mx1.example.org from=s%u@example.org ip=192.0.2.%u", W(mail->id),
           i, i % 2);
    MILTER(ms + 1, "rcpt w=%llu to=r%u@example.com", W(mail->id), i);
    MILTER(ms + 2, "header w=%llu q=Q%u id=m%u@x", W(mail->id), mail->queue_id, i);
    MILTER(ms + 3, "queued w=%llu q=Q%u size=77", W(mail->id), mail->queue_id);
}

/* count= stands for what in a real log tells equal lines apart: how often they stood before. */
static void add_logged(struct traffic *traffic, const struct world *world, unsigned i, bool whole)
{
    const struct mail *mail = &traffic->mails[i];
    int64_t ms = mail->begins, end = mail->ends;
    unsigned q = mail->queue_id;
    LOGGED(ms + 1, "client " LOG " q=Q%u client=c ip=192.0.2.%u count=%u", q, i % 2, i);
    LOGGED(ms + 2, "cleanup " LOG " q=Q%u id=m%u@x", q, i);
    LOGGED(ms + 3, "active " LOG " q=Q%u from=s%u@example.org size=90 nrcpt=1", q, i);
    if (i % 3 == 0)
        LOGGED(end - 3, "delayed " LOG " q=Q%u to=r%u@example.com relay=n[192.0.2.9]:25", q, i);
    LOGGED(end - 2, "%s " LOG " q=Q%u to=r%u@example.com relay=n[192.0.2.9]:25",
           i % 5 ? "delivered" : "failed", q, i);
    if (i % 5 == 0)
        LOGGED(end - 1, "notified " LOG " q=Q%u next=N%u", q, i);
    LOGGED(end, "removed " LOG " q=Q%u count=%u", q, i);
}

static int by_key(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    return a->key < b->key ? -1 : a->key > b->key;
}

/* The lines of both witnesses, each in its own order: one clock, and keys that never tie within a
 * queue id, so that sorting keeps the order. */
static void traffic_make(struct traffic *traffic, const struct world *world, bool whole)
{
    int64_t free_at[QUEUE_IDS] = {0};
    *traffic = (struct traffic){0};
    for (unsigned i = 0; i < MAILS; i++) {
        struct mail *mail = &traffic->mails[i];
        mail->queue_id = chance(QUEUE_IDS);
        mail->begins = free_at[mail->queue_id] + 5 + chance(chance(4) ? 30 : 2500);
        mail->ends = mail->begins + 10 + chance(chance(4) ? 300 : 3000);
        free_at[mail->queue_id] = mail->ends;
        if (chance(3))
            mail->id = world_id(world, mail->begins, i);
        if (mail->id != 0)
            add_seen(traffic, world, i);
        add_logged(traffic, world, i, whole);
    }
    qsort(traffic->log, traffic->logged, sizeof traffic->log[0], by_key);
    qsort(traffic->milter, traffic->seen, sizeof traffic->milter[0], by_key);
}

static void traffic_free(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->logged; i++)
        free(traffic->log[i].text);
    for (size_t i = 0; i < traffic->seen; i++)
        free(traffic->milter[i].text);
}

/* ---- how it comes in ---- */

struct weather {
    bool whole;      /* the log counts whole seconds */
    int64_t lag;     /* ms that the log is behind the milter, or before it */
    bool again;      /* the log is read again from some lines before, now and then */
    unsigned deaths; /* of the shipper on the way */
};

static void traffic_tell(const struct traffic *traffic, struct world *world,
                         const struct weather *weather)
{
    size_t l = 0, m = 0, lines = traffic->logged + traffic->seen;
    for (size_t told = 0; l < traffic->logged || m < traffic->seen; told++) {
        bool log = m == traffic->seen ||
                   (l < traffic->logged &&
                    traffic->log[l].key + weather->lag < traffic->milter[m].key);
        world_tell_text(world, log ? traffic->log[l++].text : traffic->milter[m++].text);
        if (weather->again && log && chance(40) == 0)
            l -= chance(30) < l ? chance(30) % (l + 1) : 0;
        if (weather->deaths > 0 && told % (lines / (weather->deaths + 1)) == lines / 8) {
            world_stop(world);
            world_start(world);
        }
    }
}

/* ---- the true answer ---- */

static char *record_of(const struct world *world, uint64_t id)
{
    char *text = world_record(world, id);
    uint64_t see;
    if (strncmp(text, "1 see=", 6) == 0 && text_number(slice_of(text + 6), 1, UINT64_MAX, &see)) {
        free(text);
        text = world_record(world, see);
    }
    return text;
}

static void assert_times(const char *text, const char *word, size_t times, unsigned mail)
{
    if (count_words(text, word) != times)
        fail_msg("mail %u: '%s' is not there %zu times in:\n%s", mail, word, times, text);
}

static void check_mail(const struct traffic *traffic, const struct world *world, unsigned i)
{
    const struct mail *mail = &traffic->mails[i];
    char word[64];
    uint64_t id = mail->id;
    snprintf(word, sizeof word, "r%u@example.com", i);
    if (id == 0 && world_find(world, TERM_RECIPIENT, word, &id) != 1)
        fail_msg("mail %u is not found once", i);
    char *text = record_of(world, id);
    snprintf(word, sizeof word, " to=r%u@example.com", i);
    assert_times(text, word, count_words(text, " to="), i);
    assert_times(text, " rcpt ", mail->id != 0, i);
    assert_times(text, " delayed ", i % 3 == 0, i);
    assert_times(text, i % 5 ? " delivered " : " failed ", 1, i);
    assert_times(text, " notified ", i % 5 == 0, i);
    assert_times(text, " active", 1, i);
    assert_times(text, " removed", 1, i);
    assert_times(text, " client ", mail->id == 0, i);
    snprintf(word, sizeof word, " id=m%u@x", i);
    assert_times(text, word, 1, i);
    free(text);
}

static void check_all(const struct traffic *traffic, const struct world *world)
{
    char *dump = redis_dump(&redis);
    for (unsigned i = 0; i < MAILS; i++)
        check_mail(traffic, world, i);
    assert_int_equal(MAILS, world_records(world) - (long long)count_words(dump, "= 1 see="));
    free(dump);
}

static void run(unsigned seed, const struct weather *weather)
{
    static struct traffic traffic;
    struct world world;
    srandom(seed);
    print_message("seed %u, %s seconds, lag %lld ms%s, %u deaths\n", seed,
                  weather->whole ? "whole" : "parted", (long long)weather->lag,
                  weather->again ? ", read again" : "", weather->deaths);
    free(redis_ask(&redis, "FLUSHALL"));
    world_open(&world, &redis, 3, world_hour_ago());
    world.settings.hold_seconds = weather->lag > 0 ? 1 : 2;
    world.settings.batch_facts = 1 + chance(60);
    traffic_make(&traffic, &world, weather->whole);
    world_start(&world);
    traffic_tell(&traffic, &world, weather);
    world_stop(&world);
    world_rewind(&world);
    world_ship(&world);
    check_all(&traffic, &world);
    traffic_tell(&traffic, &world, &(struct weather){.lag = weather->lag});
    world_ship(&world);
    check_all(&traffic, &world);
    world_close(&world);
    traffic_free(&traffic);
}

static void run_all(const struct weather *weather, unsigned first, unsigned count)
{
    for (unsigned seed = first; seed < first + count; seed++)
        run(seed, weather);
}

static void test_lines_in_the_order_in_which_they_happened(void **state)
{
    (void)state;
    run_all(&(struct weather){.whole = false}, 1, 4);
    run_all(&(struct weather){.whole = true}, 5, 6);
}

static void test_a_milter_long_before_the_log(void **state)
{
    (void)state;
    run_all(&(struct weather){.whole = true, .lag = 1500}, 20, 4);
    run_all(&(struct weather){.whole = true, .lag = 60000}, 30, 4);
}

static void test_a_log_long_before_the_milter(void **state)
{
    (void)state;
    run_all(&(struct weather){.whole = true, .lag = -1500}, 40, 4);
    run_all(&(struct weather){.whole = true, .lag = -60000}, 50, 4);
}

static void test_a_log_that_is_read_again(void **state)
{
    (void)state;
    run_all(&(struct weather){.whole = true, .again = true}, 60, 4);
    run_all(&(struct weather){.whole = false, .again = true}, 65, 2);
}

static void test_a_shipper_that_dies_on_the_way(void **state)
{
    (void)state;
    run_all(&(struct weather){.whole = true, .deaths = 5}, 70, 4);
    run_all(&(struct weather){.whole = false, .deaths = 3, .again = true, .lag = 700}, 80, 4);
    run_all(&(struct weather){.whole = true, .deaths = 3, .again = true, .lag = 700}, 80, 4);
    run_all(&(struct weather){.whole = true, .deaths = 3, .again = true, .lag = 700}, 116, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_lines_in_the_order_in_which_they_happened),
        TEST(test_a_milter_long_before_the_log),
        TEST(test_a_log_long_before_the_milter),
        TEST(test_a_log_that_is_read_again),
        TEST(test_a_shipper_that_dies_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
