/* SPDX-License-Identifier: BSD-2-Clause */
/* The language of queries: what is read, what is written again, and how a fault is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "waybill/clock.h"
#include "waybill/query.h"

static struct query query;
static struct query_fault fault;

static int parse(const char *text)
{
    int result;

    query_init(&query);
    result = query_parse(&query, slice_of(text), clock_now(), &fault);
    if (result != 0)
        query_clear(&query);
    return result;
}

static void reads(const char *text, const char *written)
{
    struct buffer again;

    if (parse(text) != 0)
        fail_msg("%s: %s", text, fault.why.text);
    buffer_init(&again, 1 << 20);
    query_write(&query, false, &again);
    assert_string_equal(again.data, written);
    buffer_free(&again);
    query_clear(&query);
}

static void refuses(const char *text, size_t at, const char *words)
{
    if (parse(text) == 0)
        fail_msg("%s: is taken", text);
    if (strstr(fault.why.text, words) == NULL)
        fail_msg("%s: says \"%s\", not \"%s\"", text, fault.why.text, words);
    if (fault.at != at)
        fail_msg("%s: the fault is at %zu, not at %zu", text, fault.at, at);
}

static void test_a_query_is_written_as_it_is_read(void **state)
{
    (void)state;
    reads("", "");
    reads("  to:Bob@example.org \t state:failed,expired ",
          "to:Bob@example.org state:failed,expired");
    reads("rcpt:a@b sender:<> -relay:@c.example", "to:a@b from:<> -remote:@c.example");
    reads("!IP:192.0.2.0/24 Status:5.x.x", "-client:192.0.2.0/24 status:5.x.x");
    reads("subject:\"a \\\"b\\\" \\\\, c\"", "subject:\"a \\\"b\\\" \\\\, c\"");
    reads("since:-2d order:oldest limit:7 until:2026-11-21",
          "since:-2d until:2026-11-21 order:oldest limit:7");
    reads("since:\"2026-11-21 14:03\"", "since:\"2026-11-21 14:03\"");
    reads("from:\"a b\"", "from:\"a b\"");
}

static void test_a_word_alone_means_what_it_looks_like(void **state)
{
    (void)state;
    reads("bob@example.org", "who:bob@example.org");
    reads("-@example.org", "-who:@example.org");
    reads("<1.2@example.org>", "message-id:<1.2@example.org>");
    reads("<>", "from:<>");
    reads("261122400000100001", "id:261122400000100001");
    refuses("bob", 0, "no term is named");
    refuses("to:a@b 192.0.2.7", 7, "client:192.0.2.7 or remote:192.0.2.7");
    refuses("failed", 0, "did you mean state:failed?");
    refuses("to:a@b or to:c@d", 7, "all terms must hold");
    refuses("to:a@b from=c@d", 11, "from:...");
    reads("bounces+bob=example.org@c", "who:bounces+bob=example.org@c");
}

static void test_a_fault_is_told_with_its_place(void **state)
{
    (void)state;
    refuses("to:a@b stat:failed", 7, "stat: there is no such term; did you mean state:?");
    refuses("-frmo:a@b", 1, "did you mean from:?");
    refuses("colour:red", 0, "'waybill help query' lists them");
    refuses("state:faild", 6, "there is no state 'faild'; did you mean failed?");
    refuses("state:Bounced", 6, "did you mean failed?");
    refuses("state:deferred", 6, "did you mean delayed?");
    refuses("state:x", 6, "there are: accepted delayed");
    refuses("state:failed,lost", 13, "no state 'lost'");
    refuses("reason:mailbox-full", 7, "did you mean mailboxfull?");
    refuses("status:failed", 7, "did you mean state:failed?");
    refuses("status:6.1.1", 7, "5.1.1, 5.1, 5 or 5.x.x");
    refuses("status:5.x.1", 7, "5.1.1, 5.1, 5 or 5.x.x");
    refuses("to:*@example.org", 3, "to:@example.org");
    refuses("to:@", 3, "a domain is");
    refuses("client:192.0.2.0/33", 7, "a network");
    refuses("client:2001:db8::/129", 7, "a network");
    refuses("to:", 3, "needs a value");
    refuses("to:a@b,", 7, "needs a value");
    refuses("to:\"\"", 3, "not empty");
    refuses("subject:\"a b", 8, "no end");
    refuses("subject:\"a\"b", 11, "within a word");
    refuses("since:soon", 6, "is no moment");
    refuses("-since:-2d", 0, "cannot be negated");
    refuses("since:-2d since:-1d", 10, "stands twice");
    refuses("limit:0", 6, "from 1 to 1000000");
    refuses("limit:5,6", 7, "has one value");
    refuses("order:up", 6, "newest or oldest");
    refuses("since:now until:-2d", 0, "later than until:");
    refuses("id:1234", 3, "not a case code");
}

static void shows(const char *text, const char *wanted)
{
    struct buffer shown;

    assert_int_equal(parse(text), -1);
    buffer_init(&shown, 65536);
    query_fault_show(&fault, slice_of(text), &shown);
    assert_non_null(strstr(shown.data, wanted));
    for (size_t i = 0; i < shown.size; i++)
        assert_true(shown.data[i] == '\n' || (unsigned char)shown.data[i] >= 0x20);
    buffer_free(&shown);
}

static void test_a_caret_stands_below_the_word(void **state)
{
    (void)state;
    shows("to:a@b stat:failed", "column 8: stat: there is no such term; did you mean state:?\n"
                                "    to:a@b stat:failed\n"
                                "           ^^^^\n");
    shows("to:d\xc3\xb6ra@b stat:failed", "column 11: ");
    shows("to:d\xc3\xb6ra@b stat:failed", "\n              ^^^^\n");
    shows("to:\x1b[31m@b stat:x", "    to:?[31m@b stat:x\n");
    shows("to:\xff\xfe@b stat:x", "    to:??@b stat:x\n            ^^^^\n");
    shows("to:", "\n       ^\n");
}

static char *many(const char *front, const char *word, size_t count)
{
    size_t size = strlen(word);
    char *text = malloc(strlen(front) + count * size + 1), *at = text;

    assert_non_null(text);
    at = stpcpy(at, front);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, word);
    return text;
}

static void test_a_huge_query_is_one_clear_error(void **state)
{
    const struct {
        const char *front, *word;
        size_t count;
        const char *says;
    } rows[] = {
        {"", "to:a@b ", 65, "more than 64 terms"},
        {"to:a@b", ",a@b", 256, "more than 256 values"},
        {"to:", "a", 4097, "more than 4096 bytes"},
        {"", "to:a@b ", 10000, "at most 65536 are taken"},
        {"", "((((((((", 8000, "no term is named"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = many(rows[i].front, rows[i].word, rows[i].count);

        assert_int_equal(parse(text), -1);
        if (strstr(fault.why.text, rows[i].says) == NULL && i < 4)
            fail_msg("row %zu: %s", i, fault.why.text);
        free(text);
    }
}

static int64_t moment(const char *text, bool until)
{
    if (parse(text) != 0)
        fail_msg("%s: %s", text, fault.why.text);
    query_clear(&query);
    return until ? query.until : query.since;
}

static void test_a_day_is_meant_to_its_end(void **state)
{
    int64_t today = moment("since:today", false), yesterday = moment("since:yesterday", false);

    (void)state;
    assert_true(today <= clock_now() && today > clock_now() - 26 * HOUR_MS);
    assert_true(moment("until:yesterday", true) == today - 1);
    assert_true(today - yesterday >= 23 * HOUR_MS && today - yesterday <= 25 * HOUR_MS);
    assert_true(moment("until:2026-11-21", true) - moment("since:2026-11-21", false) ==
                DAY_MS - 1);
    assert_true(moment("until:2026-11-21T14:03:00Z", true) ==
                moment("since:2026-11-21T14:03:00Z", false));
}

/* ---- the cursor ---- */

static void test_a_cursor_is_good_for_its_query_alone(void **state)
{
    const unsigned char key[32] = "one key", other[32] = "another";
    static const char *const strangers[] = {
        "to:a@c state:failed since:-2d", "to:a@b since:-2d", "to:a@b state:failed since:-3d",
        "to:a@b state:failed since:-2d order:oldest", "to:a@b -state:failed since:-2d", ""};
    const uint64_t id = UINT64_C(261122400000100001);
    char text[QUERY_CURSOR_SIZE];
    struct error why;
    int64_t since;

    (void)state;
    assert_int_equal(parse("to:a@b state:failed since:-2d limit:5"), 0);
    since = query.since;
    query_cursor(&query, id, key, text);
    query_clear(&query);

    assert_int_equal(parse("to:a@b state:failed since:-2d limit:500"), 0);
    query.since += 12345; /* later on the same words mean another moment */
    assert_int_equal(query_resume(&query, slice_of(text), key, &why), 0);
    assert_true(query.after == id && query.since == since);
    assert_int_equal(query_resume(&query, slice_of(text), other, &why), -1);
    assert_int_equal(query_resume(&query, slice_of(text), NULL, &why), -1);
    for (size_t i = 0; i < strlen(text); i++) {
        char kept = text[i];

        text[i] = kept == '0' ? '1' : '0';
        assert_int_equal(query_resume(&query, slice_of(text), key, &why), -1);
        text[i] = kept;
    }
    query_clear(&query);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        assert_int_equal(parse(strangers[i]), 0);
        assert_int_equal(query_resume(&query, slice_of(text), key, &why), -1);
        assert_non_null(strstr(why.text, "another query"));
        query_clear(&query);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_query_is_written_as_it_is_read),
        cmocka_unit_test(test_a_word_alone_means_what_it_looks_like),
        cmocka_unit_test(test_a_fault_is_told_with_its_place),
        cmocka_unit_test(test_a_caret_stands_below_the_word),
        cmocka_unit_test(test_a_huge_query_is_one_clear_error),
        cmocka_unit_test(test_a_day_is_meant_to_its_end),
        cmocka_unit_test(test_a_cursor_is_good_for_its_query_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
