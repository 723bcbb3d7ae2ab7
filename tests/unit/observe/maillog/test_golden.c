/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/golden/maillog/NAME.log and what is read from it, NAME.facts: one fact line per line that
 * makes one, "not understood: LINE" for one that should. A case is two files, as
 * tests/support/golden.h says.
 */
#include "waybill/maillog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../../support/golden.h"
#include "waybill/clock.h"

static void read_log(const char *path, struct buffer *facts)
{
    int64_t now = clock_of_day(261122, 12 * 3600);
    struct buffer scratch;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    buffer_init(&scratch, FACT_LINE_MAX);
    while ((size = getline(&line, &room, log)) > 0) {
        struct slice text = slice_make(line, (size_t)size - (line[size - 1] == '\n'));
        struct fact fact;
        int result = maillog_read_line(text, now, &fact, &scratch);
        if (result < 0)
            buffer_addf(facts, "not understood: %.*s", SLICE_ARGS(text));
        else if (result == 1)
            assert_int_equal(fact_encode(&fact, facts), 0);
        if (result != 0)
            buffer_add_char(facts, '\n');
    }
    free(line);
    fclose(log);
    buffer_free(&scratch);
    assert_false(facts->failed);
}

static void check(const char *path)
{
    char name[GOLDEN_PATH_MAX + 16];
    struct buffer facts;
    snprintf(name, sizeof name, "%s.log", path);
    buffer_init(&facts, 1 << 20);
    read_log(name, &facts);
    golden_compare(path, ".facts", &facts);
    buffer_free(&facts);
}

static void test_each_log_gives_its_facts(void **state)
{
    (void)state;
    assert_true(golden_each("maillog", ".log", check) >= 8);
}

/* Lines of a real Postfix that the project may measure itself by, but not keep. */
static void test_every_outcome_of_the_shared_log_is_read(void **state)
{
    (void)state;
    char path[600], *line = NULL;
    size_t room = 0;
    ssize_t size;
    unsigned outcomes = 0;
    const char *shared = getenv("WAYBILL_SHARED"), *top = getenv("srcdir");
    if (shared != NULL)
        snprintf(path, sizeof path, "%s/corpora/mta/maillog-postfix.txt", shared);
    else
        snprintf(path, sizeof path, "%s/../shared/corpora/mta/maillog-postfix.txt",
                 top != NULL ? top : ".");
    FILE *log = fopen(path, "r");
    if (log == NULL) {
        fprintf(stderr, "SKIPPED: there is no '%s'; set WAYBILL_SHARED\n", path);
        skip();
    }
    while ((size = getline(&line, &room, log)) > 0) {
        struct slice text = slice_make(line, (size_t)size - (line[size - 1] == '\n'));
        bool outcome = line[0] != '#' && strstr(line, "status=") != NULL &&
                       strstr(line, "deliverable (") == NULL; /* a probe's */
        struct buffer scratch;
        struct fact fact;
        buffer_init(&scratch, FACT_LINE_MAX);
        int result = maillog_read_line(text, clock_of_day(261122, 0), &fact, &scratch);
        if (result < 0 || (outcome && result != 1))
            fail_msg("%d for: %s", result, line);
        outcomes += outcome;
        buffer_free(&scratch);
    }
    free(line);
    fclose(log);
    assert_true(outcomes > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_log_gives_its_facts),
        cmocka_unit_test(test_every_outcome_of_the_shared_log_is_read),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
