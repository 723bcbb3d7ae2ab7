/* SPDX-License-Identifier: BSD-2-Clause */
/* What is read from each kind of Postfix's lines, and from those of the programs around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one.h"

#define HEADER "2026-11-21T20:55:43Z mx "

struct expected {
    enum line_field field;
    const char *value; /* NULL: absent */
};

static const struct logline *read_text(const char *tag, const char *body)
{
    static struct logline line;
    static char text[2000];
    snprintf(text, sizeof text, HEADER "%s[7]: %s", tag, body);
    assert_true(one_line(slice_of(text), 0, &line));
    return &line;
}

/* The list ends with LINE_HOST, which is the header's. */
static void check(const char *tag, const char *body, enum line_shape shape,
                  const struct expected *expected)
{
    const struct logline *line = read_text(tag, body);
    struct fact fact;
    if (line->shape != shape || line->understood != (shape == SHAPE_NONE ? LINE_SAYS_NOTHING
                                                                         : LINE_UNDERSTOOD))
        fail_msg("shape %d, understood %d for: %s", (int)line->shape, (int)line->understood, body);
    for (; expected->field != LINE_HOST; expected++) {
        struct slice value = line_value(line, expected->field);
        if (!slice_equal(value, slice_of(expected->value)))
            fail_msg("%s is '%.*s' for: %s", line_field_word(expected->field), SLICE_ARGS(value),
                     body);
    }
    if (shape == SHAPE_NONE || shape == SHAPE_TRY || shape == SHAPE_PROBE || shape == SHAPE_WARNING)
        assert_false(logline_fact(one_reader, line, 0, &fact));
}
#define CHECK(tag, body, shape, ...)                                                               \
    check(tag, body, shape, (struct expected[]){__VA_ARGS__, {LINE_HOST, NULL}})

static void test_tags(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *instance, *service;
        enum line_mta mta;
    } tags[] = {
        {"postfix/qmgr", "postfix", "qmgr", LINE_POSTFIX},
        {"postfix-192.0.2.1/qmgr", "postfix-192.0.2.1", "qmgr", LINE_POSTFIX},
        {"postfix/submission/smtpd", "postfix", "smtpd", LINE_POSTFIX},
        {"postfix", "postfix", NULL, LINE_POSTFIX},
        {"/qmgr", NULL, NULL, LINE_OTHER},
        {"postfix/", NULL, NULL, LINE_OTHER},
        {"postfixed", NULL, NULL, LINE_OTHER},
    };
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        const struct logline *line = read_text(tags[i].tag, "27255A7E941: removed");
        if (line->mta != tags[i].mta || !slice_equal(line->instance, slice_of(tags[i].instance)) ||
            !slice_equal(line->service, slice_of(tags[i].service)))
            fail_msg("%s", tags[i].tag);
    }
}

static void test_a_delivery(void **state)
{
    (void)state;
    CHECK("postfix/smtp",
          "27255A7E941: to=<bob@far.example>, orig_to=<info@shop.example>, "
          "relay=mail.far.example[192.0.2.25]:25, conn_use=3, delay=5.5, delays=1/0.2/0.3/4, "
          "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4jX4Lr6Zzjz1bwjJ)",
          SHAPE_DELIVERY, {LINE_QUEUE_ID, "27255A7E941"}, {LINE_TO, "bob@far.example"},
          {LINE_ORIG_TO, "info@shop.example"}, {LINE_RELAY, "mail.far.example[192.0.2.25]:25"},
          {LINE_RELAY_HOST, "mail.far.example"}, {LINE_RELAY_IP, "192.0.2.25"},
          {LINE_RELAY_PORT, "25"}, {LINE_CONN_USE, "3"}, {LINE_DELAY, "5.5"},
          {LINE_DELAYS, "1/0.2/0.3/4"}, {LINE_DELAY_A, "1"}, {LINE_DELAY_B, "0.2"},
          {LINE_DELAY_C, "0.3"}, {LINE_DELAY_D, "4"}, {LINE_DSN, "2.0.0"}, {LINE_STATUS, "sent"},
          {LINE_REPLY, "250 2.0.0 Ok: queued as 4jX4Lr6Zzjz1bwjJ"},
          {LINE_NEXT_QUEUE_ID, "4jX4Lr6Zzjz1bwjJ"});
    CHECK("postfix/smtp",
          "27255A7E941: to=<a@b>, relay=none, delay=0, dsn=5.1.1, status=undeliverable (no)",
          SHAPE_PROBE, {LINE_STATUS, "undeliverable"}, {LINE_RELAY_HOST, "none"},
          {LINE_DELAYS, NULL});
}

static void test_relays(void **state)
{
    (void)state;
    static const struct {
        const char *relay, *host, *ip, *port, *path;
    } relays[] = {
        {"mx.far.example[2001:db8::5]:25", "mx.far.example", "2001:db8::5", "25", NULL},
        {"[192.0.2.1]:2525", NULL, "192.0.2.1", "2525", NULL},
        {"mx.far.example[192.0.2.1]", "mx.far.example", "192.0.2.1", NULL, NULL},
        {"mx[private/dovecot-lmtp]", "mx", NULL, NULL, "private/dovecot-lmtp"},
        {"192.0.2.1:2525", NULL, "192.0.2.1", "2525", NULL},
        {"inside:24", "inside", NULL, "24", NULL},
        {"cafe.example:24", "cafe.example", NULL, "24", NULL},
        {"cafe.de:24", "cafe.de", NULL, "24", NULL}, /* hexadecimal digits all */
        {"virtual", "virtual", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof relays / sizeof relays[0]; i++) {
        char body[300];
        snprintf(body, sizeof body, "27255A7E941: to=<a@b>, relay=%s, delay=0, status=sent (x)",
                 relays[i].relay);
        CHECK("postfix/smtp", body, SHAPE_DELIVERY, {LINE_RELAY, relays[i].relay},
              {LINE_RELAY_HOST, relays[i].host}, {LINE_RELAY_IP, relays[i].ip},
              {LINE_RELAY_PORT, relays[i].port}, {LINE_RELAY_PATH, relays[i].path});
    }
}

static void test_lines_of_a_mail(void **state)
{
    (void)state;
    CHECK("postfix/back/smtpd",
          "27255A7E941: client=pc[192.0.2.8]:4025, sasl_method=PLAIN, sasl_username=joe, "
          "sasl_sender=joe@shop.example, orig_queue_id=22E3DA7E94B, orig_client=out[192.0.2.9]",
          SHAPE_CLIENT, {LINE_CLIENT, "pc[192.0.2.8]:4025"}, {LINE_CLIENT_HOST, "pc"},
          {LINE_CLIENT_IP, "192.0.2.8"}, {LINE_CLIENT_PORT, "4025"}, {LINE_SASL_METHOD, "PLAIN"},
          {LINE_SASL_USERNAME, "joe"}, {LINE_SASL_SENDER, "joe@shop.example"},
          {LINE_ORIG_QUEUE_ID, "22E3DA7E94B"}, {LINE_ORIG_CLIENT, "out[192.0.2.9]"});
    CHECK("postfix/smtpd", "NOQUEUE: client=pc[192.0.2.8]", SHAPE_NONE, {LINE_QUEUE_ID, "NOQUEUE"},
          {LINE_CLIENT_IP, "192.0.2.8"});
    CHECK("postfix/pickup", "27255A7E942: uid=104 from=<a@b> orig_id=27255A7E941", SHAPE_PICKUP,
          {LINE_UID, "104"}, {LINE_FROM, "a@b"}, {LINE_ORIG_ID, "27255A7E941"});
    CHECK("postfix/cleanup", "27255A7E941: message-id=<1@shop.example>", SHAPE_CLEANUP,
          {LINE_MESSAGE_ID, "1@shop.example"});
    CHECK("postfix/cleanup", "27255A7E941: resent-message-id=<2@shop.example>", SHAPE_NONE,
          {LINE_MESSAGE_ID, "2@shop.example"});
    CHECK("postfix/qmgr", "27255A7E941: from=<>, size=378, nrcpt=2 (queue active)", SHAPE_ACTIVE,
          {LINE_FROM, ""}, {LINE_SIZE, "378"}, {LINE_NRCPT, "2"});
    CHECK("postfix/qmgr", "27255A7E941: from=<a@b>, status=expired, returned to sender",
          SHAPE_GIVEN_UP, {LINE_FROM, "a@b"}, {LINE_STATUS, "expired"});
    CHECK("postfix/qmgr", "27255A7E941: skipped, still being delivered", SHAPE_NONE,
          {LINE_QUEUE_ID, "27255A7E941"}, {LINE_MESSAGE, "skipped, still being delivered"});
    CHECK("postfix/qmgr", "27255A7E941: removed", SHAPE_REMOVED, {LINE_EVENT, "removed"});
    CHECK("postfix/postsuper", "27255A7E941: placed on hold", SHAPE_HELD,
          {LINE_EVENT, "placed on hold"});
    CHECK("postfix/postsuper", "27255A7E941: released from hold", SHAPE_RELEASED,
          {LINE_EVENT, "released from hold"});
    CHECK("postfix/postsuper", "27255A7E941: requeued", SHAPE_REQUEUED, {LINE_EVENT, "requeued"});
    CHECK("postfix/postsuper", "27255A7E941: expired", SHAPE_NONE, {LINE_EVENT, "expired"});
    CHECK("postfix/bounce", "27255A7E941: postmaster delay notification: 2AF25A7E918",
          SHAPE_NOTIFIED, {LINE_BOUNCE_QUEUE_ID, "2AF25A7E918"}, {LINE_BOUNCE_TYPE, "delay"});
    CHECK("postfix/bounce", "27255A7E941: sender delivery status notification: 2AF25A7E918",
          SHAPE_NOTIFIED, {LINE_BOUNCE_TYPE, "delivery status"});
    CHECK("postfix/cleanup", "warning: 27255A7E941: canonical_maps map lookup problem",
          SHAPE_WARNING, {LINE_QUEUE_ID, "27255A7E941"}, {LINE_LEVEL, "warning"},
          {LINE_MESSAGE, "canonical_maps map lookup problem"});
}

static void test_one_servers_no(void **state)
{
    (void)state;
    CHECK("postfix/smtp",
          "27255A7E941: host mx.far.example[192.0.2.25] said: 450 4.7.1 <bob@far.example>: later "
          "(in reply to RCPT TO command)",
          SHAPE_TRY, {LINE_RELAY_HOST, "mx.far.example"}, {LINE_RELAY_IP, "192.0.2.25"},
          {LINE_REPLY, "450 4.7.1 <bob@far.example>: later"}, {LINE_STAGE, "RCPT TO"},
          {LINE_STATUS, NULL}, {LINE_TO, NULL});
    CHECK("postfix/smtp",
          "27255A7E941: host mx.far.example[192.0.2.25] said: 450 (in reply to HELO command) no "
          "(in reply to end of DATA command)",
          SHAPE_TRY, {LINE_REPLY, "450 (in reply to HELO command) no"},
          {LINE_STAGE, "end of DATA"});
    CHECK("postfix/smtp", "27255A7E941: host mx[192.0.2.25] refused to talk to me: 554 no",
          SHAPE_TRY, {LINE_RELAY_HOST, "mx"}, {LINE_REPLY, "554 no"});
    CHECK("postfix/smtp",
          "27255A7E941: lost connection with mx[192.0.2.25] while sending RCPT TO", SHAPE_TRY,
          {LINE_LOSTCONN, "lost connection"}, {LINE_RELAY_IP, "192.0.2.25"},
          {LINE_STAGE, "RCPT TO"});
    CHECK("postfix/smtp",
          "27255A7E941: lost connection with mx[192.0.2.25] while sending end of DATA -- message "
          "may be sent more than once",
          SHAPE_TRY, {LINE_STAGE, "end of DATA -- message may be sent more than once"});
    CHECK("postfix/smtp",
          "27255A7E941: lost connection with mx[192.0.2.25] while sending message body", SHAPE_TRY,
          {LINE_STAGE, NULL});
    CHECK("postfix/smtp", "host mx[192.0.2.25] offers SMTPUTF8 support, but not 8BITMIME",
          SHAPE_NONE, {LINE_RELAY_IP, "192.0.2.25"});
    CHECK("postfix/smtp",
          "27255A7E941: conversation with mx[192.0.2.25] timed out while receiving the initial "
          "server greeting",
          SHAPE_TRY, {LINE_RELAY_IP, "192.0.2.25"}, {LINE_LOSTCONN, "timed out"},
          {LINE_STAGE, NULL});
    CHECK("postfix/smtp",
          "27255A7E941: SASL authentication failed; server mx[192.0.2.25] said: 535 no", SHAPE_TRY,
          {LINE_RELAY_HOST, "mx"}, {LINE_REPLY, "535 no"});
    CHECK("postfix/smtp",
          "27255A7E941: enabling PIX workarounds: disable_esmtp for mx[192.0.2.25]:25", SHAPE_TRY,
          {LINE_RELAY_PORT, "25"});
    CHECK("postfix/smtp",
          "27255A7E941: TLS is required, but was not offered by host mx[192.0.2.25]", SHAPE_TRY,
          {LINE_RELAY_IP, "192.0.2.25"});
    /* a server's words are no other line */
    CHECK("postfix/smtp", "27255A7E941: host mx[192.0.2.25] said: 450 status=sent (250 ok)",
          SHAPE_TRY, {LINE_STATUS, NULL}, {LINE_REPLY, "450 status=sent (250 ok)"});
}

#define TAIL "; from=<a@shop.example> to=<b@far.example> proto=ESMTP helo=<out>"
#define TAIL_FIELDS                                                                                \
    {LINE_FROM, "a@shop.example"}, {LINE_TO, "b@far.example"}, {LINE_PROTO, "ESMTP"},              \
        {LINE_HELO, "out"}

static void test_refusals(void **state)
{
    (void)state;
    CHECK("postfix/smtpd",
          "NOQUEUE: reject: RCPT from out[192.0.2.7]: 550 5.1.1 <b@far.example>: Recipient address "
          "rejected: no" TAIL,
          SHAPE_REFUSAL, {LINE_QUEUE_ID, "NOQUEUE"}, {LINE_ACTION, "reject"}, {LINE_STAGE, "RCPT"},
          {LINE_CLIENT_HOST, "out"}, {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_REJECT_CODE, "550"},
          {LINE_REJECT_DSN, "5.1.1"}, {LINE_REJECT_DATA, "b@far.example"},
          {LINE_REJECT_REASON, "Recipient address rejected: no"}, TAIL_FIELDS,
          {LINE_REPLY, "550 5.1.1 <b@far.example>: Recipient address rejected: no"});
    CHECK("postfix/postscreen",
          "NOQUEUE: reject: RCPT from [192.0.2.7]:99: 550 5.7.1 Service unavailable; client "
          "[192.0.2.7] blocked using dnsbl.example; from=<a@b>, to=<c@d>, proto=ESMTP, helo=<x>",
          SHAPE_REFUSAL, {LINE_CLIENT_HOST, NULL}, {LINE_CLIENT_PORT, "99"},
          {LINE_REJECT_DATA, "192.0.2.7"}, {LINE_REJECT_REASON, "blocked using dnsbl.example"},
          {LINE_FROM, "a@b"}, {LINE_TO, "c@d"}, {LINE_HELO, "x"});
    CHECK("postfix/smtpd",
          "NOQUEUE: reject: VRFY from out[192.0.2.7]: 454 4.7.1 <a@b>: Relay access denied; "
          "to=<a@b> proto=SMTP helo=<me>",
          SHAPE_REFUSAL, {LINE_STAGE, "VRFY"}, {LINE_FROM, NULL}, {LINE_TO, "a@b"},
          {LINE_PROTO, "SMTP"});
    CHECK("postfix/smtpd",
          "NOQUEUE: filter: RCPT from out[192.0.2.7]: <a@b>: Sender address triggers FILTER x:y"
          TAIL,
          SHAPE_NONE, {LINE_ACTION, "filter"}, {LINE_REJECT_DATA, "a@b"},
          {LINE_REJECT_REASON, "Sender address triggers FILTER x:y"}, TAIL_FIELDS);
    CHECK("postfix/smtpd",
          "NOQUEUE: reject: RCPT from out[192.0.2.7]: 554 5.7.1 no" TAIL " sasl_username=<joe>",
          SHAPE_REFUSAL, TAIL_FIELDS, {LINE_SASL_USERNAME, "joe"});
    CHECK("postfix/cleanup",
          "27255A7E941: milter-reject: END-OF-MESSAGE from out[192.0.2.7]: 5.7.1 spam" TAIL,
          SHAPE_REFUSAL, {LINE_ACTION, "milter-reject"}, {LINE_MILTER_ACTION, "reject"},
          {LINE_MILTER_MESSAGE, "END-OF-MESSAGE from out[192.0.2.7]: 5.7.1 spam"},
          {LINE_REJECT_DSN, "5.7.1"}, {LINE_REJECT_CODE, NULL}, TAIL_FIELDS);
    CHECK("postfix/smtpd",
          "proxy-reject: END-OF-MESSAGE: 554 5.7.0 no, id=1-2; from=<> to=<c@d> proto=SMTP helo=<h>",
          SHAPE_REFUSAL, {LINE_PROXY_ACTION, "reject"}, {LINE_FROM, ""}, {LINE_TO, "c@d"},
          {LINE_QUEUE_ID, NULL}, {LINE_REJECT_CODE, "554"});
    CHECK("postfix/smtpd",
          "proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as 4jX4Lr6Zzjz1bwjJ" TAIL, SHAPE_NONE,
          {LINE_PROXY_ACTION, "accept"}, {LINE_NEXT_QUEUE_ID, "4jX4Lr6Zzjz1bwjJ"}, TAIL_FIELDS);
}

static void test_headers_that_a_rule_met(void **state)
{
    (void)state;
    CHECK("postfix/cleanup", "27255A7E941: warning: header Subject: x from out[192.0.2.7]" TAIL,
          SHAPE_NONE, {LINE_LEVEL, "warning"}, {LINE_ACTION, "warning"}, {LINE_STAGE, "header"},
          {LINE_CLIENT_HOST, "out"}, {LINE_CLIENT_IP, "192.0.2.7"}, TAIL_FIELDS,
          {LINE_MESSAGE, "header Subject: x from out[192.0.2.7]"}, {LINE_REPLY, NULL});
    CHECK("postfix/cleanup",
          "27255A7E941: prepend: header Subject: x from local; from=<a@b> to=<c@d>: X-Seen: yes",
          SHAPE_NONE, {LINE_ACTION, "prepend"}, {LINE_FROM, "a@b"}, {LINE_TO, "c@d"},
          {LINE_CLIENT_IP, NULL}, {LINE_REPLY, "X-Seen: yes"});
    CHECK("postfix/cleanup",
          "27255A7E941: info: header Subject: from evil[192.0.2.9]; from=<e@e> to=<f@f> from "
          "out[192.0.2.7]" TAIL " 128",
          SHAPE_NONE, {LINE_LEVEL, "info"}, {LINE_CLIENT_IP, "192.0.2.7"}, TAIL_FIELDS);
    CHECK("postfix/cleanup", "27255A7E941: hold: header Subject: x from out[192.0.2.7]" TAIL,
          SHAPE_REFUSAL, {LINE_ACTION, "hold"}, {LINE_REPLY, NULL}, TAIL_FIELDS);
    CHECK("postfix/smtpd", "NOQUEUE: info: RCPT from out[192.0.2.7]: seen" TAIL, SHAPE_NONE,
          {LINE_LEVEL, "info"}, {LINE_MESSAGE, "RCPT from out[192.0.2.7]: seen"},
          {LINE_CLIENT_IP, "192.0.2.7"}, TAIL_FIELDS);
    CHECK("postfix/cleanup", "27255A7E941: warning: table lookup problem", SHAPE_NONE,
          {LINE_LEVEL, "warning"}, {LINE_MESSAGE, "table lookup problem"},
          {LINE_QUEUE_ID, "27255A7E941"});
    CHECK("postfix/cleanup", "27255A7E941: info: a rule's own words", SHAPE_NONE,
          {LINE_LEVEL, "info"}, {LINE_MESSAGE, "a rule's own words"});
    CHECK("postfix/smtpd", "NOQUEUE: fatal: no memory", SHAPE_NONE, {LINE_LEVEL, "fatal"});
    CHECK("postfix/cleanup", "27255A7E941: info: header Subject: cut her", SHAPE_NONE,
          {LINE_LEVEL, "info"}, {LINE_MESSAGE, "header Subject: cut her"});
    const struct logline *line =
        read_text("postfix/cleanup", "27255A7E941: reject: header Subject: cut her");
    assert_int_equal(line->understood, LINE_BROKEN);
    assert_false(line_has(line, LINE_QUEUE_ID));
}

static void test_smtpd_connections(void **state)
{
    (void)state;
#define PEER {LINE_CLIENT_HOST, "out"}, {LINE_CLIENT_IP, "192.0.2.7"}
    static const char *const plain[] = {
        "connect from out[192.0.2.7]",
        "disconnect from out[192.0.2.7] ehlo=1 auth=0/1 quit=1 commands=2/3",
        "improper command pipelining after NOOP from out[192.0.2.7]: QUIT",
        "setting up TLS connection from out[192.0.2.7]",
        "warning: Connection rate limit exceeded: 31 from out[192.0.2.7] for service smtpd",
        "warning: Illegal address syntax from out[192.0.2.7] in MAIL command: <x[192.0.2.1]>",
        "warning: TLS library problem with out[192.0.2.7]",
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        CHECK("postfix/smtpd", plain[i], SHAPE_NONE, PEER, {LINE_QUEUE_ID, NULL},
              {LINE_LOSTCONN, NULL});
    CHECK("postfix/smtpd", "lost connection after DATA (77 bytes) from out[192.0.2.7]", SHAPE_NONE,
          PEER, {LINE_LOSTCONN, "lost connection"}, {LINE_STAGE, "DATA"});
    CHECK("postfix/smtpd", "timeout after END-OF-MESSAGE from out[192.0.2.7]", SHAPE_NONE, PEER,
          {LINE_LOSTCONN, "timeout"}, {LINE_STAGE, "END-OF-MESSAGE"});
    CHECK("postfix/smtpd", "too many errors after RCPT from out[192.0.2.7]", SHAPE_NONE, PEER,
          {LINE_STAGE, "RCPT"});
    CHECK("postfix/smtpd", "lost connection from out[192.0.2.7]", SHAPE_NONE, PEER,
          {LINE_LOSTCONN, "lost connection"}, {LINE_STAGE, NULL});
    CHECK("postfix/smtpd", "bare <LF> received after DATA from out[192.0.2.7]", SHAPE_NONE, PEER,
          {LINE_LOSTCONN, "bare <LF> received"}, {LINE_STAGE, "DATA"});
    CHECK("postfix/bounce", "warning: [built-in]: no such thing as [x] (ask 192.0.2.1)", SHAPE_NONE,
          {LINE_CLIENT_IP, NULL}, {LINE_LEVEL, "warning"});
    CHECK("postfix/smtpd", "SSL_accept error from out[192.0.2.7]: -1", SHAPE_NONE, PEER,
          {LINE_LOSTCONN, "SSL_accept error"});
    CHECK("postfix/smtpd",
          "warning: out[192.0.2.7]: SASL LOGIN authentication failed: no, sasl_username=joe",
          SHAPE_NONE, PEER, {LINE_LEVEL, "warning"}, {LINE_SASL_METHOD, "LOGIN"},
          {LINE_SASL_USERNAME, "joe"},
          {LINE_MESSAGE, "SASL LOGIN authentication failed: no, sasl_username=joe"});
    CHECK("postfix/smtpd", "warning: non-SMTP command from out[192.0.2.7]: GET / HTTP/1.1",
          SHAPE_NONE, PEER, {LINE_STAGE, "GET / HTTP/1.1"});
    CHECK("postfix/smtpd",
          "warning: hostname x.example does not resolve to address 2001:db8::7: not known",
          SHAPE_NONE, {LINE_CLIENT_IP, "2001:db8::7"});
    CHECK("postfix/smtpd", "warning: 192.0.2.7: hostname x verification failed: none", SHAPE_NONE,
          {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_MESSAGE, "hostname x verification failed: none"});
    CHECK("postfix/smtpd", "fatal: open database /etc/x: none", SHAPE_NONE, {LINE_LEVEL, "fatal"},
          {LINE_MESSAGE, "open database /etc/x: none"});
}

static void test_tls_and_servers(void **state)
{
    (void)state;
    CHECK("postfix/smtp",
          "Verified TLS connection established to mx[2001:db8::25]:25: TLSv1.3 with cipher "
          "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519",
          SHAPE_NONE, {LINE_TLS_TRUST, "Verified"}, {LINE_RELAY_HOST, "mx"},
          {LINE_RELAY_IP, "2001:db8::25"}, {LINE_RELAY_PORT, "25"}, {LINE_TLS_VERSION, "TLSv1.3"},
          {LINE_TLS_CIPHER, "TLS_AES_256_GCM_SHA384"}, {LINE_TLS_CIPHER_BITS, "256/256"},
          {LINE_CLIENT_IP, NULL});
    CHECK("postfix/smtpd",
          "Anonymous TLS connection established from out[192.0.2.7]: TLSv1.2 with cipher A-B "
          "(128/128 bits)",
          SHAPE_NONE, {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_TLS_VERSION, "TLSv1.2"},
          {LINE_RELAY_IP, NULL});
    CHECK("postfix/smtpd",
          "Anonymous TLS connection established from out[192.0.2.7] to mx.example: TLSv1.3 with "
          "cipher C (256/256 bits)",
          SHAPE_NONE, {LINE_TLS_VERSION, "TLSv1.3"}, {LINE_TLS_CIPHER, "C"});
    CHECK("postfix/smtp", "connect to mx[192.0.2.25]:25: Connection refused", SHAPE_NONE,
          {LINE_RELAY_HOST, "mx"}, {LINE_RELAY_PORT, "25"}, {LINE_LOSTCONN, "Connection refused"});
    CHECK("postfix/smtp", "SSL_connect error to mx[192.0.2.25]:25: -1", SHAPE_NONE,
          {LINE_LOSTCONN, "-1"}, {LINE_RELAY_IP, "192.0.2.25"});
    CHECK("postfix/smtp", "certificate verification failed for mx[192.0.2.25]:25: expired",
          SHAPE_NONE, {LINE_RELAY_IP, "192.0.2.25"});
    CHECK("postfix/smtp", "warning: host mx[192.0.2.25]:25 greeted me with my own hostname mx",
          SHAPE_NONE, {LINE_RELAY_IP, "192.0.2.25"}, {LINE_CLIENT_IP, NULL});
}

static void test_postscreen(void **state)
{
    (void)state;
#define FROM {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_CLIENT_PORT, "99"}
    static const struct {
        const char *body, *violation, *access, *stage;
    } table[] = {
        {"PREGREET 14 after 0.1 from [192.0.2.7]:99: EHLO x\\r\\n", "PREGREET", NULL, NULL},
        {"HANGUP after 3 from [192.0.2.7]:99 in tests before SMTP handshake", "HANGUP", NULL, NULL},
        {"COMMAND TIME LIMIT from [192.0.2.7]:99 after CONNECT", "COMMAND TIME LIMIT", NULL,
         "CONNECT"},
        {"COMMAND PIPELINING from [192.0.2.7]:99 after EHLO: x", "COMMAND PIPELINING", NULL, "EHLO"},
        {"NON-SMTP COMMAND from [192.0.2.7]:99 after CONNECT: GET /", "NON-SMTP COMMAND", NULL,
         "CONNECT"},
        {"BARE NEWLINE from [192.0.2.7]:99 after .", "BARE NEWLINE", NULL, "."},
        {"PASS NEW [192.0.2.7]:99", NULL, "PASS NEW", NULL},
        {"PASS OLD [192.0.2.7]:99", NULL, "PASS OLD", NULL},
        {"DENYLISTED [192.0.2.7]:99", NULL, "DENYLISTED", NULL},
        {"ALLOWLIST VETO [192.0.2.7]:99", NULL, "ALLOWLIST VETO", NULL},
        {"WHITELISTED [192.0.2.7]:99", NULL, "WHITELISTED", NULL},
        {"DISCONNECT [192.0.2.7]:99", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        CHECK("postfix/postscreen", table[i].body, SHAPE_NONE, FROM,
              {LINE_POSTSCREEN_VIOLATION, table[i].violation},
              {LINE_POSTSCREEN_ACCESS, table[i].access}, {LINE_STAGE, table[i].stage});
    CHECK("postfix/postscreen", "CONNECT from [192.0.2.7]:99 to [192.0.2.1]:25", SHAPE_NONE, FROM,
          {LINE_SERVER_IP, "192.0.2.1"}, {LINE_SERVER_PORT, "25"});
    CHECK("postfix/postscreen", "DNSBL rank 6 for [192.0.2.7]:99", SHAPE_NONE, FROM,
          {LINE_DNSBL_RANK, "6"}, {LINE_POSTSCREEN_VIOLATION, "DNSBL"});
    CHECK("postfix/dnsblog", "addr 192.0.2.7 listed by domain dnsbl.example as 127.0.0.2",
          SHAPE_NONE, {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_DNSBL_DOMAIN, "dnsbl.example"},
          {LINE_DNSBL_RESULT, "127.0.0.2"});
}

static void test_counts_and_versions(void **state)
{
    (void)state;
    static const char *const clients[][2] = {
        {"smtp:192.0.2.7", "192.0.2.7"},
        {"submission:2001:db8::7", "2001:db8::7"},
        {"25:192.0.2.7", "192.0.2.7"},
        {"127.0.0.1:2525:192.0.2.7", "192.0.2.7"},
        {"[::1]:2525:2001:db8::7", "2001:db8::7"},
        {"smtp:unknown", NULL},
        {"smtp", NULL},
    };
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        char body[200];
        snprintf(body, sizeof body,
                 "statistics: max connection rate 12/60s for (%s) at Oct 26 18:13:50", clients[i][0]);
        CHECK("postfix/anvil", body, SHAPE_NONE, {LINE_ANVIL_CONN_RATE, "12"},
              {LINE_ANVIL_CONN_COUNT, NULL}, {LINE_CLIENT_IP, clients[i][1]});
    }
    CHECK("postfix/anvil", "statistics: max connection count 3 for (smtp:192.0.2.7) at Oct 26 18:13",
          SHAPE_NONE, {LINE_ANVIL_CONN_COUNT, "3"});
    CHECK("postfix/anvil", "statistics: max cache size 2 at Oct 26 18:13:50", SHAPE_NONE,
          {LINE_ANVIL_CONN_COUNT, NULL}, {LINE_CLIENT_IP, NULL});
    CHECK("postfix/master", "daemon started -- version 3.7.11, configuration /etc/postfix",
          SHAPE_NONE, {LINE_POSTFIX_VERSION, "3.7.11"});
    CHECK("postfix/master", "reload -- version 3.7.11, configuration /etc/postfix", SHAPE_NONE,
          {LINE_POSTFIX_VERSION, "3.7.11"});
}

static void test_other_programs(void **state)
{
    (void)state;
    static const char *const tags[] = {"policy", "postfix/smtpd"};
    for (size_t i = 0; i < 2; i++) {
        CHECK(tags[i],
              "action=greylist, reason=new, client_name=x, client_address=192.0.2.7/32, "
              "sender=a@shop.example, recipient=b@far.example",
              SHAPE_NONE, {LINE_FROM, "a@shop.example"}, {LINE_TO, "b@far.example"},
              {LINE_CLIENT_IP, "192.0.2.7"});
        CHECK(tags[i],
              "Pass; identity=mailfrom; client-ip=192.0.2.7; helo=out; envelope-from=<a@b>; "
              "receiver=<UNKNOWN> 128",
              SHAPE_NONE, {LINE_FROM, "a@b"}, {LINE_CLIENT_IP, "192.0.2.7"});
        CHECK(tags[i], "spamd: result: . -1 - A,B scantime=1.0,mid=<1@shop.example>,autolearn=no",
              SHAPE_NONE, {LINE_MESSAGE_ID, "1@shop.example"});
        CHECK(tags[i], "spamd: connection from out [192.0.2.7]:53 to port 783, fd 5", SHAPE_NONE,
              {LINE_CLIENT_HOST, "out"}, {LINE_CLIENT_IP, "192.0.2.7"});
        CHECK(tags[i], "spamd: processing message <1@shop.example> for joe:1", SHAPE_NONE,
              {LINE_MESSAGE_ID, "1@shop.example"});
        CHECK(tags[i], "auth: passwd-file(joe,192.0.2.7,<x>): unknown user", SHAPE_NONE,
              {LINE_CLIENT_IP, "192.0.2.7"});
    }
    CHECK("postfix/policy", "27255A7E941: action=pass, sender=a@b, recipient=c@d", SHAPE_NONE,
          {LINE_QUEUE_ID, "27255A7E941"}, {LINE_FROM, "a@b"}, {LINE_TO, "c@d"});
    CHECK("kernel", "IN=eth0 OUT= SRC=192.0.2.7", SHAPE_NONE, {LINE_CLIENT_IP, NULL},
          {LINE_FROM, NULL});
}

static void test_old_and_rare_forms(void **state)
{
    (void)state;
    CHECK("postfix/smtpd", "27255A7E941: client=unknown[192.0.2.7]:unknown", SHAPE_CLIENT,
          {LINE_CLIENT_IP, "192.0.2.7"}, {LINE_CLIENT_PORT, NULL});
    CHECK("postfix/smtpd",
          "27255A7E941: client=a[192.0.2.7], sasl_method=LOGIN, sasl_username=joe, "
          "sasl_method=PLAIN, sasl_sender=b",
          SHAPE_CLIENT, {LINE_SASL_METHOD, "LOGIN"}, {LINE_SASL_SENDER, "b"});
    CHECK("postfix/smtp", "connect to mx[192.0.2.7]: Connection refused (port 25)", SHAPE_NONE,
          {LINE_LOSTCONN, "Connection refused"}, {LINE_RELAY_PORT, "25"});
    CHECK("postfix/smtp", "connect to mx[192.0.2.7]:26: refused (port x)", SHAPE_NONE,
          {LINE_LOSTCONN, "refused (port x)"}, {LINE_RELAY_PORT, "26"});
    CHECK("postfix/smtp", "TLS connection established to mx: TLSv1 with cipher AES (256/256 bits)",
          SHAPE_NONE, {LINE_TLS_VERSION, "TLSv1"}, {LINE_TLS_CIPHER, "AES"},
          {LINE_TLS_TRUST, NULL});
    CHECK("postfix/smtp",
          "27255A7E941: Trusted TLS connection established to mx[192.0.2.7]:25: TLSv1.3 with "
          "cipher AES (256/256 bits)",
          SHAPE_NONE, {LINE_QUEUE_ID, "27255A7E941"}, {LINE_TLS_TRUST, "Trusted"},
          {LINE_RELAY_IP, "192.0.2.7"});
    CHECK("postfix/smtpd", "TLS SNI mx from a[192.0.2.7] not matched, using default chain",
          SHAPE_NONE, {LINE_CLIENT_IP, "192.0.2.7"});
    CHECK("postfix/local",
          "27255A7E941: to=<a@b>, relay=local, delay=1, delays=1/0/0/0, dsn=5.1.1, "
          "status=undeliverable-but-not-cached (unknown user: \"a\")",
          SHAPE_PROBE, {LINE_STATUS, "undeliverable-but-not-cached"}, {LINE_TO, "a@b"});
    CHECK("postfix/smtpd", "reject_warning: RCPT from a[192.0.2.7]: 554 no; from=<c@d> to=<e@f>",
          SHAPE_NONE, {LINE_ACTION, "reject_warning"}, {LINE_REJECT_REASON, "no"},
          {LINE_TO, "e@f"});
    CHECK("postfix/cleanup",
          "27255A7E941: reject: content Received: x from a[192.0.2.7]; from=<c@d> to=<e@f> "
          "proto=ESMTP helo=<g>: 5.7.1 no",
          SHAPE_REFUSAL, {LINE_FROM, "c@d"}, {LINE_REJECT_DSN, "5.7.1"}, {LINE_HELO, "g"});
}

#define REFUSED "NOQUEUE: milter-reject: RCPT from a[192.0.2.7]: 550 5.7.1 "
#define REFUSED_TAIL "; from=<c@d> to=<e@f> proto=ESMTP helo=<g>"

/* Whoever writes the reason may imitate what follows it. */
static void test_a_reason_that_imitates_the_tail(void **state)
{
    (void)state;
    static const char *const reasons[] = {
        "no; from=<x> to=<y>",
        "no; from=<x> is listed",
        "no; from=<x> to=<y> proto=SMTP helo=<z> or so",
        "no; from=<\"x> to=<y>",
        "no; to=<y> proto=SMTP; proto=SMTP; from=<",
        "no; from=<x>; from=<x>; from=<x> to=<y>",
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        char body[300];
        snprintf(body, sizeof body, REFUSED "%s" REFUSED_TAIL, reasons[i]);
        CHECK("postfix/smtpd", body, SHAPE_REFUSAL, {LINE_REJECT_REASON, reasons[i]},
              {LINE_FROM, "c@d"}, {LINE_TO, "e@f"}, {LINE_HELO, "g"});
    }
    CHECK("postfix/smtpd",
          REFUSED "no; from=<\"; from=<x> to=<y> proto=SMTP helo=<z>\"@d> to=<e@f> proto=ESMTP "
                  "helo=<g>",
          SHAPE_REFUSAL, {LINE_REJECT_REASON, "no"}, {LINE_TO, "e@f"}, {LINE_HELO, "g"},
          {LINE_FROM, "\"; from=<x> to=<y> proto=SMTP helo=<z>\"@d"});
    CHECK("postfix/smtpd", REFUSED "no; from=<c@d> to=<e@f> proto=ESMTP helo=<g>x> 257",
          SHAPE_REFUSAL, {LINE_REJECT_REASON, "no"}, {LINE_FROM, "c@d"}, {LINE_HELO, "g>x"});
}

/* Two programs that write to one file without a lock. */
static void test_two_halves_make_no_line(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "27255A7E941: to=<a@b" HEADER "postfix/smtp[8]: 27255A7E942: to=<c@d>, relay=local, "
        "delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (ok)",
        "27255A7E941: to=<a@b>, relay=mx[192.0" HEADER "postfix/smtp[8]: 27255A7E942: to=<c@d>, "
        "relay=local, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (ok)",
        "27255A7E941: to=<a@b>, orig_to=<c" HEADER "postfix/smtp[8]: 27255A7E942: to=<c@d>, "
        "relay=local, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (ok)",
        "27255A7E941: from=<a@b" HEADER "postfix/qmgr[8]: 27255A7E942: from=<c@d>, size=1, "
        "nrcpt=1 (queue active)",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (read_text("postfix/smtp", bodies[i])->understood != LINE_BROKEN)
            fail_msg("%s", bodies[i]);
    CHECK("postfix/qmgr", "27255A7E941: from=<\"a]: b\"@c>, size=1, nrcpt=1 (queue active)",
          SHAPE_ACTIVE, {LINE_FROM, "\"a]: b\"@c"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_halves_make_no_line),
        cmocka_unit_test(test_old_and_rare_forms),
        cmocka_unit_test(test_a_reason_that_imitates_the_tail),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_a_delivery),
        cmocka_unit_test(test_relays),
        cmocka_unit_test(test_lines_of_a_mail),
        cmocka_unit_test(test_one_servers_no),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_headers_that_a_rule_met),
        cmocka_unit_test(test_smtpd_connections),
        cmocka_unit_test(test_tls_and_servers),
        cmocka_unit_test(test_postscreen),
        cmocka_unit_test(test_counts_and_versions),
        cmocka_unit_test(test_other_programs),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    one_close();
    return failed;
}
