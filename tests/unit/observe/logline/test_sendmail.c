/* SPDX-License-Identifier: BSD-2-Clause */
/* Sendmail's lines: the fields of each form, whose line it is, and what a stranger can do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "one.h"

#define HEADER "2026-11-21T20:55:43Z mx sm-mta[7]: "
#define ID "6ALL81Qp014944: "
#define TRY "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30107, relay=b.example. [192.0.2.9], "

struct expected {
    enum line_field field;
    const char *value; /* NULL: absent */
};

static struct logline line;

static void check(const char *text, enum line_understood understood, const struct expected *values)
{
    assert_true(one_line(slice_of(text), 0, &line));
    if (line.understood != understood)
        fail_msg("%d for: %s", line.understood, text);
    for (size_t i = 0; values[i].field != LINE_HOST; i++) {
        struct slice value = line_value(&line, values[i].field);
        if (!slice_equal(value, slice_of(values[i].value)))
            fail_msg("%s is '%.*s' for: %s", line_field_word(values[i].field), SLICE_ARGS(value),
                     text);
    }
}
#define CHECK(text, understood, ...)                                                               \
    check(text, understood, (struct expected[]){__VA_ARGS__, {0}})

/* Of the line that was last checked. */
static unsigned count_facts(enum fact_kind kind)
{
    struct fact fact;
    unsigned count = 0;
    for (unsigned i = 0; logline_fact(one_reader, &line, i, &fact); i++)
        count += fact.kind == kind;
    return count;
}

static void test_an_attempt_gives_its_fields(void **state)
{
    (void)state;
    CHECK(HEADER ID "to=<a@b.example>,<\"x, y\"@b.example>,ann, ctladdr=<s@x> (5/60), "
                    "delay=1+02:03:04, xdelay=00:00:01, mailer=esmtp, tls_verify=OK, pri=30107, "
                    "relay=b.example. [192.0.2.9] (may be forged), dsn=2.0.0, stat=Sent (Ok: queued as X-1)",
          LINE_UNDERSTOOD, {LINE_QUEUE_ID, "6ALL81Qp014944"},
          {LINE_TO, "a@b.example,\"x, y\"@b.example,ann"}, {LINE_CTLADDR, "<s@x> (5/60)"},
          {LINE_DELAY, "1+02:03:04"}, {LINE_XDELAY, "00:00:01"}, {LINE_MAILER, "esmtp"},
          {LINE_PRI, "30107"}, {LINE_RELAY, "b.example. [192.0.2.9] (may be forged)"},
          {LINE_RELAY_HOST, "b.example."}, {LINE_RELAY_IP, "192.0.2.9"}, {LINE_DSN, "2.0.0"},
          {LINE_STATUS, "sent"}, {LINE_STAT, "Sent (Ok: queued as X-1)"},
          {LINE_NEXT_QUEUE_ID, "X-1"}, {LINE_TLS_TRUST, "OK"});
    assert_int_equal(count_facts(FACT_DELIVERED), 3);
    CHECK(HEADER ID "to=<a@b.example>, " TRY "dsn=5.1.1, reply=550 5.1.1 no, stat=User unknown",
          LINE_UNDERSTOOD, {LINE_REPLY, "550 5.1.1 no"}, {LINE_STAT, "User unknown"},
          {LINE_STATUS, "bounced"});
    CHECK(HEADER ID "to=<a@b.example>, delay=00:00:00, mailer=esmtp, pri=1, stat=queued",
          LINE_UNDERSTOOD, {LINE_STATUS, "queued"});
    assert_int_equal(count_facts(FACT_DELAYED), 0);
}

static void test_a_sender_gives_its_fields(void **state)
{
    (void)state;
    CHECK(HEADER ID "from=<s@x.example>, size=97, class=0, nrcpts=2, msgid=<1, relay=a [192.0.2.1]>, "
                    "bodytype=8BITMIME, proto=ESMTPS, daemon=MTA, relay=ann@c.example [IPv6:2001:db8::1]",
          LINE_UNDERSTOOD, {LINE_FROM, "s@x.example"}, {LINE_SIZE, "97"}, {LINE_CLASS, "0"},
          {LINE_NRCPT, "2"}, {LINE_MESSAGE_ID, "1, relay=a [192.0.2.1]"}, {LINE_PROTO, "ESMTPS"},
          {LINE_DAEMON, "MTA"}, {LINE_RELAY, "ann@c.example [IPv6:2001:db8::1]"},
          {LINE_CLIENT_HOST, "c.example"}, {LINE_CLIENT_IP, "2001:db8::1"});
    assert_int_equal(count_facts(FACT_ACTIVE), 1);
    CHECK(HEADER ID "from=<>, size=0, class=0, nrcpts=0, relay=[192.0.2.7]", LINE_UNDERSTOOD,
          {LINE_FROM, ""}, {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_CLIENT_HOST, NULL});
    assert_int_equal(count_facts(FACT_ACTIVE), 0);
}

static void test_what_is_only_about_a_client_names_it(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "AUTH failure (LOGIN): no (-13) SASL(-13): no, user=a, relay=x [192.0.2.1], relay=c.example [192.0.2.7]",
        "c.example [192.0.2.7] (may be forged): possible SMTP attack: command=AUTH, count=6",
        "c.example [192.0.2.7] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA",
        "c.example [192.0.2.7]: vrfy info [rejected]",
        "rejecting commands from c.example [192.0.2.7] due to pre-greeting traffic after 0 seconds",
        "timeout waiting for input from c.example [192.0.2.7] during server cmd read",
        "lost input channel from c.example [192.0.2.7] to MTA after startup",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[400];
        snprintf(text, sizeof text, HEADER ID "%s", lines[i]);
        CHECK(text, LINE_SAYS_NOTHING, {LINE_CLIENT_HOST, "c.example"},
              {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_QUEUE_ID, "6ALL81Qp014944"},
              {LINE_STATUS, NULL});
    }
    CHECK(HEADER "STARTTLS=server, relay=c.example [192.0.2.7], version=TLSv1.3, verify=NO, "
                 "cipher=X, bits=256/256",
          LINE_SAYS_NOTHING, {LINE_TLS_VERSION, "TLSv1.3"}, {LINE_TLS_CIPHER_BITS, "256"},
          {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_TLS_TRUST, "NO"});
}

static void test_a_refusal_names_whom_and_why(void **state)
{
    (void)state;
    CHECK(HEADER ID "ruleset=check_rcpt, arg1=<a@b.example>, relay=c.example [192.0.2.7], "
                    "reject=550 5.7.1 <a@b.example>... no",
          LINE_UNDERSTOOD, {LINE_RULESET, "check_rcpt"}, {LINE_TO, "a@b.example"},
          {LINE_ACTION, "reject"}, {LINE_STAGE, "RCPT"}, {LINE_REJECT_CODE, "550"},
          {LINE_REJECT_DSN, "5.7.1"}, {LINE_REJECT_REASON, "<a@b.example>... no"},
          {LINE_CLIENT_IP, "192.0.2.7"});
    assert_int_equal(count_facts(FACT_REFUSED), 1);
    CHECK(HEADER ID "<\"a>... b\"@local.example>... User unknown", LINE_UNDERSTOOD,
          {LINE_TO, "\"a>... b\"@local.example"}, {LINE_REJECT_REASON, "User unknown"});
    CHECK(HEADER ID "ruleset=check_rcpt, arg1=<a@b, relay=c [192.0.2.7], reject=550 no", LINE_BROKEN,
          {LINE_TO, NULL});
}

static void test_a_line_under_a_strange_tag_is_known_by_its_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum line_mta mta;
    } lines[] = {
        {"inbound[7]: " ID "to=<a@b>, " TRY "dsn=2.0.0, stat=Sent (x)", LINE_SENDMAIL},
        {"inbound[7]: " ID "to=<a@b>, " TRY "dsn=2.0.0", LINE_OTHER},
        {"inbound[7]: " ID "removed", LINE_OTHER},
        {"inbound[7]: <a@b>... User unknown", LINE_OTHER},
        {"opendkim[7]: " ID "DKIM-Signature field added", LINE_OTHER},
        {"sendmail[7]: anything", LINE_SENDMAIL},
        {"exim[7]: 1abcDE-0001AB-CD <= a@b", LINE_OTHER},
        {"postfix/smtp[7]: " ID "to=<a@b>, " TRY "dsn=2.0.0, stat=Sent (x)", LINE_POSTFIX},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[400];
        snprintf(text, sizeof text, "2026-11-21T20:55:43Z mx %s", lines[i].text);
        assert_true(one_line(slice_of(text), 0, &line));
        if (line.mta != lines[i].mta)
            fail_msg("%d for: %s", line.mta, text);
        if (line.mta == LINE_OTHER)
            assert_false(line_has(&line, LINE_QUEUE_ID));
    }
}

static void test_another_servers_words_decide_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *end, *status; /* NULL: broken */
    } lines[] = {
        {"dsn=2.0.0, reply=550 2.0.0 x, stat=Sent (y), stat=User unknown", "bounced"},
        {"dsn=2.0.0, reply=451 x, stat=Sent (y), stat=Deferred: 451 x, stat=Sent (y)", "deferred"},
        {"dsn=5.0.0, reply=550 x, stat=Sent (cut", NULL},
        {"dsn=5.0.0, reply=550 x, stat=Deferred: x", "deferred"},
        {"dsn=2.0.0, reply=read error, stat=Sent", NULL},
        {"dsn=4.0.0, reply=read error from b.example., stat=Deferred", "deferred"},
        {"dsn=2.0.0, stat=Deferred: Sent (x)", "deferred"},
        {"dsn=2.0.0, stat=Sent (x), stat=User unknown", "sent"},
        {"dsn=2.0.0, stat=Sentimental", NULL},
        {"dsn=5.3.5, stat=Words of a new version", "bounced"},
        {"dsn=4.0.0, stat=I/O error: disk", "deferred"},
        {"dsn=4.0.0, stat", NULL},
        {"dsn=4.0.0, dsn=2.0.0, stat=Sent", NULL},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[400];
        snprintf(text, sizeof text, HEADER ID "to=<a@b.example>, " TRY "%s", lines[i].end);
        CHECK(text, lines[i].status ? LINE_UNDERSTOOD : LINE_BROKEN,
              {LINE_STATUS, lines[i].status});
    }
}

/* A list of recipients that fills a line, taken in order and out of order. */
static void test_many_recipients_are_walked_once(void **state)
{
    (void)state;
    struct buffer text;
    struct fact fact;
    unsigned count = 0;
    buffer_init(&text, 1 << 20);
    buffer_add_text(&text, HEADER ID "to=<0@b>");
    for (unsigned i = 1; i < 100000; i++)
        buffer_addf(&text, ",<%u@b>", i);
    buffer_add_text(&text, ", " TRY "dsn=2.0.0, stat=Sent");
    assert_false(text.failed);
    clock_t began = clock();
    if (!one_line(slice_make(text.data, text.size), 0, &line) || line.understood != LINE_UNDERSTOOD) {
        assert_int_equal(line.understood, LINE_BROKEN); /* more than the reader keeps: counted */
    } else {
        while (logline_fact(one_reader, &line, count, &fact))
            count++;
        assert_int_equal(count, 100000);
    }
    assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
    buffer_free(&text);

    CHECK(HEADER ID "to=<a@b>,<c@b>,<d@b>, " TRY "dsn=2.0.0, stat=Sent", LINE_UNDERSTOOD,
          {LINE_TO, "a@b,c@b,d@b"});
    static const unsigned order[] = {2, 0, 1, 1, 2};
    for (size_t i = 0; i < 5; i++) {
        assert_true(logline_fact(one_reader, &line, order[i], &fact));
        assert_true(slice_is(fact.value[KEY_TO], ((const char *[]){"a@b", "c@b", "d@b"})[order[i]]));
    }
    assert_false(logline_fact(one_reader, &line, 3, &fact));
}

/* No byte of a stranger's makes the reader look again and again. */
static void test_hostile_lines_take_linear_time(void **state)
{
    (void)state;
    static const char *const heads[] = {"to=<", "to=\"", "from=<a>, size=1, msgid=", "to=<a@b>, relay=",
                                        "to=<a@b>, reply=550 ", "ruleset=CheckX, arg1=", "<"};
    static const char *const floods[] = {", stat=Sent", "<", "\"", "(", "\\", ", ", ", relay=x"};
    clock_t began = clock();
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        for (size_t n = 0; n < sizeof floods / sizeof *floods; n++) {
            struct buffer text;
            buffer_init(&text, 8 << 20);
            buffer_addf(&text, HEADER ID "%s", heads[i]);
            while (text.size < 1 << 20)
                buffer_add_text(&text, floods[n]);
            assert_true(one_line(slice_make(text.data, text.size), 0, &line));
            assert_true(count_facts(FACT_DELIVERED) == 0);
            buffer_free(&text);
        }
    assert_true(clock() - began < 10 * CLOCKS_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_attempt_gives_its_fields),
        cmocka_unit_test(test_a_sender_gives_its_fields),
        cmocka_unit_test(test_what_is_only_about_a_client_names_it),
        cmocka_unit_test(test_a_refusal_names_whom_and_why),
        cmocka_unit_test(test_a_line_under_a_strange_tag_is_known_by_its_form),
        cmocka_unit_test(test_another_servers_words_decide_nothing),
        cmocka_unit_test(test_many_recipients_are_walked_once),
        cmocka_unit_test(test_hostile_lines_take_linear_time),
    };
    setenv("TZ", "UTC", 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    one_close();
    return failed;
}
