/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever happens to the bytes of a segment: the records that are untouched come back, all of
 * them, in order, and nothing else does; and the daemon starts.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "milter/journal/crc32c.h"
#include "milter/journal/layout.h"

#define FACTS 30

struct sample {
    unsigned char *bytes;
    size_t size;
    size_t begin[FACTS + 1]; /* of each fact's record; the last: the end */
    char text[FACTS][64];
};

static struct journal_options options_fast(void)
{
    struct journal_options options = options_usual();

    options.sync = SYNC_NEVER;
    return options;
}

/* A segment with a note at its head and some facts. */
static void sample_make(struct sample *sample)
{
    struct journal_options options = options_fast();
    struct journal *journal = journal_must_open(&options);

    journal_remember(journal, "log", slice_of("4711"));
    journal_close(&journal);
    journal = journal_must_open(&options); /* now the note is at the head */
    for (int i = 0; i < FACTS; i++) {
        snprintf(sample->text[i], sizeof sample->text[i], "fact %0*d", i % 7 * 5 + 1, i);
        append_text(journal, "%s", sample->text[i]);
    }
    journal_close(&journal);
    sample->bytes = file_read(segment_path(0, 2, ""), &sample->size);
    size_t at = sample->size;
    sample->begin[FACTS] = at;
    for (int i = FACTS - 1; i >= 0; i--)
        sample->begin[i] = at -= strlen(sample->text[i]) + RECORD_OVERHEAD;
    assert_true(sample->size > 2 * 512);
}

/* Put the sample into a fresh journal: `bytes` as segment 2, and, if `more`, a good segment 3. */
static void place_sample(const unsigned char *bytes, size_t size, bool more)
{
    unsigned char next[256];
    struct place place = {0, 3};
    char path[300];

    snprintf(path, sizeof path, "%s/0", directory);
    directory_remove(path);
    struct journal_options options = options_fast();
    struct journal *journal = journal_must_open(&options); /* makes the directories */
    journal_close(&journal);
    unlink(segment_path(0, 1, ""));
    file_write(segment_path(0, 2, ""), bytes, size);
    if (!more)
        return;
    segment_head_make(next, place, 1);
    size_t record = record_make(next + SEGMENT_HEAD, JOURNAL_FACT, 1, "next", 4);
    record_seal(next + SEGMENT_HEAD, record, place, SEGMENT_HEAD);
    file_write(segment_path(0, 3, ""), next, SEGMENT_HEAD + record);
}

/* Records that bytes `from`..`to` do not touch. */
static void untouched(const struct sample *sample, size_t from, size_t to, bool more,
                      struct list *wanted)
{
    for (int i = 0; i < FACTS; i++)
        if (sample->begin[i + 1] <= from || sample->begin[i] >= to)
            list_add(wanted, sample->text[i], strlen(sample->text[i]));
    if (more)
        list_add(wanted, "next", 4);
}

static void assert_same(const struct list *got, const struct list *wanted, size_t at)
{
    if (got->count != wanted->count)
        fail_msg("damage at %zu: %zu records instead of %zu", at, got->count, wanted->count);
    for (size_t i = 0; i < got->count; i++)
        assert_string_equal(got->line[i], wanted->line[i]);
}

/* Damage `from`..`to` was done to what is placed: recover, read, commit; twice. */
static struct journal_stats check(const struct sample *sample, size_t from, size_t to, bool more)
{
    struct journal_options options = options_fast();
    struct list wanted = {0}, recovered = {0}, got = {0};
    struct journal_stats stats;
    struct journal *journal;
    struct error why;

    untouched(sample, from, to, more, &wanted);
    assert_int_equal(journal_open(&journal, &options, list_recovered, &recovered, &why), 0);
    assert_same(&recovered, &wanted, from);
    journal_read_stats(journal, &stats);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_same(&got, &wanted, from);
    append_text(journal, "later");
    journal_close(&journal);
    list_read(&got, reader);
    assert_string_equal(got.line[got.count - 1], "later");
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    assert_false(exists(segment_path(0, 2, "")));
    assert_int_equal(exists(segment_path(0, 2, ".broken")), stats.quarantined > 0);
    journal_reader_close(&reader);
    list_clear(&wanted);
    list_clear(&recovered);
    list_clear(&got);
    return stats;
}

static void each_truncation(bool more)
{
    struct sample sample;

    sample_make(&sample);
    for (size_t at = 0; at <= sample.size; at++) {
        place_sample(sample.bytes, at, more);
        struct journal_stats stats = check(&sample, at, sample.size, more);
        bool at_border = false;
        for (int i = 0; i <= FACTS; i++)
            at_border |= sample.begin[i] == at;
        bool clean = at == 0 || at == SEGMENT_HEAD || at_border;
        assert_int_equal(stats.torn_tails, !clean);
        assert_int_equal(stats.quarantined, 0);
    }
    free(sample.bytes);
}

static void test_a_segment_cut_at_any_byte_gives_its_whole_records(void **state)
{
    (void)state;
    each_truncation(false);
}

static void test_an_older_segment_cut_at_any_byte_does_not_hide_the_next(void **state)
{
    (void)state;
    each_truncation(true);
}

static void test_a_zeroed_sector_takes_only_what_it_touches(void **state)
{
    struct sample sample;

    (void)state;
    sample_make(&sample);
    for (size_t at = 0; at < sample.size; at += at % 512 == 511 || at % 512 == 0 ? 1 : 37) {
        size_t end = at + 512 < sample.size ? at + 512 : sample.size;
        unsigned char *copy = malloc(sample.size);
        memcpy(copy, sample.bytes, sample.size);
        memset(copy + at, 0, end - at);
        place_sample(copy, sample.size, false);
        size_t from = at; /* what was zero before is not touched: a record may end in such a byte */
        while (from < end && sample.bytes[from] == 0)
            from++;
        while (end > from && sample.bytes[end - 1] == 0)
            end--;
        struct journal_stats stats = check(&sample, from, end, false);
        assert_int_equal(stats.quarantined, end <= sample.begin[FACTS - 1]);
        if (from >= sample.begin[0])
            assert_int_equal(stats.torn_tails, end > sample.begin[FACTS - 1]);
        free(copy);
    }
    free(sample.bytes);
}

static void each_flip(bool more)
{
    struct sample sample;

    sample_make(&sample);
    for (size_t at = 0; at < sample.size; at++) {
        sample.bytes[at] ^= (unsigned char)(1 << at % 8);
        place_sample(sample.bytes, sample.size, more);
        struct journal_stats stats = check(&sample, at, at + 1, more);
        assert_int_equal(stats.quarantined, at < sample.begin[FACTS - 1]);
        assert_int_equal(stats.torn_tails, at >= sample.begin[FACTS - 1]);
        sample.bytes[at] ^= (unsigned char)(1 << at % 8);
    }
    free(sample.bytes);
}

static void test_one_flipped_bit_costs_one_record(void **state)
{
    (void)state;
    each_flip(false);
}

static void test_one_flipped_bit_in_an_older_segment_costs_one_record(void **state)
{
    (void)state;
    each_flip(true);
}

static void test_trailing_zeros_are_a_torn_tail(void **state)
{
    struct sample sample;

    (void)state;
    sample_make(&sample);
    unsigned char *copy = calloc(1, sample.size + 70000);
    memcpy(copy, sample.bytes, sample.size);
    place_sample(copy, sample.size + 70000, false);
    struct journal_stats stats = check(&sample, sample.size, sample.size, false);
    assert_int_equal(stats.torn_tails, 1);
    assert_int_equal(stats.quarantined, 0);
    free(copy);
    free(sample.bytes);
}

static void test_a_torn_tail_is_cut_once(void **state)
{
    struct sample sample;
    struct journal_options options = options_fast();
    struct journal_stats stats;
    struct list got = {0};
    struct error why;

    (void)state;
    sample_make(&sample);
    place_sample(sample.bytes, sample.size - 3, false);
    for (int i = 0; i < 3; i++) {
        struct journal *journal;
        assert_int_equal(journal_open(&journal, &options, list_recovered, &got, &why), 0);
        journal_read_stats(journal, &stats);
        assert_int_equal(stats.torn_tails, i == 0);
        assert_int_equal(got.count, FACTS - 1);
        journal_close(&journal);
        list_clear(&got);
    }
    free(sample.bytes);
}

static void test_a_damaged_newest_segment_does_not_take_the_notes_along(void **state)
{
    struct sample sample;
    struct journal_options options = options_fast();
    char value[64];

    (void)state;
    sample_make(&sample);
    for (size_t at = 0; at < sample.begin[0]; at += 5) {
        unsigned char head[SEGMENT_HEAD + 64];
        struct place place = {0, 3};
        unsigned char payload[NOTE_PAYLOAD_MAX];
        place_sample(sample.bytes, sample.size, false);
        segment_head_make(head, place, 1);
        size_t note = note_make(payload, slice_of("log"), slice_of("4711"));
        size_t size =
            SEGMENT_HEAD + record_make(head + SEGMENT_HEAD, JOURNAL_NOTE, 1, payload, note);
        record_seal(head + SEGMENT_HEAD, size - SEGMENT_HEAD, place, SEGMENT_HEAD);
        head[at] ^= 4;
        file_write(segment_path(0, 3, ""), head, size);
        struct journal_reader *reader = reader_must_lead(&options);
        assert_int_equal(journal_find_note(reader, "log", value, sizeof value), 0);
        assert_string_equal(value, "4711");
        journal_reader_close(&reader);
        struct journal *journal = journal_must_open(&options); /* nobody asks for the records */
        assert_int_equal(journal_recall(journal, "log", value, sizeof value), 0);
        assert_string_equal(value, "4711");
        journal_close(&journal);
    }
    free(sample.bytes);
}

static void test_foreign_files_are_left_alone(void **state)
{
    struct journal_options options = options_usual();
    struct journal *journal = journal_must_open(&options);
    char path[300];

    (void)state;
    journal_wait(journal, append_text(journal, "x"), 1000);
    journal_close(&journal);
    snprintf(path, sizeof path, "%s/0/README", directory);
    file_write(path, "keep me", 7);
    file_write(segment_path(0, 99, ".old"), "junk", 4);
    journal = journal_must_open(&options);
    struct journal_reader *reader = reader_must_lead(&options);
    struct list got = {0};
    struct error why;
    list_read(&got, reader);
    assert_int_equal(got.count, 1);
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    assert_true(exists(path) && exists(segment_path(0, 99, ".old")));
    journal_reader_close(&reader);
    journal_close(&journal);
    list_clear(&got);
}

/* Give a head or a slot of `size` bytes the next format; its checksum is its last four bytes. */
static void make_newer(unsigned char *bytes, size_t size)
{
    bytes[8] = FORMAT_VERSION + 1;
    uint32_t sum = crc32c(0, bytes, size - 4);
    for (int i = 0; i < 4; i++)
        bytes[size - 4 + (size_t)i] = (unsigned char)(sum >> (8 * i));
}

/* Open and read a journal whose generation 0 a later version wrote: `bytes` of `path` stay, the
 * facts in it are not read, and new ones go through another generation. */
static void assert_left_alone(const char *path, const unsigned char *bytes, size_t size)
{
    struct journal_options options = options_fast();
    struct list got = {0}, recovered = {0};
    struct error why;
    struct journal *journal;
    size_t now;

    file_write(path, bytes, size);
    assert_int_equal(journal_open(&journal, &options, list_recovered, &recovered, &why), 0);
    assert_int_equal(journal_generation(journal), 1);
    assert_int_equal(recovered.count, 0);
    journal_wait(journal, append_text(journal, "new"), 1000);
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    assert_int_equal(got.count, 1);
    assert_true(list_has(&got, "new"));
    assert_int_equal(journal_commit(reader, &got.last, NULL, &why), 0);
    journal_reader_close(&reader);
    journal_close(&journal);
    unsigned char *after = file_read(path, &now);
    assert_int_equal(now, size);
    assert_memory_equal(after, bytes, size);
    free(after);
    list_clear(&got);
    list_clear(&recovered);
}

static void test_a_segment_of_a_later_format_is_left_alone(void **state)
{
    struct sample sample;

    (void)state;
    sample_make(&sample);
    place_sample(sample.bytes, sample.size, false);
    make_newer(sample.bytes, SEGMENT_HEAD);
    assert_left_alone(segment_path(0, 2, ""), sample.bytes, sample.size);
    free(sample.bytes);
}

static void test_a_cursor_of_a_later_format_is_left_alone(void **state)
{
    struct sample sample;
    unsigned char slots[2 * CURSOR_SLOT] = {0};
    struct cursor_view cursor = {.counter = 1, .segment = 2, .offset = 48};
    char path[300];

    (void)state;
    sample_make(&sample);
    place_sample(sample.bytes, sample.size, false);
    cursor_make(slots + CURSOR_SLOT, 0, &cursor);
    make_newer(slots + CURSOR_SLOT, CURSOR_SLOT);
    snprintf(path, sizeof path, "%s/0/cursor", directory);
    assert_left_alone(path, slots, sizeof slots);
    free(sample.bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, directory_setup, directory_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_segment_cut_at_any_byte_gives_its_whole_records),
        TEST(test_an_older_segment_cut_at_any_byte_does_not_hide_the_next),
        TEST(test_a_zeroed_sector_takes_only_what_it_touches),
        TEST(test_one_flipped_bit_costs_one_record),
        TEST(test_one_flipped_bit_in_an_older_segment_costs_one_record),
        TEST(test_trailing_zeros_are_a_torn_tail),
        TEST(test_a_torn_tail_is_cut_once),
        TEST(test_a_damaged_newest_segment_does_not_take_the_notes_along),
        TEST(test_foreign_files_are_left_alone),
        TEST(test_a_segment_of_a_later_format_is_left_alone),
        TEST(test_a_cursor_of_a_later_format_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
