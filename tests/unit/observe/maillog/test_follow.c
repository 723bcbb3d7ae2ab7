/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real file in a real directory, written, rotated, truncated and removed, with a follower that
 * is stopped and started at any point. Lines are numbered; each must be told exactly once.
 */
#include "../../../../milter/observe/maillog/source.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell.h"
#include "waybill/clock.h"

#define LINES_MAX 20000

static struct place {
    char log[80];
    struct source *source;
    struct logline_reader *reader;
    char position[JOURNAL_NOTE_VALUE_MAX]; /* as the journal would have it; "" none */
    unsigned told[LINES_MAX];              /* how often each number was told */
    unsigned seen, foreign, long_lines, cuts, gaps;
    struct source_gap gap;
    unsigned written; /* the next number */
} place;

static void write_bytes(const char *name, const void *data, size_t size)
{
    char path[120];
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

#define LINE "2026-11-21T20:55:43Z mx postfix/qmgr[1]: %06uABCDEF: removed\n"

static void write_lines(const char *name, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char text[120];
        snprintf(text, sizeof text, LINE, place.written++);
        write_text(name, text);
    }
}

/* A writer that has gone on to another file. */
static void age(const char *name)
{
    char path[120];
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - 5}};
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void start(void)
{
    struct error why;
    place.reader = logline_open();
    assert_non_null(place.reader);
    logline_until(place.reader, clock_now());
    assert_int_equal(follow_open(&place.source, place.log,
                                 place.position[0] ? place.position : NULL, &why),
                     0);
}

static void stop(void)
{
    place.source->calls->close(place.source);
    place.source = NULL;
    logline_close(&place.reader);
}

static void tell(const struct logline *line)
{
    unsigned number = LINES_MAX;
    char text[16] = "";
    if (!slice_is(line_value(line, LINE_PROGRAM), "postfix/qmgr"))
        return;
    slice_copy(line->body, text, sizeof text);
    sscanf(text, "%6u", &number);
    assert_true(number < LINES_MAX);
    place.told[number]++;
}

/* Read what there is, at most `most` events, then keep the position. */
static void pump_some(unsigned most)
{
    struct source_news news;
    enum source_event event = SOURCE_LINE;
    while (most-- > 0 && event != SOURCE_IDLE) {
        event = place.source->calls->next(place.source, place.reader, &news);
        if (event == SOURCE_LINE)
            tell(&news.line);
        place.seen += event == SOURCE_SEEN;
        place.foreign += event == SOURCE_FOREIGN;
        place.long_lines += event == SOURCE_TOO_LONG;
        place.cuts += event == SOURCE_CUT;
        place.gaps += event == SOURCE_GAP;
        if (event == SOURCE_GAP)
            place.gap = news.gap;
    }
    place.source->calls->position(place.source, place.position);
}

static void pump(void)
{
    pump_some(1000000);
}

/* The file is away, and not only while a rotation moves its name. */
static void pump_until_lost(void)
{
    pump();
    clock_sleep(300);
    pump();
}

static void restart(void)
{
    stop();
    start();
}

static void expect_once(unsigned from, unsigned until)
{
    for (unsigned i = from; i < until; i++)
        if (place.told[i] != 1)
            fail_msg("line %u of %u was told %u times", i, place.written, place.told[i]);
}

static int set_up(void **state)
{
    (void)state;
    memset(&place, 0, sizeof place);
    shell_open();
    snprintf(place.log, sizeof place.log, "%s/mail.log", shell_folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (place.source != NULL)
        stop();
    shell_close();
    return 0;
}

static void test_first_start_begins_at_the_end(void **state)
{
    (void)state;
    write_lines("mail.log", 5);
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(place.told[i], 0);
    expect_once(5, 8);
}

static void test_first_start_does_not_cut_a_line_in_two(void **state)
{
    (void)state;
    write_lines("mail.log", 2);
    write_text("mail.log", "2026-11-21T20:55:43Z mx postfix/qmgr[1]: 0000");
    start();
    pump();
    write_text("mail.log", "02ABCDEF: removed\n");
    place.written = 3;
    pump();
    assert_int_equal(place.foreign, 0);
    expect_once(2, 3);
}

static void test_file_made_after_the_first_start_is_read_from_its_start(void **state)
{
    (void)state;
    start();
    pump();
    assert_string_not_equal(place.position, "");
    restart();
    pump();
    write_lines("mail.log", 4);
    restart();
    pump();
    expect_once(0, 4);
    assert_int_equal(place.gaps, 0);
}

static void test_half_a_line_waits_for_its_end(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    char text[120];
    snprintf(text, sizeof text, LINE, place.written++);
    for (size_t i = 0; i < strlen(text); i++) {
        assert_int_equal(place.told[0], 0);
        write_bytes("mail.log", text + i, 1);
        if (i % 3 == 0)
            restart();
        pump();
    }
    expect_once(0, 1);
}

static void test_rename_is_followed_to_the_end_of_the_old_file(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 10);
    shell_run("mv mail.log mail.log.1");
    write_lines("mail.log.1", 5); /* a writer that has not noticed */
    pump();
    write_lines("mail.log", 5);
    age("mail.log.1");
    pump();
    write_lines("mail.log", 5);
    pump();
    expect_once(0, 25);
    assert_int_equal(place.gaps, 0);
}

static void test_old_file_is_not_left_while_it_may_be_written(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 2);
    shell_run("mv mail.log mail.log.1");
    write_lines("mail.log", 2);
    pump();
    assert_int_equal(place.told[2], 0); /* it was written to just now */
    write_lines("mail.log.1", 2);
    pump();
    age("mail.log.1");
    pump();
    expect_once(0, 6);
}

static void test_rotations_during_a_stop_are_caught_up_in_order(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 10);
    pump();
    stop();
    for (int i = 0; i < 4; i++) {
        write_lines("mail.log", 7);
        shell_run("for n in 4 3 2 1; do [ ! -e mail.log.$n ] || mv mail.log.$n mail.log.$((n+1)); done; "
            "mv mail.log mail.log.1");
    }
    write_lines("mail.log", 3);
    age("mail.log.1");
    age("mail.log.2");
    age("mail.log.3");
    age("mail.log.4");
    start();
    pump();
    expect_once(0, place.written);
    assert_int_equal(place.gaps, 0);
}

static void test_dated_names_are_rotated_files_and_others_are_not(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    stop();
    shell_run("mv mail.log mail.log-20261120 && touch -d '-9 seconds' mail.log-20261120");
    write_lines("mail.log", 3);
    shell_run("mv mail.log mail.log-20261121 && cp mail.log-20261121 mail.log.backup && "
        "cp mail.log-20261121 mail.log2 && cp mail.log-20261121 mail.log.1.txt");
    write_lines("mail.log", 3);
    age("mail.log-20261121");
    start();
    pump();
    expect_once(0, 9);
}

/* The same story of writing and rotating, with a stop and start before each of its steps, and
 * after each number of lines read. */
static void play(unsigned restart_at, unsigned batch)
{
    unsigned step = 0;
#define STEP(action)                                                                               \
    do {                                                                                           \
        action;                                                                                    \
        pump_some(batch);                                                                          \
        if (step++ == restart_at)                                                                  \
            restart();                                                                             \
    } while (0)
    write_text("mail.log", "");
    start();
    pump();
    STEP(write_lines("mail.log", 3));
    STEP(write_text("mail.log", "2026-11-21T20:55:43Z mx postfix/qmgr[1]: "));
    char rest[60];
    snprintf(rest, sizeof rest, "%06uABCDEF: removed\n", place.written++);
    STEP(write_text("mail.log", rest));
    STEP(shell_run("mv mail.log mail.log.1"));
    STEP(write_lines("mail.log.1", 2));
    STEP(write_lines("mail.log", 2));
    STEP(age("mail.log.1"));
    STEP(write_lines("mail.log", 2));
    STEP(shell_run("mv mail.log.1 mail.log.2 && mv mail.log mail.log.1"));
    STEP(write_lines("mail.log", 2));
    STEP(shell_run("gzip mail.log.2"));
    STEP(age("mail.log.1"));
    STEP(write_lines("mail.log", 1));
    pump();
    pump();
    expect_once(0, place.written);
#undef STEP
}

static void test_a_restart_at_any_step_loses_and_doubles_nothing(void **state)
{
    for (unsigned batch = 1; batch <= 4; batch++)
        for (unsigned at = 0; at < 13; at++) {
            play(at, batch == 4 ? 1000000 : batch * 2);
            assert_int_equal(place.gaps, 0);
            tear_down(state);
            set_up(state);
        }
}

static void test_copytruncate_shows_a_gap_and_reads_on(void **state)
{
    (void)state;
    write_lines("mail.log", 3);
    start();
    pump();
    write_lines("mail.log", 10);
    pump_some(4);
    write_lines("mail.log", 4);
    shell_run("cp mail.log mail.log.1 && : > mail.log");
    write_lines("mail.log", 4);
    age("mail.log.1");
    pump();
    expect_once(3, place.written); /* what was not yet read stood in the copy */
    assert_int_equal(place.gaps, 1);
    assert_string_equal(place.gap.cause, "truncated");
    assert_true(place.gap.from <= place.gap.until);
}

static void test_truncation_without_a_copy_is_a_gap(void **state)
{
    (void)state;
    write_lines("mail.log", 3);
    start();
    pump();
    write_lines("mail.log", 10);
    pump();
    shell_run(": > mail.log");
    pump();
    assert_int_equal(place.gaps, 1);
    write_lines("mail.log", 2);
    pump();
    expect_once(3, place.written);
    assert_int_equal(place.gaps, 1);
}

static void test_truncated_file_that_has_grown_again_is_known_by_its_head(void **state)
{
    (void)state;
    write_lines("mail.log", 3);
    start();
    pump();
    shell_run(": > mail.log");
    write_text("mail.log", "2026-11-22T00:00:00Z mx another: file\n");
    write_lines("mail.log", 50);
    pump();
    expect_once(3, place.written);
    assert_int_equal(place.gaps, 1);
    restart();
    shell_run(": > mail.log");
    write_text("mail.log", "2026-11-23T00:00:00Z mx another: file\n");
    write_lines("mail.log", 100);
    pump_until_lost();
    expect_once(3, place.written);
    assert_int_equal(place.gaps, 2);
}

static void test_lost_file_is_a_gap_and_the_new_one_is_read_from_its_start(void **state)
{
    (void)state;
    write_lines("mail.log", 3);
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    stop();
    shell_run("rm mail.log"); /* its inode is likely to be used again */
    write_text("mail.log", "2026-11-22T00:00:00Z mx another: file\n");
    write_lines("mail.log", 9);
    start();
    pump_until_lost();
    expect_once(3, place.written);
    assert_int_equal(place.gaps, 1);
    assert_string_equal(place.gap.cause, "unread");
}

static void test_a_file_that_is_away_for_a_moment_is_not_lost(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    write_lines("mail.log", 3);
    shell_run("mv mail.log mail.tmp; touch mail.log");
    restart();
    write_lines("mail.log", 3);
    pump();
    pump();
    shell_run("mv mail.tmp mail.log.1");
    age("mail.log.1");
    pump();
    expect_once(0, place.written);
    assert_int_equal(place.gaps, 0);
}

/* Rotated and compressed while nobody read, as logrotate does it without `delaycompress`. */
static void rotate_and_compress(const char *program)
{
    char command[200];
    snprintf(command, sizeof command,
             "for n in 3 2 1; do for f in mail.log.$n.*; do [ ! -e $f ] ||"
             " mv $f mail.log.$((n+1)).${f##*.}; done; done;"
             "mv mail.log mail.log.1 && %s mail.log.1", program);
    shell_run(command);
}

static void test_compressed_before_it_was_read_loses_nothing(void **state)
{
    static const char *const programs[] = {"gzip", "xz", "zstd -q --rm"};
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        write_text("mail.log", "");
        start();
        pump();
        write_lines("mail.log", 3);
        pump();
        stop();
        write_lines("mail.log", 2);
        rotate_and_compress(programs[i]);
        write_lines("mail.log", 2);
        start();
        pump();
        expect_once(0, 7);
        assert_int_equal(place.seen, 3);
        assert_int_equal(place.gaps, 0);
        write_lines("mail.log", 1);
        pump();
        expect_once(0, 8);
        stop();
        tear_down(state);
        set_up(state);
    }
}

/* Another host's clock was wrong. */
static void test_a_line_of_the_future_does_not_hide_what_came_after_it(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    write_text("mail.log", "2080-01-01T00:00:00Z mx2 postfix/smtpd[1]: connect from a[192.0.2.1]\n");
    pump();
    stop();
    write_lines("mail.log", 2);
    rotate_and_compress("gzip");
    write_lines("mail.log", 2);
    start();
    pump();
    expect_once(0, 7);
    assert_int_equal(place.gaps, 0);
}

static void test_several_compressed_files_are_read_in_order(void **state)
{
    (void)state;
    write_text("mail.log", "");
    write_lines("mail.log", 40);
    rotate_and_compress("gzip"); /* before our time */
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    stop();
    for (unsigned i = 0; i < 3; i++) {
        write_lines("mail.log", 4);
        rotate_and_compress(i == 1 ? "xz" : "gzip");
        clock_sleep(5); /* the times of the last writes differ */
    }
    write_lines("mail.log", 2);
    start();
    for (unsigned i = 0; i < 20; i++) { /* killed in the middle of each */
        pump_some(3);
        restart();
    }
    pump();
    assert_int_equal(place.told[0] + place.told[39], 0);
    expect_once(40, place.written);
    assert_int_equal(place.gaps, 0);
}

static void test_compressed_while_it_is_read_loses_nothing(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    for (unsigned i = 0; i < 3; i++) {
        write_lines("mail.log", 3);
        pump_some(1 + i);
        rotate_and_compress("gzip");
        write_lines("mail.log", 2);
        clock_sleep(1100); /* until the old file is quiet */
        pump();
        expect_once(0, place.written);
    }
    assert_int_equal(place.gaps, 0);
}

static void test_a_copy_that_was_compressed_is_found(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    stop();
    write_lines("mail.log", 2);
    shell_run("cp mail.log mail.log.1 && : >mail.log && gzip mail.log.1");
    write_lines("mail.log", 2);
    start();
    pump();
    expect_once(0, 7);
    write_lines("mail.log", 2); /* and while we look */
    shell_run("mv mail.log.1.gz mail.log.2.gz; cp mail.log mail.log.1 && : >mail.log &&"
              "gzip mail.log.1");
    pump();
    write_lines("mail.log", 1);
    pump();
    expect_once(0, place.written);
    assert_int_equal(place.gaps, 1);
    assert_string_equal(place.gap.cause, "truncated");
}

static void test_a_damaged_or_unknown_compressed_file_is_a_gap(void **state)
{
    static const char *const damages[] = {
        "truncate -s -20 mail.log.1.gz",
        "printf XXXXXXXXXXXXXXXX | dd of=mail.log.1.gz conv=notrunc bs=1 seek=60 2>/dev/null",
        "zcat mail.log.1.gz >mail.log.1.bz2; rm mail.log.1.gz",
        "rm mail.log.1.gz",
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        write_text("mail.log", "");
        start();
        pump();
        write_lines("mail.log", 3);
        pump();
        stop();
        write_lines("mail.log", 20);
        rotate_and_compress("gzip");
        shell_run(damages[i]);
        write_lines("mail.log", 2);
        start();
        pump_until_lost();
        pump();
        expect_once(0, 3);
        expect_once(23, 25);
        for (unsigned line = 3; line < 23; line++)
            assert_true(place.told[line] <= 1);
        assert_in_range(place.gaps, 1, 2); /* the place not found, the rest not readable */
        assert_string_equal(place.gap.cause, "unread");
        stop();
        tear_down(state);
        set_up(state);
    }
}

/* gzip writes beside the file that it will remove at its end. */
static void test_a_file_that_is_being_compressed_is_read_as_it_is(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    stop();
    write_lines("mail.log", 2);
    shell_run("mv mail.log mail.log.1 && gzip <mail.log.1 | head -c 30 >mail.log.1.gz");
    age("mail.log.1");
    write_lines("mail.log", 2);
    start();
    pump();
    expect_once(0, 7);
    assert_int_equal(place.gaps, 0);
}

static void test_a_removed_file_is_read_to_its_end(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    shell_run("rm mail.log");
    write_lines("mail.log", 3);
    pump();
    expect_once(0, 3);
    clock_sleep(1100); /* until the removed one is quiet */
    pump();
    expect_once(0, 6);
    assert_int_equal(place.gaps, 0);
}

static void test_rotation_that_outruns_the_reader_is_a_gap(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    for (int i = 0; i < 6; i++) {
        write_lines("mail.log", 2);
        shell_run("[ ! -e mail.log.1 ] || mv mail.log.1 mail.log.2; mv mail.log mail.log.1");
    }
    write_lines("mail.log", 2);
    clock_sleep(1100);
    pump();
    expect_once(0, 2);   /* held open, though removed */
    expect_once(8, 14);  /* what is left */
    assert_int_equal(place.gaps, 1);
}

static void test_a_long_line_is_skipped_and_counted_once(void **state)
{
    (void)state;
    static char noise[300000];
    memset(noise, 'x', sizeof noise);
    /* what stands behind 64 KiB looks like a line, and must not become one */
    const char *forged = "2026-11-21T20:55:43Z mx postfix/qmgr[1]: 019999ABCDEF: removed";
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 1);
    write_bytes("mail.log", noise, sizeof noise);
    pump();
    restart();
    write_text("mail.log", forged);
    pump();
    assert_int_equal(place.long_lines, 0);
    restart();
    write_text("mail.log", "\n");
    write_lines("mail.log", 1);
    write_bytes("mail.log", noise, 70000);
    write_text("mail.log", "\n");
    write_lines("mail.log", 1);
    pump();
    restart();
    pump();
    expect_once(0, 3);
    assert_int_equal(place.told[19999], 0);
    assert_int_equal(place.long_lines, 2);
}

static void test_nul_bytes_before_a_line_are_stepped_over(void **state)
{
    (void)state;
    static const char nothing[200000];
    write_text("mail.log", "");
    start();
    pump();
    write_bytes("mail.log", nothing, sizeof nothing);
    pump();
    write_lines("mail.log", 2);
    pump();
    expect_once(0, 2);
    assert_int_equal(place.long_lines + place.foreign, 0);
}

static void test_half_a_line_at_the_end_of_a_left_file_is_counted(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 1);
    write_text("mail.log", "2026-11-21T20:55:43Z mx postfix/qmgr[1]: 019999ABC");
    shell_run("mv mail.log mail.log.1");
    write_lines("mail.log", 1);
    age("mail.log.1");
    pump();
    expect_once(0, 2);
    assert_int_equal(place.cuts, 1);
}

static void test_lines_before_the_position_are_seen_again_but_not_told(void **state)
{
    (void)state;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 40);
    pump();
    assert_int_equal(place.seen, 0);
    write_text("mail.log", "no header\n");
    pump();
    assert_int_equal(place.foreign, 1);
    restart();
    pump();
    assert_int_equal(place.seen, 40);
    assert_int_equal(place.foreign, 1);
    expect_once(0, 40);
}

static void test_a_file_that_may_not_be_read_is_waited_for(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        shell_run("mkdir mail.log"); /* root reads everything, but no directory */
        start();
        pump();
        assert_string_equal(place.position, "");
        assert_int_equal(place.source->calls->covered(place.source), 0);
        shell_run("rmdir mail.log");
    } else {
        write_text("mail.log", "");
        shell_run("chmod 0 mail.log");
        start();
        pump();
        shell_run("rm mail.log");
    }
    write_text("mail.log", "");
    pump();
    write_lines("mail.log", 2);
    pump();
    expect_once(0, 2);
    assert_true(place.source->calls->covered(place.source) > 0);
}

/* Rotation by a tool that gives the new file to root alone, as postlogd does. */
static void test_a_log_that_goes_on_where_we_may_not_read_is_no_longer_covered(void **state)
{
    (void)state;
    bool root = geteuid() == 0;
    write_text("mail.log", "");
    start();
    pump();
    write_lines("mail.log", 3);
    pump();
    shell_run("mv mail.log mail.log.1");
    write_lines("mail.log", 2);
    shell_run(root ? "chmod 755 . && chmod 600 mail.log" : "chmod 0 mail.log");
    age("mail.log.1");
    int64_t before = place.source->calls->covered(place.source);
    clock_sleep(5);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    pump();
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(place.source->calls->covered(place.source), before);
    shell_run("chmod 644 mail.log");
    pump();
    expect_once(0, 5);
    assert_true(place.source->calls->covered(place.source) > before);
}

static void test_a_position_of_rubbish_begins_anew(void **state)
{
    (void)state;
    write_lines("mail.log", 2);
    snprintf(place.position, sizeof place.position, "2 1 2 3 rubbish");
    start();
    pump();
    write_lines("mail.log", 1);
    pump();
    expect_once(2, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_start_begins_at_the_end),
        TEST(test_first_start_does_not_cut_a_line_in_two),
        TEST(test_file_made_after_the_first_start_is_read_from_its_start),
        TEST(test_half_a_line_waits_for_its_end),
        TEST(test_rename_is_followed_to_the_end_of_the_old_file),
        TEST(test_old_file_is_not_left_while_it_may_be_written),
        TEST(test_rotations_during_a_stop_are_caught_up_in_order),
        TEST(test_dated_names_are_rotated_files_and_others_are_not),
        TEST(test_a_restart_at_any_step_loses_and_doubles_nothing),
        TEST(test_copytruncate_shows_a_gap_and_reads_on),
        TEST(test_truncation_without_a_copy_is_a_gap),
        TEST(test_truncated_file_that_has_grown_again_is_known_by_its_head),
        TEST(test_lost_file_is_a_gap_and_the_new_one_is_read_from_its_start),
        TEST(test_a_file_that_is_away_for_a_moment_is_not_lost),
        TEST(test_compressed_before_it_was_read_loses_nothing),
        TEST(test_a_line_of_the_future_does_not_hide_what_came_after_it),
        TEST(test_several_compressed_files_are_read_in_order),
        TEST(test_compressed_while_it_is_read_loses_nothing),
        TEST(test_a_copy_that_was_compressed_is_found),
        TEST(test_a_damaged_or_unknown_compressed_file_is_a_gap),
        TEST(test_a_file_that_is_being_compressed_is_read_as_it_is),
        TEST(test_a_removed_file_is_read_to_its_end),
        TEST(test_rotation_that_outruns_the_reader_is_a_gap),
        TEST(test_a_long_line_is_skipped_and_counted_once),
        TEST(test_nul_bytes_before_a_line_are_stepped_over),
        TEST(test_half_a_line_at_the_end_of_a_left_file_is_counted),
        TEST(test_lines_before_the_position_are_seen_again_but_not_told),
        TEST(test_a_file_that_may_not_be_read_is_waited_for),
        TEST(test_a_log_that_goes_on_where_we_may_not_read_is_no_longer_covered),
        TEST(test_a_position_of_rubbish_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
