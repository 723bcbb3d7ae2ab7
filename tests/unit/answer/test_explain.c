/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `waybill explain` as a user meets it: files of every kind, exit codes, the page and the line of
 * JSON; no store, no configuration.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "run.h"
#include "waybill/cli.h"

#define HEAD                                                                                       \
    "From: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\nSubject: Undelivered mail\n"       \
    "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n"            \
    " boundary=b1\n\n--b1\nContent-Type: text/plain\n\nYour mail could not be delivered.\n"
#define STATUS                                                                                     \
    "--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n"          \
    "X-Postfix-Queue-ID: 4mGprq8lpWzGsdv\nArrival-Date: Sat, 21 Nov 2026 14:03:09 +0000\n\n"
#define ORIGINAL                                                                                   \
    "--b1\nContent-Type: message/rfc822\n\nFrom: Alice <alice@example.org>\nTo: bob@example.com\n" \
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <one@example.org>\n\nhello\n--b1--\n"

static const char failed[] = HEAD STATUS
    "Final-Recipient: rfc822; bob@example.com\nOriginal-Recipient: rfc822;robert@example.com\n"
    "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example.com\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>: User unknown\n\n" ORIGINAL;

static const char delayed[] = HEAD STATUS
    "Final-Recipient: rfc822; carol@example.com\nAction: delayed\nStatus: 4.2.2\n"
    "Will-Retry-Until: Thu, 26 Nov 2026 14:03:09 +0000\n"
    "Diagnostic-Code: smtp; 452 4.2.2 mailbox is full\n\n"
    "Final-Recipient: rfc822; dave@example.com\nAction: failed\nStatus: 5.0.0\n"
    "Diagnostic-Code: smtp; 599 tschilp\033[2J\xe2\x80\xae\n\n" ORIGINAL;

static const char complaint[] =
    "From: abuse@provider.example\nTo: fbl@example.org\nSubject: complaint\nMIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=feedback-report; boundary=b1\n\n"
    "--b1\nContent-Type: text/plain\n\nAn abuse report.\n--b1\n"
    "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: Some/0.1\n"
    "Version: 1\nOriginal-Rcpt-To: bob@example.com\n\n" ORIGINAL;

static const char away[] =
    "From: bob@example.com\nTo: alice@example.org\nSubject: Out of office\n"
    "Auto-Submitted: auto-replied\nIn-Reply-To: <one@example.org>\n\nI am away until Monday.\n";

static const char letter[] = "From: bob@example.com\nTo: alice@example.org\nSubject: Hello\n\nHow "
                             "are you?\n";

static const struct {
    const char *name, *text;
} files[] = {
    {"failed.eml", failed}, {"delayed.eml", delayed}, {"complaint.eml", complaint},
    {"away.eml", away},     {"letter.eml", letter},   {"empty.eml", ""},
    {"bad.conf", "nonsense = 1\n"},
};

static char folder[] = "/tmp/waybill-explain-XXXXXX";

static int make_files(void **state)
{
    (void)state;
    unsetenv("WAYBILL_CONFIG");
    setenv("TZ", "UTC", 1);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE *file = fopen(files[i].name, "w");
        assert_non_null(file);
        fputs(files[i].text, file);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkdir("rules.d", 0700), 0);
    return 0;
}

static int remove_files(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void test_exit_codes_are_the_documented_ones(void **state)
{
    static const struct run_case cases[] = {
        {"explain failed.eml", CLI_FOUND, "There is no such mailbox."},
        {"explain complaint.eml", CLI_FOUND, "calls the mail spam"},
        {"explain away.eml", CLI_FOUND, "an automatic answer"},
        {"explain letter.eml", CLI_NOTHING, "no report"},
        {"explain empty.eml", CLI_NOTHING, "It is empty."},
        {"explain letter.eml failed.eml", CLI_FOUND, "no report"},
        {"explain nothing.eml", CLI_USAGE, "cannot read 'nothing.eml': No such file"},
        {"explain folder", CLI_USAGE, "cannot read 'folder': Is a directory"},
        {"explain nothing.eml failed.eml", CLI_USAGE, "There is no such mailbox."},
        {"explain --csv failed.eml", CLI_USAGE, "no option '--csv'"},
        {"-c nothing.conf explain failed.eml", CLI_USAGE, "nothing.conf"},
        {"explain -c bad.conf failed.eml", CLI_USAGE, "bad.conf"},
    };

    (void)state;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

static void test_the_page_says_what_happened_who_acts_and_why(void **state)
{
    static const char *const words[] = {
        "failed.eml: a bounce by mx.example.net",
        "bob@example.com: failed. There is no such mailbox.",
        "To do       the sender: check the address and send it again",
        "Sent to     robert@example.com",
        "Said        550 5.1.1 <bob@example.com>: User unknown",
        "By          mx.example.com",
        "Reason      userunknown (hard), 5.1.1, SMTP 550",
        "Rule        shipped:",
        "Subject     Gr\303\274\303\237e",
        "Message-ID  one@example.org",
        "Came in     2026-11-21 14:03:09",
        "Queue id    4mGprq8lpWzGsdv",
    };

    (void)state;
    run("explain failed.eml");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!says(words[i]))
            fail_msg("not said: %s\n%s", words[i], output);
}

static void test_a_delay_tells_until_when_it_is_tried(void **state)
{
    (void)state;
    run("explain delayed.eml");
    assert_true(says("carol@example.com: delayed. Not delivered yet, and tried again: the mailbox"));
    assert_true(says("To do       nothing for now"));
    assert_true(says("Until       2026-11-26 14:03:09"));
}

static void test_words_that_no_rule_knows_are_shown_and_not_guessed_at(void **state)
{
    (void)state;
    run("explain delayed.eml");
    assert_true(says("dave@example.com: failed. No rule here knows the words of the server."));
    assert_true(says("Said        599 tschilp"));
    assert_true(says("\\u{202E}"));
    assert_null(strchr(output, '\033'));
    assert_true(says("Reason      undefined"));
}

static void test_a_terminal_gets_lines_that_fit_and_no_escape_of_the_mail(void **state)
{
    static const unsigned short widths[] = {40, 80, 120};

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        run_on_terminal("explain failed.eml delayed.eml complaint.eml away.eml letter.eml",
                        widths[i]);
        if (widest_line() > widths[i])
            fail_msg("at %u: a line of %zu\n%s", widths[i], widest_line(), output);
        assert_true(says("\033[31mfailed"));
        assert_false(says("\033[2J"));
        assert_false(says("\xe2\x80\xae"));
    }
}

static void test_json_is_one_line_a_file_with_every_key(void **state)
{
    (void)state;
    assert_int_equal(
        run("explain --json failed.eml delayed.eml complaint.eml away.eml letter.eml"), CLI_FOUND);
    assert_int_equal(
        python("import sys,json\n"
               "r=[json.loads(l) for l in sys.stdin.buffer]\n"
               "assert [x[\"kind\"] for x in r]==\"bounce bounce complaint autoreply "
               "other\".split()\n"
               "for x in r: assert list(x)==\"file kind dialect partial bounces "
               "original meaning\".split(), x\n"
               "for x in r: assert list(x[\"original\"])==\"message_id queue_id envelope_id "
               "sender subject arrival\".split()\n"
               "assert [len(x[\"bounces\"]) for x in r]==[1,2,0,0,0]\n"
               "assert r[4][\"dialect\"] is None and r[4][\"original\"][\"sender\"] is None\n"),
        0);
    assert_int_equal(
        python("import sys,json\n"
               "r=json.loads(sys.stdin.buffer.readline())\n"
               "b=r[\"bounces\"][0]\n"
               "assert r[\"file\"]==\"failed.eml\" and r[\"partial\"] is False\n"
               "assert list(b)==\"recipient original_recipient action status reason code remote "
               "command hardness who rule words until why act\".split(), b\n"
               "assert b[\"recipient\"]==\"bob@example.com\" and b[\"code\"]==550\n"
               "assert b[\"reason\"]==\"userunknown\" and b[\"hardness\"]==\"hard\"\n"
               "assert b[\"who\"]==\"sender\" and b[\"until\"] is None\n"
               "assert r[\"original\"][\"arrival\"]==\"2026-11-21T14:03:09.000Z\"\n"),
        0);
}

static void test_the_same_comes_from_a_pipe_as_from_a_file(void **state)
{
    static char from_file[65536];

    (void)state;
    run("explain --json failed.eml");
    snprintf(from_file, sizeof from_file, "%s", strchr(output, ','));
    assert_int_equal(freopen("failed.eml", "r", stdin) == NULL, 0);
    assert_int_equal(run("explain --json"), CLI_FOUND);
    assert_non_null(strstr(output, "{\"file\":\"-\","));
    assert_string_equal(strchr(output, ','), from_file);
}

/* Whoever writes into the pipe is waited for, as by any program that reads a file. */
static void test_a_fifo_is_read_to_its_end(void **state)
{
    pid_t writer;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    fflush(NULL);
    writer = fork();
    if (writer == 0)
        _exit(system("exec cat failed.eml >fifo") != 0);
    assert_int_equal(run("explain fifo"), CLI_FOUND);
    assert_true(says("fifo: a bounce"));
    waitpid(writer, NULL, 0);
}

static void test_without_a_file_a_terminal_gets_the_usage(void **state)
{
    (void)state;
    assert_int_equal(run_on_terminal("explain", 80), CLI_USAGE);
    assert_true(says("FILE is missing"));
}

static void test_an_endless_line_ends_soon_and_says_so(void **state)
{
    static char line[1 << 20];
    FILE *file = fopen("endless.eml", "w");

    (void)state;
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 50; i++)
        assert_int_equal(fwrite(line, 1, sizeof line, file), sizeof line);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(run("explain endless.eml"), CLI_NOTHING);
    assert_true(says("Only a part of it could be read"));
    assert_int_equal(remove("endless.eml"), 0);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void test_rules_of_the_administrator_come_first_and_mistakes_are_told_once(void **state)
{
    char config[128];

    (void)state;
    snprintf(config, sizeof config, "rules_directory = \"%s/rules.d\"\n", folder);
    write_text("rules.conf", config);
    write_text("rules.d/own.rules", "mesgtoobig \"tschilp\"\n");
    run("explain -c rules.conf delayed.eml");
    assert_true(says("The mail is larger than the receiving server takes."));
    write_text("rules.d/own.rules", "wormhole \"tschilp\"\n");
    assert_int_equal(run("explain -c rules.conf delayed.eml failed.eml"), CLI_FOUND);
    assert_int_equal(count_of("going on with the rules that are built in"), 1);
    assert_true(says("own.rules:1"));
    assert_true(says("There is no such mailbox."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_codes_are_the_documented_ones),
        cmocka_unit_test(test_the_page_says_what_happened_who_acts_and_why),
        cmocka_unit_test(test_a_delay_tells_until_when_it_is_tried),
        cmocka_unit_test(test_words_that_no_rule_knows_are_shown_and_not_guessed_at),
        cmocka_unit_test(test_a_terminal_gets_lines_that_fit_and_no_escape_of_the_mail),
        cmocka_unit_test(test_json_is_one_line_a_file_with_every_key),
        cmocka_unit_test(test_the_same_comes_from_a_pipe_as_from_a_file),
        cmocka_unit_test(test_a_fifo_is_read_to_its_end),
        cmocka_unit_test(test_without_a_file_a_terminal_gets_the_usage),
        cmocka_unit_test(test_an_endless_line_ends_soon_and_says_so),
        cmocka_unit_test(test_rules_of_the_administrator_come_first_and_mistakes_are_told_once),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
