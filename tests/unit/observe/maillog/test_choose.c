/* SPDX-License-Identifier: BSD-2-Clause */
/* Which log `log_source = auto` means, and how equal lines are told apart. */
#include "../../../../milter/observe/maillog/choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "waybill/occurrence.h"
#include "shell.h"
#include "waybill/clock.h"

static void expect(const char *choice)
{
    assert_string_equal(choose_source(shell_folder, clock_now()), choice);
}

static int set_up(void **state)
{
    (void)state;
    shell_open();
    shell_run("mkdir -p var/log run/log");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shell_close();
    return 0;
}

static void test_a_file_in_use_is_preferred_to_the_journal(void **state)
{
    (void)state;
    shell_run("mkdir -p var/log/journal/0123 && touch var/log/journal/0123/system.journal");
    shell_run("touch var/log/maillog");
    expect("/var/log/maillog");
    shell_run("touch var/log/mail.log");
    expect("/var/log/mail.log");
}

static void test_a_file_that_nobody_writes_yields_to_the_journal(void **state)
{
    (void)state;
    shell_run("touch -d '-2 days' var/log/mail.log");
    expect("/var/log/mail.log"); /* there is nothing else */
    shell_run("mkdir -p var/log/journal/0123 run/log/journal/0123");
    expect("/var/log/mail.log"); /* an empty journal */
    shell_run("touch run/log/journal/0123/system.journal");
#ifdef HAVE_SYSTEMD
    expect("journal");
#else
    expect("/var/log/mail.log");
#endif
}

static void test_where_nothing_is_the_usual_file_is_waited_for(void **state)
{
    (void)state;
    expect("/var/log/mail.log");
}

static void test_equal_lines_are_counted_within_the_window(void **state)
{
    (void)state;
    struct occurrence *occurrence;
    struct error why;
    assert_int_equal(occurrence_open(&occurrence, &why), 0);
    assert_int_equal(occurrence_count(occurrence, 5, 100), 0);
    assert_int_equal(occurrence_count(occurrence, 6, 200), 0);
    assert_int_equal(occurrence_count(occurrence, 5, 300), 1);
    assert_int_equal(occurrence_count(occurrence, 5, 400), 2);
    /* another hash in the same chain */
    assert_int_equal(occurrence_count(occurrence, 5 + (1 << 15), 450), 0);
    assert_int_equal(occurrence_count(occurrence, 5, 500), 3);
    assert_int_equal(occurrence_count(occurrence, 6, 200 + OCCURRENCE_WINDOW), 1);
    assert_int_equal(occurrence_count(occurrence, 5, 501 + OCCURRENCE_WINDOW), 0);
    occurrence_close(&occurrence);
}

static void test_the_table_of_lines_is_compared_with_counting_them(void **state)
{
    (void)state;
    enum { COUNT = 100000, HASHES = 50 };
    unsigned counts[HASHES] = {0};
    struct occurrence *occurrence;
    struct error why;
    assert_int_equal(occurrence_open(&occurrence, &why), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned hash = (i * 7919 >> 3) % HASHES;
        assert_int_equal(occurrence_count(occurrence, hash, i), counts[hash]++);
    }
    occurrence_close(&occurrence);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_file_in_use_is_preferred_to_the_journal),
        TEST(test_a_file_that_nobody_writes_yields_to_the_journal),
        TEST(test_where_nothing_is_the_usual_file_is_waited_for),
        cmocka_unit_test(test_equal_lines_are_counted_within_the_window),
        cmocka_unit_test(test_the_table_of_lines_is_compared_with_counting_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
