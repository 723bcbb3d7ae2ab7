/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real datagram socket in a real directory, with senders as rsyslog and syslog-ng are.
 */
#include "../../../../milter/observe/maillog/source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell.h"
#include "waybill/clock.h"

#define LINES_MAX 20000

static char path[100];
static char position[JOURNAL_NOTE_VALUE_MAX];
static struct source *source;
static struct logline_reader *reader;
static unsigned told[LINES_MAX], foreign, too_long, gaps;
static struct source_gap gap;

static void start(void)
{
    struct error why;
    assert_int_equal(socket_open(&source, path, position[0] ? position : NULL, &why), 0);
}

static void stop(void)
{
    source->calls->close(source);
    source = NULL;
}

static void pump(void)
{
    struct source_news news;
    enum source_event event;
    logline_until(reader, clock_now());
    while ((event = source->calls->next(source, reader, &news)) != SOURCE_IDLE) {
        unsigned number = LINES_MAX;
        char text[16];
        if (event == SOURCE_LINE) {
            slice_copy(news.line.body, text, sizeof text);
            sscanf(text, "%6u", &number);
            assert_true(number < LINES_MAX);
            assert_true(slice_is(line_value(&news.line, LINE_PROGRAM), "postfix/qmgr"));
            told[number]++;
        }
        foreign += event == SOURCE_FOREIGN;
        too_long += event == SOURCE_TOO_LONG;
        gaps += event == SOURCE_GAP;
        if (event == SOURCE_GAP)
            gap = news.gap;
    }
    source->calls->position(source, position);
}

static void address_fill(struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
}

/* False: nobody takes it now. */
static bool send_bytes(const void *data, size_t size)
{
    struct sockaddr_un address;
    address_fill(&address);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    ssize_t sent = sendto(fd, data, size, 0, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return sent == (ssize_t)size;
}

static bool send_line(const char *head, unsigned number, const char *tail)
{
    char text[200];
    int size = snprintf(text, sizeof text, "%s%06uABCDEF: removed%s", head, number, tail);
    return send_bytes(text, (size_t)size);
}

#define RFC3164 "<22>Nov 21 20:55:43 mx postfix/qmgr[1]: "
#define ISO "<22>2026-11-21T20:55:43.123456+00:00 mx postfix/qmgr[1]: "

static int set_up(void **state)
{
    (void)state;
    shell_open();
    snprintf(path, sizeof path, "%s/log", shell_folder);
    memset(told, 0, sizeof told);
    foreign = too_long = gaps = 0;
    position[0] = '\0';
    reader = logline_open();
    assert_non_null(reader);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (source != NULL)
        stop();
    logline_close(&reader);
    shell_close();
    return 0;
}

static void test_each_datagram_is_a_line(void **state)
{
    (void)state;
    start();
    pump();
    assert_true(send_line(RFC3164, 0, ""));
    assert_true(send_line(RFC3164, 1, "\n"));
    assert_true(send_bytes(ISO "000002ABCDEF: removed", sizeof ISO "000002ABCDEF: removed"));
    assert_true(send_line("", 3, ""));
    assert_true(send_bytes("", 0));
    pump();
    assert_int_equal(told[0] + told[1] + told[2], 3);
    assert_int_equal(foreign, 2);
    assert_int_equal(gaps, 0);
    assert_true(source->calls->covered(source) > clock_now() - SECOND_MS);
}

static void test_only_its_owner_may_write(void **state)
{
    (void)state;
    struct stat status;
    start();
    pump();
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    stop();
    assert_int_equal(lstat(path, &status), -1);
}

static void test_a_stale_socket_is_replaced(void **state)
{
    (void)state;
    struct sockaddr_un address;
    address_fill(&address);
    int dead = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof address), 0);
    close(dead);
    start();
    pump();
    assert_true(send_line(RFC3164, 7, ""));
    pump();
    assert_int_equal(told[7], 1);
}

static void test_what_is_alive_or_no_socket_is_left_alone(void **state)
{
    (void)state;
    struct sockaddr_un address;
    struct stat before, after;
    address_fill(&address);
    int alive = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(alive, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(lstat(path, &before), 0);
    start();
    pump();
    assert_int_equal(source->calls->covered(source), 0);
    assert_int_equal(lstat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    close(alive);
    pump(); /* it is stale now */
    assert_true(source->calls->covered(source) > 0);
    stop();
    shell_run("echo precious >log");
    start();
    pump();
    assert_int_equal(source->calls->covered(source), 0);
    shell_run("grep -q precious log");
}

static void test_time_without_a_listener_is_a_gap(void **state)
{
    (void)state;
    start();
    pump();
    int64_t before = clock_now();
    stop();
    assert_false(send_line(RFC3164, 1, ""));
    start();
    pump();
    assert_int_equal(gaps, 1);
    assert_string_equal(gap.cause, "not-listening");
    assert_true(gap.from <= before && gap.from > before - 11 * SECOND_MS);
    assert_true(gap.until >= before && gap.until <= clock_now());
    pump();
    assert_int_equal(gaps, 1);
}

static void test_a_name_that_was_taken_away_is_made_again(void **state)
{
    (void)state;
    start();
    pump();
    shell_run("rm log");
    pump();
    pump();
    assert_int_equal(gaps, 1);
    assert_true(send_line(RFC3164, 5, ""));
    pump();
    assert_int_equal(told[5], 1);
}

static void test_an_overlong_datagram_is_skipped(void **state)
{
    (void)state;
    static char text[100 << 10];
    memset(text, 'x', sizeof text);
    memcpy(text, RFC3164, sizeof RFC3164 - 1);
    start();
    pump();
    assert_true(send_bytes(text, sizeof text));
    assert_true(send_line(RFC3164, 9, ""));
    pump();
    assert_int_equal(too_long, 1);
    assert_int_equal(told[9], 1);
}

/* The queue is bounded: a sender waits, and what it could send is not lost. */
static void test_a_flood_waits_and_loses_nothing(void **state)
{
    (void)state;
    unsigned sent = 0, waited = 0;
    start();
    pump();
    while (sent < LINES_MAX) {
        if (send_line(RFC3164, sent, "")) {
            sent++;
        } else {
            assert_true(errno == EAGAIN);
            waited++;
            pump();
        }
    }
    pump();
    for (unsigned i = 0; i < sent; i++)
        assert_int_equal(told[i], 1);
    assert_true(waited > 0);
}

static void test_a_position_of_rubbish_is_a_first_start(void **state)
{
    (void)state;
    strcpy(position, "1 x");
    start();
    pump();
    assert_int_equal(gaps, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_each_datagram_is_a_line),
        TEST(test_only_its_owner_may_write),
        TEST(test_a_stale_socket_is_replaced),
        TEST(test_what_is_alive_or_no_socket_is_left_alone),
        TEST(test_time_without_a_listener_is_a_gap),
        TEST(test_a_name_that_was_taken_away_is_made_again),
        TEST(test_an_overlong_datagram_is_skipped),
        TEST(test_a_flood_waits_and_loses_nothing),
        TEST(test_a_position_of_rubbish_is_a_first_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
