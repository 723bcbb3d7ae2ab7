/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of a systemd journal as journalctl writes them, whole, odd and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one.h"

#define HEAD "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795294543123456\n_HOSTNAME=mx\n"
#define WHO "SYSLOG_IDENTIFIER=postfix/smtp\nSYSLOG_PID=7\n_PID=8\n"
#define JSON_HEAD                                                                                  \
    "{ \"__CURSOR\" : \"s=1;i=2\", \"__REALTIME_TIMESTAMP\" : \"1795294543123456\","                 \
    "\"_HOSTNAME\":\"mx\",\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"SYSLOG_PID\":\"7\",\"_PID\":\"8\","

static bool read_bytes(const char *text, size_t size, struct logline *line)
{
    char *copy = malloc(size + 1); /* the sanitizer watches its end */
    memcpy(copy, text, size);
    bool taken = one_line(slice_make(copy, size), 0, line);
    if (taken) {
        assert_int_equal(line->time, INT64_C(1795294543123));
        assert_false(line->whole_seconds);
        assert_true(slice_is(line_value(line, LINE_PROGRAM), "postfix/smtp"));
        assert_true(slice_is(line_value(line, LINE_HOST), "mx"));
        assert_true(slice_is(line_value(line, LINE_PID), "7"));
    }
    free(copy);
    return taken;
}

/* The body is a copy, so it outlives the text. */
#define READ(text, line) read_bytes(text, sizeof text - 1, line)

static void test_every_form_of_an_entry_gives_the_same_line(void **state)
{
    (void)state;
    struct logline line;
    static const char raw[] = "1795294543123456 8 postfix/smtp hello \"\xc3\xa4\"";
    static const char text[] = HEAD WHO "MESSAGE=hello \"\xc3\xa4\"";
    static const char binary[] = HEAD "MESSAGE\n\x0a\0\0\0\0\0\0\0hello \"\xc3\xa4\"\n" WHO;
    static const char json[] = JSON_HEAD "\"MESSAGE\":\"hello \\\"\\u00e4\\\"\"}";
    static const char array[] =
        JSON_HEAD "\"MESSAGE\":[104,101,108, 108 ,111,32,34,195,164,34]}";
    assert_true(READ(text, &line) && slice_is(line.raw, raw));
    assert_true(READ(binary, &line) && slice_is(line.raw, raw));
    assert_true(READ(json, &line) && slice_is(line.raw, raw));
    assert_true(READ(array, &line) && slice_is(line.raw, raw));
    assert_true(slice_is(line.body, "hello \"\xc3\xa4\""));
}

static void test_a_binary_message_may_hold_any_byte(void **state)
{
    (void)state;
    struct logline line;
    static const char text[] = HEAD WHO "MESSAGE\n\x05\0\0\0\0\0\0\0a\n\n\0\n";
    assert_true(READ(text, &line));
    assert_int_equal(line.body.size, 5);
    assert_memory_equal(line.body.at, "a\n\n\0\n", 5);
}

static void test_escapes_of_json_are_undone(void **state)
{
    (void)state;
    struct logline line;
    static const char text[] =
        JSON_HEAD "\"MESSAGE\":\"\\u0041\\ud83d\\ude00\\ud800x\\n\\/\",\"X\":null,\"Y\":[],"
                  "\"Z\":[\"1\",\"2\"],\"W\":-1.5}";
    assert_true(READ(text, &line));
    assert_true(slice_is(line.body, "A\xf0\x9f\x98\x80\xef\xbf\xbdx\n/"));
}

static void test_what_is_broken_is_no_entry(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{", "{}", "{\"a\"}", "{\"a\":}", "{\"a\":\"b\"", "{\"a\":[1,}", "{\"a\":[256]}",
        "{\"a\":\"\\", "{\"a\":\"\\u12", "{\"a\":\"\\q\"}", "{\"a\":{\"b\":1}}", "__CURSOR=1", "_",
        "__CURSOR", HEAD "MESSAGE=m", WHO "MESSAGE=m", HEAD WHO "MESSAGE\n123",
        HEAD WHO "MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffm\n",
        "__REALTIME_TIMESTAMP=99999999999999999\n" WHO "MESSAGE=m",
        JSON_HEAD "\"MESSAGE\":\"m\"} x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct logline line;
        if (read_bytes(texts[i], strlen(texts[i]), &line))
            fail_msg("taken: '%s'", texts[i]);
    }
}

static void test_every_cut_of_an_entry_is_read_without_a_byte_behind_it(void **state)
{
    (void)state;
    static const char json[] = JSON_HEAD "\"MESSAGE\":[65,66],\"A\":\"\\u0041\\ud83d\\ude00\"}";
    static const char text[] = HEAD WHO "MESSAGE\n\x02\0\0\0\0\0\0\0ab\n";
    struct logline line;
    for (size_t size = 0; size < sizeof json - 1; size++)
        assert_false(read_bytes(json, size, &line));
    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *copy = malloc(size + 1);
        memcpy(copy, text, size);
        bool taken = one_line(slice_make(copy, size), 0, &line);
        if (size > sizeof text - 1 - 11 && size < sizeof text - 2)
            assert_false(taken);
        free(copy);
    }
}

#define SENT                                                                                       \
    "MESSAGE=4mGprq8lpWzGsdv: to=<a@example.org>, relay=none, delay=1, delays=1/0/0/0, "           \
    "dsn=2.0.0, status=sent (250 ok)"

static void test_what_journald_ascribes_to_a_user_says_nothing_of_a_mail(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool believed;
    } cases[] = {
        {HEAD WHO SENT, true},
        {HEAD WHO "_UID=0\n" SENT, true},
        {HEAD WHO "_UID=101\n_SYSTEMD_UNIT=postfix@-.service\n" SENT, true},
        {HEAD WHO "_UID=101\n_SYSTEMD_UNIT=sendmail.service\n" SENT, true},
        {HEAD WHO "_UID=51\n_SYSTEMD_UNIT=sm-client.service\n" SENT, true},
        {HEAD WHO "_UID=33\n_SYSTEMD_UNIT=postfixadmin.service\n" SENT, false},
        {HEAD WHO "_UID=33\n_SYSTEMD_UNIT=apache2.service\n" SENT, false},
        {HEAD WHO "_UID=33\n" SENT, false},
        {HEAD WHO "_UID=1000\n_SYSTEMD_UNIT=postfix@-.service\n" SENT, false},
        {HEAD WHO "_UID=x\n" SENT, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct logline line;
        assert_true(read_bytes(cases[i].text, strlen(cases[i].text), &line));
        if ((line.understood == LINE_UNDERSTOOD) != cases[i].believed ||
            line.doubtful == cases[i].believed)
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_of_an_entry_gives_the_same_line),
        cmocka_unit_test(test_a_binary_message_may_hold_any_byte),
        cmocka_unit_test(test_escapes_of_json_are_undone),
        cmocka_unit_test(test_what_is_broken_is_no_entry),
        cmocka_unit_test(test_every_cut_of_an_entry_is_read_without_a_byte_behind_it),
        cmocka_unit_test(test_what_journald_ascribes_to_a_user_says_nothing_of_a_mail),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    one_close();
    return failed;
}
