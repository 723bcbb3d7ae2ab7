/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session, around: what the text around a recipient tells of the talk between servers.
 */
#include "../../../../milter/observe/report/session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "../../../../milter/observe/report/around.h"

static struct arena arena;
static struct places places;

static int forget(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void check(const char *words, const char *remote, const char *command)
{
    struct slice host = session_remote(&arena, slice_of(words));
    struct slice verb = session_command(slice_of(words));
    if (remote == NULL ? host.at != NULL : !slice_is(host, remote))
        fail_msg("remote '%.*s' in: %s", SLICE_ARGS(host), words);
    if (command == NULL ? verb.at != NULL : !slice_is(verb, command))
        fail_msg("command '%.*s' in: %s", SLICE_ARGS(verb), words);
}

static void test_remote_and_command_as_servers_tell_them(void **state)
{
    (void)state;
    check("host mx.example.org[192.0.2.1] said: 550 no", NULL, NULL);
    check("<a@example.net>: host mx.example.org[192.0.2.1] said: 550 no (in\n    reply to RCPT TO "
          "command)",
          "mx.example.org", "RCPT");
    check("  SMTP error from remote mail server after RCPT TO:<a@example.net>:\n    host "
          "mx.example.org [192.0.2.1]: 550 no",
          "mx.example.org", "RCPT");
    check("SMTP error from remote mail server after end of data: host mx.example.org [192.0.2.1]: "
          "554",
          "mx.example.org", "DATA");
    check("... while talking to mx.example.org.:\n>>> DATA\n<<< 550 no", "mx.example.org", "DATA");
    check("connect to mx.example.org[192.0.2.1]:25: Connection timed out", "mx.example.org",
          "CONN");
    check("The host said no at host nowhere", NULL, NULL);
}

static void test_transcript_tells_who_was_refused_after_which_command(void **state)
{
    (void)state;
    struct slice text =
        slice_of("... while talking to mx.example.org.:\n>>> RCPT To:<a@example.org>"
                 "\n<<< 550 no\n550 a@example.org... User unknown\n>>> "
                 "DATA\n<<< 552 5.3.4 too big\n<<< 554 no recipients\n");
    struct transcript transcript = session_transcript(text);
    assert_true(slice_is(
        session_refused(&transcript, slice_of("a@example.org"), slice_of("550 User unknown")),
        "RCPT"));
    assert_true(slice_is(
        session_refused(&transcript, slice_of("b@example.org"), slice_of("552 5.3.4 too big")),
        "DATA"));
    assert_null(session_refused(&transcript, slice_of("c@example.org"), SLICE_ABSENT).at);
}

static void test_transcript_is_compared_only_so_often(void **state)
{
    (void)state;
    struct slice address = slice_of("a@example.org");
    struct transcript transcript =
        session_transcript(slice_of(">>> RCPT To:<a@example.org>\n<<< 550 no\n"));
    assert_false(session_refused(&transcript, address, SLICE_ABSENT).at == NULL);
    transcript.left = 40;
    assert_null(session_refused(&transcript, address, SLICE_ABSENT).at);
    assert_int_equal(transcript.left, 0);
}

static void test_transcript_begins_with_a_line(void **state)
{
    (void)state;
    struct transcript transcript =
        session_transcript(slice_of("a >>> RCPT To:<a@example.org>\n<<< 550 no\n"));
    assert_null(session_refused(&transcript, slice_of("a@example.org"), SLICE_ABSENT).at);
}

static void test_words_of_one_recipient_end_where_another_begins(void **state)
{
    (void)state;
    const char *text = "Not delivered:\n\n<ann@example.org>: 550 5.1.1 no such user\n"
                       "    ask hello@example.org\n<bob@example.org>: 552 5.2.2 full\n\nBye.\n";
    places_find(&places, slice_of(text));
    assert_true(slice_is(places_around(&places, slice_of("ANN@example.org")),
                         "<ann@example.org>: 550 5.1.1 no such user\n    ask hello@example.org"));
    assert_true(slice_is(places_around(&places, slice_of("bob@example.org")),
                         "<bob@example.org>: 552 5.2.2 full"));
    assert_null(places_around(&places, slice_of("cid@example.org")).at);
    assert_null(places_only(&places).at);
}

static void test_lone_address_takes_the_next_paragraph_and_the_refusal_wins(void **state)
{
    (void)state;
    places_find(&places,
                slice_of("Your mail to ann@example.org came back.\nSorry.\n\n"
                         "ann@example.org\n\nmailbox is full: 552 full\nReally.\n\nBye\n"));
    assert_true(slice_is(places_around(&places, slice_of("ann@example.org")),
                         "ann@example.org\n\nmailbox is full: 552 full\nReally."));
    assert_true(slice_is(places_only(&places), "ann@example.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_remote_and_command_as_servers_tell_them, forget),
        cmocka_unit_test(test_transcript_tells_who_was_refused_after_which_command),
        cmocka_unit_test(test_transcript_is_compared_only_so_often),
        cmocka_unit_test(test_transcript_begins_with_a_line),
        cmocka_unit_test(test_words_of_one_recipient_end_where_another_begins),
        cmocka_unit_test(test_lone_address_takes_the_next_paragraph_and_the_refusal_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
