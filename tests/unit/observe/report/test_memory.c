/* SPDX-License-Identifier: BSD-2-Clause */
/* Without memory a mail is not understood, and never misunderstood. */
#include "waybill/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The linker puts this in the place of calloc (--wrap). */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool meagre;

void *__wrap_calloc(size_t count, size_t size)
{
    return meagre ? NULL : __real_calloc(count, size);
}

static void test_mail_whose_front_was_lost_is_not_read_from_the_middle(void **state)
{
    static const char front[] = "From: ann@example.org\nSubject: look what I got\n\n";
    static const char quoted[] = "From: MAILER-DAEMON@example.org\nReturn-Path: <>\n"
                                 "X-Failed-Recipients: bob@example.org\n\n"
                                 "A message could not be delivered:\n\n"
                                 "  bob@example.org\n    550 5.1.1 User unknown\n";
    struct report_reader *reader = report_open(NULL);
    const struct report *report;

    (void)state;
    assert_non_null(reader);
    meagre = true;
    assert_false(report_mail(reader, front, strlen(front)));
    meagre = false;
    assert_false(report_mail(reader, quoted, strlen(quoted)));
    report = report_end(reader);
    assert_int_equal(report->kind, REPORT_OTHER);
    assert_true(report->partial);
    report_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail_whose_front_was_lost_is_not_read_from_the_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
