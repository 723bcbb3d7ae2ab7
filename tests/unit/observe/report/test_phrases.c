/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_phrases: what counts as an occurrence of a phrase, and where it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "phrases.h"

static const char *const phrases[] = {
    "user unknown|no such user", "unknown", ">>> data", "554 no", NULL, "said: ", "7 no"};
#define PHRASES (sizeof phrases / sizeof *phrases)

static const char *words_of(size_t number)
{
    return phrases[number];
}

static struct lexicon by_words = {.count = PHRASES, .words = words_of};
static struct lexicon anywhere = {.count = PHRASES, .words = words_of, .within_words = true};

static uint32_t end_of(struct lexicon *lexicon, size_t number, const char *text)
{
    uint32_t ends[PHRASES];

    assert_true(phrases_seek(lexicon, slice_of(text), ends));
    return ends[number];
}

static void test_each_alternative_counts_and_the_first_place_is_told(void **state)
{
    (void)state;
    assert_int_equal(end_of(&by_words, 0, "no such user, user unknown"), 12);
    assert_int_equal(end_of(&by_words, 1, "user unknown unknown"), 12);
    assert_int_equal(end_of(&by_words, 2, "a >>> DATA"), 10);
    assert_int_equal(end_of(&by_words, 4, "a >>> DATA"), 0);
}

static void test_a_blank_stands_for_a_run_of_them(void **state)
{
    (void)state;
    assert_int_equal(end_of(&by_words, 0, "User \r\n\t unknown"), 16);
    assert_int_equal(end_of(&by_words, 0, "userunknown"), 0);
    assert_int_equal(end_of(&by_words, 5, "said:  550"), 6);
    assert_int_equal(end_of(&by_words, 5, "said:550"), 0);
}

static void test_a_phrase_begins_where_a_word_does(void **state)
{
    (void)state;
    assert_int_equal(end_of(&by_words, 0, "superuser unknown"), 0);
    assert_int_equal(end_of(&anywhere, 0, "superuser unknown"), 17);
    assert_int_equal(end_of(&by_words, 3, "1554 no"), 0);
    assert_int_equal(end_of(&by_words, 3, "#554 no"), 7);
    assert_int_equal(end_of(&by_words, 2, "a>>> data"), 9);
}

static void test_controls_are_not_taken_for_digits(void **state)
{
    (void)state;
    assert_int_equal(end_of(&by_words, 6, "7 no"), 4);
    assert_int_equal(end_of(&by_words, 6, "\x17 no"), 0);
}

static void test_any_needs_a_text(void **state)
{
    (void)state;
    assert_true(phrases_any(&by_words, slice_of("it is unknown")));
    assert_false(phrases_any(&by_words, slice_of("it is known")));
    assert_false(phrases_any(&by_words, SLICE_ABSENT));
}

static const char *bad;
static const char *bad_words(size_t number)
{
    (void)number;
    return bad;
}

static void test_phrases_that_would_not_be_found_are_told(void **state)
{
    const struct lexicon lexicon = {.count = 1, .words = bad_words};
    static const char *const all[] = {"", "a||b", " a", "a  b", "a\tb", "a\x15"};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        bad = all[i];
        assert_false(phrases_fit(&lexicon));
    }
    bad = "a b|c ";
    assert_true(phrases_fit(&lexicon));
}

static void test_the_first_place_of_any_alternative_is_found(void **state)
{
    struct slice text = slice_of("the user unknown here");
    struct slice found = phrase_find(text, "unknown|user|user unknown");

    (void)state;
    assert_ptr_equal(found.at, text.at + 4);
    assert_int_equal(found.size, 12);
    assert_null(phrase_find(text, "nknown|nobody").at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_alternative_counts_and_the_first_place_is_told),
        cmocka_unit_test(test_a_blank_stands_for_a_run_of_them),
        cmocka_unit_test(test_a_phrase_begins_where_a_word_does),
        cmocka_unit_test(test_controls_are_not_taken_for_digits),
        cmocka_unit_test(test_any_needs_a_text),
        cmocka_unit_test(test_phrases_that_would_not_be_found_are_told),
        cmocka_unit_test(test_the_first_place_of_any_alternative_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
