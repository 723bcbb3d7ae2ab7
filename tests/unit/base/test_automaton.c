/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_automaton: every occurrence of every text is found, overlaps and texts within texts too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/automaton.h"

/* How often each text ends in `where`, as a line of digits. */
static void count_texts(const struct slice *texts, uint32_t count, const char *where, char *counts)
{
    struct automaton automaton;
    uint32_t node = 0;

    assert_int_equal(automaton_build(&automaton, texts, count), 0);
    memset(counts, '0', count);
    counts[count] = '\0';
    for (const char *at = where; *at != '\0'; at++) {
        node = automaton_step(&automaton, node, (unsigned char)*at);
        for (uint32_t hit = automaton.nodes[node].report; hit != 0;
             hit = automaton.nodes[automaton.nodes[hit].fail].report)
            counts[automaton.nodes[hit].text]++;
    }
    automaton_free(&automaton);
}

static void test_texts_within_texts_are_found(void **state)
{
    const struct slice texts[] = {slice_of("e"), slice_of("he"), slice_of("her"), slice_of("hers"),
                                  slice_of("she")};
    char counts[6];

    (void)state;
    count_texts(texts, 5, "ushers", counts);
    assert_string_equal(counts, "11111");
}

static void test_occurrences_that_overlap_are_found(void **state)
{
    const struct slice texts[] = {slice_of("aa"), slice_of("aaa"), slice_of("ab")};
    char counts[4];

    (void)state;
    count_texts(texts, 3, "aaaab", counts);
    assert_string_equal(counts, "321");
}

static void test_what_nearly_is_one_is_none(void **state)
{
    const struct slice texts[] = {slice_of("abcd"), slice_of("bcx")};
    char counts[3];

    (void)state;
    count_texts(texts, 2, "abcabcx", counts);
    assert_string_equal(counts, "01");
}

static void test_a_text_ends_in_the_midst_of_another(void **state)
{
    const struct slice texts[] = {slice_of("he"), slice_of("they")};
    char counts[3];

    (void)state;
    count_texts(texts, 2, "then", counts);
    assert_string_equal(counts, "10");
}

static void test_no_text_is_found_nowhere(void **state)
{
    char counts[1];

    (void)state;
    count_texts(NULL, 0, "anything", counts);
    assert_string_equal(counts, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_within_texts_are_found),
        cmocka_unit_test(test_occurrences_that_overlap_are_found),
        cmocka_unit_test(test_what_nearly_is_one_is_none),
        cmocka_unit_test(test_a_text_ends_in_the_midst_of_another),
        cmocka_unit_test(test_no_text_is_found_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
