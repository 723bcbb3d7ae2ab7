/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is told of a mail, as text: a line for each call. Every sample is read whole, in chunks of
 * several sizes and cut in two at every byte; the text must be the same each time.
 */
#include "../../../../milter/observe/report/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOLD_MAX (4u << 20)

static const char *const names[] = {
    [MIME_FIELD] = "field",       [MIME_PART] = "part",         [MIME_TEXT] = "text",
    [MIME_STATUS] = "status",     [MIME_STATUS_END] = "end",    [MIME_FEEDBACK] = "feedback",
    [MIME_DISPOSITION] = "dispo", [MIME_RETURNED] = "returned",
};

static void write_down(void *context, enum mime_line line, struct slice name, struct slice value)
{
    struct buffer *told = context;

    buffer_add_text(told, names[line]);
    if (name.at != NULL) {
        buffer_add_char(told, ' ');
        buffer_add(told, name.at, name.size);
    }
    if (value.at != NULL) {
        buffer_add_char(told, '|');
        buffer_add(told, value.at, value.size);
    }
    buffer_add_char(told, '\n');
}

/* Cut off the first `first` bytes, the rest in chunks of `chunk` bytes. */
static void read_mail(struct slice mail, size_t first, size_t chunk, struct buffer *told)
{
    struct mime *mime = mime_open(write_down, told);
    size_t at = first, size;

    assert_non_null(mime);
    buffer_clear(told);
    mime_mail(mime, mail.at, first);
    for (; at < mail.size; at += size) {
        size = mail.size - at < chunk ? mail.size - at : chunk;
        mime_mail(mime, mail.at + at, size);
    }
    mime_end(mime);
    if (mime_partial(mime))
        buffer_add_text(told, "partial\n");
    assert_false(told->failed);
    mime_close(&mime);
    assert_null(mime);
}

static struct buffer told, again;

static void read_every_way(struct slice mail)
{
    static const size_t sizes[] = {1, 2, 3, 7, 64, 4096};
    size_t step = mail.size > 4096 ? mail.size / 64 : 1;

    read_mail(mail, mail.size, 1, &told);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        read_mail(mail, 0, sizes[i], &again);
        assert_string_equal(told.data, again.data);
    }
    for (size_t cut = 0; cut <= mail.size; cut += step) {
        read_mail(mail, cut, SIZE_MAX, &again);
        assert_string_equal(told.data, again.data);
    }
}

/* With LF, and with CRLF in its place. */
static void expect(const char *mail, const char *lines)
{
    struct buffer crlf;

    read_every_way(slice_of(mail));
    assert_string_equal(told.data, lines);
    buffer_init(&crlf, TOLD_MAX);
    for (const char *at = mail; *at != '\0'; at++) {
        if (*at == '\n')
            buffer_add_char(&crlf, '\r');
        buffer_add_char(&crlf, *at);
    }
    read_every_way(slice_make(crlf.data, crlf.size));
    assert_string_equal(told.data, lines);
    buffer_free(&crlf);
}

static int set_up(void **state)
{
    (void)state;
    buffer_init(&told, TOLD_MAX);
    buffer_init(&again, TOLD_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_free(&told);
    buffer_free(&again);
    return 0;
}

/* ---- samples ---- */

static void test_a_report_is_taken_apart(void **state)
{
    (void)state;
    expect("From: MAILER-DAEMON@example.org\n"
           "Content-Type: multipart/report; report-type=delivery-status;\n"
           "\tboundary=\"=_b/1\"\n"
           "\n"
           "This is a MIME-encapsulated message.\n"
           "\n"
           "--=_b/1\n"
           "Content-Description: Notification\n"
           "Content-Type: text/plain; charset=us-ascii\n"
           "\n"
           "Sorry.\n"
           "\n"
           "No such user.\n"
           "--=_b/1\n"
           "Content-Type: message/delivery-status\n"
           "\n"
           "\n"
           "Reporting-MTA: dns; mx.example.org\n"
           "\n"
           "\n"
           "Final-Recipient: rfc822; jo@example.net\n"
           "Diagnostic-Code: smtp; 550 5.1.1\n"
           "    no such user\n"
           "--=_b/1\n"
           "Content-Type: message/rfc822\n"
           "\n"
           "Subject: =?utf-8?q?hi?=\n"
           "Content-Type: multipart/mixed; boundary=\"inner\"\n"
           "\n"
           "--inner\n"
           "Content-Type: message/delivery-status\n"
           "\n"
           "Final-Recipient: rfc822; forged@example.net\n"
           "--inner--\n"
           "--=_b/1--\n",
           "field From|MAILER-DAEMON@example.org\n"
           "field Content-Type|multipart/report; report-type=delivery-status; "
           "boundary=\"=_b/1\"\n"
           "part text/plain|Notification\n"
           "text|Sorry.\n"
           "text|\n"
           "text|No such user.\n"
           "part message/delivery-status\n"
           "status Reporting-MTA|dns; mx.example.org\n"
           "end\n"
           "status Final-Recipient|rfc822; jo@example.net\n"
           "status Diagnostic-Code|smtp; 550 5.1.1 no such user\n"
           "end\n"
           "part message/rfc822\n"
           "returned Subject|=?utf-8?q?hi?=\n"
           "returned Content-Type|multipart/mixed; boundary=\"inner\"\n");
}

static void test_the_top_says_whether_it_is_a_report(void **state)
{
    struct mime *mime = mime_open(write_down, &told);
    const char *type;

    (void)state;
    buffer_clear(&told);
    assert_false(mime_is_report(mime, &type));
    assert_string_equal(type, "");
    mime_header(mime, slice_of("content-type"),
                slice_of("Multipart/Report;\r\n\tReport-Type=Delivery-Status; boundary=b"));
    assert_true(mime_is_report(mime, &type));
    assert_string_equal(type, "delivery-status");
    mime_header(mime, slice_of("Subject"), slice_of("Re: hi"));
    mime_body(mime, "--b\n\nx\n--b--", 12);
    mime_end(mime);
    assert_false(mime_partial(mime));
    assert_string_equal(told.data,
                        "field content-type|Multipart/Report; Report-Type=Delivery-Status; "
                        "boundary=b\nfield Subject|Re: hi\npart text/plain\ntext|x\n");
    mime_close(&mime);
}

static void test_encodings_are_undone(void **state)
{
    (void)state;
    expect("Content-Transfer-Encoding: quoted-printable\n"
           "Content-Type: text/plain; charset=utf-8\n"
           "\n"
           "one=20=\n"
           "line =C3=BC, =zz =\n"
           " \t \n"
           "end=",
           "field Content-Transfer-Encoding|quoted-printable\n"
           "field Content-Type|text/plain; charset=utf-8\n"
           "part text/plain\n"
           "text|one line \xc3\xbc, =zz \n"
           "text|end\n");
    expect("Content-Transfer-Encoding: BASE64\n"
           "\n"
           "b25lIGxpb\n"
           "mUK*dHdvIGxpbmVz\n"
           "DQo=\n",
           "field Content-Transfer-Encoding|BASE64\n"
           "part text/plain\n"
           "text|one line\n"
           "text|two lines\n");
    expect("Content-Transfer-Encoding: base64\n"
           "\n"
           "YQ==YWI=YWJj\n", /* "a", "ab", "abc", encoded one by one */
           "field Content-Transfer-Encoding|base64\n"
           "part text/plain\n"
           "text|aababc\n");
    expect("Content-Type: message/delivery-status\n"
           "Content-Transfer-Encoding: base64\n"
           "\n"
           "QWN0aW9uOiBmYWlsZWQNCg0KU3RhdHVzOiA1LjEuMQ==\n",
           "field Content-Type|message/delivery-status\n"
           "field Content-Transfer-Encoding|base64\n"
           "part message/delivery-status\n"
           "status Action|failed\n"
           "end\n"
           "status Status|5.1.1\n"
           "end\n");
}

static void test_text_becomes_utf8(void **state)
{
    (void)state;
    expect("Content-Type: text/plain; charset=iso-2022-jp\n\nA \x1b$B$\"$$\x1b(B b\n",
           "field Content-Type|text/plain; charset=iso-2022-jp\npart text/plain\n"
           "text|A \xe3\x81\x82\xe3\x81\x84 b\n");
    expect("Content-Type: text/plain; charset=\"KOI8-R\"\n\n\xd0\xd2\n",
           "field Content-Type|text/plain; charset=\"KOI8-R\"\npart text/plain\n"
           "text|\xd0\xbf\xd1\x80\n");
    expect("Content-Type: text/plain; charset=iso-8859-1\n\nk\xf6nnen\n",
           "field Content-Type|text/plain; charset=iso-8859-1\npart text/plain\n"
           "text|k\xc3\xb6nnen\n");
    expect("Content-Type: text/plain; charset=utf-8\n\na\xff\xc3\xb6\xc3\n",
           "field Content-Type|text/plain; charset=utf-8\npart text/plain\n"
           "text|a\xef\xbf\xbd\xc3\xb6\xef\xbf\xbd\n");
    expect("Content-Type: text/plain; charset=x-none\n\na\xff\n\xc3\xb6\n",
           "field Content-Type|text/plain; charset=x-none\npart text/plain\n"
           "text|a\xef\xbf\xbd\ntext|\xc3\xb6\n");
}

static void test_without_a_charset_it_is_guessed_by_line(void **state)
{
    (void)state;
    expect("\xc3\xb6\nk\xf6nnen\n\x1b$B$\"\x1b(B\n",
           "part text/plain\ntext|\xc3\xb6\ntext|k\xc3\xb6nnen\ntext|\xe3\x81\x82\n");
}

static void test_a_nul_is_replaced(void **state)
{
    (void)state;
    read_every_way(slice_make("Subject: a\0b\n\nc\0d\n", 18));
    assert_string_equal(told.data, "field Subject|a b\npart text/plain\ntext|c\xef\xbf\xbd"
                                   "d\n");
    read_every_way(slice_make("Content-Type: text/plain; charset=koi8-r\n\n\xd0\0\xd2\n", 46));
    assert_non_null(strstr(told.data, "text|\xd0\xbf\xef\xbf\xbd\xd1\x80\n"));
}

static void test_a_lone_cr_ends_a_line_of_text(void **state)
{
    (void)state;
    read_every_way(slice_of("a\rb\r\r\nc\r\n"));
    assert_string_equal(told.data, "part text/plain\ntext|a\ntext|b\ntext|c\n");
}

static void test_html_becomes_text(void **state)
{
    (void)state;
    expect("Content-Type: text/html; charset=utf-8\n"
           "\n"
           "<html><head><title>no</title><style>p { a: \"<b>\" }</style></head>\n"
           "<body><!-- <p>no</p> -- > no -->\n"
           "<p>Your   message\n"
           "to <b>jo</b> &lt;jo&#64;example.org&gt; failed:<br>5 &lt 6 &amp; &#x20ac; &#xd800; "
           "&nope;</p>\n"
           "<script>if (a<b) { no }</script>a < b\n"
           "<pre>x\n"
           " y</pre>\n"
           "mail <jo@example.org>, <table><tr><td>c</td><td>d</td></tr></table>",
           "field Content-Type|text/html; charset=utf-8\n"
           "part text/html\n"
           "text|Your message to jo <jo@example.org> failed:\n"
           "text|5 < 6 & \xe2\x82\xac \xef\xbf\xbd &nope;\n"
           "text|a < b\n"
           "text|x\n"
           "text|y\n"
           "text|mail <jo@example.org>,\n"
           "text|c d\n");
}

static void test_html_is_not_told_beside_plain_text(void **state)
{
    (void)state;
    expect("Content-Type: multipart/alternative; boundary=b\n\n"
           "--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html\n--b--\n",
           "field Content-Type|multipart/alternative; boundary=b\n"
           "part text/plain\ntext|plain\npart text/html\n");
    expect("Content-Type: multipart/alternative; boundary=b\n\n"
           "--b\n\n\n--b\nContent-Type: text/html\n\n<p>html\n--b--\n",
           "field Content-Type|multipart/alternative; boundary=b\n"
           "part text/plain\ntext|\npart text/html\ntext|html\n");
    expect("Content-Type: multipart/mixed; boundary=b\n\n"
           "--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html\n--b--\n",
           "field Content-Type|multipart/mixed; boundary=b\n"
           "part text/plain\ntext|plain\npart text/html\ntext|html\n");
}

static void test_attached_text_is_passed_over(void **state)
{
    (void)state;
    expect("Content-Type: multipart/mixed; boundary=b\n\n"
           "--b\n\nplain\n"
           "--b\nContent-Disposition: attachment; filename=\"a.txt\"\n\nattached\n"
           "--b\nContent-Type: image/png; name*=utf-8''b%20c.png\n\n\x89PNG\n--b--\n",
           "field Content-Type|multipart/mixed; boundary=b\n"
           "part text/plain\ntext|plain\npart text/plain|a.txt\npart image/png|b c.png\n");
}

static void test_the_third_part_of_a_report_is_the_mail_if_it_looks_so(void **state)
{
    const char *front = "Content-Type: multipart/report; boundary=b\n\n--b\n\nx\n"
                        "--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b\n";
    struct buffer mail;

    (void)state;
    buffer_init(&mail, 4096);
    buffer_addf(&mail, "%s\nSubject: hi\n\nbody\n--b--\n", front);
    read_every_way(slice_make(mail.data, mail.size));
    assert_non_null(strstr(told.data, "end\npart text/plain\nreturned Subject|hi\n"));
    assert_null(strstr(told.data, "body"));
    buffer_clear(&mail);
    buffer_addf(&mail, "%s\nWe are sorry: no\n--b--\n", front);
    read_every_way(slice_make(mail.data, mail.size));
    assert_non_null(strstr(told.data, "end\npart text/plain\ntext|We are sorry: no\n"));
    buffer_free(&mail);
}

static void test_a_part_that_says_so_is_the_returned_header(void **state)
{
    (void)state;
    expect("Content-Type: multipart/mixed; boundary=b\n\n--b\n"
           "Content-Description: Undelivered Message Headers\n\nSubject: hi\n--b--\n",
           "field Content-Type|multipart/mixed; boundary=b\n"
           "part text/plain|Undelivered Message Headers\nreturned Subject|hi\n");
}

static void test_complaints_and_receipts_tell_their_fields(void **state)
{
    (void)state;
    expect("Content-Type: multipart/report; boundary=b\n\n"
           "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
           "--b\nContent-Type: message/disposition-notification\n\nDisposition: x; displayed\n"
           "--b--\n",
           "field Content-Type|multipart/report; boundary=b\n"
           "part message/feedback-report\nfeedback Feedback-Type|abuse\n"
           "part message/disposition-notification\ndispo Disposition|x; displayed\n");
}

static void test_text_outside_of_parts_counts_if_there_is_no_other(void **state)
{
    (void)state;
    expect("Content-Type: multipart/mixed; boundary=b\n\nbefore\n--b\n"
           "Content-Type: image/png\n\nx\n--b--\nbehind\n",
           "field Content-Type|multipart/mixed; boundary=b\npart image/png\ntext|behind\n");
    expect("Content-Type: multipart/mixed; boundary=b\n\nbefore\n--b\n"
           "Content-Type: image/png\n\nx\n--b--\n",
           "field Content-Type|multipart/mixed; boundary=b\npart image/png\ntext|before\n");
    expect("Content-Type: multipart/mixed; boundary=b\n\nbefore\n--b\n\nx\n--b--\nbehind\n",
           "field Content-Type|multipart/mixed; boundary=b\npart text/plain\ntext|x\n");
}

static void test_a_multipart_without_its_boundary_is_text(void **state)
{
    (void)state;
    expect("Content-Type: multipart/mixed\n\nwords\n",
           "field Content-Type|multipart/mixed\npart multipart/mixed\ntext|words\n");
    expect("Content-Type: multipart/mixed; boundary=b\n\nwords\n",
           "field Content-Type|multipart/mixed; boundary=b\ntext|words\npartial\n");
}

static void test_a_boundary_that_nobody_named_is_found(void **state)
{
    (void)state;
    expect("Subject: x\n\nThis is a MIME-encapsulated message\n\n--abc123/host\n\nwords\n"
           "--abc123/host\nContent-Type: message/delivery-status\n\nAction: failed\n"
           "--abc123/host--\n",
           "field Subject|x\npart text/plain\ntext|This is a MIME-encapsulated message\ntext|\n"
           "part text/plain\ntext|words\npart message/delivery-status\n"
           "status Action|failed\nend\npartial\n");
    expect("Content-Type: multipart/mixed; boundary=other\n\n--abc123/host\n\nwords\n"
           "--abc123/host--\n",
           "field Content-Type|multipart/mixed; boundary=other\n"
           "part text/plain\ntext|words\npartial\n");
    expect("Subject: x\n\nwords\n--abc123/host\nmore\n",
           "field Subject|x\npart text/plain\ntext|words\ntext|--abc123/host\ntext|more\n");
}

static void test_an_outer_boundary_closes_inner_parts(void **state)
{
    (void)state;
    expect("Content-Type: multipart/mixed; boundary=o\n\n--o\n"
           "Content-Type: multipart/mixed; boundary=i\n\n--i\n\nin\n--o\n\nout\n--i\n--o--\n",
           "field Content-Type|multipart/mixed; boundary=o\n"
           "part text/plain\ntext|in\npart text/plain\ntext|out\ntext|--i\npartial\n");
}

static void test_a_torn_mail_is_partial(void **state)
{
    (void)state;
    expect("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx",
           "field Content-Type|multipart/mixed; boundary=b\npart text/plain\ntext|x\npartial\n");
}

static void test_a_pasted_text_needs_no_header(void **state)
{
    (void)state;
    expect("\n\n  Hello,\nSubject: none\n", "part text/plain\ntext|  Hello,\ntext|Subject: none\n");
    expect("\xef\xbb\xbfSubject: x\n\nend\n", "field Subject|x\npart text/plain\ntext|end\n");
    expect("From jo@example.org Mon Jan  1 00:00:00 2024\nSubject: x\nno field\n\nend",
           "field Subject|x\npart text/plain\ntext|no field\ntext|\ntext|end\n");
}

static void test_parameters_come_in_sections(void **state)
{
    (void)state;
    expect("Content-Type: multipart/mixed (a (nested\\)) comment);\n boundary*0=\"a\\\"\";\n"
           " boundary*1*=%62; x; y=; =z\n\n--a\"b\n\nx\n--a\"b--\n",
           "field Content-Type|multipart/mixed (a (nested\\)) comment); boundary*0=\"a\\\"\"; "
           "boundary*1*=%62; x; y=; =z\npart text/plain\ntext|x\n");
}

static void test_a_header_may_be_late_or_badly_folded(void **state)
{
    (void)state;
    expect("Received: from a\n(192.0.2.1) by b;\n\nend\n",
           "field Received|from a (192.0.2.1) by b;\npart text/plain\ntext|end\n");
    expect("Content-Type: multipart/mixed;\nboundary=b\n\n"
           "--b\n\nContent-Type: message/delivery-status\n\nAction: failed\n"
           "--b\n\nDear Content-Type: no field\n"
           "--b\n\n\nContent-Type: text\n"
           "--b\n\n--b--\n",
           "field Content-Type|multipart/mixed; boundary=b\n"
           "part message/delivery-status\nstatus Action|failed\nend\n"
           "part text/plain\ntext|Dear Content-Type: no field\n"
           "part text/plain\ntext|\ntext|Content-Type: text\npart text/plain\n");
}

/* ---- limits ---- */

static struct buffer big;

static void add_times(const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buffer_add_text(&big, text);
}

static size_t count(const char *words)
{
    size_t found = 0;

    for (const char *at = told.data; (at = strstr(at, words)) != NULL; at++)
        found++;
    return found;
}

static void test_parts_beyond_the_depth_are_passed_over(void **state)
{
    (void)state;
    buffer_init(&big, 1u << 20);
    buffer_add_text(&big, "Content-Type: multipart/mixed; boundary=b0\n\n");
    for (int i = 0; i < 40; i++)
        buffer_addf(&big, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i + 1);
    buffer_add_text(&big, "--b40\n\ndeep\n--b20\n\nhigher\n--b0--\n");
    read_every_way(slice_make(big.data, big.size));
    assert_null(strstr(told.data, "deep"));
    assert_non_null(strstr(told.data, "text|higher\npartial\n"));
    buffer_free(&big);
}

static void test_parts_beyond_their_number_are_passed_over(void **state)
{
    (void)state;
    buffer_init(&big, 1u << 20);
    buffer_add_text(&big, "Content-Type: multipart/mixed; boundary=b\n\n");
    add_times("--b\n\nx\n", REPORT_PARTS_MAX + 5);
    buffer_add_text(&big, "--b--\n");
    read_every_way(slice_make(big.data, big.size));
    assert_int_equal(count("part text/plain"), REPORT_PARTS_MAX);
    assert_non_null(strstr(told.data, "partial\n"));
    buffer_free(&big);
}

static void test_long_lines_and_fields_are_cut(void **state)
{
    (void)state;
    buffer_init(&big, 1u << 20);
    buffer_add_text(&big, "Subject: ");
    add_times("0123456789", 2000);
    buffer_add_text(&big, "\nTo: x\n\n");
    add_times("0123456789", 2000);
    buffer_add_text(&big, "\nend\n");
    read_every_way(slice_make(big.data, big.size));
    assert_true(told.size < REPORT_FIELD_MAX + REPORT_LINE_MAX + 100);
    assert_true(told.size > REPORT_FIELD_MAX + REPORT_LINE_MAX);
    assert_non_null(strstr(told.data, "\nfield To|x\npart text/plain\ntext|0123"));
    assert_non_null(strstr(told.data, "\ntext|end\npartial\n"));
    buffer_clear(&big);
    buffer_add_text(&big, "Subject: ");
    add_times("0123456789", 2000);
    read_every_way(slice_make(big.data, big.size));
    assert_non_null(strstr(told.data, "\npartial\n"));
    buffer_free(&big);
}

static void test_encoded_lines_longer_than_a_line_are_whole(void **state)
{
    (void)state;
    buffer_init(&big, 1u << 20);
    buffer_add_text(&big, "Content-Transfer-Encoding: base64\n\n");
    add_times("MDEyMzQ1Njc4OQox", 3000); /* "0123456789\n1" */
    read_every_way(slice_make(big.data, big.size));
    assert_int_equal(count("text|10123456789\n"), 2999);
    buffer_clear(&big);
    buffer_add_text(&big, "Content-Transfer-Encoding: quoted-printable\n\n");
    add_times("=61=62=0A", 5000);
    read_every_way(slice_make(big.data, big.size));
    assert_int_equal(count("text|ab\n"), 5000);
    for (size_t shift = 0; shift < 9; shift++) {
        buffer_clear(&big);
        buffer_add_text(&big, "Content-Transfer-Encoding: quoted-printable\n\n");
        add_times("x", shift);
        add_times("=61=62=0A", 2000);
        read_mail(slice_make(big.data, big.size), 0, big.size, &told);
        assert_int_equal(count("ab\n"), 2000);
    }
    buffer_free(&big);
}

static void test_text_beyond_what_is_kept_is_not_read(void **state)
{
    (void)state;
    buffer_init(&big, 1u << 20);
    add_times("some words\n", 10000);
    read_every_way(slice_make(big.data, big.size));
    assert_int_equal(count("text|some words\n"), REPORT_TEXT_MAX / 11);
    assert_non_null(strstr(told.data, "partial\n"));
    buffer_free(&big);
}

static void test_slow_charsets_are_read_up_to_a_bound(void **state)
{
    (void)state;
    buffer_init(&big, 1u << 20);
    buffer_add_text(&big, "Content-Type: text/html; charset=gb2312\n\n\xb0\xa1<style>\n");
    add_times("\xb0\xa1\n", 150000);
    buffer_add_text(&big, "</style>\xb0\xa1\n");
    read_mail(slice_make(big.data, big.size), 0, 4096, &told);
    assert_non_null(strstr(told.data, "text|\xe5\x95\x8a \xef\xbf\xbd\xef\xbf\xbd\npartial\n"));
    buffer_free(&big);
}

static void test_html_in_one_long_line_is_whole(void **state)
{
    (void)state;
    buffer_init(&big, 1u << 20);
    buffer_add_text(&big, "Content-Type: text/html\n\n");
    add_times("<p class=\"a b\">\xc3\xb6ne word</p>", 2000);
    read_every_way(slice_make(big.data, big.size));
    assert_int_equal(count("text|\xc3\xb6ne word\n"), 2000);
    buffer_free(&big);
}

/* ---- encoded words ---- */

static void expect_words(const char *value, const char *text)
{
    struct buffer to;

    buffer_init(&to, 4096);
    assert_int_equal(mime_decode_words(slice_of(value), &to), 0);
    assert_string_equal(to.data, text);
    buffer_free(&to);
}

static void test_encoded_words_become_utf8(void **state)
{
    (void)state;
    expect_words("", "");
    expect_words("plain = text", "plain = text");
    expect_words("=?ISO-8859-1?Q?k=F6nnen_wir?= ja", "k\xc3\xb6nnen wir ja");
    expect_words("a =?utf-8*de?b?w7Y=?=  =?utf-8?b?w7Y=?= b", "a \xc3\xb6\xc3\xb6 b");
    expect_words("=?utf-8?b?w7bD?= =?utf-8?b?tg==?=", "\xc3\xb6\xc3\xb6"); /* torn character */
    expect_words("=?iso-2022-jp?B?GyRCJCIbKEI=?=", "\xe3\x81\x82");
    expect_words("=?utf-8?x?a?= =?utf-8?q?a =?=?=", "=?utf-8?x?a?= a =?=");
    expect_words("=?=?utf-8?q?a?=", "=?a");
    expect_words("=?utf-8?q?", "=?utf-8?q?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_report_is_taken_apart),
        cmocka_unit_test(test_the_top_says_whether_it_is_a_report),
        cmocka_unit_test(test_encodings_are_undone),
        cmocka_unit_test(test_text_becomes_utf8),
        cmocka_unit_test(test_without_a_charset_it_is_guessed_by_line),
        cmocka_unit_test(test_a_nul_is_replaced),
        cmocka_unit_test(test_a_lone_cr_ends_a_line_of_text),
        cmocka_unit_test(test_html_becomes_text),
        cmocka_unit_test(test_html_is_not_told_beside_plain_text),
        cmocka_unit_test(test_attached_text_is_passed_over),
        cmocka_unit_test(test_the_third_part_of_a_report_is_the_mail_if_it_looks_so),
        cmocka_unit_test(test_a_part_that_says_so_is_the_returned_header),
        cmocka_unit_test(test_complaints_and_receipts_tell_their_fields),
        cmocka_unit_test(test_text_outside_of_parts_counts_if_there_is_no_other),
        cmocka_unit_test(test_a_multipart_without_its_boundary_is_text),
        cmocka_unit_test(test_a_boundary_that_nobody_named_is_found),
        cmocka_unit_test(test_an_outer_boundary_closes_inner_parts),
        cmocka_unit_test(test_a_torn_mail_is_partial),
        cmocka_unit_test(test_a_pasted_text_needs_no_header),
        cmocka_unit_test(test_parameters_come_in_sections),
        cmocka_unit_test(test_a_header_may_be_late_or_badly_folded),
        cmocka_unit_test(test_parts_beyond_the_depth_are_passed_over),
        cmocka_unit_test(test_parts_beyond_their_number_are_passed_over),
        cmocka_unit_test(test_long_lines_and_fields_are_cut),
        cmocka_unit_test(test_encoded_lines_longer_than_a_line_are_whole),
        cmocka_unit_test(test_text_beyond_what_is_kept_is_not_read),
        cmocka_unit_test(test_slow_charsets_are_read_up_to_a_bound),
        cmocka_unit_test(test_html_in_one_long_line_is_whole),
        cmocka_unit_test(test_encoded_words_become_utf8),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
