/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Journals made by systemd-journal-remote out of the export format, so trusted fields are what we
 * say. Where that program, or libsystemd, is missing the tests are skipped.
 */
#include "../../../../milter/observe/maillog/source.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell.h"
#include "waybill/clock.h"

#define REMOTE "/lib/systemd/systemd-journal-remote"
#define BOOT "0123456789abcdef0123456789abcdef"

static uint64_t first_usec; /* time of entry 0; entry 1 is a millisecond later */
static char position[JOURNAL_NOTE_VALUE_MAX];
static struct source *source;
static unsigned told[1000], foreign, gaps, seen;
static struct source_gap gap;
static struct logline last;

struct entry {
    const char *identifier, *uid, *unit;
    const char *transport; /* NULL: syslog */
};

static const struct entry usual = {"postfix/qmgr", "0", "postfix@-.service", NULL};

/* Add entries number..number+count-1 in a journal file of their own. */
static void add(const char *file, unsigned number, unsigned count, struct entry entry)
{
    char command[200], path[100];
    snprintf(path, sizeof path, "%s/export", shell_folder);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    for (unsigned i = number; i < number + count; i++) {
        fprintf(to, "__REALTIME_TIMESTAMP=%" PRIu64 "\n__MONOTONIC_TIMESTAMP=%u\n_BOOT_ID=" BOOT
                    "\n_MACHINE_ID=" BOOT "\n_HOSTNAME=mx\n_TRANSPORT=%s\n_PID=77\n",
                first_usec + i * 1000, 1000 + i * 1000,
                entry.transport != NULL ? entry.transport : "syslog");
        fprintf(to, "SYSLOG_IDENTIFIER=%s\n_UID=%s\n", entry.identifier, entry.uid);
        if (entry.unit != NULL)
            fprintf(to, "_SYSTEMD_UNIT=%s\n", entry.unit);
        fprintf(to, "MESSAGE=%06uABCDEF: removed\n\n", i);
    }
    fclose(to);
    snprintf(command, sizeof command, REMOTE " -o %s.journal export 2>/dev/null && rm export",
             file);
    shell_run(command);
}

static void start(void)
{
    struct error why;
    if (sdjournal_open(&source, shell_folder, position[0] ? position : NULL, &why) != 0)
        fail_msg("%s", why.text);
}

static void stop(void)
{
    source->calls->close(source);
    source = NULL;
}

static void pump(void)
{
    struct source_news news;
    enum source_event event = SOURCE_LINE;
    for (int idle = 0; idle < 3; idle += event == SOURCE_IDLE) {
        event = source->calls->next(source, NULL, &news);
        if (event == SOURCE_LINE) {
            unsigned number = 1000;
            char text[16];
            slice_copy(news.line.body, text, sizeof text);
            sscanf(text, "%6u", &number);
            assert_true(number < 1000);
            told[number]++;
            last = news.line;
        }
        foreign += event == SOURCE_FOREIGN;
        seen += event == SOURCE_SEEN;
        gaps += event == SOURCE_GAP;
        if (event == SOURCE_GAP)
            gap = news.gap;
    }
    source->calls->position(source, position);
}

static void expect(unsigned from, unsigned until, unsigned times)
{
    for (unsigned i = from; i < until; i++)
        if (told[i] != times)
            fail_msg("entry %u was told %u times, not %u", i, told[i], times);
}

static int set_up(void **state)
{
    (void)state;
    shell_open();
    memset(told, 0, sizeof told);
    foreign = gaps = seen = 0;
    position[0] = '\0';
    first_usec = (uint64_t)clock_now() * 1000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (source != NULL)
        stop();
    shell_close();
    return 0;
}

static void test_first_start_begins_at_the_end(void **state)
{
    (void)state;
    add("a", 0, 5, usual);
    start();
    pump();
    expect(0, 5, 0);
    add("b", 5, 5, usual); /* files come: the journal is invalidated */
    pump();
    expect(5, 10, 1);
    assert_true(source->calls->covered(source) > 0);
}

static void test_entry_becomes_a_line(void **state)
{
    (void)state;
    struct source_news news;
    char raw[100];
    add("a", 0, 1, usual);
    start();
    pump();
    add("b", 1, 1, usual);
    while (source->calls->next(source, NULL, &news) != SOURCE_LINE)
        continue;
    assert_true(slice_is(line_value(&news.line, LINE_HOST), "mx"));
    assert_true(slice_is(line_value(&news.line, LINE_PROGRAM), "postfix/qmgr"));
    assert_true(slice_is(line_value(&news.line, LINE_PID), "77"));
    assert_true(slice_is(news.line.body, "000001ABCDEF: removed"));
    snprintf(raw, sizeof raw, "%" PRIu64 " 77 postfix/qmgr 000001ABCDEF: removed",
             first_usec + 1000);
    assert_true(slice_is(news.line.raw, raw));
    assert_true(news.line.time == (int64_t)(first_usec / 1000) + 1);
}

static void test_restart_goes_on_at_the_cursor(void **state)
{
    (void)state;
    add("a", 0, 1, usual);
    for (unsigned i = 1; i < 40; i += 4) {
        char name[20];
        start();
        pump();
        snprintf(name, sizeof name, "f%u", i);
        add(name, i, 2, usual);
        pump();
        stop();
        snprintf(name, sizeof name, "g%u", i);
        add(name, i + 2, 2, usual);
    }
    start();
    pump();
    expect(0, 1, 0);
    expect(1, 41, 1);
    assert_int_equal(gaps, 0);
    assert_true(seen > 0);
}

static void test_empty_journal_is_read_from_its_first_entry(void **state)
{
    (void)state;
    start();
    pump();
    assert_string_not_equal(position, "");
    stop();
    first_usec += 1000000; /* the position holds the moment of the first start */
    add("a", 0, 3, usual);
    start();
    pump();
    expect(0, 3, 1);
    assert_int_equal(gaps, 0);
}

static void test_vacuumed_entries_are_a_gap(void **state)
{
    (void)state;
    add("a", 0, 4, usual);
    start();
    pump();
    add("a2", 4, 1, usual);
    pump();
    stop();
    add("b", 5, 5, usual);
    add("c", 10, 5, usual);
    shell_run("rm a.journal a2.journal b.journal");
    start();
    pump();
    expect(5, 10, 0);
    expect(10, 15, 1);
    assert_int_equal(gaps, 1);
    assert_int_equal(gap.from, (int64_t)(first_usec / 1000) + 4);
    assert_int_equal(gap.until, (int64_t)(first_usec / 1000) + 10);
}

/* What `logger -t postfix/qmgr`, run by a person, leaves in the journal. */
static void test_only_trusted_fields_make_an_entry_ours(void **state)
{
    (void)state;
    static const struct {
        struct entry entry;
        unsigned told;
    } table[] = {
        {{"postfix/qmgr", "0", NULL, NULL}, 1},
        {{"postfix/qmgr", "1000", NULL, NULL}, 0},
        {{"postfix/qmgr", "1000", "session-3.scope", NULL}, 0},
        {{"postfix/qmgr", "1000", "postfix@-.service", NULL}, 0}, /* a command out of a .forward */
        {{"postfix/qmgr", "123", "postfix@-.service", NULL}, 1},  /* another machine's number */
        {{"postfix/qmgr", "123", "postfix.service", NULL}, 1},
        {{"postfix/qmgr", "123", "nginx.service", NULL}, 0},
        {{"postfix/qmgr", "123", "postfix.service.evil", NULL}, 0},
        {{"postfix/qmgr", "", "postfix.service", NULL}, 0},
        {{"sm-mta", "123", "sendmail.service", NULL}, 1},
        {{"sm-msp-queue", "123", "sm-client.service", NULL}, 1},
        {{"sm-mta", "1000", "sendmail.service", NULL}, 0}, /* whoever hands a mail in, too */
        {{"sm-mta", "123", "sendmails.service", NULL}, 0},
        {{"systemd-journald", "0", "systemd-journald.service", "driver"}, 1},
        {{"systemd-journald", "1000", NULL, NULL}, 0}, /* nobody else may tell of losses */
    };
    add("start", 0, 1, usual);
    start();
    pump();
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        char name[20];
        snprintf(name, sizeof name, "t%u", i);
        add(name, 1 + i, 1, table[i].entry);
    }
    pump();
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
        if (told[1 + i] != table[i].told)
            fail_msg("uid '%s' unit '%s' was told %u times", table[i].entry.uid,
                     table[i].entry.unit, told[1 + i]);
    assert_true(foreign >= 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_start_begins_at_the_end),
        TEST(test_entry_becomes_a_line),
        TEST(test_restart_goes_on_at_the_cursor),
        TEST(test_empty_journal_is_read_from_its_first_entry),
        TEST(test_vacuumed_entries_are_a_gap),
        TEST(test_only_trusted_fields_make_an_entry_ours),
    };
#ifdef HAVE_SYSTEMD
    if (access(REMOTE, X_OK) == 0)
        return cmocka_run_group_tests(tests, NULL, NULL);
#endif
    (void)tests;
    fprintf(stderr, "SKIPPED: no libsystemd, or no " REMOTE "\n");
    return 77;
}
