/* SPDX-License-Identifier: BSD-2-Clause */
/* What is found on a page: fields, words, the copy of the returned mail, addresses. */
#include "../../../../milter/observe/report/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct page page;

static int set_up(void **state)
{
    (void)state;
    page_init(&page);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    page_free(&page);
    return 0;
}

static void assert_slice(struct slice is, const char *text)
{
    if (!slice_equal(is, slice_of(text)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(is), text == NULL ? "(absent)" : text);
}

static void test_fields_are_found_by_name_and_decoded(void **state)
{
    (void)state;
    assert_slice(page_field(&page, "Subject"), NULL);
    page_add_field(&page, slice_of("Subject"), slice_of("=?utf-8?q?a=0AFrom:_b=C3=B6?= c"));
    page_add_field(&page, slice_of("FROM"), slice_of("x@example.org"));
    page_add_field(&page, slice_of("From"), slice_of("y@example.org"));
    page_add_field(&page, slice_of("X-Empty"), slice_of(""));
    assert_slice(page_field(&page, "subject"), "a From: b\xc3\xb6 c");
    assert_slice(page_field(&page, "From"), "x@example.org");
    assert_slice(page_field(&page, "Fro"), NULL);
    assert_slice(page_field(&page, "X-Empty"), "");
}

static void test_fields_beyond_the_bound_are_left_out(void **state)
{
    static char value[PAGE_HEADER_MAX];

    (void)state;
    memset(value, 'x', sizeof value);
    page_add_field(&page, slice_of("Long"), slice_make(value, sizeof value));
    page_add_field(&page, slice_of("Half"), slice_make(value, sizeof value / 2));
    page_add_field(&page, slice_of("Again"), slice_make(value, sizeof value / 2));
    page_add_field(&page, slice_of("To"), slice_of("x"));
    assert_slice(page_field(&page, "Long"), NULL);
    assert_slice(page_field(&page, "Again"), NULL);
    assert_int_equal(page_field(&page, "Half").size, sizeof value / 2);
    assert_slice(page_field(&page, "To"), "x");
}

static void test_fields_that_are_left_out_make_it_partial(void **state)
{
    static char value[PAGE_HEADER_MAX - 10];

    (void)state;
    memset(value, '=', sizeof value);
    page_add_field(&page, slice_of("Sign"), slice_make(value, sizeof value));
    assert_int_equal(page_field(&page, "Sign").size, sizeof value);
    assert_false(page.partial);
    page_add_field(&page, slice_of("From"), slice_of("x@example.org"));
    assert_true(page.partial);
}

static void test_lines_beyond_the_bound_are_left_out(void **state)
{
    static char line[2002];
    size_t lines = 0;

    (void)state;
    memset(line, 'x', sizeof line);
    while (page_add_line(&page, slice_make(line, 1000)))
        lines++;
    assert_int_equal(lines, REPORT_TEXT_MAX / 1001);
    assert_int_equal(page.body.size, lines * 1001);
    page_free(&page);
    while (page.body.size + 2002 < REPORT_TEXT_MAX)
        assert_true(page_add_line(&page, slice_make(line, 1000)));
    lines = page.body.size; /* now a line fits, but not its end */
    assert_false(page_add_line(&page, slice_make(line, REPORT_TEXT_MAX - lines)));
    assert_int_equal(page.body.size, lines);
}

static void test_words_are_found_over_line_breaks(void **state)
{
    struct slice text = slice_of("Your Message\n  \tto <x> could NOT be\ndelivered");

    (void)state;
    assert_true(page_says(text, "your message to"));
    assert_true(page_says(text, "could not be delivered"));
    assert_true(page_says(text, "delivered"));
    assert_true(page_says(text, ""));
    assert_false(page_says(text, "delivered "));
    assert_false(page_says(text, "delivered!"));
    assert_false(page_says(text, "yourmessage"));
    assert_false(page_says(text, "not  be"));
    assert_false(page_says(SLICE_ABSENT, "x"));
    assert_true(page_says(slice_of("zzzZx"), "zzx"));
}

static void test_lines_are_taken_one_by_one(void **state)
{
    struct slice rest = slice_of("a\n\nb"), line;

    (void)state;
    assert_true(page_line(&rest, &line));
    assert_slice(line, "a");
    assert_true(page_line(&rest, &line));
    assert_slice(line, "");
    assert_true(page_line(&rest, &line));
    assert_slice(line, "b");
    assert_false(page_line(&rest, &line));
}

/* The text is split in front of `copy`; NULL: not at all. */
static void expect_split(const char *text, const char *copy)
{
    struct slice rest = slice_of(text), line;

    page_free(&page);
    while (page_line(&rest, &line))
        page_add_line(&page, line);
    page_split(&page);
    assert_slice(page.copy, copy);
    assert_int_equal(page.text.size + page.copy.size, page.body.size);
    assert_ptr_equal(page.text.at, page.body.data);
}

static void test_a_line_that_announces_the_copy_splits(void **state)
{
    (void)state;
    expect_split("Sorry.\n--- Below this line is a copy of the message.\nx\n",
                 "--- Below this line is a copy of the message.\nx\n");
    expect_split("Sorry.\n------- Returned Message --------\nx\n",
                 "------- Returned Message --------\nx\n");
    expect_split("Sorry.\n\nThe original message follows:\nx\n",
                 "The original message follows:\nx\n");
    expect_split("Sorry.\n\n> -----Original Message-----\nx\n",
                 "> -----Original Message-----\nx\n");
}

static void test_a_line_that_only_sounds_like_it_does_not_split(void **state)
{
    (void)state;
    expect_split("The following addresses did NOT receive a copy of your message:\nx\n", NULL);
    expect_split("I could not deliver\nyour original message\nx\n", NULL);
    expect_split("   ----- Transcript of session follows -----\nx\n", NULL);
    expect_split("   ----- The following addresses had errors -----\nx\n", NULL);
    expect_split("Undelivered Message\n\nx\n", NULL);
    expect_split("The original message was received at noon\nx\n", NULL);
    expect_split("-----BEGIN PGP SIGNED MESSAGE-----\nx\n", NULL);
}

static void test_a_header_in_the_text_splits(void **state)
{
    (void)state;
    expect_split("Sorry.\n\nReceived: from a by b\n\twith SMTP\nSubject: x\n\nhi\n",
                 "Received: from a by b\n\twith SMTP\nSubject: x\n\nhi\n");
    expect_split("Sorry.\n\n> From: a\n> Received: from a by b\n",
                 "> From: a\n> Received: from a by b\n");
    expect_split("Reason: full\nReturn-Path: <>\nMessage-ID: <x>\nDate: now\nMIME-Version: 1\n",
                 "Return-Path: <>\nMessage-ID: <x>\nDate: now\nMIME-Version: 1\n");
}

static void test_quoted_fields_are_no_header(void **state)
{
    (void)state;
    expect_split("Your message\n\n  Subject: x\n  Sent: now\n  To: y@example.org\n\nfailed\n",
                 NULL);
    expect_split("From: a\nTo: y@example.org\nSubject: x\nMessage-ID: <x>\nDate: now\n", NULL);
    expect_split("Received: from a by b\n", NULL);
    expect_split("Received: from a by b\n\nSubject: x\n", NULL);
}

static void test_addresses_are_found(void **state)
{
    static const struct {
        const char *line, *address;
    } cases[] = {
        {"", NULL},
        {"no address @ all", NULL},
        {"@", NULL},
        {"a@", NULL},
        {"jo@example.org", "jo@example.org"},
        {"  <jo.doe+x@mail.example.org>: host said", "jo.doe+x@mail.example.org"},
        {"to (jo@example.org).", "jo@example.org"},
        {"'jo@example.org', \"al@example.org\"", "jo@example.org"},
        {"\"jo doe\"@example.org", "\"jo doe\"@example.org"},
        {"rfc822;jo@example.org", "jo@example.org"},
        {"<mailto:jo@example.org>", "jo@example.org"},
        {"RCPT TO:<jo@example.org>", "jo@example.org"},
        {"to=jo@example.org;", "jo@example.org"},
        {"prvs=0123=jo@example.org", "prvs=0123=jo@example.org"},
        {"@relay.example.com,@b.example.com:jo@example.org", "jo@example.org"},
        {"jo@[192.0.2.1]", "jo@[192.0.2.1]"},
        {"jo@[IPv6:2001:db8::1], al", "jo@[IPv6:2001:db8::1]"},
        {"jo@localhost", "jo@localhost"},
        {"user..x.@example.org", "user..x.@example.org"},
        {"jo@example.org...", "jo@example.org"},
        {"j\xc3\xb6rg@b\xc3\xbc"
         "cher.example",
         "j\xc3\xb6rg@b\xc3\xbc"
         "cher.example"},
        {"\xe2\x80\x9cjo@example.org\xe2\x80\x9d", "jo@example.org"},
        {"\xf0\x9f\x90\x88@example.org", "\xf0\x9f\x90\x88@example.org"},
        {"\xe5\xae\x9b\xe5\x85\x88jo@example.org\xe3\x81\xb8", "jo@example.org"},
        {"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.example",
         "\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.example"},
        {"a@@b jo@example.org", "jo@example.org"},
        {"\xff@x jo@example.org", "jo@example.org"},
    };

    (void)state;
    assert_slice(page_address(SLICE_ABSENT), NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_slice(page_address(slice_of(cases[i].line)), cases[i].address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fields_are_found_by_name_and_decoded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_beyond_the_bound_are_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_that_are_left_out_make_it_partial, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_lines_beyond_the_bound_are_left_out, set_up,
                                        tear_down),
        cmocka_unit_test(test_words_are_found_over_line_breaks),
        cmocka_unit_test(test_lines_are_taken_one_by_one),
        cmocka_unit_test_setup_teardown(test_a_line_that_announces_the_copy_splits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_that_only_sounds_like_it_does_not_split, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_header_in_the_text_splits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quoted_fields_are_no_header, set_up, tear_down),
        cmocka_unit_test(test_addresses_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
