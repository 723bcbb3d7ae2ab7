/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes that FORMAT describes: fixed examples, so that a later version cannot drift.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "milter/journal/crc32c.h"
#include "milter/journal/directory.h"
#include "milter/journal/layout.h"
#include "milter/journal/scan.h"

static void test_crc32c_gives_the_published_values(void **state)
{
    unsigned char bytes[32];

    (void)state;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, "", 0), 0);
    memset(bytes, 0, sizeof bytes); /* RFC 3720, B.4 */
    assert_int_equal(crc32c(0, bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(crc32c(0, bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(crc32c(0, bytes, 32), 0x46dd794e);
}

static void test_both_ways_to_crc32c_agree_at_every_size_and_cut(void **state)
{
    unsigned char bytes[100];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
    for (size_t size = 0; size < sizeof bytes - 1; size++) {
        uint32_t whole = crc32c(0, bytes + 1, size);
        assert_int_equal(whole, crc32c_by_table(0, bytes + 1, size));
        for (size_t cut = 0; cut <= size; cut++)
            assert_int_equal(whole, crc32c(crc32c(0, bytes + 1, cut), bytes + 1 + cut, size - cut));
    }
}

static void test_a_record_has_the_bytes_that_are_written_down(void **state)
{
    static const unsigned char wanted[] = {5, 0, 0, 0, 'F', 0xf5, 0xc0, 0xff, 8,   7,  6,
                                           5, 4, 3, 2, 1,   'h',  'e',  'l',  'l', 'o'};
    unsigned char bytes[64];
    struct record_view view;
    struct place place = {3, 12};

    (void)state;
    size_t size = record_make(bytes, JOURNAL_FACT, UINT64_C(0x0102030405060708), "hello", 5);
    record_seal(bytes, size, place, 48);
    assert_int_equal(size, 25);
    assert_memory_equal(bytes, wanted, sizeof wanted);
    assert_true(record_good(bytes, size, place, 48, &view));
    assert_true(slice_is(view.payload, "hello"));
    /* the same bytes elsewhere are no record */
    assert_false(record_good(bytes, size, place, 49, &view));
    assert_false(record_good(bytes, size, (struct place){3, 13}, 48, &view));
    assert_false(record_good(bytes, size, (struct place){2, 12}, 48, &view));
    assert_false(record_good(bytes, size - 1, place, 48, &view));
    /* its sum, made here once more from the words of FORMAT */
    unsigned char all[20 + 21] = {3, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 48};
    memcpy(all + 20, wanted, 21);
    uint32_t sum = crc32c_by_table(0, all, sizeof all);
    for (int i = 0; i < 4; i++)
        assert_int_equal(bytes[21 + i], (sum >> (8 * i)) & 0xff);
}

static void test_any_changed_bit_spoils_head_record_and_cursor(void **state)
{
    unsigned char head[SEGMENT_HEAD], record[64], slot[CURSOR_SLOT];
    struct place place = {1, 77};
    struct record_view view;
    struct cursor_view cursor = {5, 77, 1000, 76, 500, 99}, read;

    (void)state;
    segment_head_make(head, place, 123456);
    size_t size = record_make(record, JOURNAL_NOTE, 99, "\003abcd", 5);
    record_seal(record, size, place, 48);
    cursor_make(slot, 1, &cursor);
    assert_true(segment_head_good(head, place));
    assert_true(cursor_good(slot, 1, &read));
    assert_memory_equal(&cursor, &read, sizeof read);
    assert_false(cursor_good(slot, 2, &read));
    for (size_t i = 0; i < 8 * SEGMENT_HEAD; i++) {
        head[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_false(segment_head_good(head, place));
        head[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    for (size_t i = 0; i < 8 * size; i++) {
        record[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_false(record_good(record, sizeof record, place, 48, &view));
        record[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    for (size_t i = 0; i < 8 * CURSOR_SLOT; i++) {
        slot[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_false(cursor_good(slot, 1, &read));
        slot[i / 8] ^= (unsigned char)(1 << i % 8);
    }
}

static void test_note_payloads_are_read_strictly(void **state)
{
    struct slice name, value;
    unsigned char payload[NOTE_PAYLOAD_MAX];

    (void)state;
    size_t size = note_make(payload, slice_of("log"), slice_of("12"));
    assert_int_equal(size, 6);
    assert_true(journal_note_read(slice_make((char *)payload, size), &name, &value));
    assert_true(slice_is(name, "log") && slice_is(value, "12"));
    assert_true(journal_note_read(slice_make("\001a", 2), &name, &value));
    assert_int_equal(value.size, 0);
    assert_false(journal_note_read(slice_make("", 0), &name, &value));
    assert_false(journal_note_read(slice_make("\000x", 2), &name, &value));
    assert_false(journal_note_read(slice_make("\004abc", 4), &name, &value));
}

static void test_only_strict_names_are_segments(void **state)
{
    uint64_t number;

    (void)state;
    assert_true(segment_of_name("00000000000000000012", &number));
    assert_int_equal(number, 12);
    assert_false(segment_of_name("00000000000000000000", &number));
    assert_false(segment_of_name("00000000000000000012.broken", &number));
    assert_false(segment_of_name("000000000000000000012", &number));
    assert_false(segment_of_name("0000000000000000012", &number));
    assert_false(segment_of_name("0000000000000000001x", &number));
    assert_false(segment_of_name("99999999999999999999", &number));
    assert_false(segment_of_name("new", &number));
    assert_false(segment_of_name("", &number));
}

/* Text that imitates a record, and a real record's bytes as the payload of another one. */
static void test_the_search_after_damage_invents_nothing(void **state)
{
    struct place place = {0, 1};
    unsigned char inner[128], file[1024];
    struct scan scan;
    struct record_view view;
    char path[300];

    (void)state;
    segment_head_make(file, place, 1);
    size_t size = record_make(inner, JOURNAL_FACT, 1, "inner", 5);
    record_seal(inner, size, place, 48); /* as if it stood at another place */
    size_t outer = record_make(file + 48, JOURNAL_FACT, 1, inner, size);
    record_seal(file + 48, outer, place, 48);
    size_t last = record_make(file + 48 + outer, JOURNAL_FACT, 2, "last", 4);
    record_seal(file + 48 + outer, last, place, 48 + outer);
    file[48 + outer - 1] ^= 1;
    snprintf(path, sizeof path, "%s/segment", directory);
    file_write(path, file, 48 + outer + last);
    int fd = open(path, O_RDONLY);
    assert_int_equal(scan_init(&scan), 0);
    assert_true(scan_start(&scan, fd, place));
    assert_int_equal(scan_next(&scan, &view), SCAN_BAD);
    assert_true(scan_resync(&scan));
    assert_int_equal(scan.offset, 48 + outer);
    assert_int_equal(scan_next(&scan, &view), SCAN_RECORD);
    assert_true(slice_is(view.payload, "last"));
    assert_int_equal(scan_next(&scan, &view), SCAN_END);
    assert_false(scan_resync(&scan));
    scan_clear(&scan);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c_gives_the_published_values),
        cmocka_unit_test(test_both_ways_to_crc32c_agree_at_every_size_and_cut),
        cmocka_unit_test(test_a_record_has_the_bytes_that_are_written_down),
        cmocka_unit_test(test_any_changed_bit_spoils_head_record_and_cursor),
        cmocka_unit_test(test_note_payloads_are_read_strictly),
        cmocka_unit_test(test_only_strict_names_are_segments),
        cmocka_unit_test_setup_teardown(test_the_search_after_damage_invents_nothing,
                                        directory_setup, directory_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
