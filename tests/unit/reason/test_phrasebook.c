/* SPDX-License-Identifier: BSD-2-Clause */
/* The first rule that fits decides; a wrong rule is told with its line; no text makes it slow. */
#include "waybill/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/waybill-rules-XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static void path_of(const char *name, char path[static 128])
{
    (void)snprintf(path, 128, "%s/%s", directory, name);
}

static void write_bytes(const char *name, const char *text, size_t size)
{
    char path[128];
    FILE *file;

    path_of(name, path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_rules(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static void remove_rules(const char *name)
{
    char path[128];

    path_of(name, path);
    (void)unlink(path);
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"a.rules", "b.rules", "c.txt", ".d.rules"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove_rules(names[i]);
    return rmdir(directory);
}

static struct phrasebook *open_book(const char *rules)
{
    struct phrasebook *book;
    struct error why;

    write_rules("a.rules", rules);
    if (phrasebook_open(&book, directory, &why) < 0)
        fail_msg("%s", why.text);
    return book;
}

static enum reason ask(const struct phrasebook *book, struct evidence evidence)
{
    struct decision decision;

    phrasebook_ask(book, &evidence, &decision);
    return decision.reason;
}

static enum reason ask_words(const struct phrasebook *book, const char *words)
{
    return ask(book, (struct evidence){.words = slice_of(words)});
}

/* One rule for "feedback", which no shipped rule gives: does it fit? */
static bool rule_fits(const char *rest, struct evidence evidence)
{
    char rule[512];
    struct phrasebook *book;
    enum reason reason;

    (void)snprintf(rule, sizeof rule, "feedback %s\n", rest);
    book = open_book(rule);
    reason = ask(book, evidence);
    phrasebook_close(&book);
    return reason == REASON_FEEDBACK;
}

static bool phrases_fit(const char *rest, const char *words)
{
    return rule_fits(rest, (struct evidence){.words = slice_of(words)});
}

static void expect_error(const char *rules, size_t size, const char *wanted)
{
    struct phrasebook *book;
    struct error why = {""};

    write_bytes("a.rules", rules, size);
    assert_int_equal(phrasebook_open(&book, directory, &why), -1);
    assert_null(book);
    if (strstr(why.text, wanted) == NULL || strstr(why.text, "/a.rules") == NULL)
        fail_msg("'%s' does not say '%s'", why.text, wanted);
    remove_rules("a.rules");
}

static void test_wrong_rules_are_told_with_line_and_what_is_allowed(void **state)
{
    static const struct {
        const char *rules, *wanted;
    } cases[] = {
        {"nonsense \"x\"\n", "a.rules:1: 'nonsense' is no reason; allowed are onhold"},
        {"# c\n\nundefined \"x\"\n", "a.rules:3: 'undefined' is no reason"},
        {"userunknown\n", "a.rules:1: a rule needs a condition, or a phrase"},
        {"userunknown !\"x\"\n", "a rule needs a condition, or a phrase"},
        {"userunknown color=red\n", "'color=red' is no condition; allowed are status="},
        {"userunknown bare\n", "'bare' is no condition"},
        {"userunknown status=5.1\n", "status=5.1: allowed is 5.1.1 with x or *"},
        {"userunknown status=9.1.1\n", "status=9.1.1: allowed is"},
        {"userunknown status=3.1.1\n", "status=3.1.1: allowed is"},
        {"userunknown status=5.1.1,\n", "status=: allowed is"},
        {"userunknown status=5.1.1000\n", "allowed is"},
        {"userunknown code=250\n", "code=250: allowed is 400 to 599"},
        {"userunknown code=5x0\n", "code=5x0: allowed is"},
        {"userunknown code=5500\n", "code=5500: allowed is"},
        {"userunknown host=.example.org\n", "host=.example.org: allowed is"},
        {"userunknown host=\n", "host=: allowed is"},
        {"userunknown host=a/b\n", "host=a/b: allowed is"},
        {"userunknown command=\"RCPT\"\n", "allowed is CONN EHLO HELO STARTTLS AUTH MAIL RCPT DATA"},
        {"userunknown command=LMTP\n", "command=LMTP: allowed is CONN EHLO HELO STARTTLS AUTH MAIL"},
        {"userunknown command=or\n", "command=or: allowed is CONN"},
        {"userunknown delayed=maybe\n", "delayed=maybe: allowed is yes or no"},
        {"userunknown distance=far \"x\"\n", "distance=far: allowed is 0 to 8192"},
        {"userunknown code=550 code=551\n", "code= for the second time"},
        {"userunknown \"x\n", "a phrase without its closing"},
        {"userunknown \"\"\n", "an empty phrase"},
        {"userunknown \"^^\"\n", "an empty phrase"},
        {"userunknown \" \t \"\n", "an empty phrase"},
        {"userunknown \"a^b\"\n", "^ inside a phrase"},
        {"userunknown \"a\\n\"\n", "\\ in a phrase; allowed are"},
        {"userunknown \"a\"b\n", "a phrase ends with \" and a blank"},
        {"userunknown \"a\xFF\"\n", "allowed is printable UTF-8 only"},
        {"userunknown \"a\x01\"\n", "allowed is printable UTF-8 only"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_error(cases[i].rules, strlen(cases[i].rules), cases[i].wanted);
    expect_error("userunknown \"a\0b\"\n", 18, "allowed is printable UTF-8 only");
}

static void test_what_is_too_much_is_refused_by_name(void **state)
{
    char text[4096];

    (void)state;
    (void)snprintf(text, sizeof text, "userunknown \"%0201d\"\n", 1);
    expect_error(text, strlen(text), "a phrase of more than 200 bytes");
    (void)snprintf(text, sizeof text, "#%01000d\n", 1);
    expect_error(text, strlen(text), "a line of more than 1000 bytes");
    (void)snprintf(text, sizeof text, "userunknown %s\n",
                   "\"a\" \"b\" \"c\" \"d\" !\"e\" \"f\" \"g\" \"h\" \"i\"");
    expect_error(text, strlen(text), "a rule with more than 8 phrases");
    (void)snprintf(text, sizeof text, "userunknown code=550%s\n",
                   ",551,552,553,554,555,556,557,558,559,560,561,562,563,564,565,566,567,568,569"
                   ",570,571,572,573,574,575,576,577,578,579,580,581,582");
    expect_error(text, strlen(text), "a condition with more than 32 values");
}

static void test_large_file_and_too_many_rules_are_refused(void **state)
{
    static const char rule[] = "blocked code=550\n";
    size_t size = 9000 * (sizeof rule - 1);
    char *text = malloc((512 << 10) + 1);

    (void)state;
    assert_non_null(text);
    for (size_t at = 0; at < size; at += sizeof rule - 1)
        memcpy(text + at, rule, sizeof rule - 1);
    expect_error(text, size, "more than 8192 rules in all files");
    memset(text, '\n', (512 << 10) + 1);
    expect_error(text, (512 << 10) + 1, "larger than 524288 bytes");
    free(text);
}

static void test_first_rule_that_fits_decides_and_is_named(void **state)
{
    struct phrasebook *book = open_book("# own rules\n"
                                        "feedback \"purple cow\" # a comment\r\n"
                                        "vacation \"cow\"\n"
                                        "delivered code=599\n"
                                        "hasmoved \"first^\" !\"not\" \"second\"");
    struct decision decision;
    struct evidence evidence = {.words = slice_of("a purple cow")};

    (void)state;
    phrasebook_ask(book, &evidence, &decision);
    assert_int_equal(decision.reason, REASON_FEEDBACK);
    assert_string_equal(decision.rule, "a.rules:2 'purple cow'");
    evidence.words = slice_of("a white cow");
    phrasebook_ask(book, &evidence, &decision);
    assert_int_equal(decision.reason, REASON_VACATION);
    evidence.words = slice_of("599 moo");
    phrasebook_ask(book, &evidence, &decision);
    assert_string_equal(decision.rule, "a.rules:4 code=599");
    evidence.words = slice_of("first and second");
    phrasebook_ask(book, &evidence, &decision);
    assert_string_equal(decision.rule, "a.rules:5 'first^ ... second'");
    phrasebook_close(&book);
}

static void test_administrators_files_come_first_in_the_order_of_their_names(void **state)
{
    struct phrasebook *book;
    struct error why;

    (void)state;
    write_rules("b.rules", "vacation \"user unknown\"\nhasmoved \"only in b\"\n");
    write_rules("a.rules", "feedback \"user unknown\"\n");
    write_rules("c.txt", "not rules at all\n");
    write_rules(".d.rules", "not rules either\n");
    assert_int_equal(phrasebook_open(&book, directory, &why), 0);
    assert_int_equal(ask_words(book, "550 user unknown"), REASON_FEEDBACK);
    assert_int_equal(ask_words(book, "550 only in b"), REASON_HASMOVED);
    phrasebook_close(&book);
    remove_rules("a.rules");
    assert_int_equal(phrasebook_open(&book, directory, &why), 0);
    assert_int_equal(ask_words(book, "550 user unknown"), REASON_VACATION);
    phrasebook_close(&book);
    remove_rules("b.rules");
    assert_int_equal(phrasebook_open(&book, directory, &why), 0);
    assert_int_equal(ask_words(book, "550 user unknown"), REASON_USERUNKNOWN);
    phrasebook_close(&book);
}

static void test_no_directory_leaves_the_shipped_rules(void **state)
{
    static const char *const places[] = {NULL, "", "/nonexistent/rules.d"};
    struct phrasebook *book;
    struct error why;

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_int_equal(phrasebook_open(&book, places[i], &why), 0);
        assert_int_equal(ask_words(book, "550 user unknown"), REASON_USERUNKNOWN);
        phrasebook_close(&book);
        assert_null(book);
    }
    assert_int_equal(phrasebook_open(&book, "/dev/null", &why), -1);
    assert_true(phrasebook_shipped().size > 1000);
}

static void test_shipped_rules_may_be_copied_whole(void **state)
{
    struct slice shipped = phrasebook_shipped();
    struct decision decision;
    struct phrasebook *book;
    struct error why = {""};

    (void)state;
    write_bytes("a.rules", shipped.at, shipped.size);
    if (phrasebook_open(&book, directory, &why) < 0)
        fail_msg("%s", why.text);
    phrasebook_ask(book, &(struct evidence){.words = slice_of("550 user unknown")}, &decision);
    assert_int_equal(strncmp(decision.rule, "a.rules:", 8), 0);
    phrasebook_close(&book);
    remove_rules("a.rules");
}

static void test_file_that_is_no_file_is_refused(void **state)
{
    struct phrasebook *book;
    struct error why;
    char path[128];

    (void)state;
    remove_rules("a.rules");
    path_of("a.rules", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(phrasebook_open(&book, directory, &why), -1);
    assert_non_null(strstr(why.text, "a.rules: no regular file"));
    assert_int_equal(rmdir(path), 0);
}

static void test_no_rule_is_undefined_and_no_words_is_onhold(void **state)
{
    struct phrasebook *book = open_book("");
    struct decision decision;

    (void)state;
    phrasebook_ask(book, &(struct evidence){.words = slice_of("qwertz")}, &decision);
    assert_int_equal(decision.reason, REASON_UNDEFINED);
    assert_null(decision.rule);
    phrasebook_ask(book, &(struct evidence){.words = slice_of(" \r\n")}, &decision);
    assert_int_equal(decision.reason, REASON_ONHOLD);
    assert_null(decision.rule);
    phrasebook_ask(book, &(struct evidence){.status = slice_of("5.1.1")}, &decision);
    assert_int_equal(decision.reason, REASON_USERUNKNOWN);
    phrasebook_close(&book);
}

static void test_words_are_folded_before_they_are_compared(void **state)
{
    (void)state;
    assert_true(phrases_fit("\"PURPLE  cow\"", "a purple cow"));
    assert_true(phrases_fit("\"purple cow\"", "A PURPLE\r\n\t COW"));
    assert_true(phrases_fit("\"K\u00dcCHE z\u00fc\"", "k\u00dcche Z\u00fc"));
    assert_false(phrases_fit("\"k\u00dcche\"", "k\u00fcche"));
    assert_false(phrases_fit("\"purple cow\"", "purplecow"));
    assert_true(phrases_fit("\"a \\\"b\\\" \\^ \\\\\"", "A \"b\" ^ \\"));
}

static void test_codes_of_further_lines_do_not_tear_a_phrase(void **state)
{
    static const char *const words[] = {
        "550-5.7.1 the purple\r\n550-5.7.1 cow is\r\n550 5.7.1 here",
        "550-5.7.1 the purple 550-5.7.1 cow is 550 5.7.1 here",
        "550-the purple\n550-cow is\n550 5.7.1 here",
        "421 4.0.0 the purple 421 4.0.0 cow is here",
    };
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_true(phrases_fit("\"the purple cow is\"", words[i]));
    assert_true(phrases_fit("\"call 555-1234 now\"", "call 555-1234 now"));
    assert_true(phrases_fit("\"550 bytes\"", "550 bytes"));
}

static void test_addresses_say_nothing(void **state)
{
    (void)state;
    assert_false(phrases_fit("\"cow\"", "<purple.cow@example.org> moo"));
    assert_false(phrases_fit("\"cow\"", "purple@cow.example.org"));
    assert_true(phrases_fit("\"is <@> here\"", "is <Purple+cow@cow.example.org> here"));
    assert_true(phrases_fit("\"cow @@ \u00fc@\"", "cow a@b@c \u00fcd@e"));
    assert_true(phrases_fit("\"@\"", "@"));
}

static void test_phrases_stand_in_their_order_without_overlap(void **state)
{
    (void)state;
    assert_true(phrases_fit("\"one\" \"two\"", "one and two"));
    assert_false(phrases_fit("\"one\" \"two\"", "two and one"));
    assert_true(phrases_fit("\"one\" \"two\"", "two one two"));
    assert_true(phrases_fit("\"aba\" \"aba\"", "abacaba"));
    assert_false(phrases_fit("\"aba\" \"aba\"", "ababa"));
    assert_true(phrases_fit("\"ab\" \"b\"", "abb"));
    assert_false(phrases_fit("\"ab\" \"b\"", "ab"));
    assert_true(phrases_fit("\"aa\" \"a\"", "aaa"));
    assert_true(phrases_fit("\"a\" \"a\" \"a\" \"a\"", "aaaa"));
    assert_false(phrases_fit("\"a\" \"a\" \"a\" \"a\"", "aaa"));
    assert_true(phrases_fit("\"a\" \"ab\" \"abc\" \"c\"", "aababcc"));
}

static void test_phrases_stand_near_each_other(void **state)
{
    char words[256];

    (void)state;
    (void)snprintf(words, sizeof words, "one%080dtwo", 0);
    assert_true(phrases_fit("\"one\" \"two\"", words));
    (void)snprintf(words, sizeof words, "one%081dtwo", 0);
    assert_false(phrases_fit("\"one\" \"two\"", words));
    assert_true(phrases_fit("distance=81 \"one\" \"two\"", words));
    assert_false(phrases_fit("distance=0 \"one\" \"two\"", "one two"));
    assert_true(phrases_fit("distance=0 \"one\" \"two\"", "onetwo"));
    /* What comes later may be near. */
    (void)snprintf(words, sizeof words, "one%090d one two", 0);
    assert_true(phrases_fit("\"one\" \"two\"", words));
    (void)snprintf(words, sizeof words, "one two %090d one two three", 0);
    assert_true(phrases_fit("\"one\" \"two\" \"three\"", words));
}

static void test_phrase_that_must_not_occur_spoils_the_rule_wherever_it_is(void **state)
{
    (void)state;
    assert_true(phrases_fit("\"cow\" !\"purple\"", "a white cow"));
    assert_false(phrases_fit("\"cow\" !\"purple\"", "a purple cow"));
    assert_false(phrases_fit("\"cow\" !\"purple\"", "a cow, purple"));
    assert_true(phrases_fit("code=598 !\"purple\"", "598 a cow"));
    assert_false(phrases_fit("code=598 !\"purple\"", "598 a purple cow"));
}

static void test_marks_ask_for_whole_words(void **state)
{
    (void)state;
    assert_true(phrases_fit("\"cow\"", "scowl"));
    assert_false(phrases_fit("\"^cow\"", "scow"));
    assert_true(phrases_fit("\"^cow\"", "the cows"));
    assert_false(phrases_fit("\"cow^\"", "cows"));
    assert_true(phrases_fit("\"cow^\"", "a scow."));
    assert_true(phrases_fit("\"^cow^\"", "cow"));
    assert_true(phrases_fit("\"^cow^\"", "scowl, but <cow>"));
    assert_false(phrases_fit("\"^cow^\"", "\u00fccow cow\u00fc"));
    /* The same text with other marks, for another rule. */
    struct phrasebook *book =
        open_book("feedback \"^cow^\"\nvacation \"^cow\"\ndelivered \"cow\"\n");
    assert_int_equal(ask_words(book, "cow"), REASON_FEEDBACK);
    assert_int_equal(ask_words(book, "cows"), REASON_VACATION);
    assert_int_equal(ask_words(book, "scows"), REASON_DELIVERED);
    phrasebook_close(&book);
}

static void test_longer_and_shorter_phrases_are_all_found(void **state)
{
    struct phrasebook *book = open_book("feedback \"she\" \"hers\"\n"
                                        "vacation \"hers\"\n"
                                        "delivered \"he\"\n");
    (void)state;
    assert_int_equal(ask_words(book, "ushe hers"), REASON_FEEDBACK);
    assert_int_equal(ask_words(book, "ushers"), REASON_VACATION);
    assert_int_equal(ask_words(book, "ushe"), REASON_DELIVERED);
    phrasebook_close(&book);
}

static bool host_fits(const char *names, const char *host)
{
    char rest[128];

    (void)snprintf(rest, sizeof rest, "host=%s", names);
    return rule_fits(rest, (struct evidence){.words = slice_of("hm"), .host = slice_of(host)});
}

static void test_host_is_that_name_or_below_it(void **state)
{
    (void)state;
    assert_true(host_fits("example.org", "example.org"));
    assert_true(host_fits("example.org", "MX1.Example.ORG"));
    assert_true(host_fits("example.com,example.org", "mx.example.org[192.0.2.1]:25"));
    assert_true(host_fits("example.org", "mx.example.org."));
    assert_true(host_fits("example.org", "mx.example.org (192.0.2.1)"));
    assert_false(host_fits("example.org", "badexample.org"));
    assert_false(host_fits("example.org", "example.org.example.net"));
    assert_false(host_fits("example.org", "org"));
    assert_false(host_fits("example.org", ""));
}

static void test_conditions_must_all_fit(void **state)
{
    struct evidence evidence = {.words = slice_of("hm"),
                                .status = slice_of("5.7.509"),
                                .code = 554,
                                .host = slice_of("mx.example.org"),
                                .command = slice_of("rcpt"),
                                .dialect = slice_of("exim"),
                                .delayed = true};

    (void)state;
    assert_true(rule_fits("status=5.7.509 code=554 host=example.org command=MAIL,RCPT "
                          "dialect=exim delayed=yes",
                          evidence));
    assert_false(rule_fits("status=4.1.1,x.8.* code=55x", evidence));
    assert_true(rule_fits("status=4.1.1,x.7.* code=55x", evidence));
    assert_true(rule_fits("status=5.x.509", evidence));
    assert_true(rule_fits("code=5xx", evidence));
    assert_false(rule_fits("status=4.7.509", evidence));
    assert_false(rule_fits("status=5.7.50", evidence));
    assert_false(rule_fits("code=550", evidence));
    assert_false(rule_fits("command=DATA", evidence));
    assert_false(rule_fits("command=none,DATA", evidence));
    assert_false(rule_fits("dialect=qmail", evidence));
    assert_false(rule_fits("delayed=no", evidence));
    assert_false(rule_fits("code=554 \"cow\"", evidence));
    evidence.command = SLICE_ABSENT;
    assert_true(rule_fits("command=RCPT,none", evidence));
    assert_false(rule_fits("command=RCPT", evidence));
}

static void test_codes_come_from_the_words_if_nobody_tells_them(void **state)
{
    struct slice words = slice_of("550 5.9.9 hm");

    (void)state;
    assert_true(rule_fits("status=5.9.9", (struct evidence){.words = words}));
    assert_true(rule_fits("code=550", (struct evidence){.words = words}));
    assert_true(
        rule_fits("status=5.9.9", (struct evidence){.words = words, .status = slice_of("5.0.0")}));
    assert_false(
        rule_fits("status=5.9.9", (struct evidence){.words = words, .status = slice_of("5.8.8")}));
    assert_false(rule_fits("code=550", (struct evidence){.words = words, .code = 551}));
}

static void test_only_the_first_eight_kilobytes_count(void **state)
{
    char *words = malloc(9000);

    (void)state;
    assert_non_null(words);
    memset(words, 'z', 9000);
    memcpy(words + 8192 - 3, "cow", 3);
    assert_true(rule_fits("\"cow\"", (struct evidence){.words = slice_make(words, 9000)}));
    memset(words, 'z', 9000);
    memcpy(words + 8192 - 2, "cow", 3);
    assert_false(rule_fits("\"cow\"", (struct evidence){.words = slice_make(words, 9000)}));
    free(words);
}

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_asks(const struct phrasebook *book, struct slice words)
{
    double begin = seconds();

    for (int i = 0; i < 20; i++)
        (void)ask(book, (struct evidence){.words = words});
    return seconds() - begin;
}

/* Texts that lead a walk astray, each twice as long as before: twice the time, give or take. A
 * walk that began anew at each byte would need four times as long, and over a millisecond. */
static void test_hostile_words_take_linear_time(void **state)
{
    static const char *const patterns[] = {
        "mailbox mailbo", "user ",    "a", "550-5.1.1 ",
        "     \t",        "550 550-", "^", "domain of sender addres"};
    struct phrasebook *book = open_book("feedback \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"\n"
                                        "feedback \"aaaaaaaaaaaaaaaaaaaab\"\n");
    static char words[8192];

    (void)state;
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        double half, whole;

        for (size_t i = 0; i < sizeof words; i++)
            words[i] = patterns[p][i % strlen(patterns[p])];
        half = time_asks(book, slice_make(words, sizeof words / 2));
        whole = time_asks(book, slice_make(words, sizeof words));
        if (whole > 0.2 || (whole > 0.02 && whole > half * 3))
            fail_msg("'%s': %.4f s, and %.4f s for half of it", patterns[p], whole, half);
    }
    phrasebook_close(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_rules_are_told_with_line_and_what_is_allowed),
        cmocka_unit_test(test_what_is_too_much_is_refused_by_name),
        cmocka_unit_test(test_large_file_and_too_many_rules_are_refused),
        cmocka_unit_test(test_first_rule_that_fits_decides_and_is_named),
        cmocka_unit_test(test_administrators_files_come_first_in_the_order_of_their_names),
        cmocka_unit_test(test_no_directory_leaves_the_shipped_rules),
        cmocka_unit_test(test_shipped_rules_may_be_copied_whole),
        cmocka_unit_test(test_file_that_is_no_file_is_refused),
        cmocka_unit_test(test_no_rule_is_undefined_and_no_words_is_onhold),
        cmocka_unit_test(test_words_are_folded_before_they_are_compared),
        cmocka_unit_test(test_codes_of_further_lines_do_not_tear_a_phrase),
        cmocka_unit_test(test_addresses_say_nothing),
        cmocka_unit_test(test_phrases_stand_in_their_order_without_overlap),
        cmocka_unit_test(test_phrases_stand_near_each_other),
        cmocka_unit_test(test_phrase_that_must_not_occur_spoils_the_rule_wherever_it_is),
        cmocka_unit_test(test_marks_ask_for_whole_words),
        cmocka_unit_test(test_longer_and_shorter_phrases_are_all_found),
        cmocka_unit_test(test_host_is_that_name_or_below_it),
        cmocka_unit_test(test_conditions_must_all_fit),
        cmocka_unit_test(test_codes_come_from_the_words_if_nobody_tells_them),
        cmocka_unit_test(test_only_the_first_eight_kilobytes_count),
        cmocka_unit_test(test_hostile_words_take_linear_time),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
