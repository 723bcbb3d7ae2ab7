/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The leader: one at a time, all generations in the order of time, nothing twice after a commit,
 * nothing lost before one.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waybill/clock.h"

#include "milter/journal/layout.h"

static void test_only_one_leads(void **state)
{
    struct journal_options options = options_usual();
    struct journal_reader *first = reader_must_lead(&options), *second;
    struct error why;

    (void)state;
    assert_int_equal(journal_lead(&second, &options, &why), 0);
    assert_null(second);
    journal_reader_close(&first);
    assert_null(first);
    assert_int_equal(journal_lead(&second, &options, &why), 1);
    journal_reader_close(&second);
}

static void test_two_generations_are_merged_by_time(void **state)
{
    struct journal_options options = options_usual();
    struct journal *old = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct journal *new = journal_must_open(&options);
    struct list got = {0};
    struct journal_position last[2] = {{0}};
    struct journal_entry entry;
    struct error why;

    (void)state;
    assert_int_equal(journal_generation(old), 0);
    assert_int_equal(journal_generation(new), 1);
    for (int i = 0; i < 200; i++) {
        append_text(i % 3 ? old : new, "%03d", i);
        clock_sleep(1); /* not in the same microsecond */
    }
    journal_close(&old);
    journal_close(&new);
    while (journal_next(reader, &entry, &why) > 0) {
        last[entry.position.generation] = entry.position;
        list_add(&got, entry.payload.at, entry.payload.size);
    }
    assert_int_equal(got.count, 200);
    for (int i = 0; i < 200; i++)
        assert_int_equal(number_at_end(slice_of(got.line[i])), i);
    assert_int_equal(journal_commit(reader, &last[0], NULL, &why), 0);
    list_clear(&got);
    journal_rewind(reader);
    list_read(&got, reader);
    assert_int_equal(got.count, 67); /* generation 1 is not committed */
    list_clear(&got);
    assert_int_equal(journal_commit(reader, &last[1], NULL, &why), 0);
    journal_reader_close(&reader);
    reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(got.count, 0);
    journal_reader_close(&reader);
}

static void test_a_generation_that_begins_later_is_found(void **state)
{
    struct journal_options options = options_usual();
    struct journal_reader *reader = reader_must_lead(&options);
    struct list got = {0};

    (void)state;
    list_read(&got, reader);
    struct journal *journal = journal_must_open(&options);
    journal_wait(journal, append_text(journal, "late"), 1000);
    for (int i = 0; i < 20 && got.count == 0; i++) {
        journal_reader_wait(reader, NULL, 200);
        list_read(&got, reader);
    }
    assert_true(list_has(&got, "late"));
    journal_close(&journal);
    journal_reader_close(&reader);
    list_clear(&got);
}

static void test_rewind_gives_again_what_was_not_committed(void **state)
{
    struct journal_options options = options_usual();
    options.segment_size = 4096;
    struct journal *journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct journal_entry entry;
    struct error why;
    uint64_t ticket = 0, backlog;

    (void)state;
    for (int i = 0; i < 500; i++)
        ticket = append_text(journal, "%0100d", i);
    assert_true(journal_wait(journal, ticket, 5000));
    journal_backlog(reader, &backlog);
    for (int i = 0; i < 500; i += 50) {
        for (int round = 0; round < 3; round++) {
            journal_rewind(reader);
            for (int j = i; j < i + 50; j++) {
                assert_int_equal(journal_next(reader, &entry, &why), 1);
                assert_int_equal(number_at_end(entry.payload), j);
            }
        }
        assert_int_equal(journal_commit(reader, &entry.position, NULL, &why), 0);
    }
    assert_int_equal(journal_next(reader, &entry, &why), 0);
    journal_backlog(reader, &backlog);
    assert_int_equal(backlog, 0);
    journal_reader_close(&reader);
    journal_close(&journal);
}

static void test_commit_removes_what_lies_before_but_never_the_newest(void **state)
{
    struct journal_options options = options_usual();
    options.segment_size = 4096;
    struct journal *journal = journal_must_open(&options);
    struct list got = {0};
    struct error why;
    uint64_t numbers[64];

    (void)state;
    for (int i = 0; i < 100; i++)
        journal_wait(journal, append_text(journal, "%0100d", i), 1000);
    journal_close(&journal);
    size_t before = segments(0, numbers);
    uint64_t newest = numbers[before - 1];
    assert_true(before > 2);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(segments(0, numbers), before); /* reading alone removes nothing */
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    assert_int_equal(segments(0, numbers), 1);
    assert_int_equal(numbers[0], newest);
    /* a position that is older than the cursor changes nothing */
    struct journal_position old = {0, 1, 100};
    assert_int_equal(journal_commit(reader, &old, NULL, &why), 0);
    journal_rewind(reader);
    list_clear(&got);
    list_read(&got, reader);
    assert_int_equal(got.count, 0);
    journal_reader_close(&reader);
}

/* A crash between the cursor and the unlink: the old segments are still there. */
static void test_segments_before_the_cursor_are_not_read_again(void **state)
{
    struct journal_options options = options_usual();
    options.segment_size = 4096;
    struct journal *journal = journal_must_open(&options);
    struct list got = {0};
    struct error why;
    uint64_t numbers[64];
    size_t size;

    (void)state;
    for (int i = 0; i < 100; i++)
        journal_wait(journal, append_text(journal, "%0100d", i), 1000);
    unsigned char *first = file_read(segment_path(0, 1, ""), &size);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    journal_reader_close(&reader);
    file_write(segment_path(0, 1, ""), first, size);
    free(first);
    for (int i = 0; i < 2; i++) {
        list_clear(&got);
        reader = reader_must_lead(&options);
        list_read(&got, reader);
        assert_int_equal(got.count, i);
        if (i == 1)
            assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
        journal_wait(journal, append_text(journal, "one more"), 1000);
        journal_reader_close(&reader);
    }
    assert_int_equal(segments(0, numbers), 1);
    journal_close(&journal);
    list_clear(&got);
}

static void test_a_cursor_with_a_torn_slot_falls_back_to_the_other(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct journal_entry entry;
    struct error why;
    char path[300];
    size_t size;

    (void)state;
    for (int i = 0; i < 10; i++)
        journal_wait(journal, append_text(journal, "%d", i), 1000);
    journal_close(&journal);
    struct journal_reader *reader = reader_must_lead(&options);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(journal_next(reader, &entry, &why), 1);
        assert_int_equal(journal_commit(reader, &entry.position, NULL, &why), 0);
    }
    journal_reader_close(&reader);
    snprintf(path, sizeof path, "%s/0/cursor", directory);
    unsigned char *bytes = file_read(path, &size);
    assert_int_equal(size, 1024);
    for (int round = 0; round < 3; round++) {
        struct list got = {0};
        if (round > 0) /* c = 10 stands in slot 0, c = 9 in slot 1 */
            bytes[round == 1 ? 20 : 530] ^= 1;
        file_write(path, bytes, size);
        reader = reader_must_lead(&options);
        list_read(&got, reader);
        assert_int_equal(got.count, round == 0 ? 0 : round == 1 ? 1 : 10);
        journal_reader_close(&reader);
        list_clear(&got);
    }
    free(bytes);
}

static void test_numbers_are_not_used_again_when_all_segments_are_gone(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct list got = {0};
    struct error why;

    (void)state;
    journal_close(&journal);
    journal = journal_must_open(&options);
    journal_wait(journal, append_text(journal, "shipped"), 1000);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    journal_close(&journal);
    unlink(segment_path(0, got.last.segment, ""));
    journal = journal_must_open(&options);
    journal_wait(journal, append_text(journal, "after"), 1000);
    list_read(&got, reader);
    assert_true(list_has(&got, "after"));
    journal_close(&journal);
    journal_reader_close(&reader);
    list_clear(&got);
}

static void test_half_a_record_of_a_living_writer_is_not_there_yet(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct list got = {0};
    unsigned char record[64];
    struct place place = {0, 1};

    (void)state;
    journal_wait(journal, append_text(journal, "first"), 1000);
    list_read(&got, reader);
    assert_int_equal(got.count, 1);
    /* write as another process would, byte by byte */
    size_t size = record_make(record, JOURNAL_FACT, 1, "second", 6);
    record_seal(record, size, place, got.last.offset);
    int fd = open(segment_path(0, 1, ""), O_WRONLY);
    for (size_t i = 0; i < size; i++) {
        list_read(&got, reader);
        assert_int_equal(got.count, 1);
        assert_int_equal(pwrite(fd, record + i, 1, (off_t)(got.last.offset + i)), 1);
    }
    list_read(&got, reader);
    assert_int_equal(got.count, 2);
    /* half a record that is cut off again, and another one in its place */
    uint64_t end = got.last.offset;
    size = record_make(record, JOURNAL_FACT, 2, "a long one", 10);
    record_seal(record, size, place, end);
    assert_int_equal(pwrite(fd, record, size - 3, (off_t)end), size - 3);
    list_read(&got, reader);
    assert_int_equal(ftruncate(fd, (off_t)end), 0);
    size = record_make(record, JOURNAL_FACT, 3, "x", 1);
    record_seal(record, size, place, end);
    assert_int_equal(pwrite(fd, record, size, (off_t)end), size);
    list_read(&got, reader);
    assert_int_equal(got.count, 3);
    assert_string_equal(got.line[2], "x");
    assert_int_equal(got.stepped_over, 0);
    close(fd);
    journal_reader_close(&reader);
    journal_close(&journal);
    list_clear(&got);
}

static void test_damage_in_the_newest_segment_is_stepped_over_in_time(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct list got = {0};

    (void)state;
    for (int i = 0; i < 10; i++)
        journal_wait(journal, append_text(journal, "record %d", i), 1000);
    int fd = open(segment_path(0, 1, ""), O_RDWR);
    assert_int_equal(pwrite(fd, "!", 1, SEGMENT_HEAD + 3 * 28 + 18), 1);
    close(fd);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(got.count, 3);
    assert_int_equal(got.stepped_over, 0);
    clock_sleep(2100);
    list_read(&got, reader);
    assert_int_equal(got.count, 9);
    assert_int_equal(got.stepped_over, 1);
    journal_reader_close(&reader);
    journal_close(&journal);
    list_clear(&got);
}

static void test_a_write_wakes_the_reader_at_once(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct list got = {0};

    (void)state;
    journal_reader_wait(reader, journal, 300); /* nothing is there: waits all the time */
    for (int i = 0; i < 20; i++) {
        int64_t began = clock_monotonic();
        append_text(journal, "%d", i);
        while ((int)got.count <= i) {
            journal_reader_wait(reader, journal, 5000);
            list_read(&got, reader);
        }
        assert_true(clock_monotonic() - began < 2000);
    }
    int64_t began = clock_monotonic();
    journal_reader_wait(reader, journal, 1); /* may know of the last write still */
    journal_reader_wait(reader, journal, 300);
    assert_true(clock_monotonic() - began >= 290);
    journal_reader_close(&reader);
    journal_close(&journal);
    list_clear(&got);
}

static void test_the_latest_note_of_all_generations_is_found(void **state)
{
    struct journal_options options = options_usual();
    struct journal *old = journal_must_open(&options), *new = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    char value[32];

    (void)state;
    journal_wait(old, journal_note(old, "log", slice_of("10")), 1000);
    journal_wait(new, journal_note(new, "log", slice_of("20")), 1000);
    journal_close(&old);
    old = journal_must_open(&options); /* repeats its note, with its old time */
    assert_int_equal(journal_generation(old), 0);
    assert_int_equal(journal_find_note(reader, "log", value, sizeof value), 0);
    assert_string_equal(value, "20");
    journal_wait(old, journal_note(old, "log", slice_of("30")), 1000);
    assert_int_equal(journal_find_note(reader, "log", value, sizeof value), 0);
    assert_string_equal(value, "30");
    journal_close(&new);
    journal_close(&old);
    journal_reader_close(&reader);
}

/* The head of a segment must not be ahead of its records: a position there says that the facts
 * before it are kept. */
static void test_a_head_never_tells_a_note_before_the_facts_it_follows(void **state)
{
    struct journal_options options = options_usual();
    options.segment_size = 4096;
    options.sync = SYNC_ALWAYS;
    struct journal *journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct journal_entry entry;
    struct error why;
    struct slice name, value;
    char number[16];
    uint64_t seen = 0;
    int result;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        append_text(journal, "%0200d", i);
        snprintf(number, sizeof number, "%d", i);
        journal_note(journal, "position", slice_of(number));
    }
    journal_close(&journal);
    while ((result = journal_next(reader, &entry, &why)) > 0) {
        if (entry.type == JOURNAL_FACT)
            seen = number_at_end(entry.payload);
        else if (journal_note_read(entry.payload, &name, &value))
            assert_true(number_at_end(value) <= seen);
    }
    assert_int_equal(seen, 1999);
    journal_reader_close(&reader);
}

static void test_a_living_process_is_read_by_another(void **state)
{
    struct journal_options options = options_usual();
    struct list got = {0};
    int status;

    (void)state;
    options.segment_size = 8192;
    pid_t child = fork();
    if (child == 0) {
        struct journal *journal = journal_must_open(&options);
        for (int i = 0; i < 3000; i++) {
            journal_wait(journal, append_text(journal, "%d", i), 1000);
            if (i % 100 == 0)
                clock_sleep(1);
        }
        journal_close(&journal);
        _exit(0);
    }
    struct journal_reader *reader = reader_must_lead(&options);
    struct error why;
    for (int i = 0; i < 300 && got.count < 3000; i++) {
        journal_reader_wait(reader, NULL, 50);
        list_read(&got, reader);
        if (got.count > 0)
            assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(got.count, 3000);
    assert_int_equal(got.stepped_over, 0);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(number_at_end(slice_of(got.line[i])), i);
    journal_reader_close(&reader);
    list_clear(&got);
}

/* ---- what names somebody goes, although nothing new comes ---- */

static void test_a_roll_and_a_scrub_empty_a_living_generation(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct list got = {0};
    struct journal_mark mark;
    struct error why;
    uint64_t numbers[64];

    (void)state;
    journal_wait(journal, append_text(journal, "bob"), 1000);
    journal_mark(reader, &mark);
    journal_roll(journal);
    journal_wait(journal, journal_note(journal, "forgotten", slice_of("1")), 1000);
    assert_int_equal(segments(0, numbers), 2);
    assert_int_equal(journal_scrub(reader, &mark), 1); /* it is not shipped */
    assert_int_equal(segments(0, numbers), 2);
    list_read(&got, reader);
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    (void)journal_scrub(reader, &mark);
    assert_int_equal(journal_scrub(reader, &mark), 0);
    assert_int_equal(segments(0, numbers), 1);
    assert_true(numbers[0] > mark.newest[0]);
    append_text(journal, "ann");
    journal_close(&journal);
    list_clear(&got);
    list_read(&got, reader);
    assert_true(list_has(&got, "ann"));
    list_clear(&got);
    journal_reader_close(&reader);
}

static void test_a_scrub_empties_a_generation_that_nobody_writes_and_keeps_its_notes(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct list got = {0};
    struct journal_mark mark;
    struct error why;
    char value[16];
    uint64_t numbers[64];

    (void)state;
    journal_note(journal, "log", slice_of("4711"));
    append_text(journal, "bob");
    journal_close(&journal);
    file_write(segment_path(0, 1, ".broken"), "bob", 3);
    list_read(&got, reader);
    assert_true(list_has(&got, "bob"));
    journal_mark(reader, &mark);
    assert_true(journal_scrub(reader, &mark) > 0);
    assert_int_equal(segments(0, numbers) - exists(segment_path(0, 1, ".broken")), 1);
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    (void)journal_scrub(reader, &mark);
    assert_int_equal(journal_scrub(reader, &mark), 0);
    assert_int_equal(segments(0, numbers), 1);
    assert_true(numbers[0] > mark.newest[0]);
    assert_false(exists(segment_path(0, 1, ".broken")));
    assert_int_equal(journal_find_note(reader, "log", value, sizeof value), 0);
    assert_string_equal(value, "4711");
    list_clear(&got);
    journal_reader_close(&reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, directory_setup, directory_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_only_one_leads),
        TEST(test_two_generations_are_merged_by_time),
        TEST(test_a_generation_that_begins_later_is_found),
        TEST(test_rewind_gives_again_what_was_not_committed),
        TEST(test_commit_removes_what_lies_before_but_never_the_newest),
        TEST(test_segments_before_the_cursor_are_not_read_again),
        TEST(test_a_cursor_with_a_torn_slot_falls_back_to_the_other),
        TEST(test_numbers_are_not_used_again_when_all_segments_are_gone),
        TEST(test_half_a_record_of_a_living_writer_is_not_there_yet),
        TEST(test_damage_in_the_newest_segment_is_stepped_over_in_time),
        TEST(test_a_write_wakes_the_reader_at_once),
        TEST(test_the_latest_note_of_all_generations_is_found),
        TEST(test_a_head_never_tells_a_note_before_the_facts_it_follows),
        TEST(test_a_living_process_is_read_by_another),
        TEST(test_a_roll_and_a_scrub_empty_a_living_generation),
        TEST(test_a_scrub_empties_a_generation_that_nobody_writes_and_keeps_its_notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
