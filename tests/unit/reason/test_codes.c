/* SPDX-License-Identifier: BSD-2-Clause */
/* A code is read where a server puts it, and never out of an address, a version or a size. */
#include "waybill/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_status_is_class_subject_detail_and_nothing_else(void **state)
{
    static const char *const good[] = {"5.1.1", "4.0.0", "2.1.5", "5.7.509", "5.999.999"};
    static const char *const bad[] = {"",        "5",      "5.1",      "5.1.",     "5.1.1.",
                                      "3.1.1",   "1.1.1",  "5.1000.1", "5.1.1000", " 5.1.1",
                                      "5.1.1 ",  "5.01.1", "5.1.a",    "5..1",     "15.1.1",
                                      "5.1.1.1", "5,1,1",  "550",      "5.-1.1"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(status_fits(slice_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (status_fits(slice_of(bad[i])))
            fail_msg("'%s' is no status", bad[i]);
    assert_false(status_fits(SLICE_ABSENT));
}

/* words, status ("": none), code */
static const struct {
    const char *words, *status;
    unsigned code;
} cases[] = {
    {"550 5.1.1 no such user", "5.1.1", 550},
    {"550-5.1.1 no such\r\n550 5.1.1 user", "5.1.1", 550},
    {"550: 5.1.1 no such user", "5.1.1", 550},
    {"SMTP; 550 5.1.1 no such user", "5.1.1", 550},
    {"smtp;550-5.2.2 full", "5.2.2", 550},
    {"host mx.example.org[192.0.2.4] said: 452 4.2.2 full", "4.2.2", 452},
    {"Sorry, no such mailbox. (#5.1.1)", "5.1.1", 0},
    {"connection refused (#4.4.1)", "4.4.1", 0},
    {"<mx.example.org #5.5.0 smtp;550 5.2.1 closed>", "5.2.1", 550},
    {"#5.1.1", "5.1.1", 0},
    {"refused [5.7.1]", "5.7.1", 0},
    {"5.1.10 not found", "5.1.10", 0},
    {"Status: 5.4.4", "5.4.4", 0},
    {"error code 5.3.4", "5.3.4", 0},
    {"554 delivery error: dd", "", 554},
    {"421", "", 421},
    {"remote said:\n 554 no", "", 554},
    {"said: 550-no\n550 really", "", 550},
    {"552 Requested action aborted", "", 552},
    {"after DATA: 571 5.7.1 no", "5.7.1", 571},
    {"220 hello; 550 5.1.1.", "5.1.1", 550},
    {"2.1.5 fine", "2.1.5", 0},
    {"250 2.1.5 fine", "2.1.5", 0},
    /* no codes */
    {"connect to 127.0.0.1 failed", "", 0},
    {"blocked: [5.1.1.7] is listed", "", 0},
    {"blocked: [4.4.1.2] is listed", "", 0},
    {"from 4.4.1.2", "", 0},
    {"Postfix version 5.1.1", "", 0},
    {"this is SendIt 4.2.1 at your service", "", 0},
    {"v5.1.1", "", 0},
    {"5.1.1beta", "", 0},
    {"mail of 550 bytes", "", 0},
    {"some problem 550-'no such thing'", "", 550},
    {"some problem of 550-fold size", "", 0},
    {"queued for 421 seconds", "", 0},
    {"take 550.5 apples", "", 0},
    {"port 587", "", 0},
    {"user550 and 550user, 5500, x-550-y, 192.0.2.550", "", 0},
    {"id 20150-550", "", 0},
    {"250 ok", "", 0},
    {"", "", 0},
};

static void test_codes_are_found_where_a_server_puts_them_only(void **state)
{
    char status[STATUS_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice words = slice_of(cases[i].words);
        bool found = status_in(words, status);

        if (strcmp(status, cases[i].status) != 0 || found != (cases[i].status[0] != '\0'))
            fail_msg("status of '%s' is '%s'", cases[i].words, status);
        if (smtp_code_in(words) != cases[i].code)
            fail_msg("code of '%s' is %u", cases[i].words, smtp_code_in(words));
    }
}

static void test_status_behind_a_reply_code_beats_an_earlier_one(void **state)
{
    char status[STATUS_ROOM];

    (void)state;
    assert_true(status_in(slice_of("#5.0.0 then 550 5.1.1 no such user"), status));
    assert_string_equal(status, "5.1.1");
}

static void test_codes_do_not_read_past_the_end(void **state)
{
    static const char words[] = "550 5.1.1 550-5.7.509";

    (void)state;
    for (size_t size = 0; size < sizeof words; size++) {
        char *copy = malloc(size + 1), status[STATUS_ROOM];

        assert_non_null(copy);
        memcpy(copy, words, size);
        copy = realloc(copy, size > 0 ? size : 1);
        assert_non_null(copy);
        (void)status_in(slice_make(copy, size), status);
        (void)smtp_code_in(slice_make(copy, size));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_is_class_subject_detail_and_nothing_else),
        cmocka_unit_test(test_codes_are_found_where_a_server_puts_them_only),
        cmocka_unit_test(test_status_behind_a_reply_code_beats_an_earlier_one),
        cmocka_unit_test(test_codes_do_not_read_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
