/* SPDX-License-Identifier: BSD-2-Clause */
/* The same facts, once or twice, in whatever order, by one node or two: the same store. */
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
#define LINES_MAX 2000

static struct redis redis;
static int64_t start;

static int set_up(void **state)
{
    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, NULL, true);
    start = world_hour_ago();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_remove(&redis);
    return 0;
}

/* All lines of a day at the office, in the order in which they happened. */
struct lines {
    char *of[LINES_MAX];
    size_t count;
};

static void add(struct lines *lines, const struct world *world, char witness, int64_t ms,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

static void add(struct lines *lines, const struct world *world, char witness, int64_t ms,
                const char *format, ...)
{
    char rest[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rest, sizeof rest, format, arguments);
    va_end(arguments);
    assert_true(lines->count < LINES_MAX);
    lines->of[lines->count++] = world_line(world, witness, ms, rest);
}

/* No term so often that the index keeps it in another way, which is a matter of order. */
static void recipient_of(unsigned i, char to[static 64])
{
    snprintf(to, 64, "%s@example%u.com", i % 2 ? "bob" : "eve", i % 6);
}

static void add_outcome(struct lines *lines, const struct world *world, unsigned i, int64_t ms,
                        const char *queue_id)
{
    char to[64];
    recipient_of(i, to);
    if (i % 4 == 1 || i % 4 == 2)
        add(lines, world, 'l', ms + 1000,
            "delayed " LOG " q=%s to=%s relay=next%u[192.0.2.9]:25 "
            "dsn=4.2.0 reply=try%%20later",
            queue_id, to, i % 6);
    if (i % 4 == 2)
        add(lines, world, 'l', ms + 5000,
            "failed " LOG " q=%s to=%s relay=next%u[192.0.2.9]:25 "
            "dsn=5.1.1 reply=no%%20such%%20user",
            queue_id, to, i % 6);
    else if (i % 4 != 1)
        add(lines, world, 'l', ms + 5000,
            "delivered " LOG " q=%s to=%s relay=next%u[192.0.2.9]:25 "
            "dsn=2.0.0 reply=250%%20Ok",
            queue_id, to, i % 6);
    if (i % 4 != 1)
        add(lines, world, 'l', ms + 5000, "removed " LOG " q=%s", queue_id);
}

static void add_mail(struct lines *lines, const struct world *world, unsigned i)
{
    int64_t ms = i * 300;
    uint64_t id = world_id(world, ms, i);
    char queue_id[32], to[64];
    snprintf(queue_id, sizeof queue_id, "A%u", i);
    recipient_of(i, to);
    add(lines, world, 'm', ms + 1,
        "mail w=%llu host=mx1.example.org from=shop@example%u.org ip=192.0.2.%u", W(id), i % 6,
        i % 20);
    if (i % 5 == 0)
        add(lines, world, 'm', ms + 2, "refused w=%llu to=no@example.com phase=rcpt", W(id));
    if (i % 10 == 0) {
        add(lines, world, 'm', ms + 3, "abandoned w=%llu phase=rcpt", W(id));
        return;
    }
    add(lines, world, 'm', ms + 3, "rcpt w=%llu to=%s", W(id), to);
    add(lines, world, 'l', ms, "client " LOG " q=%s client=c ip=192.0.2.%u", queue_id, i % 20);
    add(lines, world, 'm', ms + 4, "header w=%llu q=%s id=m%u@x", W(id), queue_id, i);
    add(lines, world, 'l', ms, "cleanup " LOG " q=%s id=m%u@x", queue_id, i);
    add(lines, world, 'm', ms + 5, "queued w=%llu q=%s size=77", W(id), queue_id);
    add(lines, world, 'l', ms, "active " LOG " q=%s from=shop@example%u.org size=90 nrcpt=1",
        queue_id, i % 6);
    add_outcome(lines, world, i, ms, queue_id);
}

static void lines_make(struct lines *lines, const struct world *world, unsigned mails)
{
    lines->count = 0;
    for (unsigned i = 0; i < mails; i++)
        add_mail(lines, world, i);
}

static void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->of[i]);
    lines->count = 0;
}

static void lines_shuffle(struct lines *lines, unsigned seed)
{
    srandom(seed);
    for (size_t i = lines->count; i > 1; i--) {
        size_t j = (size_t)random() % i;
        char *swap = lines->of[i - 1];
        lines->of[i - 1] = lines->of[j];
        lines->of[j] = swap;
    }
}

static char witness_of(const char *line)
{
    return strchr(line, ' ')[1];
}

/* Those of `witness`; 0: all. */
static void lines_tell(const struct lines *lines, struct world *world, char witness)
{
    for (size_t i = 0; i < lines->count; i++)
        if (witness == 0 || witness_of(lines->of[i]) == witness)
            world_tell_text(world, lines->of[i]);
}

static void assert_same(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return;
    size_t at = 0;
    while (a[at] == b[at])
        at++;
    while (at > 0 && a[at - 1] != '\n')
        at--;
    fail_msg("the stores differ:\n%.400s\n---\n%.400s", a + at, b + at);
}

static void test_a_journal_shipped_twice_changes_nothing(void **state)
{
    (void)state;
    static struct lines lines;
    struct world world;
    world_open(&world, &redis, 3, start);
    lines_make(&lines, &world, 60);
    lines_tell(&lines, &world, 0);
    world_ship(&world);
    char *once = redis_dump(&redis);
    assert_true(count_words(once, "wb:r:") == 54);
    world_rewind(&world);
    world_ship(&world);
    char *twice = redis_dump(&redis);
    assert_same(once, twice);
    free(once);
    free(twice);
    lines_free(&lines);
    world_close(&world);
}

static void test_the_order_of_facts_does_not_count(void **state)
{
    (void)state;
    static struct lines lines;
    char *wanted = NULL;
    for (unsigned seed = 0; seed < 6; seed++) {
        struct world world;
        free(redis_ask(&redis, "FLUSHALL"));
        world_open(&world, &redis, 3, start);
        world.settings.hold_seconds = 2;
        world.settings.batch_facts = 1 + seed * 29;
        lines_make(&lines, &world, 60);
        if (seed > 0)
            lines_shuffle(&lines, seed);
        world_start(&world);
        lines_tell(&lines, &world, 0);
        world_settle(&world);
        world_close(&world);
        char *dump = redis_dump(&redis);
        if (wanted == NULL)
            wanted = dump;
        else
            assert_same(wanted, dump);
        if (wanted != dump)
            free(dump);
        lines_free(&lines);
    }
    free(wanted);
}

static void test_a_replay_mends_what_is_missing(void **state)
{
    (void)state;
    static struct lines lines;
    struct world world;
    world_open(&world, &redis, 3, start);
    lines_make(&lines, &world, 40);
    lines_tell(&lines, &world, 0);
    world_ship(&world);
    char *whole = redis_dump(&redis);
    /* As if a server had died with half a batch: records are there, what follows is not. */
    free(redis_ask(&redis, "EVAL \"for _, key in ipairs(redis.call('KEYS', '*')) do "
                           "if not key:find('^wb:r') then redis.call('DEL', key) end end\" 0"));
    world_rewind(&world);
    world_ship(&world);
    char *mended = redis_dump(&redis);
    assert_same(whole, mended);
    free(whole);
    free(mended);
    lines_free(&lines);
    world_close(&world);
}

static void test_two_names_of_one_host_leave_the_record_readable(void **state)
{
    (void)state;
    struct world home, other;
    world_open(&home, &redis, 3, start);
    world_open(&other, &redis, 4, start);
    uint64_t id = world_id(&home, 0, 1);
    world_tell(&other, 'q', 9000, "failed w=%llu host=mx4 to=bob@example.com", W(id));
    world_ship(&other);
    world_tell(&home, 'm', 1, "mail w=%llu host=mx1.example.org from=a@x", W(id));
    world_tell(&home, 'm', 2, "rcpt w=%llu to=bob@example.com", W(id));
    world_ship(&home);
    world_has(&home, id, "1 mx1.example.org ", 1);
    world_has(&home, id, " failed ", 1);
    world_has(&home, id, " rcpt ", 1);
    assert_int_equal(1, world_state(&home, STATE_FAILED));
    world_close(&other);
    world_close(&home);
}

/* The milter's facts by one node, the log's by another: both orders of the nodes' lines. */
static char *ship_by_two(struct lines *lines, unsigned seed)
{
    struct world one, two;
    free(redis_ask(&redis, "FLUSHALL"));
    world_open(&one, &redis, 3, start);
    world_open(&two, &redis, 4, start);
    two.settings.hold_seconds = 3;
    lines_make(lines, &one, 40);
    if (seed > 0)
        lines_shuffle(lines, seed);
    world_start(&one);
    world_start(&two);
    if (seed % 2) {
        lines_tell(lines, &two, 'l');
        lines_tell(lines, &one, 'm');
    } else {
        lines_tell(lines, &one, 'm');
        lines_tell(lines, &two, 'l');
    }
    world_settle(&one);
    world_settle(&two);
    world_close(&two);
    /* Records as readers see them, merged; then the sets and the events. */
    struct buffer text;
    buffer_init(&text, 1 << 24);
    for (unsigned i = 0; i < 40; i++) {
        char *record = world_record(&one, world_id(&one, i * 300, i));
        buffer_addf(&text, "%u: %s\n", i, record);
        free(record);
    }
    char *dump = redis_dump(&redis);
    for (char *line = strtok(dump, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strncmp(line, "wb:x:", 5) == 0 || strncmp(line, "wb:st:", 6) == 0 ||
            strncmp(line, "wb:ev:", 6) == 0)
            buffer_addf(&text, "%s\n", line);
    free(dump);
    world_close(&one);
    lines_free(lines);
    return text.data;
}

static void test_two_nodes_make_one_waybill_of_one_mail(void **state)
{
    (void)state;
    static struct lines lines;
    char *wanted = ship_by_two(&lines, 0);
    assert_int_equal(0, count_words(wanted, "see="));
    assert_true(count_words(wanted, " delivered ") > 10);
    assert_true(count_words(wanted, "wb:ev:") > 40);
    for (unsigned seed = 1; seed < 3; seed++) {
        char *got = ship_by_two(&lines, seed);
        assert_same(wanted, got);
        free(got);
    }
    free(wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_journal_shipped_twice_changes_nothing),
        TEST(test_the_order_of_facts_does_not_count),
        TEST(test_a_replay_mends_what_is_missing),
        TEST(test_two_names_of_one_host_leave_the_record_readable),
        TEST(test_two_nodes_make_one_waybill_of_one_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
