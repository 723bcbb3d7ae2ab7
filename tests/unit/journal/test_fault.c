/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process dies at any system call, or the disk gives errors at any of them: what was
 * acknowledged is there afterwards, shipped or in the journal, and the next start works.
 */
#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *writer; /* the program writer.c */

static uint64_t number_before(const char *text, char stop)
{
    struct slice all = slice_of(text), number;

    assert_true(text_take_until(&all, stop, &number));
    return number_at_end(number);
}

/* Run it, under strace if something is to be injected. `ring` may be NULL. */
static int run_writer(const char *inject, const char *mode, const char *first, const char *count,
                      const char *ring, char output[static 100])
{
    char trace[64] = "", option[128] = "";
    char *arguments[] = {
        "strace",      "-f",          "-qq",        "-o",           "/dev/null", "-e",
        trace,         "-e",          option,       (char *)writer, directory,   (char *)mode,
        (char *)first, (char *)count, (char *)ring, NULL,
    };

    if (!inject)
        return run(arguments + 9, output, 100);
    snprintf(trace, sizeof trace, "trace=%.*s", (int)strcspn(inject, ":"), inject);
    snprintf(option, sizeof option, "inject=%s", inject);
    return run(arguments, output, 100);
}

/* Lines of a file that end in a newline. */
static void read_lines(struct list *list, const char *name)
{
    char path[300];
    size_t size;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (!exists(path))
        return;
    char *data = (char *)file_read(path, &size), *line = data, *end;
    data[size] = '\0';
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
        list_add(list, line, (size_t)(end - line));
    free(data);
}

/* What is acknowledged is shipped or still there. Returns how many were acknowledged. */
static size_t check_acknowledged(const char *where)
{
    struct journal_options options = options_usual();
    struct list acknowledged = {0}, kept = {0};

    read_lines(&acknowledged, "acknowledged");
    read_lines(&kept, "shipped");
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&kept, reader);
    assert_int_equal(kept.stepped_over, 0);
    journal_reader_close(&reader);
    for (size_t i = 0; i < acknowledged.count; i++)
        if (!list_has(&kept, acknowledged.line[i]))
            fail_msg("%s: '%.12s' was acknowledged and is lost", where, acknowledged.line[i]);
    size_t count = acknowledged.count;
    list_clear(&acknowledged);
    list_clear(&kept);
    return count;
}

static void fresh_directory(void)
{
    char path[300];

    for (int generation = 0; generation < 8; generation++) {
        snprintf(path, sizeof path, "%s/%d", directory, generation);
        directory_remove(path);
    }
    snprintf(path, sizeof path, "%s/acknowledged", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/shipped", directory);
    unlink(path);
}

/* Kill the writer at its Nth `call`, for N = 1, 2, 3, .. in growing steps until it gets through. */
static size_t kill_at_each(const char *call, const char *mode)
{
    char inject[100], output[100];
    size_t kills = 0;

    for (unsigned at = 1; at < 400; at += 1 + at / 6) {
        fresh_directory();
        snprintf(inject, sizeof inject, "%s:signal=KILL:when=%u", call, at);
        int status = run_writer(inject, mode, "0", "120", NULL, output);
        check_acknowledged(inject);
        if (status == 0)
            break;
        kills++;
        status = run_writer(NULL, mode, "1000", "60", NULL, output);
        if (status != 0)
            fail_msg("%s: the next start ended with %d", inject, status);
        assert_true(check_acknowledged(inject) >= 60);
    }
    return kills;
}

static const char *const calls[] = {"pwritev",  "pwrite64", "fdatasync", "fsync",
                                    "renameat", "unlinkat", "openat"};

static void test_killed_at_any_call_nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    need_strace();
    size_t kills = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        kills += kill_at_each(calls[i], i % 2 ? "1" : "0");
    print_message("killed %zu times\n", kills);
    assert_true(kills > 40);
}

/* Of each record only the copy in its last segment counts: after a failed sync the earlier one may
 * be gone. So nothing may stand in a given-up segment alone, unless it was synced there before. */
static void test_a_failed_sync_writes_its_records_again(void **state)
{
    char inject[100], output[100];
    size_t failures = 0;

    (void)state;
    need_strace();
    for (int mode = 0; mode < 2; mode++)
        for (unsigned at = 1; at < 40; at += 1 + at / 4) {
            struct journal_options options = options_usual();
            struct list kept = {0};
            char number[2] = {(char)('0' + mode), '\0'};
            fresh_directory();
            snprintf(inject, sizeof inject, "fdatasync:error=EIO:when=%u", at);
            assert_int_equal(run_writer(inject, number, "0", "24", NULL, output), 0);
            assert_int_equal(check_acknowledged(inject), 24);
            struct journal_reader *reader = reader_must_lead(&options);
            list_read(&kept, reader);
            journal_reader_close(&reader);
            size_t failed = (size_t)number_before(output, ' ');
            failures += failed;
            if (mode == 1 && failed > 0) /* one record, one sync: one is there twice */
                assert_true(kept.count > 24);
            list_clear(&kept);
        }
    print_message("%zu failed syncs\n", failures);
    assert_true(failures > 5);
}

static void test_a_disk_with_lasting_errors_stops_nothing(void **state)
{
    static const char *const errors[] = {
        "pwritev:error=EIO:when=3..8",     "pwritev:error=ENOSPC:when=2..5",
        "fdatasync:error=EIO:when=2..5",   "fsync:error=EIO:when=2..4",
        "renameat:error=EIO:when=2..4",    "pwrite64:error=ENOSPC:when=2..5",
        "openat:error=EMFILE:when=50..60", "unlinkat:error=EIO:when=1..3",
        "pwritev:error=EINTR:when=2..6",   "ftruncate:error=EIO:when=1+"};
    char output[100];

    (void)state;
    need_strace();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        fresh_directory();
        int status = run_writer(errors[i], "0", "0", "60", NULL, output);
        if (status != 0)
            fail_msg("%s: the writer ended with %d", errors[i], status);
        assert_int_equal(check_acknowledged(errors[i]), 60);
        assert_int_equal(number_at_end(slice_trim(slice_of(output))), 0);
    }
}

static void test_a_gap_that_is_refused_too_keeps_its_count(void **state)
{
    struct journal_options options = options_usual();
    struct list got = {0};
    char output[100];

    (void)state;
    need_strace();
    assert_int_equal(run_writer("pwritev:error=ENOSPC:when=3..8", "0", "0", "800", "20", output),
                     0);
    uint64_t lost = number_at_end(slice_trim(slice_of(output)));
    struct journal_reader *reader = reader_must_lead(&options);
    list_read(&got, reader);
    journal_reader_close(&reader);
    assert_true(lost > 100);
    assert_int_equal(list_gap_count(&got, NULL), lost);
    assert_int_equal(list_facts(&got) + lost, 800);
    list_clear(&got);
}

static bool is_call(const char *line, const char *call)
{
    return strncmp(line, call, strlen(call)) == 0 && line[strlen(call)] == '(';
}

/* Lines of the trace that the committing thread made, without their number of a thread. */
static void read_trace(struct list *made)
{
    struct list all = {0};
    const char *thread = NULL;
    size_t digits = 0;

    read_lines(&all, "trace");
    for (size_t i = 0; i < all.count && !thread; i++)
        if (strstr(all.line[i], " unlinkat("))
            thread = all.line[i];
    assert_non_null(thread);
    digits = strspn(thread, "0123456789");
    for (size_t i = 0; i < all.count; i++) {
        const char *call = all.line[i] + strspn(all.line[i], "0123456789 ");
        if (strncmp(all.line[i], thread, digits) == 0 && call[0] != '<') /* a call's second half */
            list_add(made, call, strlen(call));
    }
    list_clear(&all);
}

static void test_the_cursor_is_durable_before_a_segment_goes(void **state)
{
    char trace[300], output[100];
    struct list made = {0};
    unsigned removed = 0;

    (void)state;
    need_strace();
    snprintf(trace, sizeof trace, "%s/trace", directory);
    assert_int_equal(run((char *[]){"strace", "-f", "-qq", "-o", trace, "-e",
                                    "trace=unlinkat,fdatasync,fsync,pwrite64", (char *)writer,
                                    directory, "0", "0", "200", NULL},
                         output, sizeof output),
                     0);
    read_trace(&made);
    for (size_t i = 1; i < made.count; i++) {
        bool gone = is_call(made.line[i], "unlinkat"),
             before = is_call(made.line[i - 1], "unlinkat");
        if (gone && !before) {
            assert_true(is_call(made.line[i - 1], "fdatasync"));
            removed++;
        } else if (before && !gone) {
            assert_true(is_call(made.line[i], "fsync")); /* of the directory */
        }
    }
    list_clear(&made);
    assert_true(removed > 3);
}

int main(int count, char **argument)
{
    static char path[PATH_MAX];

    (void)count;
    const char *slash = strrchr(argument[0], '/');
    snprintf(path, sizeof path, "%.*s/writer", slash ? (int)(slash - argument[0]) : 1,
             slash ? argument[0] : ".");
    writer = path;
    setenv("ASAN_OPTIONS", "detect_leaks=0", 0); /* it cannot work in a traced process */
#define TEST(name) cmocka_unit_test_setup_teardown(name, directory_setup, directory_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_killed_at_any_call_nothing_acknowledged_is_lost),
        TEST(test_a_failed_sync_writes_its_records_again),
        TEST(test_a_disk_with_lasting_errors_stops_nothing),
        TEST(test_a_gap_that_is_refused_too_keeps_its_count),
        TEST(test_the_cursor_is_durable_before_a_segment_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
