/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is kept of the header fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "milter/observe/smtp/headers.h"

static const struct rules full = {.subject = SUBJECT_FULL};

static void expect_kept(const char *name, const char *value, enum fact_key key, const char *kept)
{
    char hash[SUBJECT_HASH_SIZE];
    struct headers headers;
    struct fact fact;

    fact_init(&fact, WITNESS_MILTER, FACT_HEADER, 0);
    headers_init(&headers);
    headers_take(&headers, name, value, SUBJECT_FULL);
    assert_int_equal(headers_fill(&headers, &full, &fact, hash), kept != NULL);
    if (kept != NULL && !slice_is(fact.value[key], kept))
        fail_msg("%s:%s gives '%.*s'", name, value, SLICE_ARGS(fact.value[key]));
    headers_clear(&headers);
}

static void test_a_folded_field_becomes_one_line(void **state)
{
    (void)state;
    expect_kept("Subject", " one\n two", KEY_SUBJECT, "one two");
    expect_kept("Subject", " one\r\n\t two\r\n three ", KEY_SUBJECT, "one two three");
    expect_kept("Subject", "\n only", KEY_SUBJECT, "only");
    expect_kept("Subject", "one \n two", KEY_SUBJECT, "one  two");
    expect_kept("Subject", "a\nb", KEY_SUBJECT, "a b"); /* no field of an honest MTA */
    expect_kept("Subject", " \r\n \n\t", KEY_SUBJECT, NULL);
    expect_kept("Subject", "", KEY_SUBJECT, NULL);
}

static void test_a_message_id_loses_its_brackets_only(void **state)
{
    (void)state;
    expect_kept("Message-ID", " <a@b>", KEY_MESSAGE_ID, "a@b");
    expect_kept("MESSAGE-id", "<a@b> (comment)", KEY_MESSAGE_ID, "a@b");
    expect_kept("Message-Id", "a@b", KEY_MESSAGE_ID, "a@b");
    expect_kept("Message-Id", "<a@b", KEY_MESSAGE_ID, "<a@b");
    expect_kept("Message-Id", "<>", KEY_MESSAGE_ID, "<>");
}

static void test_other_fields_are_not_kept(void **state)
{
    (void)state;
    expect_kept("Subject2", "x", KEY_SUBJECT, NULL);
    expect_kept("Subjec", "x", KEY_SUBJECT, NULL);
    expect_kept("X-Subject", "x", KEY_SUBJECT, NULL);
    expect_kept("", "x", KEY_SUBJECT, NULL);
    expect_kept("Subject ", "x", KEY_SUBJECT, "x"); /* RFC 822 allowed the blank */
}

static void test_the_first_field_of_a_name_counts(void **state)
{
    char hash[SUBJECT_HASH_SIZE];
    struct headers headers;
    struct fact fact;

    (void)state;
    fact_init(&fact, WITNESS_MILTER, FACT_HEADER, 0);
    headers_init(&headers);
    headers_take(&headers, "From", " alice@sender.example", SUBJECT_FULL);
    headers_take(&headers, "From", " bank@elsewhere.example", SUBJECT_FULL);
    assert_true(headers_fill(&headers, &full, &fact, hash));
    assert_true(slice_is(fact.value[KEY_HEADER_FROM], "alice@sender.example"));
    headers_clear(&headers);
}

static void test_a_subject_may_be_hashed_under_a_key_or_left_out(void **state)
{
    struct rules one = {.subject = SUBJECT_HASH, .subject_key = "one"};
    struct rules two = {.subject = SUBJECT_HASH, .subject_key = "two"};
    char hash[SUBJECT_HASH_SIZE], other[SUBJECT_HASH_SIZE];
    struct headers headers;
    struct fact fact;

    (void)state;
    headers_init(&headers);
    headers_take(&headers, "Subject", " Hello\n world", SUBJECT_HASH);
    fact_init(&fact, WITNESS_MILTER, FACT_HEADER, 0);
    assert_true(headers_fill(&headers, &one, &fact, hash));
    assert_null(fact.value[KEY_SUBJECT].at);
    assert_int_equal(fact.value[KEY_SUBJECT_HASH].size, 16);
    assert_true(headers_fill(&headers, &two, &fact, other));
    assert_string_not_equal(hash, other);
    headers_clear(&headers);

    headers_init(&headers);
    headers_take(&headers, "Subject", "  Hello world", SUBJECT_HASH);
    headers_fill(&headers, &one, &fact, other);
    assert_string_equal(hash, other); /* however it was folded */
    headers_clear(&headers);

    headers_init(&headers);
    headers_take(&headers, "Subject", " Hello", SUBJECT_OFF);
    assert_false(headers_fill(&headers, &one, &fact, other));
    headers_clear(&headers);
}

static void test_a_million_fields_need_no_more_memory_than_six(void **state)
{
    static char value[200001];
    struct headers headers;

    (void)state;
    memset(value, '\n', sizeof value - 1);
    for (size_t i = 0; i < sizeof value - 1; i += 2)
        value[i] = 'x';
    headers_init(&headers);
    for (int i = 0; i < 1000; i++)
        headers_take(&headers, i % 2 ? "Subject" : "From", value, SUBJECT_FULL);
    for (int i = 0; i < HEADERS_KEPT; i++)
        assert_true(headers.value[i].capacity <= 8192);
    headers_clear(&headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_folded_field_becomes_one_line),
        cmocka_unit_test(test_a_message_id_loses_its_brackets_only),
        cmocka_unit_test(test_other_fields_are_not_kept),
        cmocka_unit_test(test_the_first_field_of_a_name_counts),
        cmocka_unit_test(test_a_subject_may_be_hashed_under_a_key_or_left_out),
        cmocka_unit_test(test_a_million_fields_need_no_more_memory_than_six),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
