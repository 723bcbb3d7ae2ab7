/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words that no rule knows are counted by what they have in common, within bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../../milter/answer/unknown.h"

static void assert_form(const char *words, const char *form)
{
    struct buffer text;

    buffer_init(&text, 4096);
    assert_int_equal(unknown_form(slice_of(words), &text), 0);
    assert_string_equal(text.data, form);
    buffer_free(&text);
}

static void test_codes_stay_numbers_and_addresses_go(void **state)
{
    (void)state;
    assert_form("550 5.9.9 <bob@example.org>: no tuesday 17 [192.0.2.1] B2C77A1E4F",
                "550 5.9.9 @ no tuesday # # #");
    assert_form("550-5.9.9 no", "550-5.9.9 no");
    assert_form("  tschilp \r\n 550 ", "tschilp #");
    assert_form("", "");
}

static struct unknown *start(void)
{
    struct unknown *unknown;
    struct error why;

    assert_int_equal(unknown_new(&unknown, &why), 0);
    return unknown;
}

static void test_what_differs_in_numbers_only_counts_as_one(void **state)
{
    struct unknown *unknown = start();
    const struct unknown_words *words;
    size_t count;

    (void)state;
    assert_int_equal(unknown_add(unknown, slice_of("550 rare")), 0);
    for (int i = 0; i < 3; i++) {
        char text[64];
        snprintf(text, sizeof text, "550 <u%d@example.org> id %d", i, i);
        assert_int_equal(unknown_add(unknown, slice_of(text)), 0);
    }
    words = unknown_sorted(unknown, &count);
    assert_int_equal(count, 2);
    assert_int_equal(words[0].count, 3);
    assert_string_equal(words[0].example, "550 <u0@example.org> id 0");
    assert_string_equal(words[1].key, "550 rare");
    assert_int_equal(unknown_total(unknown), 4);
    unknown_free(&unknown);
}

/* A number in letters, so that each is of another kind. */
static void spell(unsigned number, char text[static 16])
{
    size_t size = 0;

    for (; size < 8; number /= 26)
        text[size++] = (char)('a' + number % 26);
    text[size] = '\0';
}

static void test_more_kinds_than_have_room_are_only_counted(void **state)
{
    struct unknown *unknown = start();
    size_t count;

    (void)state;
    for (unsigned i = 0; i < UNKNOWN_MAX + 500; i++) {
        char text[16];
        spell(i, text);
        assert_int_equal(unknown_add(unknown, slice_of(text)), 0);
    }
    unknown_sorted(unknown, &count);
    assert_int_equal(count, UNKNOWN_MAX);
    assert_int_equal(unknown_rest(unknown), 500);
    assert_int_equal(unknown_total(unknown), UNKNOWN_MAX + 500);
    unknown_free(&unknown);
}

static void test_endless_words_are_cut(void **state)
{
    static char endless[20000];
    struct unknown *unknown = start();
    const struct unknown_words *words;
    size_t count;

    (void)state;
    memset(endless, 'x', sizeof endless);
    unknown_add(unknown, slice_make(endless, sizeof endless));
    unknown_add(unknown, slice_make(endless, sizeof endless - 1000));
    words = unknown_sorted(unknown, &count);
    assert_int_equal(count, 1);
    assert_int_equal(strlen(words[0].key), UNKNOWN_KEY_MAX);
    assert_int_equal(strlen(words[0].example), UNKNOWN_EXAMPLE_MAX);
    unknown_free(&unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_stay_numbers_and_addresses_go),
        cmocka_unit_test(test_what_differs_in_numbers_only_counts_as_one),
        cmocka_unit_test(test_more_kinds_than_have_room_are_only_counted),
        cmocka_unit_test(test_endless_words_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
