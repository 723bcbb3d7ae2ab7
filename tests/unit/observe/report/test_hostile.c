/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mails made to hurt, torn mails, and a machine without memory: what could be read is kept, the
 * rest is said to be missing. Every test ends with less than HEAP_MAX of heap used at any time
 * and none kept; the linker's --wrap lets it count, and refuse.
 */
#include "waybill/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../support/heap.h"
#include "render.h"

#define HEAP_MAX (1u << 20)
#define CHUNK 65536

static struct phrasebook *book;
static struct report_reader *reader;

/* ---- reading, with the heap counted ---- */

static bool feed(const char *bytes, size_t size)
{
    bool more = true;
    heap_counting = true;
    for (size_t at = 0; more && at < size; at += CHUNK)
        more = report_mail(reader, bytes + at, size - at < CHUNK ? size - at : CHUNK);
    heap_counting = false;
    return more;
}

static bool feed_text(const char *text)
{
    return feed(text, strlen(text));
}

/* False: the reader wanted no more. */
static bool feed_times(size_t times, const char *text)
{
    bool more = true;
    for (size_t i = 0; more && i < times; i++)
        more = feed_text(text);
    return more;
}

static const struct report *end(void)
{
    heap_counting = true;
    const struct report *report = report_end(reader);
    heap_counting = false;
    return report;
}

static void open_counted(void)
{
    heap_counting = true;
    reader = report_open(book);
    heap_counting = false;
}

static void close_counted(void)
{
    heap_counting = true;
    report_close(&reader);
    heap_counting = false;
    assert_int_equal(heap_now, 0);
    assert_in_range(heap_peak, 0, HEAP_MAX);
}

static int open_reader(void **state)
{
    (void)state;
    heap_peak = heap_asked = heap_refused_from = heap_refused_to = 0;
    open_counted();
    return reader == NULL ? -1 : 0;
}

static int close_reader(void **state)
{
    (void)state;
    close_counted();
    return 0;
}

/* ---- what holds for every report ---- */

static void assert_clean(struct slice is)
{
    while (is.size > 0) {
        size_t size = (is.at[0] & 0x80) == 0 ? 1 : text_utf8(is, NULL);
        assert_int_not_equal(is.at[0], '\0');
        assert_int_not_equal(size, 0);
        is = slice_make(is.at + size, is.size - size);
    }
}

static void assert_slice(struct slice is, const char *wanted)
{
    if (!slice_is(is, wanted))
        fail_msg("'%.*s' instead of '%s'", SLICE_ARGS(is), wanted);
}

/* A bounce for this recipient alone. */
static void assert_bounce_of(const struct report *report, const char *address)
{
    assert_int_equal(report->kind, REPORT_BOUNCE);
    assert_int_equal(report->count, 1);
    assert_slice(report->recipients[0].address, address);
    assert_int_equal(report->recipients[0].action, REPORTED_FAILED);
    assert_slice(report->recipients[0].status, "5.1.1");
}

#define FROM_SERVER                                                                                \
    "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nSubject: Undelivered Mail\n"       \
    "MIME-Version: 1.0\n"
#define HEAD FROM_SERVER "Content-Type: multipart/report; boundary=cut\n\n"
#define STATUS "--cut\nContent-Type: message/delivery-status\n"
#define GROUP                                                                                      \
    "\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; a@example.net\n"             \
    "Action: failed\nStatus: 5.1.1\n\n"

/* ---- depth and width ---- */

static void test_parts_10000_deep_hide_no_status_behind_them(void **state)
{
    (void)state;
    char text[200];
    feed_text(HEAD "--cut\nContent-Type: multipart/mixed; boundary=in0\n\n");
    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "--in%d\nContent-Type: multipart/mixed; boundary=in%d\n\n", i,
                 i + 1);
        assert_true(feed_text(text));
    }
    feed_text(STATUS GROUP "--cut--\n");
    const struct report *report = end();
    assert_bounce_of(report, "a@example.net");
    assert_true(report->partial);
}

static void test_mails_10000_deep_are_one_returned_mail(void **state)
{
    (void)state;
    feed_text(HEAD STATUS GROUP "--cut\nContent-Type: message/rfc822\n\nMessage-ID: <1@x>\n");
    feed_times(10000, "Content-Type: message/rfc822\n\nMessage-ID: <2@x>\nFrom: b@x\n");
    feed_text("\n--cut--\n");
    const struct report *report = end();
    assert_bounce_of(report, "a@example.net");
    assert_slice(report->message_id, "1@x");
    assert_null(report->from.at);
}

static void test_line_of_50_mb_is_cut_and_costs_no_memory(void **state)
{
    (void)state;
    static char wide[CHUNK];
    size_t chunks = 0;
    memset(wide, 'w', sizeof wide);
    feed_text(HEAD STATUS GROUP "--cut\n\n");
    while (chunks < (50u << 20) / CHUNK && feed(wide, sizeof wide))
        chunks++;
    assert_in_range(chunks, 1, REPORT_BYTES_MAX / CHUNK);
    assert_false(feed(wide, sizeof wide));
    const struct report *report = end();
    assert_bounce_of(report, "a@example.net");
    assert_in_range(report->text.size, REPORT_LINE_MAX / 2, REPORT_TEXT_MAX);
    assert_true(report->partial);
}

static void test_field_of_4_mb_is_cut_and_what_follows_is_read(void **state)
{
    (void)state;
    static char wide[CHUNK];
    memset(wide, 'w', sizeof wide);
    feed_text("X-Wide: ");
    for (size_t i = 0; i < (4u << 20) / CHUNK; i++)
        assert_true(feed(wide, sizeof wide));
    feed_text("\n" HEAD STATUS GROUP "--cut--\n");
    const struct report *report = end();
    assert_bounce_of(report, "a@example.net");
    assert_true(report->partial);
}

static void test_boundary_that_never_closes_keeps_what_stood_before(void **state)
{
    (void)state;
    feed_text(HEAD STATUS GROUP "--cut\nContent-Type: text/plain\n\n");
    feed_times(1000, "--cut-\n--cu\n--cuts--\n");
    const struct report *report = end();
    assert_bounce_of(report, "a@example.net");
    assert_true(report->partial);
}

static void test_of_100000_recipients_the_first_are_kept(void **state)
{
    (void)state;
    char text[200];
    bool more = feed_text(HEAD STATUS GROUP);
    for (int i = 1; more && i < 100000; i++) {
        snprintf(text, sizeof text,
                 "Final-Recipient: rfc822; reader%d@example.net\nAction: failed\nStatus: 5.1.1\n"
                 "Diagnostic-Code: smtp; 550 5.1.1 no such user here\n\n",
                 i);
        more = feed_text(text);
    }
    const struct report *report = end();
    assert_int_equal(report->count, REPORT_RECIPIENTS_MAX);
    assert_slice(report->recipients[0].address, "a@example.net");
    assert_slice(report->recipients[REPORT_RECIPIENTS_MAX - 1].address, "reader999@example.net");
    assert_int_equal(report->recipients[REPORT_RECIPIENTS_MAX - 1].reason, REASON_USERUNKNOWN);
    assert_true(report->partial);
}

static void test_of_100000_recipients_in_words_the_first_are_kept(void **state)
{
    (void)state;
    char text[100];
    bool more = feed_text(
        "From: Mail Delivery System <Mailer-Daemon@mx.example.org>\nX-Failed-Recipients: "
        "reader0@example.net\nSubject: Mail delivery failed: returning message to sender\n\nThis "
        "message was created automatically by mail delivery software.\n\nA message that you sent "
        "could not be delivered to one or more of its\nrecipients. The following address(es) "
        "failed:\n\n");
    for (int i = 0; more && i < 100000; i++) {
        snprintf(text, sizeof text, "  reader%d@example.net\n    no such user\n", i);
        more = feed_text(text);
    }
    assert_false(more);
    const struct report *report = end();
    assert_int_equal(report->count, REPORT_RECIPIENTS_MAX);
    assert_slice(report->recipients[0].address, "reader0@example.net");
    assert_slice(report->recipients[REPORT_RECIPIENTS_MAX - 1].address, "reader999@example.net");
    assert_true(report->partial);
}

/* ---- bytes ---- */

static void test_nul_bytes_are_never_handed_on(void **state)
{
    (void)state;
    static const char mail[] =
        "Subject: a\0b\n" HEAD "--cut\n\nhello\0\0 \0\n\0\n" STATUS
        "\nReporting-MTA: dns; m\0x\n\nFinal-Recipient: rfc822; \0a@example.net\0\n"
        "Action: failed\0\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550\0 5.1.1 \0gone\n\n"
        "--cut\nContent-Type: message/rfc822\n\nMessage-ID: <\0 1@x>\nFrom: \0b@x\nSubject: \0\n\n"
        "--cut--\n";
    feed(mail, sizeof mail - 1);
    const struct report *report = end();
    const struct report_recipient *to = &report->recipients[0];
    assert_int_equal(report->kind, REPORT_BOUNCE);
    assert_int_equal(report->count, 1);
    const struct slice all[] = {to->address,  to->status,      to->words,
                                to->remote,   report->text,    report->message_id,
                                report->from, report->subject, report->reporting};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_clean(all[i]);
    assert_true(slice_find_text(report->text, "hello") >= 0);
}

static void test_text_is_utf8_whatever_charset_it_claims(void **state)
{
    (void)state;
    static const char *const claims[] = {"utf-8",    "us-ascii", "iso-2022-jp",
                                         "utf-16le", "utf-7",    "shift_jis",
                                         "big5",     "gb18030",  "x-nothing"};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        char head[200];
        snprintf(head, sizeof head, HEAD "--cut\nContent-Type: text/plain; charset=%s\n\n",
                 claims[i]);
        feed_text(head);
        feed_times(500, "\xff\xfe\xc3 gone \x80\xed\xa0\x80\x1b$B\x1b\xf4\x90\x80\x80\n");
        feed_text(STATUS GROUP "--cut--\n");
        const struct report *report = end();
        assert_clean(report->text);
        assert_true(report->text.size > 0);
        assert_bounce_of(report, "a@example.net");
        close_counted();
        open_counted();
    }
}

static void test_base64_of_nothing_is_nothing(void **state)
{
    (void)state;
    feed_text(HEAD STATUS "Content-Transfer-Encoding: base64\n\n--cut\n"
                          "Content-Transfer-Encoding: base64\n\n");
    feed_times(1000, "====\n=\n\n\r\n!!\n");
    feed_text(STATUS "Content-Transfer-Encoding: base64\n\n=A==\n" STATUS GROUP "--cut--\n");
    const struct report *report = end();
    assert_bounce_of(report, "a@example.net");
    assert_int_equal(slice_trim(report->text).size, 0);
}

/* ---- torn, and without memory ---- */

static const char *const golden[] = {"postfix-bounce", "three-fates", "exchange-dsn"};

static void read_golden(const char *name, struct buffer *to)
{
    const char *top = getenv("srcdir");
    char path[1000], chunk[4096];
    size_t size;
    snprintf(path, sizeof path, "%s/tests/golden/reports/%s.eml", top != NULL ? top : ".", name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("there is no '%s'", path);
    buffer_init(to, REPORT_BYTES_MAX);
    while ((size = fread(chunk, 1, sizeof chunk, file)) > 0)
        assert_int_equal(buffer_add(to, chunk, size), 0);
    fclose(file);
}

static size_t find_last(const struct buffer *mail, const char *text)
{
    size_t at = 0;
    for (size_t i = 0; i + strlen(text) <= mail->size; i++)
        if (memcmp(mail->data + i, text, strlen(text)) == 0)
            at = i;
    assert_int_not_equal(at, 0);
    return at;
}

#define KEPT_MAX 8
struct full {
    size_t count;
    char addresses[KEPT_MAX][100];
    size_t header_ends, status_ends, closes;
    struct buffer told; /* all of the recipients */
};

static void render_recipients(const struct report *report, struct buffer *to)
{
    struct report recipients = {.dialect = "", .recipients = report->recipients};
    recipients.count = report->count;
    buffer_clear(to);
    render_report(&recipients, to);
}

static void read_full(const struct buffer *mail, struct full *full)
{
    const char *last = mail->data + find_last(mail, "Final-Recipient:");
    feed(mail->data, mail->size);
    const struct report *report = end();
    assert_false(report->partial);
    assert_in_range(report->count, 1, KEPT_MAX);
    full->count = report->count;
    for (size_t i = 0; i < full->count; i++)
        snprintf(full->addresses[i], sizeof full->addresses[i], "%.*s",
                 SLICE_ARGS(report->recipients[i].address));
    buffer_init(&full->told, 1 << 20);
    render_recipients(report, &full->told);
    full->header_ends = (size_t)(strstr(mail->data, "\n\n") - mail->data);
    full->status_ends = (size_t)(strstr(last, "\n--") - mail->data);
    full->closes = find_last(mail, "--");
    close_counted();
    open_counted();
}

/* Of the bytes [0, size): what is whole is told, and that the rest is missing. */
static size_t assert_torn(const struct report *report, const struct full *full, size_t size,
                          size_t told)
{
    if (size > full->header_ends && size < full->closes)
        assert_true(report->partial);
    if (strcmp(report->dialect, "rfc3464") != 0)
        return told;
    assert_in_range(report->count, told, full->count);
    for (size_t i = 0; i < report->count; i++)
        if (i + 1 < report->count)
            assert_slice(report->recipients[i].address, full->addresses[i]);
    return report->count;
}

static void assert_all_told(const struct report *report, const struct full *full)
{
    struct buffer told;
    buffer_init(&told, 1 << 20);
    render_recipients(report, &told);
    assert_string_equal(told.data, full->told.data);
    buffer_free(&told);
}

static void test_torn_at_any_byte_keeps_what_was_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct buffer mail;
        struct full full;
        size_t told = 0;
        read_golden(golden[i], &mail);
        read_full(&mail, &full);
        for (size_t size = 0; size < mail.size; size++) {
            feed(mail.data, size);
            told = assert_torn(end(), &full, size, told);
            if (size >= full.status_ends)
                assert_all_told(report_end(reader), &full);
            close_counted();
            open_counted();
        }
        buffer_free(&full.told);
        buffer_free(&mail);
    }
}

static const char *const refused[] = {
    "postfix-bounce", "three-fates",   "exchange-dsn",        "base64-status-part",
    "vacation",       "arf-complaint", "list-manager-notice", "read-receipt",
    "sendmail-dsn",   "phish-html",    "torn-in-the-middle",  "postmaster-notice-of-a-session"};

/* Read it while the requests for memory [first, beyond) are refused. Returns how many came. */
static size_t read_poorly(const struct buffer *mail, size_t first, size_t beyond,
                          struct buffer *text, bool *partial)
{
    heap_asked = 0;
    heap_refused_from = first;
    heap_refused_to = beyond;
    *partial = true;
    buffer_clear(text);
    open_counted();
    if (reader != NULL) {
        feed(mail->data, mail->size);
        const struct report *report = end();
        *partial = report->partial;
        render_report(report, text);
        close_counted();
    }
    heap_refused_to = 0;
    return heap_asked;
}

/* One request alone is refused, and all from there on. */
static void refuse_each(const char *name, const struct buffer *mail)
{
    struct buffer whole, text;
    bool partial;
    buffer_init(&whole, 1 << 20);
    buffer_init(&text, 1 << 20);
    size_t requests = read_poorly(mail, 0, 0, &whole, &partial), torn = 0;
    assert_in_range(requests, 5, 1000);
    for (size_t i = 1; i <= 2 * requests; i++) {
        size_t first = (i + 1) / 2;
        read_poorly(mail, first, i % 2 == 0 ? SIZE_MAX : first + 1, &text, &partial);
        if (!partial && strcmp(text.data, whole.data) != 0)
            fail_msg("%s without request %zu of %zu, and not partial:\n%s", name, first, requests,
                     text.data);
        torn += partial;
    }
    assert_true(torn > 0); /* requests were refused indeed */
    buffer_free(&whole);
    buffer_free(&text);
}

static void test_without_memory_it_is_all_told_or_said_to_be_partial(void **state)
{
    (void)state;
    close_counted();
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct buffer mail;
        read_golden(refused[i], &mail);
        refuse_each(refused[i], &mail);
        buffer_free(&mail);
    }
}

static void read_uncounted(const char *bytes, size_t size)
{
    reader = report_open(book);
    assert_non_null(reader);
    report_mail(reader, bytes, size);
    report_end(reader);
    report_close(&reader);
}

/* What is built once for all readers comes with the first that needs it; torn mails need all. */
static void warm_up(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct buffer mail;
        read_golden(refused[i], &mail);
        for (size_t size = mail.size % 16; size <= mail.size; size += 16)
            read_uncounted(mail.data, size);
        buffer_free(&mail);
    }
}

static int open_book(void **state)
{
    struct error why;
    (void)state;
    if (phrasebook_open(&book, NULL, &why) < 0)
        return -1;
    warm_up();
    return 0;
}

static int close_book(void **state)
{
    (void)state;
    phrasebook_close(&book);
    return 0;
}

#define WITH_READER(test) cmocka_unit_test_setup_teardown(test, open_reader, close_reader)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_READER(test_parts_10000_deep_hide_no_status_behind_them),
        WITH_READER(test_mails_10000_deep_are_one_returned_mail),
        WITH_READER(test_line_of_50_mb_is_cut_and_costs_no_memory),
        WITH_READER(test_field_of_4_mb_is_cut_and_what_follows_is_read),
        WITH_READER(test_boundary_that_never_closes_keeps_what_stood_before),
        WITH_READER(test_of_100000_recipients_the_first_are_kept),
        WITH_READER(test_of_100000_recipients_in_words_the_first_are_kept),
        WITH_READER(test_nul_bytes_are_never_handed_on),
        WITH_READER(test_text_is_utf8_whatever_charset_it_claims),
        WITH_READER(test_base64_of_nothing_is_nothing),
        WITH_READER(test_torn_at_any_byte_keeps_what_was_whole),
        WITH_READER(test_without_memory_it_is_all_told_or_said_to_be_partial),
    };

    return cmocka_run_group_tests(tests, open_book, close_book);
}
