/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory is refused at random to the shipper's thread: it tells, waits and loses nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/clock.h"
#include "world.h"

#define LOG "host=mx1 inst=postfix"
#define W(id) (unsigned long long)(id)
#define MAILS 150

/* The linker puts these in the place of malloc and its kin (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static _Thread_local bool meagre; /* this thread is refused memory */
static unsigned one_in;           /* ... so often; 0: never */
static unsigned refused;

static bool refuse(void)
{
    static unsigned long long random = 88172645463325252ull;
    if (!meagre || one_in == 0)
        return false;
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    if (random % one_in != 0)
        return false;
    refused++;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refuse() ? NULL : __real_realloc(memory, size);
}

static void begin_to_refuse(void *context, struct journal_reader *reader)
{
    (void)context;
    (void)reader;
    meagre = true;
}

static void tell_mails(struct world *world)
{
    for (unsigned i = 0; i < MAILS; i++) {
        uint64_t id = world_id(world, i * 10, i);
        char q[32];
        snprintf(q, sizeof q, "Q%u", i);
        world_tell(world, 'l', i * 10, "client " LOG " q=%s client=c ip=192.0.2.1", q);
        world_tell(world, 'l', i * 10, "cleanup " LOG " q=%s id=m%u@x", q, i);
        if (i % 3 != 0) { /* the others are known to the log alone */
            world_tell(world, 'm', i * 10, "mail w=%llu host=mx1 from=a@x ip=192.0.2.1", W(id));
            world_tell(world, 'm', i * 10 + 1, "rcpt w=%llu to=bob%u@example.com", W(id), i % 9);
            world_tell(world, 'm', i * 10 + 2, "queued w=%llu q=%s size=4", W(id), q);
        }
        world_tell(world, 'l', i * 10 + 3, "delayed " LOG " q=%s to=bob%u@example.com via=smtp", q,
                   i % 9);
        world_tell(world, 'l', i * 10 + 9, "delivered " LOG " q=%s to=bob%u@example.com via=smtp",
                   q, i % 9);
        if (i % 3 == 1) { /* its sender is told by a mail of the next one's number */
            world_tell(world, 'r', i * 10 + 9,
                       "delivered by=%llu side=internal report=bounce q=%s host=mx1 "
                       "to=bob%u@example.com",
                       W(world_id(world, (i + 1) * 10, i + 1)), q, i % 9);
        }
    }
}

static void test_want_of_memory_delays_and_loses_nothing(void **state)
{
    (void)state;
    static const unsigned rates[] = {20000, 3000, 700};
    struct redis redis;
    int64_t start = world_hour_ago();
    redis_prepare(&redis);
    redis_start(&redis, NULL, true);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct world world;
        free(redis_ask(&redis, "FLUSHALL"));
        world_open(&world, &redis, 3, start);
        world.leading = begin_to_refuse;
        world.settings.batch_facts = 50;
        tell_mails(&world);
        one_in = rates[i];
        refused = 0;
        world_start(&world);
        clock_sleep(2000); /* then it may breathe */
        one_in = 0;
        world_settle(&world);
        struct ship_stats stats;
        ship_read_stats(world.ship, &stats);
        world_stop(&world);
        assert_true(refused > 0);
        assert_int_equal(0, stats.over_limit);
        assert_int_equal(0, stats.unread);
        assert_int_equal(MAILS, world_records(&world));
        char *dump = redis_dump(&redis);
        assert_int_equal(MAILS + MAILS / 3, count_words(dump, " delivered to="));
        assert_int_equal(MAILS / 3, count_words(dump, " report=bounce about=") -
                                        count_words(dump, " about=0"));
        assert_int_equal(MAILS, count_words(dump, " delayed to="));
        assert_int_equal(MAILS - MAILS / 3, count_words(dump, " rcpt to="));
        free(dump);
        assert_int_equal(0, world_state(&world, STATE_DELAYED));
        for (unsigned j = 0; j < 9; j++) {
            char address[64];
            snprintf(address, sizeof address, "bob%u@example.com", j);
            assert_in_range(world_find(&world, TERM_RECIPIENT, address, NULL), MAILS / 9,
                            MAILS / 9 + 1);
        }
        world_close(&world);
    }
    redis_remove(&redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_want_of_memory_delays_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
