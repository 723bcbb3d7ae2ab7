/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that come, are rotated and go, all found by a pattern; the notes are those of a real
 * journal. Lines are numbered; each must be told exactly once.
 */
#include "../../../../milter/observe/maillog/feeds.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../../milter/observe/maillog/siblings.h"
#include "shell.h"
#include "waybill/clock.h"

#define LINES_MAX 2000

static struct settings settings;
static char state_path[100], pattern[100];
static struct journal *journal;
static struct feeds *feeds;
static unsigned told[LINES_MAX], written, gaps;

static void write_lines(const char *name, unsigned count)
{
    char path[120];
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    FILE *to = fopen(path, "a");
    assert_non_null(to);
    for (unsigned i = 0; i < count; i++)
        fprintf(to, "2026-11-21T20:55:43Z mx postfix/qmgr[1]: %06uABCDEF: removed\n", written++);
    fclose(to);
}

/* A writer that has gone on to another file. */
static void age(const char *name, int seconds)
{
    char path[120];
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds}};
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int recall(void *context, const char *name, char *value, size_t room)
{
    return journal_recall(context, name, value, room);
}

static void start(void)
{
    struct journal_options options = {.directory = state_path, .sync = SYNC_NEVER, .sync_ms = 100,
                                      .segment_size = 1 << 20, .total_size = 64 << 20,
                                      .ring = 1024};
    struct error why;
    if (journal_open(&journal, &options, NULL, NULL, &why) != 0 ||
        feeds_open(&feeds, &settings, (struct feeds_memory){recall, journal}, &why) != 0)
        fail_msg("%s", why.text);
}

static void stop(void)
{
    feeds_close(&feeds);
    journal_close(&journal);
}

static void read_feed(struct feed *feed)
{
    struct source_news news;
    enum source_event event;
    while ((event = feed->source->calls->next(feed->source, feed->reader, &news)) !=
           SOURCE_IDLE) {
        unsigned number = LINES_MAX;
        char text[16];
        gaps += event == SOURCE_GAP;
        if (event != SOURCE_LINE)
            continue;
        slice_copy(news.line.body, text, sizeof text);
        sscanf(text, "%6u", &number);
        assert_true(number < LINES_MAX);
        told[number]++;
    }
    feeds_note(feed, journal);
}

static void read_feeds(void)
{
    for (size_t i = feeds->count; i-- > 0;) {
        read_feed(feeds->feed[i]);
        if (feeds->feed[i]->gone)
            feeds_drop(feeds, i, journal);
    }
}

/* What the thread does, without its waiting: read, look, read what the look found. */
static void pump(void)
{
    for (int round = 0; round < 2; round++) {
        read_feeds();
        feeds->next_look = 0;
        feeds_look(feeds, journal);
    }
    read_feeds();
}

static void restart(void)
{
    stop();
    start();
}

static void expect_once(unsigned from, unsigned until)
{
    for (unsigned i = from; i < until; i++)
        if (told[i] != 1)
            fail_msg("line %u of %u was told %u times", i, written, told[i]);
}

static int set_up(void **state)
{
    (void)state;
    shell_open();
    shell_run("mkdir state");
    snprintf(state_path, sizeof state_path, "%s/state", shell_folder);
    snprintf(pattern, sizeof pattern, "%s/*.log", shell_folder);
    memset(told, 0, sizeof told);
    written = gaps = 0;
    settings = (struct settings){.log_source = {pattern}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (feeds != NULL)
        stop();
    shell_close();
    return 0;
}

static void test_every_file_is_followed_and_a_new_one_from_its_first_byte(void **state)
{
    (void)state;
    write_lines("a.log", 3);
    write_lines("b.log", 3);
    start();
    pump();
    assert_int_equal(told[0] + told[3], 0); /* before our time */
    write_lines("a.log", 2);
    write_lines("b.log", 2);
    write_lines("c.log", 2);
    write_lines("other.txt", 2);
    pump();
    expect_once(6, 12);
    assert_int_equal(told[12] + told[13], 0);
    assert_int_equal(feeds->count, 3);
    assert_true(feeds_covered(feeds) > clock_now() - 10 * SECOND_MS);
    assert_int_equal(gaps, 0);
}

static void test_each_file_goes_on_where_it_was_left(void **state)
{
    (void)state;
    start();
    pump();
    write_lines("a.log", 3);
    write_lines("b.log", 3);
    pump();
    write_lines("b.log", 1);
    stop();
    write_lines("a.log", 3);
    write_lines("c.log", 3); /* made while nobody looked */
    age("a.log", 5);
    shell_run("mv a.log a.log.1");
    write_lines("a.log", 2);
    start();
    pump();
    expect_once(0, written);
    restart();
    write_lines("c.log", 1);
    pump();
    expect_once(0, written);
    assert_int_equal(gaps, 0);
}

static void test_what_rotation_left_is_not_read_twice(void **state)
{
    (void)state;
    snprintf(pattern, sizeof pattern, "%s/mail*", shell_folder);
    write_lines("mail.log.1", 2);
    shell_run("gzip <mail.log.1 >mail.log.2.gz; cp mail.log.1 mail-20261101.log;"
              "touch -d '1 hour ago' mail*");
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    age("mail.log", 10);
    shell_run("mv mail.log.1 mail.log.2 && mv mail.log mail.log.1");
    pump(); /* the name is away for a moment */
    write_lines("mail.log", 3);
    pump();
    age("mail.log", 5);
    shell_run("mv mail.log mail-20261122.log");
    write_lines("mail.log", 3);
    pump();
    expect_once(2, written);
    assert_int_equal(feeds->count, 1);
    stop();
    write_lines("mail.log", 3);
    shell_run("mv mail.log.1 mail.log.2; mv mail.log mail.log.1");
    start();
    pump(); /* the name is away, and nothing yet was read of the new file that has it */
    expect_once(2, written);
    assert_int_equal(feeds->count, 1);
    assert_int_equal(gaps, 0);
}

static void test_a_file_under_another_name_is_not_read_twice(void **state)
{
    (void)state;
    start();
    pump();
    write_lines("a.log", 3);
    pump();
    shell_run("ln a.log twin.log; ln -s a.log link.log");
    pump();
    age("a.log", 5);
    shell_run("mv a.log old-a.log");
    write_lines("a.log", 3);
    pump();
    pump();
    expect_once(0, written);
}

static void test_a_name_with_a_date_is_a_log_of_its_own(void **state)
{
    (void)state;
    start();
    pump();
    write_lines("2026-11-21.log", 2);
    pump();
    write_lines("2026-11-22.log", 2);
    write_lines("mail-20261122.log", 2); /* there is no mail.log */
    pump();
    expect_once(0, written);
    assert_int_equal(feeds->count, 3);
}

static void test_a_file_that_is_gone_was_read_and_leaves_its_place(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 3 * FEEDS_FOUND_MAX; i++) {
        char name[20], command[40];
        snprintf(name, sizeof name, "%u.log", i);
        pump();
        write_lines(name, 2);
        pump();
        write_lines(name, 1);
        snprintf(command, sizeof command, "rm %s", name);
        shell_run(command);
        pump();
        assert_int_equal(feeds->count, 1);
        feeds->feed[0]->busy -= 2 * MINUTE_MS;
        pump();
        assert_int_equal(feeds->count, 0);
    }
    expect_once(0, written);
    write_lines("0.log", 2);
    restart();
    pump();
    expect_once(0, written);
    assert_int_equal(feeds->count, 1);
}

static void test_too_many_files_are_told_and_not_covered(void **state)
{
    (void)state;
    start();
    pump();
    shell_run("for i in $(seq 1 40); do echo >$i.log; done");
    pump();
    assert_int_equal(feeds->count, FEEDS_FOUND_MAX);
    assert_true(feeds->over.on);
    assert_int_equal(feeds_covered(feeds), 0);
    shell_run("rm 2?.log 3?.log");
    for (size_t i = 0; i < feeds->count; i++)
        feeds->feed[i]->busy -= 2 * MINUTE_MS;
    pump();
    pump();
    assert_false(feeds->over.on);
    assert_true(feeds_covered(feeds) > 0);
}

static void test_a_file_that_was_named_alone_goes_on_by_a_pattern(void **state)
{
    (void)state;
    char alone[100];
    snprintf(alone, sizeof alone, "%s/a.log", shell_folder);
    settings.log_source[0] = alone;
    start();
    pump();
    write_lines("a.log", 3);
    pump();
    stop();
    write_lines("a.log", 3);
    settings.log_source[0] = pattern;
    start();
    pump();
    expect_once(0, written);
}

/* A file that the settings name and a pattern finds is one feed. */
static void test_a_named_file_that_fits_a_pattern_is_read_once(void **state)
{
    (void)state;
    char alone[100];
    snprintf(alone, sizeof alone, "%s/a.log", shell_folder);
    settings.log_source[1] = alone;
    start();
    pump();
    write_lines("a.log", 3);
    write_lines("b.log", 3);
    pump();
    expect_once(0, written);
    assert_int_equal(feeds->count, 2);
    settings.log_source[1] = NULL;
}

static void test_names_tell_what_rotation_made(void **state)
{
    (void)state;
    static const struct {
        const char *of, *name;
        bool rotated;
    } cases[] = {
        {"/l/mail.log", "/l/mail.log.1", true},
        {"/l/mail.log", "/l/mail.log.12.gz", true},
        {"/l/mail.log", "/l/mail.log-20261121", true},
        {"/l/mail.log", "/l/mail.log-20261121-100000.zst", true},
        {"/l/mail.log", "/l/mail-20261121.log", true},
        {"/l/mail.log", "/l/mail-20261121.log.xz", true},
        {"/l/mail.log", "/l/mail.1.log", true},
        {"/l/maillog", "/l/maillog.1", true},
        {"/l/mail.log", "/l/mail.log", false},
        {"/l/mail.log", "/l/mail.log.gz", false},
        {"/l/mail.log", "/l/mail-2.log", false},
        {"/l/mail.log", "/l/mail.log.old", false},
        {"/l/mail.log", "/m/mail.log.1", false},
        {"/l/mail.log", "/l/mail.logs", false},
        {"/l/mail.log", "/l/mail.log.", false},
        {"/l/.log", "/l/1.log", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (siblings_is_rotated(cases[i].of, cases[i].name) != cases[i].rotated)
            fail_msg("%s of %s", cases[i].name, cases[i].of);
    assert_true(siblings_is_compressed("/l/mail.log.gz"));
    assert_false(siblings_is_compressed("/l/mail.log.1"));
}

/* Rotated faster than the clock of the files goes: the names have to tell. */
static void test_files_of_one_instant_are_ordered_by_their_names(void **state)
{
    (void)state;
    static const char *const ages[][3] = {
        {"mail.log.11", "mail.log.9", "mail.log.2.gz"},
        {"mail.log-20261119", "mail.log-20261120", "mail.log-20261121"},
        {"mail.log-20261121-00000009", "mail.log-20261121-00000010", "mail.log-20261121-00000011"},
        {"mail.log.3.gz", "mail.log.2.gz", "mail.log.1"},
    };
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        struct siblings siblings;
        struct error why;
        char path[120];
        shell_run("rm -f mail.log*");
        for (int k = 0; k < 3; k++) {
            char command[160];
            snprintf(command, sizeof command, "echo x >%s && touch -d @1795300000 %s",
                     ages[i][(k + 1) % 3], ages[i][(k + 1) % 3]);
            shell_run(command);
        }
        snprintf(path, sizeof path, "%s/mail.log", shell_folder);
        assert_int_equal(siblings_read(&siblings, path, &why), 0);
        assert_int_equal(siblings.count, 3);
        for (size_t k = 0; k < 3; k++)
            if (!slice_ends(slice_of(siblings.list[k].path), ages[i][k]))
                fail_msg("%s stands where %s should", siblings.list[k].path, ages[i][k]);
        siblings_clear(&siblings);
    }
    shell_run("rm -f mail.log*");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_file_is_followed_and_a_new_one_from_its_first_byte),
        TEST(test_each_file_goes_on_where_it_was_left),
        TEST(test_what_rotation_left_is_not_read_twice),
        TEST(test_a_file_under_another_name_is_not_read_twice),
        TEST(test_a_name_with_a_date_is_a_log_of_its_own),
        TEST(test_a_file_that_is_gone_was_read_and_leaves_its_place),
        TEST(test_too_many_files_are_told_and_not_covered),
        TEST(test_a_file_that_was_named_alone_goes_on_by_a_pattern),
        TEST(test_a_named_file_that_fits_a_pattern_is_read_once),
        TEST(test_files_of_one_instant_are_ordered_by_their_names),
        cmocka_unit_test(test_names_tell_what_rotation_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
