/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix's lines, the usual ones and those that a stranger had a hand in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one.h"
#include "waybill/clock.h"

#define HEADER "2026-11-21T20:55:43Z mx "
#define TRY "relay=mail.far.example[192.0.2.25]:25, delay=0.07, delays=0.05/0.02/0/0, "

static struct buffer scratch;

static int read_text(const char *text, struct fact *fact)
{
    return one_fact(slice_of(text), 0, fact);
}

struct expected {
    enum fact_key key;
    const char *value; /* NULL: absent */
};

/* Read `text` and compare kind and values; a value that is not named is not looked at. */
static void check(const char *text, enum fact_kind kind, const struct expected *values)
{
    struct fact fact;
    int result = read_text(text, &fact);
    if (result != 1)
        fail_msg("%d for: %s", result, text);
    if (fact.kind != kind)
        fail_msg("kind %s for: %s", fact_kind_word(fact.kind), text);
    assert_int_equal(fact.witness, WITNESS_LOG);
    for (size_t i = 0; values[i].key != KEY_WAYBILL; i++) {
        struct slice value = fact.value[values[i].key];
        if (!slice_equal(value, slice_of(values[i].value)))
            fail_msg("%s is '%.*s' for: %s", fact_key_word(values[i].key), SLICE_ARGS(value),
                     text);
    }
}
#define CHECK(text, kind, ...) check(text, kind, (struct expected[]){__VA_ARGS__, {0}})

static void check_result(const char *text, int expected)
{
    struct fact fact;
    int result = read_text(text, &fact);
    if (result != expected)
        fail_msg("%d instead of %d for: %s", result, expected, text);
}

static void test_tag_gives_instance_and_service(void **state)
{
    (void)state;
    static const char *const tags[][3] = {
        {"postfix/smtp", "postfix", "smtp"},
        {"postfix-out/smtp", "postfix-out", "smtp"},
        {"postfix/submission/smtp", "postfix", "smtp"},
        {"a/b/c/relay", "a", "relay"},
    };
    for (size_t i = 0; i < 4; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 HEADER "%s[7]: 27255A7E941: to=<a@far.example>, " TRY "dsn=2.0.0, status=sent (x)",
                 tags[i][0]);
        CHECK(text, FACT_DELIVERED, {KEY_INSTANCE, tags[i][1]}, {KEY_VIA, tags[i][2]},
              {KEY_HOST, "mx"}, {KEY_QUEUE, "27255A7E941"});
    }
    check_result(HEADER "sm-mta[7]: 27255A7E941: to=<a@far.example>, " TRY "status=sent (x)", 0);
    check_result(HEADER "/smtp[7]: 27255A7E941: to=<a@far.example>, " TRY "status=sent (x)", 0);
    check_result(HEADER "postfix/[7]: 27255A7E941: to=<a@far.example>, " TRY "status=sent (x)", 0);
}

static void test_client_line(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/smtpd[1]: 27255A7E941: client=out.shop.example[192.0.2.7]", FACT_CLIENT,
          {KEY_CLIENT, "out.shop.example"}, {KEY_IP, "192.0.2.7"}, {KEY_PORT, NULL},
          {KEY_LOGIN, NULL});
    CHECK(HEADER "postfix/smtpd[1]: 27255A7E941: client=unknown[2001:db8::7]:51234", FACT_CLIENT,
          {KEY_CLIENT, "unknown"}, {KEY_IP, "2001:db8::7"}, {KEY_PORT, "51234"});
    CHECK(HEADER "postfix/submission/smtpd[1]: 4jX4Lr6Zzjz1bwjJ: client=pc[192.0.2.8], "
                 "sasl_method=PLAIN, sasl_username=joe@shop.example",
          FACT_CLIENT, {KEY_AUTH, "PLAIN"}, {KEY_LOGIN, "joe@shop.example"},
          {KEY_QUEUE, "4jX4Lr6Zzjz1bwjJ"});
    CHECK(HEADER "postfix/back/smtpd[1]: 52A8AA7E94C: client=localhost[127.0.0.1], "
                 "orig_queue_id=22E3DA7E94B, orig_client=pc[192.0.2.8]",
          FACT_CLIENT, {KEY_PREVIOUS, "22E3DA7E94B"}, {KEY_CAUSE, "filter"}, {KEY_IP, "127.0.0.1"},
          {KEY_PARAMETERS, NULL});
    /* AUTH= of MAIL is the client's own words */
    CHECK(HEADER "postfix/smtpd[1]: 52A8AA7E94C: client=pc[192.0.2.8], sasl_method=PLAIN, "
                 "sasl_username=joe, sasl_sender=x, orig_queue_id=22E3DA7E94B",
          FACT_CLIENT, {KEY_PREVIOUS, NULL}, {KEY_CAUSE, NULL}, {KEY_LOGIN, "joe"});
    CHECK(HEADER "postfix/smtpd[1]: 52A8AA7E94C: client=pc[192.0.2.8], orig_queue_id=NOQUEUE",
          FACT_CLIENT, {KEY_PREVIOUS, NULL}, {KEY_CAUSE, NULL});
    check_result(HEADER "postfix/smtpd[1]: NOQUEUE: client=out.shop.example[192.0.2.7]", 0);
    check_result(HEADER "postfix/smtpd[1]: 27255A7E941: client=out.shop.example", -1);
    check_result(HEADER "postfix/smtpd[1]: 27255A7E941: client=a[192.0.2.7] and more", -1);
}

static void test_message_id_with_and_without_brackets(void **state)
{
    (void)state;
    static const char *const ids[][2] = {
        {"<a.1@shop.example>", "a.1@shop.example"},
        {"a.1@shop.example", "a.1@shop.example"},
        {"<>", ""},
        {"", ""},
        {"<a.1@shop.example", "a.1@shop.example"},
        {"<a b@shop.example>", "a b@shop.example"},
        {"<a.1@shop.example> (added by x)", "a.1@shop.example"},
        {"<a, status=sent (250 ok)>", "a, status=sent (250 ok)"},
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, HEADER "postfix/cleanup[1]: 27255A7E941: message-id=%s",
                 ids[i][0]);
        CHECK(text, FACT_CLEANUP, {KEY_MESSAGE_ID, ids[i][1]});
    }
    check_result(HEADER "postfix/cleanup[1]: 27255A7E941: resent-message-id=<a@b>", 0);
}

static void test_queue_manager_lines(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: from=<shop@shop.example>, size=378, nrcpt=2 (queue "
                 "active)",
          FACT_ACTIVE, {KEY_FROM, "shop@shop.example"}, {KEY_SIZE, "378"}, {KEY_RECIPIENTS, "2"});
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: from=<>, size=378, nrcpt=1 (queue active)",
          FACT_ACTIVE, {KEY_FROM, ""});
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: from=<\"a>, size=1, nrcpt=1 (queue "
                 "active)\"@shop.example>, size=378, nrcpt=2 (queue active)",
          FACT_ACTIVE, {KEY_FROM, "\"a>, size=1, nrcpt=1 (queue active)\"@shop.example"},
          {KEY_SIZE, "378"});
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: from=<shop@shop.example>, status=expired, returned "
                 "to sender",
          FACT_EXPIRED, {KEY_FROM, "shop@shop.example"}, {KEY_TO, NULL}, {KEY_VIA, "qmgr"},
          {KEY_REPLY, "expired, returned to sender"});
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: from=<>, status=force-expired, returned to sender",
          FACT_EXPIRED, {KEY_REPLY, "force-expired, returned to sender"});
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: removed", FACT_REMOVED, {KEY_VIA, "qmgr"});
    check_result(HEADER "postfix/qmgr[1]: 27255A7E941: skipped, still being delivered", 0);
    check_result(HEADER "postfix/qmgr[1]: 27255A7E941: from=<a@b>, size=x, nrcpt=1 (queue active)",
                 -1);
    check_result(HEADER "postfix/qmgr[1]: 27255A7E941: from=<a@b>, status=sent (250 ok)", -1);
    check_result(HEADER "postfix/qmgr[1]: 27255A7E941: from=<a@b", -1);
}

static void test_administrator_lines(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/postsuper[1]: 27255A7E941: removed", FACT_CANCELED,
          {KEY_CAUSE, "postsuper"}, {KEY_VIA, "postsuper"});
    CHECK(HEADER "postfix/postsuper[1]: 27255A7E941: placed on hold", FACT_HELD,
          {KEY_CAUSE, "postsuper"});
    CHECK(HEADER "postfix/postsuper[1]: 27255A7E941: released from hold", FACT_RELEASED,
          {KEY_QUEUE, "27255A7E941"}, {KEY_CAUSE, "postsuper"});
    CHECK(HEADER "postfix/postsuper[1]: 27255A7E941: requeued", FACT_REQUEUED,
          {KEY_QUEUE, "27255A7E941"}, {KEY_NEXT, NULL}, {KEY_CAUSE, "postsuper"});
    check_result(HEADER "postfix/postsuper[1]: 27255A7E941: expired", 0);
    check_result(HEADER "postfix/smtp[1]: 27255A7E941: released from hold", 0);
    check_result(HEADER "postfix/qmgr[1]: 27255A7E941: placed on hold", 0);
    check_result(HEADER "postfix/qmgr[1]: 27255A7E941: requeued", 0);
    check_result(HEADER "postfix/postsuper[1]: Deleted: 1 message", 0);
    check_result(HEADER "postfix/postsuper[1]: Requeued: 1 message", 0);
}

static void test_each_outcome_has_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *service, *status;
        enum fact_kind kind;
    } table[] = {
        {"smtp", "sent (250 2.0.0 Ok)", FACT_DELIVERED},
        {"lmtp", "sent (250 2.1.5 Ok)", FACT_DELIVERED},
        {"virtual", "sent (delivered to maildir)", FACT_DELIVERED},
        {"local", "sent (delivered to mailbox)", FACT_DELIVERED},
        {"local", "sent (delivered to command: /bin/true)", FACT_DELIVERED},
        {"local", "sent (forwarded as 67ABEA7E938)", FACT_EXPANDED},
        {"pipe", "sent (delivered via spam service (queued as X1))", FACT_DELIVERED},
        {"discard", "sent (thrown away by policy)", FACT_DISCARDED},
        {"my-own-agent", "sent (ok)", FACT_DELIVERED},
        {"smtp", "deferred (connect to far.example[192.0.2.1]:25: Connection refused)",
         FACT_DELAYED},
        {"smtp", "SOFTBOUNCE (host said: 550 no)", FACT_DELAYED},
        {"error", "bounced (no such place)", FACT_FAILED},
        {"retry", "deferred (try again)", FACT_DELAYED},
        {"smtp", "expired (too old)", FACT_EXPIRED},
        {"smtp", "force-expired (too old)", FACT_EXPIRED},
        {"smtp", "bounced", FACT_FAILED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 HEADER "postfix/%s[1]: 27255A7E941: to=<bob@far.example>, " TRY
                        "dsn=2.0.0, status=%s",
                 table[i].service, table[i].status);
        CHECK(text, table[i].kind, {KEY_TO, "bob@far.example"}, {KEY_VIA, table[i].service},
              {KEY_RELAY, "mail.far.example[192.0.2.25]:25"}, {KEY_DELAY, "0.07"},
              {KEY_DELAYS, "0.05/0.02/0/0"}, {KEY_STATUS, "2.0.0"});
    }
}

static void test_probes_are_no_outcome(void **state)
{
    (void)state;
    check_result(HEADER "postfix/smtp[1]: 27255A7E941: to=<a@b>, " TRY
                        "dsn=2.1.5, status=deliverable (250 2.1.5 Ok)",
                 0);
    check_result(HEADER "postfix/smtp[1]: 27255A7E941: to=<a@b>, " TRY
                        "dsn=5.1.1, status=undeliverable (host said: 550 no)",
                 0);
}

static void test_rare_fields_are_kept(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, orig_to=<info@shop.example>, "
                 "relay=none, conn_use=12, delay=3, delays=1/1/1/0, dsn=4.4.1, status=deferred (x)",
          FACT_DELAYED, {KEY_ORIGINAL, "info@shop.example"}, {KEY_CONNECTION, "12"},
          {KEY_RELAY, "none"});
    CHECK(HEADER "postfix/local[1]: 27255A7E941: to=<postmaster@mx>, orig_to=<postmaster>, "
                 "relay=local, delay=3, status=sent (delivered to mailbox)",
          FACT_DELIVERED, {KEY_ORIGINAL, "postmaster"}, {KEY_DELAYS, NULL}, {KEY_STATUS, NULL});
    CHECK(HEADER "postfix/lmtp[1]: 27255A7E941: to=<bob@far.example>, "
                 "relay=mx[private/dovecot-lmtp], delay=3, delays=1/1/1/0, dsn=2.0.0, "
                 "status=sent (250 2.0.0 <bob@far.example> x1 Saved)",
          FACT_DELIVERED, {KEY_RELAY, "mx[private/dovecot-lmtp]"},
          {KEY_REPLY, "250 2.0.0 <bob@far.example> x1 Saved"}, {KEY_NEXT, NULL});
}

static void test_forms_of_other_versions_and_forwarders(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/local[1]: 27255A7E941: to=bob@far.example, orig_to=info, relay=local, "
                 "delay=0, dsn=2.0.0, status=sent (delivered to mailbox)",
          FACT_DELIVERED, {KEY_TO, "bob@far.example"}, {KEY_ORIGINAL, "info"});
    CHECK(HEADER "postfix[1]: 27255A7E941: to=<bob@far.example>, relay=none, delay=1, "
                 "status=bounced (no)",
          FACT_FAILED, {KEY_INSTANCE, "postfix"}, {KEY_VIA, NULL});
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, relay=a[192.0.2.1]:25, "
                 "delay=1, delays=1/0/0/0, tls=dane/may, later=words of a new version, dsn=2.0.0, "
                 "status=sent (250 ok)",
          FACT_DELIVERED, {KEY_STATUS, "2.0.0"}, {KEY_DELAYS, "1/0/0/0"});
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<a@b>, " TRY
                 "dsn=4.0.0, status=deferred (host said: 450 (busy)) 417",
          FACT_DELAYED, {KEY_REPLY, "host said: 450 (busy)"});
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<a@b>, " TRY
                 "dsn=4.0.0, status=deferred (host said: 450 (busy) and the line is cu",
          FACT_DELAYED, {KEY_REPLY, "host said: 450 (busy) and the line is cu"});
    /* an id that may be cut is none */
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<a@b>, " TRY
                 "dsn=2.0.0, status=sent (250 ok: queued as 4jX4Lr",
          FACT_DELIVERED, {KEY_NEXT, NULL});
    CHECK(HEADER "postfix/local[1]: 27255A7E941: to=<a@b>, " TRY
                 "dsn=2.0.0, status=sent (forwarded as 27255A",
          FACT_EXPANDED, {KEY_NEXT, NULL});
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<a@b>, " TRY
                 "dsn=4.0.0, status=deferred (busy) and (more",
          FACT_DELAYED, {KEY_REPLY, "busy) and (more"});
    CHECK(HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 5.7.1234 no",
          FACT_REFUSED, {KEY_STATUS, NULL}, {KEY_REPLY, "550 5.7.1234 no"});
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: from=joe@shop.example, size=3, nrcpt=1 (queue active)",
          FACT_ACTIVE, {KEY_FROM, "joe@shop.example"});
    CHECK(HEADER "postfix/qmgr[1]: 27255A7E941: removed 77", FACT_REMOVED, {KEY_VIA, "qmgr"});
}

static void check_pair(const char *text, const char *old, const char *new)
{
    static struct logline line;
    struct fact fact;
    assert_true(one_line(slice_of(text), 0, &line));
    assert_true(logline_fact(one_reader, &line, 0, &fact));
    assert_int_equal(fact.kind, FACT_CLIENT);
    assert_true(slice_is(fact.value[KEY_QUEUE], new));
    assert_true(slice_is(fact.value[KEY_PREVIOUS], old));
    assert_true(slice_is(fact.value[KEY_CAUSE], "requeue"));
    assert_true(logline_fact(one_reader, &line, 1, &fact));
    assert_int_equal(fact.kind, FACT_REQUEUED);
    assert_true(slice_is(fact.value[KEY_QUEUE], old));
    assert_true(slice_is(fact.value[KEY_NEXT], new));
    assert_true(slice_is(fact.value[KEY_HOST], "mx"));
    assert_true(slice_is(fact.value[KEY_INSTANCE], "postfix"));
    assert_false(logline_fact(one_reader, &line, 2, &fact));
}

static void test_pickup_lines(void **state)
{
    (void)state;
    static struct logline line;
    struct fact fact;
    static const char plain[] = HEADER "postfix/pickup[1]: 27255A7E941: uid=1000 from=<joe>";
    CHECK(plain, FACT_CLIENT, {KEY_UID, "1000"}, {KEY_FROM, "joe"}, {KEY_PREVIOUS, NULL},
          {KEY_CAUSE, NULL});
    assert_true(one_line(slice_of(plain), 0, &line));
    assert_false(logline_fact(one_reader, &line, 1, &fact));
    CHECK(HEADER "postfix/pickup[1]: 27255A7E941: uid=0 from=<>", FACT_CLIENT, {KEY_FROM, ""});
    check_pair(HEADER "postfix/pickup[1]: 27255A7E942: uid=104 from=<a@b> orig_id=27255A7E941",
               "27255A7E941", "27255A7E942");
    check_pair(HEADER "postfix/pickup[1]: 4jX4Lr6Zzjz1bwjJ: uid=104 from=<> orig_id=27255A7E941",
               "27255A7E941", "4jX4Lr6Zzjz1bwjJ");
    /* what a user gave to sendmail -f */
    CHECK(HEADER "postfix/pickup[1]: 27255A7E942: uid=1000 from=<x> orig_id=27255A7E941>",
          FACT_CLIENT, {KEY_FROM, "x> orig_id=27255A7E941"}, {KEY_PREVIOUS, NULL});
    check_result(HEADER "postfix/pickup[1]: 27255A7E942: uid=1000 from=<x", -1);
    check_result(HEADER "postfix/pickup[1]: 27255A7E942: uid=x from=<x>", -1);
    check_result(HEADER "postfix/pickup[1]: 27255A7E942: uid=1 from=<x> orig_id=", -1);
    check_result(HEADER "postfix/pickup[1]: 27255A7E942: uid=1 from=<x> and more", -1);
}

static void test_a_cut_line_is_broken_wherever_it_ends(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, orig_to=<a@b>, " TRY "dsn=2.0.0, status=s",
        "postfix/smtpd[1]: 27255A7E941: client=out.shop.example[192.0.2.7",
        "postfix/qmgr[1]: 27255A7E941: from=<a@b>, size=378, nrcpt=2 (queue active",
        "postfix/qmgr[1]: 27255A7E941: remove",
        "postfix/postsuper[1]: 27255A7E941: placed on hol",
        "postfix/pickup[1]: 27255A7E941: uid=0 from=<a@b",
        "postfix/bounce[1]: 27255A7E941: sender non-delivery notification: ",
        "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, HEADER "%s", lines[i]);
        size_t least = strlen(HEADER "postfix/bounce[1]: 27255A7E941: ") + 1;
        bool queued = strstr(text, "NOQUEUE") == NULL;
        for (size_t size = queued ? least : strlen(text); size <= strlen(text); size++) {
            static struct logline line;
            assert_true(one_line(slice_make(text, size), 0, &line));
            if (line.understood != LINE_BROKEN || line_has(&line, LINE_QUEUE_ID) ||
                line_has(&line, LINE_STATUS) || line_has(&line, LINE_TO))
                fail_msg("%d for: %.*s", (int)line.understood, (int)size, text);
        }
    }
}

static void test_next_queue_id_comes_from_the_reply(void **state)
{
    (void)state;
    static const char *const texts[][3] = {
        {"smtp", "250 2.0.0 Ok: queued as 4jX4Lr6Zzjz1bwjJ", "4jX4Lr6Zzjz1bwjJ"},
        {"smtp", "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 27255A7E942",
         "27255A7E942"},
        {"smtp", "250 ok queued as A1B2C3.", "A1B2C3"},
        {"smtp", "250 2.0.0 Ok", NULL},
        {"smtp", "250 2.0.0 Ok: queued as ", NULL},
        {"pipe", "delivered via x service (queued as 27255A7E942)", NULL},
        {"local", "forwarded as 27255A7E942", "27255A7E942"},
        {"local", "delivered to command: echo queued as 27255A7E942", NULL},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[400];
        struct fact fact;
        snprintf(text, sizeof text,
                 HEADER "postfix/%s[1]: 27255A7E941: to=<a@b>, " TRY "dsn=2.0.0, status=sent (%s)",
                 texts[i][0], texts[i][1]);
        assert_int_equal(read_text(text, &fact), 1);
        if (!slice_equal(fact.value[KEY_NEXT], slice_of(texts[i][2])))
            fail_msg("next is '%.*s' for: %s", SLICE_ARGS(fact.value[KEY_NEXT]), text);
    }
}

static void test_words_of_a_stranger_change_no_verdict(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, " TRY
                 "dsn=5.1.1, status=bounced (host far.example[192.0.2.1] said: 550-5.1.1 no "
                 "550 5.1.1 status=sent (250 fake: queued as 11111A7E941) (in reply to RCPT TO "
                 "command))",
          FACT_FAILED, {KEY_STATUS, "5.1.1"}, {KEY_NEXT, NULL}, {KEY_TO, "bob@far.example"});
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, " TRY
                 "dsn=4.0.0, status=deferred (host said: 450 99999A7E941: to=<eve@far.example>, "
                 "relay=x, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 ok))",
          FACT_DELAYED, {KEY_TO, "bob@far.example"}, {KEY_QUEUE, "27255A7E941"},
          {KEY_RELAY, "mail.far.example[192.0.2.25]:25"});
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, " TRY
                 "dsn=5.0.0, status=bounced (host said: 550 no\r\\nNov 21 20:55:43 mx "
                 "postfix/smtp[1]: 27255A7E941: removed)",
          FACT_FAILED, {KEY_TO, "bob@far.example"});
    CHECK(HEADER "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, " TRY
                 "dsn=5.0.0, status=bounced ()) status=sent (((",
          FACT_FAILED, {KEY_REPLY, ")) status=sent ((("});
}

static void test_quoted_recipient_may_hold_anything(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "\"a b\"@far.example",
        "\"a, b\"@far.example",
        "\"x>, relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 \"@far.example",
        "\"x\\\">, relay=none, delay=0, dsn=2.0.0, status=sent (\"@far.example",
        "a>b@far.example",
        "\"unbalanced@far.example",
        "\xce\xb4\xce\xbf\xce\xba@far.example",
        "a@[192.0.2.1]",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        char text[600];
        snprintf(text, sizeof text,
                 HEADER "postfix/smtp[1]: 27255A7E941: to=<%s>, orig_to=<%s>, " TRY
                        "dsn=5.1.1, status=bounced (no)",
                 addresses[i], addresses[i]);
        CHECK(text, FACT_FAILED, {KEY_TO, addresses[i]}, {KEY_ORIGINAL, addresses[i]},
              {KEY_STATUS, "5.1.1"});
    }
}

static void test_a_delivery_that_cannot_be_read_is_counted_not_guessed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "to=<bob@far.example>",
        "to=<bob@far.example>, ",
        "to=, relay=none, delay=0, dsn=2.0.0, status=sent (x)",
        "to=bob@far.example, delay=0, dsn=2.0.0, status=sent (x)",
        "to=<bob@far.example>, relay=none, delays=0/0/0, status=sent (x)",
        "to=<bob@far.example>, relay=none, tls=may",
        "to=<bob@far.example>, relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, sta",
        "to=<bob@far.example>, relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, status=",
        "to=<bob@far.example>, relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, status=vanished (x)",
        "to=<bob@far.example>, relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent 250 ok",
        "to=<bob@far.example>, delay=0, relay=none, dsn=2.0.0, status=sent (x)",
        "to=<bob@far.example>, relay=none, delay=x, delays=0/0/0/0, dsn=2.0.0, status=sent (x)",
        "to=<bob@far.example>, relay=none, delay=0, (status=sent (x))",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, HEADER "postfix/smtp[1]: 27255A7E941: %s", bad[i]);
        check_result(text, -1);
    }
}

static void test_words_of_the_language_are_no_queue_ids(void **state)
{
    (void)state;
    static const char *const words[] = {"warning", "statistics", "fatal", "panic", "error",
                                        "Deleted", "NOQUEUE",    "12345", "Warning"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 HEADER "postfix/smtp[1]: %s: to=<a@b>, " TRY "dsn=2.0.0, status=sent (x)",
                 words[i]);
        check_result(text, 0);
    }
    check_result(HEADER "postfix/smtp[1]: warning: 27255A7E941: to=<a@b>, " TRY
                        "dsn=2.0.0, status=sent (x)",
                 0);
    CHECK(HEADER "postfix/qmgr[1]: ABCDEF: removed", FACT_REMOVED, {KEY_QUEUE, "ABCDEF"});
    CHECK(HEADER "postfix/qmgr[1]: 3mPVKl0Mhjz7sXvBCD: removed", FACT_REMOVED,
          {KEY_QUEUE, "3mPVKl0Mhjz7sXvBCD"});
}

static void test_notifications_link_two_mails(void **state)
{
    (void)state;
    static const char *const causes[] = {
        "sender non-delivery notification", "sender delay notification",
        "sender delivery status notification", "postmaster non-delivery notification",
        "postmaster delay notification",
    };
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, HEADER "postfix/bounce[1]: 27255A7E941: %s: 2AF25A7E918",
                 causes[i]);
        CHECK(text, FACT_NOTIFIED, {KEY_NEXT, "2AF25A7E918"}, {KEY_CAUSE, causes[i]},
              {KEY_QUEUE, "27255A7E941"});
    }
    check_result(HEADER "postfix/bounce[1]: 27255A7E941: sender non-delivery notification: ", -1);
}

static void test_refusal_without_queue_id(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from out.shop.example[192.0.2.7]:4025: "
                 "450 4.7.1 <bob@far.example>: Recipient address rejected: greylisted; "
                 "from=<shop@shop.example> to=<bob@far.example> proto=ESMTP helo=<out>",
          FACT_REFUSED, {KEY_QUEUE, NULL}, {KEY_CLIENT, "out.shop.example"}, {KEY_IP, "192.0.2.7"},
          {KEY_PORT, "4025"}, {KEY_PHASE, "rcpt"}, {KEY_STATUS, "4.7.1"},
          {KEY_FROM, "shop@shop.example"}, {KEY_TO, "bob@far.example"}, {KEY_HELO, "out"},
          {KEY_REPLY, "450 4.7.1 <bob@far.example>: Recipient address rejected: greylisted"});
    CHECK(HEADER "postfix/smtpd[1]: NOQUEUE: milter-reject: CONNECT from a[192.0.2.7]: 451 4.7.1 "
                 "Service unavailable; proto=SMTP",
          FACT_REFUSED, {KEY_PHASE, "connect"}, {KEY_FROM, NULL}, {KEY_TO, NULL},
          {KEY_REPLY, "451 4.7.1 Service unavailable"});
    CHECK(HEADER "postfix/smtpd[1]: NOQUEUE: milter-reject: EHLO from a[192.0.2.7]: 451 4.7.1 no; "
                 "proto=SMTP helo=<x>",
          FACT_REFUSED, {KEY_PHASE, "helo"}, {KEY_HELO, "x"});
    CHECK(HEADER "postfix/smtpd[1]: NOQUEUE: reject: MAIL from a[192.0.2.7]: 550 no; from=<> "
                 "proto=ESMTP helo=<x>",
          FACT_REFUSED, {KEY_PHASE, "mail"}, {KEY_FROM, ""}, {KEY_STATUS, NULL});
    CHECK(HEADER "postfix/postscreen[1]: NOQUEUE: reject: RCPT from [2001:db8::1]:4321: 550 5.7.1 "
                 "Service unavailable; client [2001:db8::1] blocked; from=<a@b>, to=<c@d>, "
                 "proto=ESMTP, helo=<x>",
          FACT_REFUSED, {KEY_CLIENT, NULL}, {KEY_IP, "2001:db8::1"}, {KEY_FROM, "a@b"},
          {KEY_TO, "c@d"}, {KEY_HELO, "x"});
    CHECK(HEADER "postfix/postscreen[1]: NOQUEUE: reject: CONNECT from [192.0.2.1]:4321: too many "
                 "connections",
          FACT_REFUSED, {KEY_IP, "192.0.2.1"}, {KEY_REPLY, "too many connections"});
    check_result(HEADER "postfix/smtpd[1]: NOQUEUE: reject: VRFY from a[192.0.2.7]: 454 no; "
                        "to=<a@b> proto=SMTP helo=<x>",
                 0);
    check_result(HEADER "postfix/smtpd[1]: NOQUEUE: hold: RCPT from a[192.0.2.7]: <a@b>: held; "
                        "from=<a@b> to=<c@d> proto=ESMTP helo=<x>",
                 0);
    check_result(HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7", -1);
    check_result(HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 no; "
                        "from=<a@b> to=<c@d",
                 -1);
}

static void test_a_refusal_quotes_strangers_and_is_not_fooled(void **state)
{
    (void)state;
    CHECK(HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 5.1.1 "
                 "<\"x>; from=<boss@bank.example> to=<y> proto=ESMTP helo=<z\"@far.example>: "
                 "Recipient address rejected; from=<eve@evil.example> "
                 "to=<\"x>; from=<boss@bank.example> to=<y> proto=ESMTP helo=<z\"@far.example> "
                 "proto=ESMTP helo=<h>",
          FACT_REFUSED, {KEY_FROM, "eve@evil.example"},
          {KEY_TO, "\"x>; from=<boss@bank.example> to=<y> proto=ESMTP helo=<z\"@far.example"},
          {KEY_HELO, "h"});
    CHECK(HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 5.1.1 no; "
                 "from=<eve@evil.example> to=<a@b> proto=ESMTP helo=<x; from=<boss@bank.example> "
                 "to=<c@d> proto=ESMTP helo=<y>",
          FACT_REFUSED, {KEY_FROM, "eve@evil.example"}, {KEY_TO, "a@b"});
}

static void test_refusal_after_the_queue_id_is_known(void **state)
{
    (void)state;
#define AFTER "from=<a@shop.example> to=<bob@far.example> proto=ESMTP helo=<h>"
    static const struct {
        const char *text, *phase, *status, *reply;
        enum fact_kind kind;
    } table[] = {
        {"reject: DATA from a[192.0.2.7]: 550 5.7.1 no; " AFTER, "data", "5.7.1", "550 5.7.1 no",
         FACT_REJECTED},
        {"milter-reject: END-OF-MESSAGE from a[192.0.2.7]: 5.7.1 spam; " AFTER, "eom", "5.7.1",
         "5.7.1 spam", FACT_REJECTED},
        {"milter-discard: END-OF-MESSAGE from a[192.0.2.7]: milter triggers DISCARD action; " AFTER,
         "eom", NULL, "milter triggers DISCARD action", FACT_DISCARDED},
        {"milter-hold: END-OF-MESSAGE from a[192.0.2.7]: milter triggers HOLD action; " AFTER,
         "eom", NULL, "milter triggers HOLD action", FACT_HELD},
        {"reject: RCPT from a[192.0.2.7]: 550 5.1.1 no; " AFTER, "rcpt", "5.1.1", "550 5.1.1 no",
         FACT_REFUSED},
        /* by a milter that comes after ours, which saw the recipient taken */
        {"milter-reject: RCPT from a[192.0.2.7]: 451 4.7.1 later; " AFTER, "rcpt", "4.7.1",
         "451 4.7.1 later", FACT_REJECTED},
        {"hold: header Subject: x from a[192.0.2.7]; " AFTER ": look at it", "header", NULL,
         "look at it", FACT_HELD},
        {"discard: body words from a[192.0.2.7]; " AFTER ": bin", "body", NULL, "bin",
         FACT_DISCARDED},
        {"reject: header Subject: x from evil[192.0.2.9]; from=<a@b> to=<c@d> proto=ESMTP "
         "helo=<e>: 2.0.0 fine from a[192.0.2.7]; " AFTER ": 5.7.1 no such subject",
         "header", "5.7.1", "5.7.1 no such subject", FACT_REJECTED},
        {"reject: header Subject: x from local; from=<a@b> to=<c@d>: 5.7.1 no", "header", "5.7.1",
         "5.7.1 no", FACT_REJECTED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[600];
        snprintf(text, sizeof text, HEADER "postfix/cleanup[1]: 27255A7E941: %s", table[i].text);
        CHECK(text, table[i].kind, {KEY_QUEUE, "27255A7E941"}, {KEY_PHASE, table[i].phase},
              {KEY_STATUS, table[i].status}, {KEY_REPLY, table[i].reply});
    }
    check_result(HEADER "postfix/cleanup[1]: 27255A7E941: warning: header Subject: to=<a@b>, " TRY
                        "dsn=2.0.0, status=sent (x)",
                 0);
    check_result(HEADER "postfix/cleanup[1]: 27255A7E941: redirect: header Subject: x", 0);
}

/* NULs, invalid UTF-8 and 100 KB inside the words change neither verdict nor memory. */
static void test_bytes_of_any_kind_are_only_words(void **state)
{
    (void)state;
    static const char head[] = HEADER "postfix/smtp[1]: 27255A7E941: to=<bob@far.example>, " TRY
                                      "dsn=5.1.1, status=bounced (host said: 550 ";
    enum { NOISE = 100 * 1024 };
    size_t size = sizeof head - 1 + NOISE;
    char *text = malloc(size);
    memcpy(text, head, sizeof head - 1);
    for (size_t i = 0; i < NOISE; i++)
        text[sizeof head - 1 + i] = (char)(i * 7919 >> 3);
    struct fact fact;
    assert_int_equal(one_fact(slice_make(text, size), 0, &fact), 1);
    assert_int_equal(fact.kind, FACT_FAILED);
    buffer_clear(&scratch);
    assert_int_equal(fact_encode(&fact, &scratch), 0);
    assert_true(scratch.size <= FACT_LINE_MAX);
    assert_null(memchr(scratch.data, '\0', scratch.size));
    assert_null(memchr(scratch.data, '\n', scratch.size));
    free(text);
}

/* A line with many half-open brackets is read in a time that grows with its length only. */
static void test_hostile_shapes_take_linear_time(void **state)
{
    (void)state;
    static const char *const shapes[][2] = {
        {HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: ", "<\""},
        {HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: ", "<;"},
        {HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: ", "<a>;"},
        {HEADER "postfix/smtp[1]: 27255A7E941: to=<", ">, "},
        {HEADER "postfix/cleanup[1]: 27255A7E941: reject: header ", ">: "},
        {HEADER "postfix/smtpd[1]: 27255A7E941: client=a[192.0.2.7]", ", x"},
        {HEADER "postfix/smtp[1]: 27255A7E941: to=", ", "},
        {HEADER "postfix/smtp[1]: 27255A7E941: to=<a>, relay=b, ", "x=, "},
        {HEADER "postfix/smtp[1]: 27255A7E941: to=<a>, relay=b, status=sent (", ") "},
        {HEADER "postfix/smtp[1]: 27255A7E941: to=<a>, relay=b, status=sent (2", "queued as "},
        {HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: ", "<\"\\"},
        {HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 <\"", "\\\""},
        {HEADER "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 5; proto=A helo=<",
         "> sasl_username=<"},
        {HEADER "postfix/cleanup[1]: 27255A7E941: warning: header ", "; from=<"},
        {HEADER "postfix/cleanup[1]: 27255A7E941: warning: header ; from=<a> to=<", "> to=<"},
        {HEADER "postfix/smtp[1]: 27255A7E941: host a[b] said: ", " (in reply to "},
        {HEADER "postfix/smtpd[1]: lost connection after ", " after  from "},
        {HEADER "postfix/postscreen[1]: ", "A "},
        {HEADER "postfix/smtpd[1]: warning: ", "["},
        {HEADER "postfix/smtpd[1]: warning: ", "a[b "},
        {HEADER "postfix/smtpd[1]: ", "a=<"},
        {HEADER "postfix/smtpd[1]: ", "a-"},
        {HEADER "policy[1]: ", "x=a=,"},
    };
    enum { SIZE = 1 << 18 };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char *text = malloc(SIZE);
        size_t head = strlen(shapes[i][0]), unit = strlen(shapes[i][1]);
        memcpy(text, shapes[i][0], head);
        for (size_t at = head; at < SIZE; at++)
            text[at] = shapes[i][1][(at - head) % unit];
        struct fact fact;
        int64_t began = clock_monotonic();
        one_fact(slice_make(text, SIZE), 0, &fact);
        int64_t took = clock_monotonic() - began;
        if (took > 2000)
            fail_msg("%lld ms for 256 KiB of '%s'", (long long)took, shapes[i][1]);
        free(text);
    }
}

static void test_equal_lines_get_equal_ids_and_other_lines_others(void **state)
{
    (void)state;
    struct fact one, same, other;
    assert_int_equal(read_text(HEADER "postfix/qmgr[1]: 27255A7E941: removed", &one), 1);
    assert_int_equal(read_text(HEADER "postfix/qmgr[1]: 27255A7E941: removed", &same), 1);
    assert_int_equal(read_text(HEADER "postfix/qmgr[1]: 27255A7E942: removed", &other), 1);
    assert_true(one.id == same.id);
    assert_true(one.id != other.id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tag_gives_instance_and_service),
        cmocka_unit_test(test_client_line),
        cmocka_unit_test(test_message_id_with_and_without_brackets),
        cmocka_unit_test(test_queue_manager_lines),
        cmocka_unit_test(test_administrator_lines),
        cmocka_unit_test(test_each_outcome_has_its_kind),
        cmocka_unit_test(test_probes_are_no_outcome),
        cmocka_unit_test(test_rare_fields_are_kept),
        cmocka_unit_test(test_forms_of_other_versions_and_forwarders),
        cmocka_unit_test(test_pickup_lines),
        cmocka_unit_test(test_a_cut_line_is_broken_wherever_it_ends),
        cmocka_unit_test(test_next_queue_id_comes_from_the_reply),
        cmocka_unit_test(test_words_of_a_stranger_change_no_verdict),
        cmocka_unit_test(test_quoted_recipient_may_hold_anything),
        cmocka_unit_test(test_a_delivery_that_cannot_be_read_is_counted_not_guessed),
        cmocka_unit_test(test_words_of_the_language_are_no_queue_ids),
        cmocka_unit_test(test_notifications_link_two_mails),
        cmocka_unit_test(test_refusal_without_queue_id),
        cmocka_unit_test(test_a_refusal_quotes_strangers_and_is_not_fooled),
        cmocka_unit_test(test_refusal_after_the_queue_id_is_known),
        cmocka_unit_test(test_bytes_of_any_kind_are_only_words),
        cmocka_unit_test(test_hostile_shapes_take_linear_time),
        cmocka_unit_test(test_equal_lines_get_equal_ids_and_other_lines_others),
    };
    buffer_init(&scratch, FACT_LINE_MAX);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_free(&scratch);
    one_close();
    return failed;
}
