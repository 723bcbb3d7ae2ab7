/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes in comes out: order, bytes, notes, tickets; and what does not go in is counted.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "waybill/clock.h"

static void test_random_records_come_back_as_an_array_would_keep_them(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct list wanted = {0}, got = {0};
    static unsigned char payload[JOURNAL_RECORD_MAX];
    uint64_t ticket = 0;

    (void)state;
    srand(7);
    for (int i = 0; i < 2000; i++) {
        size_t size = i % 50 == 0 ? JOURNAL_RECORD_MAX : (size_t)rand() % 600;
        for (size_t j = 0; j < size; j++)
            payload[j] = (unsigned char)rand();
        list_add(&wanted, payload, size);
        ticket = journal_append(journal, JOURNAL_FACT, payload, size);
        assert_int_equal(ticket, i + 1);
        if (i % 100 == 0)
            assert_true(journal_wait(journal, ticket, 5000));
    }
    assert_true(journal_wait(journal, ticket, 5000));
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(got.count, wanted.count);
    for (size_t i = 0; i < wanted.count; i++) {
        assert_int_equal(got.size[i], wanted.size[i]);
        assert_memory_equal(got.line[i], wanted.line[i], wanted.size[i]);
    }
    assert_int_equal(got.stepped_over, 0);
    journal_reader_close(&reader);
    journal_close(&journal);
    assert_null(journal);
    list_clear(&wanted);
    list_clear(&got);
}

static void test_what_was_queued_at_close_is_recovered_at_open(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct list got = {0};
    struct error why;

    (void)state;
    for (int i = 0; i < 500; i++)
        append_text(journal, "fact %d", i);
    journal_close(&journal);
    assert_int_equal(journal_open(&journal, &options, list_recovered, &got, &why), 0);
    assert_int_equal(got.count, 500);
    assert_string_equal(got.line[0], "fact 0");
    assert_string_equal(got.line[499], "fact 499");
    struct journal_stats stats;
    journal_read_stats(journal, &stats);
    assert_int_equal(stats.torn_tails + stats.quarantined, 0);
    journal_close(&journal);
    list_clear(&got);
}

static void test_a_record_that_is_too_long_is_lost_and_told(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    static char payload[JOURNAL_RECORD_MAX + 1];
    struct list got = {0};
    struct journal_stats stats;

    (void)state;
    assert_int_equal(journal_append(journal, JOURNAL_FACT, payload, sizeof payload), 0);
    assert_false(journal_wait(journal, 0, 0));
    journal_read_stats(journal, &stats);
    assert_int_equal(stats.lost, 1);
    journal_close(&journal);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(list_gap_count(&got, NULL), 1);
    assert_non_null(strstr(got.line[0], "cause=too-long"));
    journal_reader_close(&reader);
    list_clear(&got);
}

static void test_a_full_ring_loses_exactly_what_the_gaps_tell(void **state)
{
    struct journal_options options = options_usual();
    struct list got = {0};
    struct journal_stats stats;

    (void)state;
    options.ring = 20;
    struct journal *journal = journal_must_open(&options);
    uint64_t lost = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20000; i++)
            if (journal_append(journal, JOURNAL_FACT, "x", 1) == 0) {
                journal_read_stats(journal, &stats);
                assert_true(stats.waiting <= options.ring + 1); /* and a gap */
                lost++;
            }
        clock_sleep(1100);
    }
    journal_read_stats(journal, &stats);
    assert_int_equal(stats.lost, lost);
    assert_int_equal(stats.appended + stats.lost, 60000);
    journal_close(&journal);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_true(lost > 0);
    assert_int_equal(list_gap_count(&got, NULL), lost);
    assert_int_equal(list_facts(&got) + lost, 60000);
    journal_reader_close(&reader);
    list_clear(&got);
}

static void assert_recall(struct journal *journal, const char *name, const char *wanted)
{
    char value[JOURNAL_NOTE_VALUE_MAX + 1];

    assert_int_equal(journal_recall(journal, name, value, sizeof value), 0);
    assert_string_equal(value, wanted);
}

static void test_notes_survive_rotation_shipping_and_restart(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal;
    struct journal_reader *reader;
    struct list got = {0};
    struct error why;
    char value[64];
    uint64_t numbers[64];

    (void)state;
    options.segment_size = 4096;
    journal = journal_must_open(&options);
    assert_true(journal_note(journal, "log", slice_of("12345")) > 0);
    journal_remember(journal, "last", slice_of("a"));
    journal_remember(journal, "last", slice_of("b"));
    journal_note(journal, "log", slice_of("12399"));
    assert_recall(journal, "log", "12399");
    assert_recall(journal, "last", "b");
    for (int i = 0; i < 300; i++)
        journal_wait(journal, append_text(journal, "a fact that takes some place: %0100d", i),
                     1000);
    reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    assert_int_equal(segments(0, numbers), 1); /* all others are gone, the note's first too */
    assert_true(numbers[0] > 5);
    assert_int_equal(journal_find_note(reader, "log", value, sizeof value), 0);
    assert_string_equal(value, "12399");
    assert_int_equal(journal_find_note(reader, "last", value, sizeof value), 0);
    assert_string_equal(value, "b");
    assert_int_equal(journal_find_note(reader, "none", value, sizeof value), -1);
    assert_int_equal(journal_find_note(reader, "log", value, 5), -1);
    journal_remember(journal, "last", slice_of("c"));
    journal_close(&journal);
    for (int i = 0; i < 3; i++) {
        journal = journal_must_open(&options);
        assert_recall(journal, "log", "12399");
        assert_recall(journal, "last", "c");
        assert_int_equal(journal_recall(journal, "none", value, sizeof value), -1);
        journal_close(&journal);
    }
    journal_reader_close(&reader);
    list_clear(&got);
}

static void test_limits_of_notes_are_kept(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    char name[300];
    static char value[JOURNAL_NOTE_VALUE_MAX + 1];

    (void)state;
    memset(value, 'v', sizeof value);
    for (unsigned i = 0; i < JOURNAL_NOTES_MAX; i++) {
        snprintf(name, sizeof name, "note %u", i);
        assert_true(journal_note(journal, name, slice_make(value, sizeof value - 1)) > 0);
    }
    assert_int_equal(journal_note(journal, "one more", slice_of("x")), 0);
    assert_int_equal(journal_note(journal, "note 0", slice_make(value, sizeof value)), 0);
    assert_int_equal(journal_note(journal, "", slice_of("x")), 0);
    assert_true(journal_note(journal, "note 0", slice_of("")) > 0);
    assert_recall(journal, "note 0", "");
    journal_close(&journal);
    journal = journal_must_open(&options);
    assert_recall(journal, "note 0", "");
    value[sizeof value - 1] = '\0';
    assert_recall(journal, "note 63", value);
    journal_close(&journal);
}

static void test_a_newer_note_follows_the_facts_before_it(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    struct journal_entry entry;
    struct slice name, value;
    struct error why;

    (void)state;
    append_text(journal, "first");
    journal_note(journal, "position", slice_of("1"));
    journal_wait(journal, append_text(journal, "second"), 1000);
    struct journal_reader *reader = reader_must_lead(&options);
    assert_int_equal(journal_next(reader, &entry, &why), 1);
    assert_int_equal(entry.type, JOURNAL_FACT);
    assert_int_equal(journal_next(reader, &entry, &why), 1);
    assert_int_equal(entry.type, JOURNAL_NOTE);
    assert_true(journal_note_read(entry.payload, &name, &value));
    assert_true(slice_is(name, "position") && slice_is(value, "1"));
    assert_int_equal(journal_next(reader, &entry, &why), 1);
    assert_true(slice_is(entry.payload, "second"));
    assert_int_equal(journal_next(reader, &entry, &why), 0);
    journal_reader_close(&reader);
    journal_close(&journal);
}

static void test_restarts_without_facts_leave_no_heap_of_segments(void **state)
{
    struct journal_options options = options_usual();
    uint64_t numbers[64];

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct journal *journal = journal_must_open(&options);
        journal_remember(journal, "last", slice_of("x"));
        journal_close(&journal);
    }
    assert_int_equal(segments(0, numbers), 1);
    assert_int_equal(numbers[0], 20);
}

static void test_each_sync_mode_answers_and_keeps(void **state)
{
    (void)state;
    for (int mode = SYNC_INTERVAL; mode <= SYNC_NEVER; mode++) {
        struct journal_options options = options_usual();
        struct journal_stats stats;
        struct list got = {0};
        options.sync = (enum sync_mode)mode;
        struct journal *journal = journal_must_open(&options);
        for (int i = 0; i < 20; i++)
            assert_true(journal_wait(journal, append_text(journal, "m%d %d", mode, i), 5000));
        journal_read_stats(journal, &stats);
        assert_int_equal(stats.written, 20);
        if (mode == SYNC_ALWAYS)
            assert_true(stats.syncs >= 20);
        if (mode == SYNC_NEVER)
            assert_int_equal(stats.syncs, 0);
        journal_close(&journal);
        struct journal_reader *reader = reader_must_lead(&options);
        list_read(&got, reader);
        assert_int_equal(got.count, 20);
        struct error why;
        assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
        journal_reader_close(&reader);
        list_clear(&got);
    }
}

static void test_a_journal_that_cannot_be_used_says_why(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journals[9] = {0};
    struct error why;
    char path[300];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        journals[i] = journal_must_open(&options);
        assert_int_equal(journal_generation(journals[i]), i);
    }
    assert_int_equal(journal_open(&journals[8], &options, NULL, NULL, &why), -1);
    assert_non_null(strstr(why.text, "all 8 generations"));
    journal_close(&journals[3]);
    journals[3] = journal_must_open(&options);
    assert_int_equal(journal_generation(journals[3]), 3);
    for (unsigned i = 0; i < 8; i++)
        journal_close(&journals[i]);
    snprintf(path, sizeof path, "%s/file", directory);
    file_write(path, "", 0);
    options.directory = path;
    assert_int_equal(journal_open(&journals[8], &options, NULL, NULL, &why), -1);
    assert_non_null(strstr(why.text, "cannot open the journal"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, directory_setup, directory_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_random_records_come_back_as_an_array_would_keep_them),
        TEST(test_what_was_queued_at_close_is_recovered_at_open),
        TEST(test_a_record_that_is_too_long_is_lost_and_told),
        TEST(test_a_full_ring_loses_exactly_what_the_gaps_tell),
        TEST(test_notes_survive_rotation_shipping_and_restart),
        TEST(test_limits_of_notes_are_kept),
        TEST(test_a_newer_note_follows_the_facts_before_it),
        TEST(test_restarts_without_facts_leave_no_heap_of_segments),
        TEST(test_each_sync_mode_answers_and_keeps),
        TEST(test_a_journal_that_cannot_be_used_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
