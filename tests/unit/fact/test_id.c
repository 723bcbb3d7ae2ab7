/* SPDX-License-Identifier: BSD-2-Clause */
/* An id never comes twice, and its spoken form cannot be misheard by one character. */
#include "waybill/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/clock.h"

#define NOON INT64_C(1763726400000) /* 2025-11-21 12:00:00 UTC */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void test_digits_tell_day_second_node_and_sequence(void **state)
{
    (void)state;
    struct id_mint mint;
    id_mint_init(&mint, 7, 3, 0);
    uint64_t id = id_mint_next(&mint, NOON + 999);
    assert_int_equal(id, UINT64_C(251121432000730000));
    assert_int_equal(id_time(id), NOON);
    assert_int_equal(id_node(id), 7);
    assert_int_equal(id_ref(id), UINT64_C(432000730000));
}

static void test_ids_rise_even_when_the_clock_goes_back(void **state)
{
    (void)state;
    struct id_mint mint;
    uint64_t last = 0;
    id_mint_init(&mint, 99, 7, 0);
    for (int i = 0; i < 50000; i++) {
        uint64_t id = id_mint_next(&mint, NOON + (i % 3 == 0 ? -1 : 1) * (int64_t)i * 100);
        assert_true(id > last);
        assert_true(id_valid(id));
        assert_int_equal(id_node(id), 99);
        assert_int_equal(id % 100000 / 10000, 7);
        last = id;
    }
}

static void test_restart_never_repeats_an_id(void **state)
{
    (void)state;
    struct id_mint mint;
    id_mint_init(&mint, 1, 0, 0);
    uint64_t before = 0;
    for (int i = 0; i < 5; i++)
        before = id_mint_next(&mint, NOON);
    /* The journal may know an earlier id than the last one given. */
    id_mint_init(&mint, 1, 0, before - 4);
    assert_true(id_mint_next(&mint, NOON - HOUR_MS) > before);
}

static void test_day_ends_in_the_next_day(void **state)
{
    (void)state;
    struct id_mint mint;
    id_mint_init(&mint, 0, 0, UINT64_C(251231863990000000));
    assert_int_equal(id_mint_next(&mint, 0), UINT64_C(260101000000000000));
}

static void test_code_reads_back(void **state)
{
    (void)state;
    uint64_t back, id = UINT64_C(251121576320300412);
    char code[ID_CODE_SIZE], spoken[64];
    id_code(id, code);
    assert_int_equal(strlen(code), 16);
    assert_true(id_parse(slice_of(code), &back) && back == id);
    size_t at = 0;
    for (const char *from = code; *from; from++) {
        char byte = *from;
        if (byte == '-')
            continue;
        spoken[at++] = byte == '0' ? 'o' : byte == '1' ? 'l' : (char)(byte | 0x20);
        spoken[at++] = ' ';
    }
    assert_true(id_parse(slice_make(spoken, at), &back) && back == id);
    assert_true(id_parse(slice_of("251121576320300412"), &back) && back == id);
}

static void test_every_single_slip_is_caught(void **state)
{
    (void)state;
    uint64_t back;
    for (uint64_t step = 0; step < 200; step++) {
        char code[ID_CODE_SIZE];
        id_code(UINT64_C(251121000000000000) + step * 431234567, code);
        for (int i = 0; i < 16; i++) {
            char right = code[i];
            if (right == '-')
                continue;
            for (int wrong = 0; wrong < 32; wrong++) {
                code[i] = alphabet[wrong];
                assert_int_equal(id_parse(slice_of(code), &back), code[i] == right);
            }
            code[i] = right;
        }
    }
}

static void test_every_swap_of_neighbours_is_caught(void **state)
{
    (void)state;
    uint64_t back;
    for (uint64_t step = 0; step < 200; step++) {
        char code[ID_CODE_SIZE];
        id_code(UINT64_C(251121000000000000) + step * 431234567, code);
        for (int i = 0, j = 1; j < 16; i = j, j++) {
            if (code[j] == '-')
                j++;
            char left = code[i], right = code[j];
            code[i] = right;
            code[j] = left;
            assert_int_equal(id_parse(slice_of(code), &back), left == right);
            code[i] = left;
            code[j] = right;
        }
    }
}

static void test_what_is_no_id_is_refused(void **state)
{
    (void)state;
    uint64_t id;
    static const char *const wrong[] = {"", "-", "7K3M", "251321000000000000", "251121999990000000",
                                        "0000-0000-0000-0000-0", "7K3M-9QX2-4TRD-U",
                                        "99999999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(id_parse(slice_of(wrong[i]), &id));
}

static void expect_near(const char *typed, uint64_t wanted)
{
    uint64_t near[ID_NEAR_MAX];
    size_t count = id_near(slice_of(typed), near);

    assert_true(id_mistyped(slice_of(typed)));
    for (size_t i = 0; i < count; i++) {
        assert_true(id_valid(near[i]));
        for (size_t j = 0; j < i; j++)
            assert_true(near[i] != near[j]);
        if (near[i] == wanted)
            return;
    }
    fail_msg("'%s' does not lead to the code that was meant", typed);
}

/* Each fault of one finger: another character, one too few, one too many, two swapped. */
static void test_a_mistyped_code_leads_to_the_one_that_was_meant(void **state)
{
    static const uint64_t ids[] = {UINT64_C(251121432000312345), UINT64_C(261122000010000001)};
    uint64_t back;

    (void)state;
    for (size_t of = 0; of < 2; of++)
        for (size_t i = 0; i < ID_CODE_SIZE - 1; i++) {
            char code[ID_CODE_SIZE], typed[ID_CODE_SIZE + 1];

            id_code(ids[of], code);
            if (code[i] == '-')
                continue;
            for (const char *wrong = "0123456789abcdefghjkmnpqrstvwxyzU"; *wrong != '\0'; wrong++) {
                memcpy(typed, code, sizeof code);
                typed[i] = *wrong;
                if (!id_parse(slice_of(typed), &back))
                    expect_near(typed, ids[of]);
            }
            memcpy(typed, code, sizeof code);
            memmove(typed + i, typed + i + 1, sizeof code - i - 1);
            expect_near(typed, ids[of]);
            memcpy(typed, code, i);
            typed[i] = '7';
            memcpy(typed + i + 1, code + i, sizeof code - i);
            expect_near(typed, ids[of]);
            if (i + 1 < ID_CODE_SIZE - 1 && code[i + 1] != '-' && code[i] != code[i + 1]) {
                memcpy(typed, code, sizeof code);
                typed[i] = code[i + 1];
                typed[i + 1] = code[i];
                expect_near(typed, ids[of]);
            }
        }
}

static void test_what_is_no_code_is_near_none(void **state)
{
    static const char *const others[] = {"", "-", "4mGprq", "7K3M", "anna@example.org",
                                         "0000-0000-0000-UU", "77XH_339H_SXC1", "77XH-339H-SXC1-EEEE",
                                         "251121432000312345", "UUUU-UUUU-UUUU-U"};
    uint64_t near[ID_NEAR_MAX];
    char code[ID_CODE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(id_near(slice_of(others[i]), near), 0);
    id_code(UINT64_C(251121432000312345), code);
    assert_false(id_mistyped(slice_of(code)));
    assert_int_equal(id_near(slice_of(code), near), 0);
}

static void test_log_ids_follow_from_the_mail_alone(void **state)
{
    (void)state;
    struct slice host = slice_of("mx1"), instance = slice_of("postfix"), queue = slice_of("4mGprq");
    uint64_t id = id_from_log(3, host, instance, queue, NOON, 0);
    assert_int_equal(id, id_from_log(3, host, instance, queue, NOON + 999, 0));
    assert_int_not_equal(id, id_from_log(3, host, instance, queue, NOON, 1));
    assert_int_not_equal(id, id_from_log(3, host, slice_of("postfix-out"), queue, NOON, 0));
    assert_true(id % 100000 >= 80000);
    assert_int_equal(id_time(id), NOON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_tell_day_second_node_and_sequence),
        cmocka_unit_test(test_ids_rise_even_when_the_clock_goes_back),
        cmocka_unit_test(test_restart_never_repeats_an_id),
        cmocka_unit_test(test_day_ends_in_the_next_day),
        cmocka_unit_test(test_code_reads_back),
        cmocka_unit_test(test_every_single_slip_is_caught),
        cmocka_unit_test(test_every_swap_of_neighbours_is_caught),
        cmocka_unit_test(test_what_is_no_id_is_refused),
        cmocka_unit_test(test_a_mistyped_code_leads_to_the_one_that_was_meant),
        cmocka_unit_test(test_what_is_no_code_is_near_none),
        cmocka_unit_test(test_log_ids_follow_from_the_mail_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
