/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many witnesses, one reader, at once. Worth most under ThreadSanitizer.
 */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define THREADS 8
#define EACH 1500

static struct journal *journal;
static atomic_uint lost;

static void *append(void *argument)
{
    int thread = *(int *)argument;
    char line[64], note[32];

    for (int i = 0; i < EACH; i++) {
        int size = snprintf(line, sizeof line, "%d %d", thread, i);
        uint64_t ticket = journal_append(journal, JOURNAL_FACT, line, (size_t)size);
        if (ticket == 0)
            lost++;
        else if (i % 10 == 0)
            assert_true(journal_wait(journal, ticket, 10000));
        if (i % 7 == 0)
            journal_remember(journal, "last", slice_of(line));
        if (i % 50 == 0)
            journal_note(journal, "position", slice_of(line));
        if (i % 64 == 0) {
            struct journal_stats stats;
            journal_read_stats(journal, &stats);
            (void)journal_recall(journal, "last", note, sizeof note);
        }
    }
    return NULL;
}

static void run_threads(enum sync_mode sync)
{
    struct journal_options options = options_usual();
    pthread_t threads[THREADS];
    int numbers[THREADS], next[THREADS] = {0};
    struct list got = {0};
    struct error why;
    size_t checked = 0;

    options.sync = sync;
    options.sync_ms = 3;
    options.segment_size = 16384;
    lost = 0;
    journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, append, &numbers[i]), 0);
    }
    for (int64_t end = clock_monotonic() + 60000;
         list_facts(&got) + lost < THREADS * EACH && clock_monotonic() < end;) {
        journal_reader_wait(reader, journal, 100);
        list_read(&got, reader);
        assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    journal_close(&journal);
    list_read(&got, reader);
    assert_int_equal(lost, list_gap_count(&got, NULL));
    for (size_t i = 0; i < got.count; i++) {
        int thread, number; /* the order of each thread is kept */
        if (sscanf(got.line[i], "%d %d", &thread, &number) != 2 || strstr(got.line[i], "gap"))
            continue;
        assert_true(thread >= 0 && thread < THREADS && number >= next[thread]);
        next[thread] = number + 1;
        checked++;
    }
    assert_int_equal(checked + lost, THREADS * EACH);
    journal_reader_close(&reader);
    list_clear(&got);
}

static void test_eight_appenders_and_a_reader(void **state)
{
    (void)state;
    run_threads(SYNC_INTERVAL);
}

static void test_eight_appenders_with_group_commit(void **state)
{
    (void)state;
    run_threads(SYNC_ALWAYS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, directory_setup, directory_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_eight_appenders_and_a_reader),
        TEST(test_eight_appenders_with_group_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
