/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: slices and takes on good, bad and absent input; UTF-8 against every code point.
 */
#include "waybill/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/endpoint.h"

static void test_absent_is_not_empty(void **state)
{
    (void)state;
    assert_false(slice_equal(SLICE_ABSENT, slice_of("")));
    assert_true(slice_equal(SLICE_ABSENT, slice_of(NULL)));
    assert_true(slice_equal(slice_of(""), slice_make("x", 0)));
    assert_false(slice_is(SLICE_ABSENT, ""));
    assert_false(slice_starts(SLICE_ABSENT, ""));
    assert_true(slice_starts(slice_of("a"), ""));
    assert_false(slice_equal_nocase(SLICE_ABSENT, slice_of("")));
    assert_int_equal(slice_find_text(SLICE_ABSENT, ""), -1);
    assert_null(slice_trim(SLICE_ABSENT).at);
}

static void test_only_ascii_letters_are_folded(void **state)
{
    (void)state;
    assert_true(slice_equal_nocase(slice_of("Queue-ID"), slice_of("qUEUE-id")));
    assert_false(slice_equal_nocase(slice_of("\xc3\x84"), slice_of("\xc3\xa4")));
    assert_false(slice_equal_nocase(slice_of("["), slice_of("{")));
    assert_false(slice_equal_nocase(slice_of("@"), slice_of("`")));
}

static void test_ends_and_positions(void **state)
{
    (void)state;
    assert_true(slice_ends(slice_of("a.b"), ".b"));
    assert_false(slice_ends(slice_of("b"), ".b"));
    assert_int_equal(slice_find(slice_of("abc"), 'c'), 2);
    assert_int_equal(slice_find(slice_of("abc"), '\0'), -1);
    assert_int_equal(slice_find(slice_make("a\0b", 3), '\0'), 1);
    assert_int_equal(slice_find_text(slice_of("aab"), "ab"), 1);
    assert_int_equal(slice_find_text(slice_of("aab"), ""), 0);
    assert_true(slice_is(slice_trim(slice_of(" \t a b\r\n")), "a b"));
    assert_int_equal(slice_trim(slice_of("  ")).size, 0);
}

static void test_copy_says_when_it_cut(void **state)
{
    char to[4] = "zzz";

    (void)state;
    assert_true(slice_copy(slice_of("abc"), to, sizeof to));
    assert_string_equal(to, "abc");
    assert_false(slice_copy(slice_of("abcd"), to, sizeof to));
    assert_string_equal(to, "abc");
    assert_true(slice_copy(SLICE_ABSENT, to, sizeof to));
    assert_string_equal(to, "");
    assert_false(slice_copy(slice_of("a"), to, 0));
}

static void test_failed_take_leaves_the_slice(void **state)
{
    struct slice from = slice_of("ab"), before = from, taken = SLICE_ABSENT;
    uint64_t number;

    (void)state;
    assert_false(text_take_char(&from, 'b'));
    assert_false(text_take(&from, "abc"));
    assert_false(text_take_until(&from, ':', &taken));
    assert_false(text_take_until_text(&from, "::", &taken));
    assert_false(text_take_any(&from, "xyz", &taken));
    assert_false(text_take_number(&from, &number));
    assert_true(from.at == before.at && from.size == before.size);
    assert_null(taken.at);
    from = slice_of(" a");
    assert_false(text_take_word(&from, &taken));
    assert_int_equal(from.size, 2);
}

static void test_takes_from_nothing_fail_without_harm(void **state)
{
    struct slice from = SLICE_ABSENT, taken;
    uint64_t number;

    (void)state;
    assert_false(text_take_char(&from, '\0'));
    assert_false(text_take(&from, ""));
    assert_false(text_take_until(&from, '\0', &taken));
    assert_false(text_take_part(&from, '\0', &taken));
    assert_false(text_take_any(&from, "a", &taken));
    assert_false(text_take_word(&from, &taken));
    assert_false(text_take_number(&from, &number));
    assert_int_equal(text_utf8(from, NULL), 0);
}

static void test_the_last_part_of_a_list_needs_no_stop(void **state)
{
    struct slice from = slice_of("a,,b"), part;

    (void)state;
    assert_true(text_take_part(&from, ',', &part) && slice_is(part, "a"));
    assert_true(text_take_part(&from, ',', &part) && slice_is(part, ""));
    assert_true(text_take_part(&from, ',', &part) && slice_is(part, "b"));
    assert_false(text_take_part(&from, ',', &part));
    from = slice_of("a,");
    assert_true(text_take_part(&from, ',', &part) && slice_is(part, "a"));
    assert_false(text_take_part(&from, ',', &part));
}

static void test_chain_of_takes_reads_a_grammar(void **state)
{
    struct slice from = slice_of("4mGp: to=<bob@x>, status=sent (250 ok)"), queue = SLICE_ABSENT;
    struct slice to = SLICE_ABSENT, status = SLICE_ABSENT;
    uint64_t code = 0;

    (void)state;
    bool good = text_take_until(&from, ':', &queue) && text_take(&from, " to=<") &&
                text_take_until_text(&from, ">, status=", &to) && text_take_word(&from, &status) &&
                text_take_char(&from, ' ') && text_take_char(&from, '(') &&
                text_take_number(&from, &code);
    assert_true(good);
    assert_true(slice_is(queue, "4mGp"));
    assert_true(slice_is(to, "bob@x"));
    assert_true(slice_is(status, "sent"));
    assert_int_equal(code, 250);
    assert_true(slice_is(from, " ok)"));
    assert_true(text_take_any(&from, " ko", &to));
    assert_true(slice_is(to, " ok"));
    assert_true(slice_is(from, ")"));
}

static void test_last_mark_is_cut_with_what_follows(void **state)
{
    struct slice from = slice_of("a, b, c"), tail = SLICE_ABSENT, before;

    (void)state;
    assert_true(text_cut_last(&from, ", ", &tail));
    assert_true(slice_is(from, "a, b") && slice_is(tail, "c"));
    from = slice_of("aab-a");
    assert_true(text_cut_last(&from, "aab", &tail)); /* what begins alike further on is passed */
    assert_true(slice_is(from, "") && slice_is(tail, "-a"));
    from = before = slice_make("x, y", 2); /* the mark ends behind the slice */
    assert_false(text_cut_last(&from, ", ", &tail));
    assert_false(text_cut_last(&from, "much longer", &tail));
    assert_true(from.at == before.at && from.size == before.size && slice_is(tail, "-a"));
    from = SLICE_ABSENT;
    assert_false(text_cut_last(&from, ", ", &tail));
}

static void test_set_of_take_any_does_not_hold_the_nul(void **state)
{
    struct slice from = slice_make("a\0a", 3), taken;

    (void)state;
    assert_true(text_take_any(&from, "a", &taken));
    assert_int_equal(taken.size, 1);
    assert_int_equal(from.size, 2);
    assert_false(text_take_any(&from, "a", &taken));
}

static void test_numbers_are_digits_within_64_bits(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"00012", true, 12},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
        {"1.0", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t number = 77;
        assert_int_equal(text_number(slice_of(rows[i].text), 0, UINT64_MAX, &number), rows[i].good);
        assert_true(number == (rows[i].good ? rows[i].value : 77));
    }
    uint64_t number;
    assert_false(text_number(slice_of("4"), 5, 6, &number));
    assert_true(text_number(slice_of("5"), 5, 6, &number));
    assert_true(text_number(slice_of("6"), 5, 6, &number));
    assert_false(text_number(slice_of("7"), 5, 6, &number));
}

/* An own decoder that is too simple to be wrong: encode every code point and compare. */
static size_t encode(uint32_t code, char to[4])
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    to[0] = (char)((0xf00u >> length) | code);
    return length;
}

static void test_digits_are_what_printf_prints(void **state)
{
    static const uint64_t numbers[] = {0, 9, 10, 99, 100, 576320300412, INT64_MAX, UINT64_MAX};
    char digits[TEXT_DIGITS_MAX], printed[32];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        size_t size = text_digits(numbers[i], digits);
        snprintf(printed, sizeof printed, "%llu", (unsigned long long)numbers[i]);
        assert_int_equal(size, strlen(printed));
        assert_memory_equal(digits, printed, size);
    }
    text_digits_fixed(1234, digits, 6);
    assert_memory_equal(digits, "001234", 6);
    text_digits_fixed(1234, digits, 3);
    assert_memory_equal(digits, "234", 3);
}

static void test_every_code_point_and_no_surrogate_is_utf8(void **state)
{
    char bytes[4];

    (void)state;
    for (uint32_t code = 0; code <= 0x11ffff; code++) {
        size_t length = encode(code, bytes);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        uint32_t got = 0;
        size_t size = text_utf8(slice_make(bytes, length), &got);
        if (surrogate || code > 0x10ffff) {
            assert_int_equal(size, 0);
        } else {
            assert_int_equal(size, length);
            assert_int_equal(got, code);
            assert_int_equal(text_utf8(slice_make(bytes, length - 1), NULL), 0);
        }
    }
}

static void test_overlong_and_stray_bytes_are_no_utf8(void **state)
{
    static const char *const bad[] = {"\x80",     "\xbf",         "\xc0\x80",         "\xc1\xbf",
                                      "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
                                      "\xf5\x80\x80\x80", "\xff", "\xfe", "\xc3\x28", "\xe2\x28\xa1",
                                      "\xe2\x82\x28", "\xf0\x28\x8c\xbc", "\xf4\x90\x80\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(text_utf8(slice_of(bad[i]), NULL), 0);
}

static void test_a_socket_has_a_path_and_a_directory_and_a_port_has_none(void **state)
{
    (void)state;
    assert_string_equal(endpoint_path("unix:/run/a"), "/run/a");
    assert_string_equal(endpoint_path("local:/run/a"), "/run/a");
    assert_null(endpoint_path("inet:8891@127.0.0.1"));
    assert_null(endpoint_path("tcp:[::1]:9100"));
    assert_true(slice_is(endpoint_directory("unix:/run/way/a"), "/run/way"));
    assert_null(endpoint_directory("unix:/a").at);
    assert_null(endpoint_directory("inet6:8891@::1").at);
}

static void test_word_of_a_list_is_a_whole_one(void **state)
{
    (void)state;
    assert_true(text_lists(slice_of("limit after q"), slice_of("limit")));
    assert_true(text_lists(slice_of("limit after q"), slice_of("q")));
    assert_false(text_lists(slice_of("limit after q"), slice_of("lim")));
    assert_false(text_lists(slice_of("limit after q"), slice_of("limit after")));
    assert_false(text_lists(slice_of(""), slice_of("q")));
}

static void test_bytes_as_hexadecimal_digits_come_back(void **state)
{
    const unsigned char bytes[] = {0x00, 0x0f, 0xa0, 0xff};
    char digits[9];

    (void)state;
    text_put_hex(bytes, sizeof bytes, digits);
    assert_string_equal(digits, "000fa0ff");
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(text_hex(digits[2 * i]) << 4 | text_hex(digits[2 * i + 1]), bytes[i]);
    text_put_hex(bytes, 0, digits);
    assert_string_equal(digits, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_of_a_list_is_a_whole_one),
        cmocka_unit_test(test_bytes_as_hexadecimal_digits_come_back),
        cmocka_unit_test(test_absent_is_not_empty),
        cmocka_unit_test(test_only_ascii_letters_are_folded),
        cmocka_unit_test(test_ends_and_positions),
        cmocka_unit_test(test_copy_says_when_it_cut),
        cmocka_unit_test(test_failed_take_leaves_the_slice),
        cmocka_unit_test(test_takes_from_nothing_fail_without_harm),
        cmocka_unit_test(test_the_last_part_of_a_list_needs_no_stop),
        cmocka_unit_test(test_chain_of_takes_reads_a_grammar),
        cmocka_unit_test(test_last_mark_is_cut_with_what_follows),
        cmocka_unit_test(test_set_of_take_any_does_not_hold_the_nul),
        cmocka_unit_test(test_numbers_are_digits_within_64_bits),
        cmocka_unit_test(test_digits_are_what_printf_prints),
        cmocka_unit_test(test_every_code_point_and_no_surrogate_is_utf8),
        cmocka_unit_test(test_overlong_and_stray_bytes_are_no_utf8),
        cmocka_unit_test(test_a_socket_has_a_path_and_a_directory_and_a_port_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
