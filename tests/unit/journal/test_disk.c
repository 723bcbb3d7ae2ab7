/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that is full: nobody waits, nothing is half written, what is lost is counted exactly, and
 * when there is place again all goes on by itself.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waybill/clock.h"

static char text[400];

/* Append so many; returns how many were refused. No append may take long. */
static uint64_t append_many(struct journal *journal, int count)
{
    uint64_t refused = 0;

    memset(text, 'x', sizeof text);
    for (int i = 0; i < count; i++) {
        int64_t began = clock_monotonic();
        refused += journal_append(journal, JOURNAL_FACT, text, sizeof text) == 0;
        assert_true(clock_monotonic() - began < 1000);
        if (i % 50 == 0)
            clock_sleep(1);
    }
    return refused;
}

/* Ship all that there is until nothing waits in the ring. */
static void drain(struct journal *journal, struct journal_reader *reader, struct list *got)
{
    struct journal_stats stats;
    struct error why;

    for (int quiet = 0, i = 0; quiet < 6 && i < 200; i++) {
        size_t before = got->count;
        list_read(got, reader);
        if (got->count > 0)
            assert_int_equal(journal_commit(reader, &got->last, NULL, &why), 0);
        journal_read_stats(journal, &stats);
        quiet = got->count == before && stats.waiting == 0 ? quiet + 1 : 0;
        journal_reader_wait(reader, journal, 250);
    }
}

/* Fill until facts are refused, ship, fill again: each loss is told, each other fact is there. */
static void fill_and_drain_twice(const struct journal_options *options, const char *cause)
{
    struct journal *journal = journal_must_open(options);
    struct journal_reader *reader = reader_must_lead(options);
    struct list got = {0};
    struct journal_stats stats;
    uint64_t refused = 0;

    for (int round = 1; round <= 2; round++) {
        uint64_t now = append_many(journal, 9000);
        assert_true(now > 0);
        refused += now;
        clock_sleep(700); /* some tries to write the gap fail, too */
        drain(journal, reader, &got);
        assert_int_equal(list_gap_count(&got, NULL), refused);
        assert_int_equal(list_facts(&got), 9000 * (unsigned)round - refused);
    }
    journal_read_stats(journal, &stats);
    assert_int_equal(stats.lost, refused);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(got.stepped_over, 0);
    size_t with_cause = 0; /* others: too fast for the disk before it was full */
    for (size_t i = 0; i < got.count; i++)
        with_cause += strstr(got.line[i], cause) != NULL;
    assert_true(with_cause > 0);
    journal_close(&journal);
    journal_reader_close(&reader);
    list_clear(&got);
}

static void test_a_full_disk_is_survived_twice_and_each_loss_is_told(void **state)
{
    struct journal_options options = options_usual();

    (void)state;
    if (mount("tmpfs", directory, "tmpfs", 0, "size=2m") != 0) {
        print_message("SKIPPED: cannot mount a tmpfs (not root?)\n");
        skip();
    }
    options.ring = 500;
    fill_and_drain_twice(&options, "cause=disk-full");
    assert_int_equal(umount(directory), 0);
}

static void test_a_start_on_a_full_disk_waits_for_place(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal;
    char path[300];
    static char block[1 << 16];

    (void)state;
    if (mount("tmpfs", directory, "tmpfs", 0, "size=1m") != 0) {
        print_message("SKIPPED: cannot mount a tmpfs (not root?)\n");
        skip();
    }
    journal = journal_must_open(&options);
    journal_wait(journal, append_text(journal, "before"), 1000);
    journal_close(&journal);
    snprintf(path, sizeof path, "%s/ballast", directory);
    FILE *ballast = fopen(path, "w");
    while (fwrite(block, sizeof block, 1, ballast) == 1 && fflush(ballast) == 0)
        ;
    fclose(ballast);
    journal = journal_must_open(&options);
    uint64_t ticket = append_text(journal, "while full");
    assert_false(journal_wait(journal, ticket, 300));
    /* what is there can be shipped, and the cursor be written */
    struct journal_reader *reader = reader_must_lead(&options);
    struct list got = {0};
    struct error why;
    list_read(&got, reader);
    assert_int_equal(got.count, 1);
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    unlink(path);
    assert_true(journal_wait(journal, ticket, 2000));
    list_read(&got, reader);
    assert_int_equal(got.count, 2);
    journal_reader_close(&reader);
    journal_close(&journal);
    list_clear(&got);
    assert_int_equal(umount(directory), 0);
}

static void test_the_bound_of_all_generations_is_kept(void **state)
{
    struct journal_options options = options_usual();
    struct journal_stats stats;

    (void)state;
    options.ring = 500;
    options.total_size = 1024 * 1024;
    struct journal *journal = journal_must_open(&options);
    append_many(journal, 9000);
    journal_read_stats(journal, &stats);
    assert_true(stats.lost > 0);
    assert_true(stats.bytes_held <= 1024 * 1024);
    journal_close(&journal);
    directory_remove(directory);
    assert_int_equal(run((char *[]){"mkdir", directory, NULL}, NULL, 0), 0);
    fill_and_drain_twice(&options, "cause=journal-full");
}

/* In a child of its own: the limit cannot be taken back. */
static void test_short_writes_leave_no_half_record(void **state)
{
    int status;

    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct journal_options options = options_usual();
        struct rlimit limit = {30011, 30011}; /* less than a segment, and on no border */
        struct list got = {0};
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        sigaction(SIGXFSZ, &ignore, NULL);
        setrlimit(RLIMIT_FSIZE, &limit);
        struct journal *journal = journal_must_open(&options);
        if (append_many(journal, 1000) != 0)
            _exit(1);
        uint64_t ticket = append_text(journal, "last");
        if (!journal_wait(journal, ticket, 30000))
            _exit(2);
        journal_close(&journal);
        struct journal_reader *reader = reader_must_lead(&options);
        list_read(&got, reader);
        if (got.count != 1001 || got.stepped_over != 0)
            _exit(3);
        list_clear(&got);
        journal_reader_close(&reader);
        if (journal_open(&journal, &options, list_recovered, &got, NULL) < 0)
            _exit(4);
        struct journal_stats stats;
        journal_read_stats(journal, &stats);
        _exit(got.count != 1001 || stats.torn_tails > 0 ? 5 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, directory_setup, directory_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_full_disk_is_survived_twice_and_each_loss_is_told),
        TEST(test_a_start_on_a_full_disk_waits_for_place),
        TEST(test_the_bound_of_all_generations_is_kept),
        TEST(test_short_writes_leave_no_half_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
