/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/golden/maillog/NAME.log and what is read from it, NAME.facts: one fact line per line that
 * makes one, "not understood: LINE" for one that should. A case is two files, as
 * tests/support/golden.h says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../../support/golden.h"
#include "one.h"
#include "waybill/clock.h"

static void read_line(struct slice text, int64_t until, struct buffer *facts)
{
    static struct logline line;
    struct fact fact;
    if (!one_line(text, until, &line))
        return;
    if (line.understood == LINE_BROKEN)
        buffer_addf(facts, "not understood: %.*s\n", SLICE_ARGS(text));
    for (unsigned i = 0; logline_fact(one_reader, &line, i, &fact); i++) {
        fact.id = fact_id_log(text, 0, i);
        assert_int_equal(fact_encode(&fact, facts), 0);
        buffer_add_char(facts, '\n');
    }
}

static void read_log(const char *path, struct buffer *facts)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    while ((size = getline(&line, &room, log)) > 0)
        read_line(slice_make(line, (size_t)size - (line[size - 1] == '\n')),
                  clock_of_day(261122, 12 * 3600), facts);
    free(line);
    fclose(log);
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

/* A log that lies beside the project, not in it; the test is skipped if there is none. */
static FILE *open_shared(const char *name)
{
    const char *shared = getenv("WAYBILL_SHARED"), *top = getenv("srcdir");
    char path[600];
    snprintf(path, sizeof path, "%s%s/corpora/mta/%s",
             shared != NULL ? shared : top != NULL ? top : ".",
             shared != NULL ? "" : "/../shared", name);
    FILE *log = fopen(path, "r");
    if (log == NULL) {
        fprintf(stderr, "SKIPPED: there is no '%s'; set WAYBILL_SHARED\n", path);
        skip();
    }
    return log;
}

/* Lines of a real Postfix that the project may measure itself by, but not keep. */
static void test_every_outcome_of_the_shared_log_is_read(void **state)
{
    (void)state;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    unsigned outcomes = 0;
    FILE *log = open_shared("maillog-postfix.txt");
    while ((size = getline(&line, &room, log)) > 0) {
        struct slice text = slice_make(line, (size_t)size - (line[size - 1] == '\n'));
        bool outcome = line[0] != '#' && strstr(line, "status=") != NULL &&
                       strstr(line, "deliverable (") == NULL; /* a probe's */
        struct fact fact;
        int result = one_fact(text, clock_of_day(261122, 0), &fact);
        if (result < 0 || (outcome && result != 1))
            fail_msg("%d for: %s", result, line);
        outcomes += outcome;
    }
    free(line);
    fclose(log);
    assert_true(outcomes > 100);
}

/* The same of a real Sendmail: each attempt is one, and nothing that names a mail is left. */
static void test_every_attempt_of_the_shared_sendmail_log_is_read(void **state)
{
    (void)state;
    static struct logline line;
    char *text = NULL;
    size_t room = 0;
    ssize_t size;
    unsigned attempts = 0;
    FILE *log = open_shared("maillog-sendmail.txt");
    while ((size = getline(&text, &room, log)) > 0) {
        if (text[0] == '#')
            continue;
        struct slice all = slice_make(text, (size_t)size - (text[size - 1] == '\n'));
        bool attempt = strstr(text, ", stat=") != NULL;
        if (!one_line(all, clock_of_day(261122, 0), &line) || line.mta != LINE_SENDMAIL ||
            line.understood == LINE_BROKEN || attempt != (line.shape == SHAPE_DELIVERY))
            fail_msg("not read: %s", text);
        attempts += attempt;
    }
    free(text);
    fclose(log);
    assert_true(attempts > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_log_gives_its_facts),
        cmocka_unit_test(test_every_outcome_of_the_shared_log_is_read),
        cmocka_unit_test(test_every_attempt_of_the_shared_sendmail_log_is_read),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    one_close();
    return failed;
}
