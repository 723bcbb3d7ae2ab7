/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines by which a log tells that it lost others, and lines that only look so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one.h"

static bool lost(const char *text, struct logline *line)
{
    assert_true(one_line(slice_of(text), INT64_C(1795300000000), line));
    return line->shape == SHAPE_LOST && line->mta == LINE_SYSLOG &&
           line->understood == LINE_UNDERSTOOD;
}

static void test_the_log_tells_how_many_lines_it_lost(void **state)
{
    (void)state;
    static const struct {
        const char *text, *count;
    } cases[] = {
        {"Nov 21 20:55:43 mx systemd-journald[31]: Suppressed 415 messages from postfix@-.service",
         "415"},
        {"Nov 21 20:55:43 mx rsyslogd: imjournal: 20 messages lost due to rate-limiting", "20"},
        {"Nov 21 20:55:43 mx rsyslogd: imjournal: 7 messages lost due to rate-limiting (20000 "
         "allowed within 600 seconds)",
         "7"},
        {"Nov 21 20:55:43 mx rsyslogd[1]: imuxsock lost 3 messages from pid 42 due to "
         "rate-limiting",
         "3"},
        {"Nov 21 20:55:43 mx rsyslogd: imjournal: begin to drop messages due to rate-limiting",
         NULL},
        {"Nov 21 20:55:43 mx rsyslogd: imuxsock begins to drop messages from pid 42 due to "
         "rate-limiting",
         NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct logline line;
        if (!lost(cases[i].text, &line) ||
            !slice_equal(line_value(&line, LINE_LOST), slice_of(cases[i].count)))
            fail_msg("%s", cases[i].text);
    }
}

static void test_others_words_of_losses_are_words(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Nov 21 20:55:43 mx postfix/smtp[31]: Suppressed 415 messages from postfix@-.service",
        "Nov 21 20:55:43 mx kernel: Suppressed 415 messages from x",
        "Nov 21 20:55:43 mx systemd-journald[31]: Suppressed many messages from x",
        "Nov 21 20:55:43 mx systemd-journald[31]: Suppressed 4 words",
        "Nov 21 20:55:43 mx systemd-journald[31]: Suppressed 415 messages from nginx.service",
        "Nov 21 20:55:43 mx rsyslogd: [origin software=\"rsyslogd\"] start",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct logline line;
        if (lost(texts[i], &line))
            fail_msg("%s", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_log_tells_how_many_lines_it_lost),
        cmocka_unit_test(test_others_words_of_losses_are_words),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    one_close();
    return failed;
}
