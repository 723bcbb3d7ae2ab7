/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A value stands under its key only if it has its standard's form; nothing is dropped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "milter/observe/smtp/esmtp.h"

struct expectation {
    const char *word;  /* one parameter */
    enum fact_key key; /* where it stands */
    const char *value; /* what stands there */
};

static void check(const struct expectation *row,
                  void (*read)(char **, struct fact *, struct buffer *))
{
    char *copy = strdup(row->word);
    char *words[] = {copy, NULL};
    struct buffer rest;
    struct fact fact;

    fact_init(&fact, WITNESS_MILTER, FACT_MAIL, 0);
    buffer_init(&rest, FACT_VALUE_MAX);
    read(words, &fact, &rest);
    for (int key = 0; key < FACT_KEY_COUNT; key++) {
        struct slice value = fact.value[key];
        if (key != (int)row->key && value.at != NULL)
            fail_msg("%s: also under %s", row->word, fact_key_word((enum fact_key)key));
        if (key == (int)row->key && !slice_is(value, row->value))
            fail_msg("%s: '%.*s' under %s", row->word, SLICE_ARGS(value), fact_key_word(row->key));
    }
    buffer_free(&rest);
    free(copy);
}

static void test_parameters_of_mail_are_read_strictly(void **state)
{
    static const struct expectation rows[] = {
        {"SIZE=0", KEY_SIZE, "0"},
        {"size=9223372036854775807", KEY_SIZE, "9223372036854775807"},
        {"SIZE=9223372036854775808", KEY_PARAMETERS, "SIZE=9223372036854775808"},
        {"SIZE=99999999999999999999999", KEY_PARAMETERS, "SIZE=99999999999999999999999"},
        {"SIZE=+1", KEY_PARAMETERS, "SIZE=+1"},
        {"SIZE=1k", KEY_PARAMETERS, "SIZE=1k"},
        {"SIZE=", KEY_PARAMETERS, "SIZE="},
        {"SIZE", KEY_PARAMETERS, "SIZE"},
        {"BODY=8BITMIME", KEY_BODY, "8BITMIME"},
        {"BODY=a b", KEY_PARAMETERS, "BODY=a b"},
        {"SMTPUTF8", KEY_UTF8, "1"},
        {"smtputf8", KEY_UTF8, "1"},
        {"SMTPUTF8=", KEY_PARAMETERS, "SMTPUTF8="},
        {"RET=HDRS", KEY_RET, "HDRS"},
        {"RET=hdr", KEY_PARAMETERS, "RET=hdr"},
        {"ENVID=a+3Db", KEY_ENVID, "a+3Db"},
        {"ENVID=a\001", KEY_PARAMETERS, "ENVID=a\001"},
        {"NOTIFY=NEVER", KEY_PARAMETERS, "NOTIFY=NEVER"}, /* of RCPT, not of MAIL */
        {"SIZES=1", KEY_PARAMETERS, "SIZES=1"},
        {"=1", KEY_PARAMETERS, "=1"},
        {"AUTH=<>", KEY_PARAMETERS, "AUTH=<>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i], esmtp_read_mail);
}

static void test_parameters_of_rcpt_are_read_strictly(void **state)
{
    static const struct expectation rows[] = {
        {"NOTIFY=NEVER", KEY_NOTIFY, "NEVER"},
        {"NOTIFY=success,FAILURE,Delay", KEY_NOTIFY, "success,FAILURE,Delay"},
        {"NOTIFY=SUCCESS,NEVER", KEY_PARAMETERS, "NOTIFY=SUCCESS,NEVER"},
        {"NOTIFY=SUCCESS,", KEY_PARAMETERS, "NOTIFY=SUCCESS,"},
        {"NOTIFY=,", KEY_PARAMETERS, "NOTIFY=,"},
        {"ORCPT=rfc822;a@b", KEY_ORCPT, "rfc822;a@b"},
        {"ORCPT=utf-8;\xce\xb4@b", KEY_ORCPT, "utf-8;\xce\xb4@b"},
        {"ORCPT=;a@b", KEY_PARAMETERS, "ORCPT=;a@b"},
        {"ORCPT=a@b", KEY_PARAMETERS, "ORCPT=a@b"},
        {"SIZE=1", KEY_PARAMETERS, "SIZE=1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i], esmtp_read_rcpt);
}

static void test_parameters_without_end_stay_within_the_limit(void **state)
{
    enum { MANY = 5000 };
    static char *words[MANY + 1];
    struct buffer rest;
    struct fact fact;

    (void)state;
    for (int i = 0; i < MANY; i++)
        words[i] = (char *)(void *)"X-PARAMETER=1";
    fact_init(&fact, WITNESS_MILTER, FACT_MAIL, 0);
    buffer_init(&rest, FACT_VALUE_MAX);
    esmtp_read_mail(words, &fact, &rest);
    assert_false(rest.failed);
    assert_in_range(fact.value[KEY_PARAMETERS].size, FACT_VALUE_MAX - 20, FACT_VALUE_MAX);
    assert_true(slice_ends(fact.value[KEY_PARAMETERS], " X-PARAMETER=1"));
    buffer_free(&rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_of_mail_are_read_strictly),
        cmocka_unit_test(test_parameters_of_rcpt_are_read_strictly),
        cmocka_unit_test(test_parameters_without_end_stay_within_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
