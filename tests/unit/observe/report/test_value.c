/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value: values as the standards and as servers write them.
 */
#include "../../../../milter/observe/report/value.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;

static int forget(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void assert_slice(struct slice is, const char *wanted)
{
    if (!slice_is(is, wanted))
        fail_msg("'%.*s' instead of '%s'", SLICE_ARGS(is), wanted);
}

static void check_address(const char *value, const char *wanted)
{
    assert_slice(value_address(&arena, slice_of(value)), wanted);
}

static void test_address_loses_type_brackets_and_comment(void **state)
{
    (void)state;
    check_address("rfc822; ann@example.org", "ann@example.org");
    check_address("RFC822;<ann@example.org>", "ann@example.org");
    check_address("rfc822; rfc822;ann@example.org", "ann@example.org");
    check_address("<ann@example.org>", "ann@example.org");
    check_address("<\"x onclick=y>z\"@h.example>", "\"x onclick=y>z\"@h.example");
    check_address("rfc822; \"a<b>c\\\">\"@h.example", "\"a<b>c\\\">\"@h.example");
    check_address("\"Ann > Bob\" <ann@example.org>", "ann@example.org");
    check_address("\"<ann@example.org>\"", "ann@example.org");
    check_address("<\"never ends@example.org>", "\"never ends@example.org");
    check_address("ann@example.org", "ann@example.org");
    check_address("rfc822; ann@example.org (Ann)", "ann@example.org");
    check_address("rfc822; \"Ann Lee\"@example.org", "\"Ann Lee\"@example.org");
    check_address("unknown; 'ann@example.org'", "ann@example.org");
    check_address("rfc822;mailto:ann@example.org", "ann@example.org");
    check_address("rfc822; <@relay.example.com:ann@example.org>", "ann@example.org");
}

static void test_name_in_another_alphabet_stays_readable(void **state)
{
    (void)state;
    check_address("utf-8; \xce\xb4@example.org", "\xce\xb4@example.org");
    check_address("utf-8; \\x{3B4}\\x{1F408}@example.org", "\xce\xb4\xf0\x9f\x90\x88@example.org");
    check_address("utf-8; \\x{D800}@example.org", "\\x{D800}@example.org");
    check_address("utf-8; \\x{A}@example.org", "\\x{A}@example.org");
    /* A client that wrote an encoded word as a local part got this mailbox. */
    check_address("rfc822; =?utf-8?B?YQ==?=@example.org", "=?utf-8?B?YQ==?=@example.org");
}

static void test_what_is_no_mailbox_stays_as_it_is(void **state)
{
    (void)state;
    check_address("x400; /G=Ann/S=Lee/O=Example/", "/G=Ann/S=Lee/O=Example/");
    check_address("LOCAL;<\"|/usr/bin/filter a@example.org\">", "|/usr/bin/filter a@example.org");
    assert_null(value_address(&arena, slice_of("rfc822;")).at);
    assert_null(value_address(&arena, slice_of("")).at);
    assert_null(value_address(&arena, slice_of("<>")).at);
    assert_false(value_is_mailbox(slice_of("|/usr/bin/filter@example.org")));
    assert_false(value_is_mailbox(slice_of("ann")));
    assert_false(value_is_mailbox(slice_of("@")));
    assert_false(value_is_mailbox(slice_of("ann@")));
    assert_true(value_is_mailbox(slice_of("ann@[192.0.2.1]")));
    assert_true(value_is_mailbox(slice_of("ann@[IPv6:2001:db8::1]")));
}

static void test_xtext_is_decoded_only_where_it_was_needed(void **state)
{
    (void)state;
    assert_slice(value_original(&arena, slice_of("rfc822;ann+2Blist@example.org")),
                 "ann+list@example.org");
    assert_slice(value_original(&arena, slice_of("rfc822;ann+list@example.org")),
                 "ann+list@example.org");
    assert_slice(value_original(&arena, slice_of("rfc822;ann+20@example.org")),
                 "ann+20@example.org");
    assert_slice(value_original(&arena, slice_of("rfc822;ann+2B=bob@example.org")),
                 "ann+2B=bob@example.org");
    assert_slice(value_xtext(&arena, slice_of("env+2Bid+3D1")), "env+id=1");
    assert_slice(value_xtext(&arena, slice_of("env+2")), "env+2");
}

static void test_host_loses_type_literal_and_note(void **state)
{
    (void)state;
    assert_slice(value_host(&arena, slice_of("dns; mx.example.org [192.0.2.1]")), "mx.example.org");
    assert_slice(value_host(&arena, slice_of("dns; mx.example.org. (192.0.2.1)")),
                 "mx.example.org");
    assert_slice(value_host(&arena, slice_of("mx.example.org[192.0.2.1]:25")), "mx.example.org");
    assert_slice(value_host(&arena, slice_of("DNS; [192.0.2.1]")), "192.0.2.1");
    assert_null(value_host(&arena, slice_of("dns;")).at);
    assert_null(value_host(&arena, slice_of("[")).at);
}

static void test_words_hold_no_control_characters(void **state)
{
    (void)state;
    assert_slice(value_clean(&arena, slice_make("\n a\r\n\tb\0c\x1b[1m \n", 14), 100), "a b c [1m");
    assert_slice(value_clean(&arena, slice_of("abcdef"), 3), "abc");
    assert_null(value_clean(&arena, slice_of(" \n "), 100).at);
}

static void test_escapes_of_japanese_are_decoded_in_words(void **state)
{
    (void)state;
    assert_slice(value_words(&arena, slice_of("550 \x1b$B8+$D$+$j$^$;$s\x1b(B (ann)"), 255),
                 "550 見つかりません (ann)");
    assert_slice(value_words(&arena, slice_of("550 costs $B"), 255), "550 costs $B");
    assert_int_equal(
        value_words(&arena, slice_of("\x1b$B8+$D$+$j$^$;$s\x1b(B \x1b$B8+$D$+"), 10).size, 10);
}

static void test_arena_says_no_at_its_bound(void **state)
{
    (void)state;
    size_t kept = 0;
    while (arena_take(&arena, 1000) != NULL)
        kept++;
    assert_true(arena.failed);
    assert_in_range(kept, 400, ARENA_MAX / 1000);
    assert_null(arena_take(&arena, SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_address_loses_type_brackets_and_comment, forget),
        cmocka_unit_test_teardown(test_name_in_another_alphabet_stays_readable, forget),
        cmocka_unit_test_teardown(test_what_is_no_mailbox_stays_as_it_is, forget),
        cmocka_unit_test_teardown(test_xtext_is_decoded_only_where_it_was_needed, forget),
        cmocka_unit_test_teardown(test_host_loses_type_literal_and_note, forget),
        cmocka_unit_test_teardown(test_words_hold_no_control_characters, forget),
        cmocka_unit_test_teardown(test_escapes_of_japanese_are_decoded_in_words, forget),
        cmocka_unit_test_teardown(test_arena_says_no_at_its_bound, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
