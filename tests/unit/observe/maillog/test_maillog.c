/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole room: a log file, the thread, a real journal, and kill -9. What the journal holds at
 * the end is compared with what was written to the log.
 */
#include "waybill/maillog.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell.h"
#include "waybill/clock.h"

#define LINES 4000
#define IDS_MAX 40000

static char log_path[100], state_path[100];

/* What the journal holds. */
static struct found {
    uint64_t ids[IDS_MAX];
    size_t count;               /* facts about mails, with repetitions */
    unsigned distinct[LINES];   /* different ids per number */
    unsigned gaps, beats, positions;
    int64_t beat;
    int64_t gap_from;           /* of the last gap */
    char gap[64];               /* "UNTIL CAUSE COUNT", the count "" if there is none */
    char host[64];
} found;

static void options_fill(struct journal_options *options)
{
    *options = (struct journal_options){
        .directory = state_path,
        .sync = SYNC_NEVER,
        .sync_ms = 100,
        .segment_size = 64 << 10,
        .total_size = 64 << 20,
        .ring = 256,
    };
}

static int recall(void *context, const char *name, char *value, size_t room)
{
    return journal_recall(context, name, value, room);
}

static void run_open(struct journal **journal, struct maillog **maillog)
{
    static char host[] = "mx.shop.example";
    struct journal_options options;
    struct settings settings = {.host = host, .log_source = {log_path}, .journal_ring = 256};
    struct error why;
    options_fill(&options);
    if (journal_open(journal, &options, NULL, NULL, &why) != 0 ||
        maillog_start(maillog, &settings, *journal, recall, *journal, &why) != 0)
        fail_msg("%s", why.text);
}

/* A process that follows the log until it is killed. */
static pid_t run_in_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct journal *journal;
        struct maillog *maillog;
        run_open(&journal, &maillog);
        for (;;)
            pause();
    }
    return child;
}

static void write_number(FILE *log, unsigned number)
{
    fprintf(log, "2026-11-21T20:55:43Z mx postfix/smtp[1]: %06uABCDEF: to=<u%u@far.example>, "
                 "relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred (later)\n",
            number, number);
}

static bool is_known(uint64_t id)
{
    for (size_t i = 0; i < found.count; i++)
        if (found.ids[i] == id)
            return true;
    return false;
}

static void take_fact(char *text, size_t size)
{
    struct fact fact;
    struct error why;
    unsigned number = LINES;
    char queue[32];
    assert_int_equal(fact_decode(text, size, &fact, &why), 0);
    found.gaps += fact.kind == FACT_GAP;
    found.beats += fact.kind == FACT_BEAT;
    if (fact.kind == FACT_BEAT)
        found.beat = fact.time;
    if (fact.kind == FACT_GAP) {
        found.gap_from = fact.time;
        snprintf(found.gap, sizeof found.gap, "%.*s %.*s %.*s",
                 SLICE_ARGS(fact.value[KEY_UNTIL]), SLICE_ARGS(fact.value[KEY_CAUSE]),
                 SLICE_ARGS(fact.value[KEY_COUNT]));
    }
    if (fact.kind == FACT_GAP || fact.kind == FACT_BEAT)
        return;
    slice_copy(fact.value[KEY_HOST], found.host, sizeof found.host);
    assert_true(slice_copy(fact.value[KEY_QUEUE], queue, sizeof queue));
    sscanf(queue, "%6u", &number);
    assert_true(number < LINES && found.count < IDS_MAX);
    found.distinct[number] += !is_known(fact.id);
    found.ids[found.count++] = fact.id;
}

static void read_journal(void)
{
    static char copy[JOURNAL_RECORD_MAX + 1];
    struct journal_options options;
    struct journal_reader *reader;
    struct journal_entry entry;
    struct error why;
    memset(&found, 0, sizeof found);
    options_fill(&options);
    assert_int_equal(journal_lead(&reader, &options, &why), 1);
    while (journal_next(reader, &entry, &why) == 1) {
        memcpy(copy, entry.payload.at, entry.payload.size);
        if (entry.type == JOURNAL_FACT)
            take_fact(copy, entry.payload.size);
        else
            found.positions++;
    }
    journal_reader_close(&reader);
}

/* Let the follower catch up with all that is written. */
static void wait_for(struct maillog *maillog, uint64_t lines)
{
    struct maillog_stats stats;
    for (int i = 0; i < 400; i++) {
        maillog_read_stats(maillog, &stats);
        if (stats.lines >= lines)
            return;
        clock_sleep(25);
    }
    fail_msg("%llu of %llu lines were read", (unsigned long long)stats.lines,
             (unsigned long long)lines);
}

static int set_up(void **state)
{
    (void)state;
    shell_open();
    snprintf(log_path, sizeof log_path, "%s/mail.log", shell_folder);
    snprintf(state_path, sizeof state_path, "%s/journal", shell_folder);
    mkdir(state_path, 0700);
    fclose(fopen(log_path, "w"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shell_close();
    return 0;
}

static void test_lines_become_facts_and_the_position_follows_them(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    struct maillog_stats stats;
    run_open(&journal, &maillog);
    clock_sleep(100);
    FILE *log = fopen(log_path, "a");
    for (unsigned i = 0; i < 100; i++)
        write_number(log, i);
    fputs("2026-11-21T20:55:43Z mx postfix/smtp[1]: 000100ABCDEF: to=<cut\n", log);
    fputs("2026-11-21T20:55:43Z mx cron[1]: hello\nrubbish\n", log);
    fclose(log);
    wait_for(maillog, 103);
    maillog_read_stats(maillog, &stats);
    maillog_stop(&maillog);
    journal_close(&journal);
    assert_int_equal(stats.facts, 100);
    assert_int_equal(stats.not_understood, 1);
    assert_int_equal(stats.not_ours, 2);
    read_journal();
    assert_int_equal(found.count, 100);
    assert_string_equal(found.host, "mx.shop.example"); /* the log has the first label only */
    assert_true(found.positions >= 2);
    assert_true(found.beats >= 1 && found.beat <= clock_now());
}

/* `host` may be any name; the log has the machine's own. */
static void test_the_machines_own_name_is_ours_too(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    char name[256];
    assert_int_equal(gethostname(name, sizeof name), 0);
    run_open(&journal, &maillog);
    clock_sleep(100);
    FILE *log = fopen(log_path, "a");
    fprintf(log, "2026-11-21T20:55:43Z %s postfix/qmgr[1]: 000001ABCDEF: removed\n", name);
    fclose(log);
    wait_for(maillog, 1);
    maillog_stop(&maillog);
    journal_close(&journal);
    read_journal();
    assert_int_equal(found.count, 1);
    assert_string_equal(found.host, "mx.shop.example");
}

static void test_equal_lines_are_different_facts_before_and_after_a_restart(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    for (int start = 0; start < 3; start++) {
        run_open(&journal, &maillog);
        clock_sleep(100);
        FILE *log = fopen(log_path, "a");
        write_number(log, 7);
        write_number(log, 7);
        fclose(log);
        wait_for(maillog, 2);
        maillog_stop(&maillog);
        journal_close(&journal);
    }
    read_journal();
    assert_int_equal(found.count, 6);
    assert_int_equal(found.distinct[7], 6);
}

/* Write these lines while the log is followed, then read the journal. */
static void follow_text(const char *text, uint64_t lines)
{
    struct journal *journal;
    struct maillog *maillog;
    run_open(&journal, &maillog);
    clock_sleep(100);
    FILE *log = fopen(log_path, "a");
    fputs(text, log);
    fclose(log);
    wait_for(maillog, lines);
    maillog_stop(&maillog);
    journal_close(&journal);
    read_journal();
}

#define AT(second) "2026-11-21T20:55:" second "Z mx "
#define AT_40 "1795294540000"

static void test_what_syslog_dropped_is_a_gap(void **state)
{
    static const struct {
        const char *line, *gap; /* NULL: none */
    } table[] = {
        {"systemd-journald[1]: Suppressed 12 messages from postfix@-.service",
         AT_40 " suppressed 12"},
        {"systemd-journald[1]: Suppressed 12 messages from sendmail.service",
         AT_40 " suppressed 12"},
        {"systemd-journald[1]: Suppressed 12 messages from nginx.service", NULL},
        {"rsyslogd: imjournal: 77 messages lost due to rate-limiting (20000 allowed within 600 "
         "seconds)", AT_40 " suppressed 77"},
        {"rsyslogd: imuxsock lost 5 messages from pid 123 due to rate-limiting",
         AT_40 " suppressed 5"},
        {"rsyslogd: imjournal: begin to drop messages due to rate-limiting",
         AT_40 " suppressed "},
        {"postfix/smtpd[1]: Suppressed 12 messages from postfix@-.service", NULL},
        {"logger: Suppressed 12 messages from postfix@-.service", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, AT("20") "postfix/qmgr[1]: 000001ABCDEF: removed\n"
                 AT("30") "cron[1]: hello\n" AT("40") "%s\n", table[i].line);
        follow_text(text, 3);
        if (found.gaps != (table[i].gap != NULL) ||
            (table[i].gap != NULL && strcmp(found.gap, table[i].gap) != 0))
            fail_msg("'%s' gave %u gaps, '%s'", table[i].line, found.gaps, found.gap);
        /* It began behind the last line that a mail server wrote. */
        assert_true(table[i].gap == NULL || found.gap_from == INT64_C(1795294520000));
        tear_down(state);
        set_up(state);
    }
    follow_text(AT("40") "rsyslogd: imjournal: 1 messages lost due to rate-limiting\n", 1);
    assert_int_equal(found.gap_from, INT64_C(1795294510000)); /* half a minute before */
}

/* rsyslog's and syslogd's way to save lines. */
static void test_a_line_that_stands_for_many_is_as_many_facts(void **state)
{
#define DEFERRED "000007ABCDEF: to=<u@far.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1," \
                 " status=deferred (later)"
    (void)state;
    follow_text(AT("20") "postfix/smtp[1]: " DEFERRED "\n"
                AT("30") "postfix/smtp[1]: message repeated 3 times: [ " DEFERRED "]\n"
                AT("30") "postfix/smtp[1]: message repeated 3 times: [ " DEFERRED "]\n", 3);
    assert_int_equal(found.count, 7);
    assert_int_equal(found.distinct[7], 7);
    follow_text(AT("50") "postfix/smtp[1]: message repeated 4000000000 times: [ " DEFERRED "]\n",
                1);
    assert_true(found.distinct[7] <= 7 + 1000);
}

/* The ring is far smaller than the log; the thread waits, and the journal counts no loss. */
static void test_a_small_ring_loses_nothing(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    struct journal_stats stats;
    run_open(&journal, &maillog);
    clock_sleep(100);
    FILE *log = fopen(log_path, "a");
    for (unsigned i = 0; i < LINES; i++)
        write_number(log, i);
    fclose(log);
    wait_for(maillog, LINES);
    maillog_stop(&maillog);
    journal_read_stats(journal, &stats);
    journal_close(&journal);
    assert_int_equal(stats.lost, 0);
    read_journal();
    for (unsigned i = 0; i < LINES; i++)
        assert_int_equal(found.distinct[i], 1);
}

/* Written, rotated and killed all at once: each line is one fact id in the journal at the end. */
static void test_kill_and_rotation_lose_and_double_nothing(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    run_open(&journal, &maillog); /* takes the first position */
    clock_sleep(200);
    maillog_stop(&maillog);
    journal_close(&journal);
    FILE *log = fopen(log_path, "a");
    unsigned number = 0, kills = 0;
    while (number < LINES) {
        pid_t child = run_in_child();
        unsigned most = number + LINES / 12;
        for (; number < most && number < LINES; number++) {
            write_number(log, number);
            if (number % 17 == 0) /* anywhere in a line */
                fflush(log);
            if (number % 400 == 399) {
                fclose(log);
                shell_run("for n in 12 11 10 9 8 7 6 5 4 3 2 1; do [ ! -e mail.log.$n ] || "
                          "mv mail.log.$n mail.log.$((n+1)); done; mv mail.log mail.log.1");
                log = fopen(log_path, "a");
            }
        }
        fflush(log);
        clock_sleep(13 * kills % 60);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        kills++;
    }
    fclose(log);
    clock_sleep(1100); /* the last rotated file is quiet by then */
    run_open(&journal, &maillog);
    for (int i = 0; i < 100; i++) {
        clock_sleep(100);
        maillog_stop(&maillog);
        journal_close(&journal);
        read_journal();
        unsigned missing = 0;
        for (unsigned n = 0; n < LINES; n++)
            missing += found.distinct[n] == 0;
        if (missing == 0)
            break;
        run_open(&journal, &maillog);
    }
    for (unsigned n = 0; n < LINES; n++)
        if (found.distinct[n] != 1)
            fail_msg("line %u is %u facts after %u kills", n, found.distinct[n], kills);
    assert_int_equal(found.gaps, 0);
    assert_true(kills >= 10);
}

static void test_another_machines_lines_keep_its_name(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    run_open(&journal, &maillog);
    clock_sleep(100);
    FILE *log = fopen(log_path, "a");
    fputs("2026-11-21T20:55:43Z mx.other.example postfix/qmgr[1]: 000001ABCDEF: removed\n", log);
    fclose(log);
    wait_for(maillog, 1);
    maillog_stop(&maillog);
    journal_close(&journal);
    read_journal();
    assert_string_equal(found.host, "mx.other.example");
}

/* The thread may not have run yet. */
static void die_when_started(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct journal *journal;
        struct maillog *maillog;
        run_open(&journal, &maillog);
        kill(getpid(), SIGKILL);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_killed_at_once_it_goes_on_where_it_began(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    FILE *log = fopen(log_path, "w");
    write_number(log, 0);
    fflush(log);
    die_when_started();
    write_number(log, 1);
    fflush(log);
    run_open(&journal, &maillog);
    write_number(log, 2);
    fclose(log);
    wait_for(maillog, 2);
    maillog_stop(&maillog);
    journal_close(&journal);
    read_journal();
    assert_int_equal(found.distinct[0], 0);
    assert_int_equal(found.distinct[1], 1);
    assert_int_equal(found.distinct[2], 1);
}

static void set_note(const char *name, const char *value)
{
    struct journal *journal;
    struct journal_options options;
    struct error why;
    options_fill(&options);
    assert_int_equal(journal_open(&journal, &options, NULL, NULL, &why), 0);
    assert_true(journal_note(journal, name, slice_of(value)) != 0);
    journal_close(&journal);
}

/* Once another log has come to which it belongs as a rotated file, it is left, but not before its
 * end: the other one's feed begins with what is newer. */
static void test_a_file_that_is_another_ones_by_now_is_read_to_its_end(void **state)
{
    (void)state;
    struct journal *journal;
    struct maillog *maillog;
    struct stat status;
    char path[100], name[JOURNAL_NOTE_NAME_MAX + 1], value[200];
    snprintf(path, sizeof path, "%s/mail.log.1", shell_folder);
    FILE *log = fopen(path, "w");
    for (unsigned i = 0; i < LINES; i++)
        write_number(log, i);
    fclose(log);
    shell_run("touch -d '1 hour ago' mail.log.1");
    assert_int_equal(stat(path, &status), 0);
    snprintf(log_path, sizeof log_path, "%s/mail.log*", shell_folder);
    snprintf(name, sizeof name, "glob:%s", log_path);
    snprintf(value, sizeof value, "%lld", (long long)(clock_now() - MINUTE_MS));
    set_note(name, value);
    snprintf(value, sizeof value, "1 %llu %llu 0 0 0 1 %s", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino, path);
    set_note("glob#0", value);
    run_open(&journal, &maillog);
    wait_for(maillog, LINES);
    for (int i = 0; i < 100 && journal_recall(journal, "glob#0", value, sizeof value) == 0 &&
                    strcmp(value, "-") != 0; i++)
        clock_sleep(25);
    maillog_stop(&maillog);
    journal_close(&journal);
    assert_string_equal(value, "-");
    read_journal();
    for (unsigned i = 0; i < LINES; i++)
        assert_int_equal(found.distinct[i], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lines_become_facts_and_the_position_follows_them),
        TEST(test_the_machines_own_name_is_ours_too),
        TEST(test_equal_lines_are_different_facts_before_and_after_a_restart),
        TEST(test_what_syslog_dropped_is_a_gap),
        TEST(test_a_line_that_stands_for_many_is_as_many_facts),
        TEST(test_a_small_ring_loses_nothing),
        TEST(test_kill_and_rotation_lose_and_double_nothing),
        TEST(test_another_machines_lines_keep_its_name),
        TEST(test_killed_at_once_it_goes_on_where_it_began),
        TEST(test_a_file_that_is_another_ones_by_now_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
