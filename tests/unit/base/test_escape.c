/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape: fifty hostile sequences and random bytes through every escape; the words of an error.
 */
#include "waybill/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/error.h"

#define TEXT(s) {s, sizeof(s) - 1}

/* What a stranger may put into a subject, an address or a reply. */
static const struct slice hostile[] = {
    TEXT(""),
    TEXT("\0"),
    TEXT("\a\b\f\v"),
    TEXT("\x1b[2J\x1b[H"),
    TEXT("\x1b]0;title\x07"),
    TEXT("\x1bP+q544e\x1b\\"),
    TEXT("\x1b]52;c;ZXZpbA==\x07"),
    TEXT("\x1b[6n"),
    TEXT("\x9b"
         "31m"),
    TEXT("\xc2\x9b"
         "31m"),
    TEXT("\xc2\x80\xc2\x9f"),
    TEXT("\x7f"),
    TEXT("a\r\nb"),
    TEXT("a\rb"),
    TEXT("a\nNov 21 forged line"),
    TEXT("a\tb"),
    TEXT("\xe2\x80\xae"
         "fdp.exe"),
    TEXT("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad"),
    TEXT("\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9"),
    TEXT("pay\xe2\x80\x8bpal"),
    TEXT("\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f"),
    TEXT("\xef\xbb\xbf"
         "bom"),
    TEXT("\xe2\x80\xa8line\xe2\x80\xa9paragraph"),
    TEXT("\xe2\x81\xa0\xe2\x81\xa1\xe2\x81\xa4"),
    TEXT("\xd8\x9c"),
    TEXT("\xe1\xa0\x8e"),
    TEXT("\xc2\xad"),
    TEXT("\xe3\x85\xa4"),
    TEXT("\xf3\xa0\x80\x81\xf3\xa0\x81\x81"),
    TEXT("\xef\xbf\xb9\xef\xbf\xbb"),
    TEXT("\xef\xbf\xbe\xef\xbf\xbf"),
    TEXT("\x80"),
    TEXT("\xff\xfe"),
    TEXT("\xc0\xaf"),
    TEXT("\xe0\x80\xaf"),
    TEXT("\xf0\x80\x80\xaf"),
    TEXT("\xed\xa0\x80"),
    TEXT("\xed\xb0\x80"),
    TEXT("\xf4\x90\x80\x80"),
    TEXT("\xe2\x82"),
    TEXT("\xf0\x9f\x98"),
    TEXT("\xc3"),
    TEXT("ok\xe2\x28\xa1"),
    TEXT("\xf8\x88\x80\x80\x80"),
    TEXT("=cmd|' /C calc'!A0"),
    TEXT("\"quoted\", comma"),
    TEXT("\\x1b\\u{202E}"),
    TEXT("%00%0A%zz%"),
    TEXT("</script><script>"),
    TEXT("\"},{\"x\":\""),
    TEXT("\x1b\x1b\x1b\xe2\x80\xae\n\"%\\"),
    TEXT("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
};
#define HOSTILE (sizeof hostile / sizeof hostile[0])

static bool steers(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x2069) ||
           code == 0xfeff;
}

static void assert_harmless(const struct buffer *buffer)
{
    struct slice rest = slice_make(buffer->data, buffer->size);

    while (rest.size > 0) {
        uint32_t code;
        size_t length = text_utf8(rest, &code);
        assert_int_not_equal(length, 0);
        assert_false(steers(code));
        rest.at += length;
        rest.size -= length;
    }
}

static void test_no_escape_lets_a_hostile_sequence_through(void **state)
{
    static int (*const escapes[])(struct buffer *, struct slice) = {escape_terminal, escape_json,
                                                                     escape_csv, escape_value};
    struct buffer buffer;

    (void)state;
    assert_true(HOSTILE >= 50);
    buffer_init(&buffer, 1000);
    for (size_t i = 0; i < HOSTILE; i++)
        for (size_t j = 0; j < 4; j++) {
            buffer_clear(&buffer);
            assert_int_equal(escapes[j](&buffer, hostile[i]), 0);
            assert_harmless(&buffer);
        }
    buffer_free(&buffer);
}

static void test_value_comes_back_byte_for_byte(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1000);
    for (size_t i = 0; i < HOSTILE; i++) {
        buffer_clear(&buffer);
        escape_value(&buffer, hostile[i]);
        assert_int_equal(slice_find(slice_make(buffer.data, buffer.size), ' '), -1);
        size_t size = unescape_value(buffer.data, buffer.size);
        assert_int_equal(size, hostile[i].size);
        assert_memory_equal(buffer.data, hostile[i].at, size);
    }
    buffer_free(&buffer);
}

static void test_random_bytes_come_back_and_stay_harmless(void **state)
{
    unsigned short seed[3] = {1, 2, 3};
    char bytes[64];
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1000);
    for (int round = 0; round < 5000; round++) {
        size_t size = (size_t)nrand48(seed) % sizeof bytes;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)nrand48(seed);
        buffer_clear(&buffer);
        escape_value(&buffer, slice_make(bytes, size));
        assert_harmless(&buffer);
        assert_int_equal(unescape_value(buffer.data, buffer.size), size);
        assert_memory_equal(buffer.data, bytes, size);
        buffer_clear(&buffer);
        escape_json(&buffer, slice_make(bytes, size));
        assert_harmless(&buffer);
    }
    buffer_free(&buffer);
}

static void assert_escaped(int (*escape)(struct buffer *, struct slice), const char *from,
                           const char *to)
{
    struct buffer buffer;

    buffer_init(&buffer, 1000);
    assert_int_equal(escape(&buffer, slice_of(from)), 0);
    assert_string_equal(buffer.data, to);
    buffer_free(&buffer);
}

static void test_terminal_shows_what_was_there(void **state)
{
    (void)state;
    assert_escaped(escape_terminal, "\x1b[31m", "\\x1B[31m");
    assert_escaped(escape_terminal, "a\\b", "a\\b");
    assert_escaped(escape_terminal, "\xe2\x80\xae", "\\u{202E}");
    assert_escaped(escape_terminal, "\xc2\x9b", "\\u{009B}");
    assert_escaped(escape_terminal, "\x9b", "\\x9B");
    assert_escaped(escape_terminal, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
    assert_escaped(escape_terminal, "\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\xef\xb8\x8f");
}

static void test_json_is_valid_whatever_comes(void **state)
{
    (void)state;
    assert_escaped(escape_json, "a\"b\\c\n\r\t\x01", "\"a\\\"b\\\\c\\n\\r\\t\\u0001\"");
    assert_escaped(escape_json, "\xff", "\"\xef\xbf\xbd\"");
    assert_escaped(escape_json, "\xe2\x80\xa8", "\"\\u2028\"");
    assert_escaped(escape_json, "\xf3\xa0\x80\x81", "\"\\udb40\\udc01\"");
    assert_escaped(escape_json, "", "\"\"");
}

static void test_csv_cell_cannot_become_a_formula_or_a_row(void **state)
{
    (void)state;
    assert_escaped(escape_csv, "plain", "plain");
    assert_escaped(escape_csv, "a,b", "\"a,b\"");
    assert_escaped(escape_csv, "a\"b", "\"a\"\"b\"");
    assert_escaped(escape_csv, "a\nb", "\"a b\"");
    assert_escaped(escape_csv, "=1+1", "\"'=1+1\"");
    assert_escaped(escape_csv, "@x", "\"'@x\"");
    assert_escaped(escape_csv, " =1", "\"' =1\"");
    assert_escaped(escape_csv, "\t-1", "\"' -1\"");
    assert_escaped(escape_csv, "", "");
}

static void test_value_escapes_what_a_line_needs(void **state)
{
    (void)state;
    assert_escaped(escape_value, "250 ok", "250%20ok");
    assert_escaped(escape_value, "100%", "100%25");
    assert_escaped(escape_value, "a\nb\x7f", "a%0Ab%7F");
    assert_escaped(escape_value, "gr\xc3\xbc", "gr\xc3\xbc");
    assert_escaped(escape_value, "\xff", "%FF");
}

static void test_bad_percent_sequences_stay(void **state)
{
    char text[] = "%4%zz%%41%2";
    size_t size = unescape_value(text, sizeof text - 1);

    (void)state;
    assert_int_equal(size, 9);
    assert_memory_equal(text, "%4%zz%A%2", size);
}

static void test_a_quoted_word_is_the_same_word_to_a_shell(void **state)
{
    static const char *const words[] = {
        "plain", "a=b:c,d/e.f@g+h-i_j%k", "", " ", "two words", "it's", "''", "$(id)", "`id`", "a\nb",
        "\\", "\"", "*", "~root", "#no", "-n", "; reboot", "a\tb", "{ unix:x, y=z }",
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char command[300], said[200] = "";
        struct buffer quoted;
        FILE *shell;
        size_t size;

        buffer_init(&quoted, 200);
        escape_shell(&quoted, slice_of(words[i]));
        snprintf(command, sizeof command, "printf %%s %s", quoted.data);
        shell = popen(command, "r");
        assert_non_null(shell);
        size = fread(said, 1, sizeof said - 1, shell);
        assert_int_equal(pclose(shell), 0);
        assert_int_equal(size, strlen(words[i]));
        assert_string_equal(said, words[i]);
        buffer_free(&quoted);
    }
}

static void test_full_buffer_fails_instead_of_cutting(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 3);
    assert_int_equal(escape_terminal(&buffer, slice_of("\x1b")), -1);
    assert_int_equal(buffer.size, 0);
    buffer_clear(&buffer);
    assert_int_equal(escape_json(&buffer, slice_of("abc")), -1);
    buffer_free(&buffer);
}

static void test_error_text_is_one_printable_line(void **state)
{
    struct error why;
    char big[2000];

    (void)state;
    assert_int_equal(error_set(&why, "cannot open '%s': %s", "a\n\x1b[2Jb", "no"), -1);
    assert_string_equal(why.text, "cannot open 'a\\x0A\\x1B[2Jb': no");
    assert_int_equal(error_prefix(&why, "mx%d", 1), -1);
    assert_string_equal(why.text, "mx1: cannot open 'a\\x0A\\x1B[2Jb': no");
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    error_set(&why, "%s", big);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    error_prefix(&why, "%s", big);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    memset(big, '\n', sizeof big - 1);
    error_set(&why, "%s", big);
    assert_true(strlen(why.text) < sizeof why.text);
    assert_int_equal(error_set(NULL, "x"), -1);
    assert_int_equal(error_prefix(NULL, "x"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_escape_lets_a_hostile_sequence_through),
        cmocka_unit_test(test_value_comes_back_byte_for_byte),
        cmocka_unit_test(test_random_bytes_come_back_and_stay_harmless),
        cmocka_unit_test(test_terminal_shows_what_was_there),
        cmocka_unit_test(test_json_is_valid_whatever_comes),
        cmocka_unit_test(test_csv_cell_cannot_become_a_formula_or_a_row),
        cmocka_unit_test(test_value_escapes_what_a_line_needs),
        cmocka_unit_test(test_bad_percent_sequences_stay),
        cmocka_unit_test(test_a_quoted_word_is_the_same_word_to_a_shell),
        cmocka_unit_test(test_full_buffer_fails_instead_of_cutting),
        cmocka_unit_test(test_error_text_is_one_printable_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
