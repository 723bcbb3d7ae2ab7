/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One mail: mints its waybill at MAIL, builds its facts, gives them to the journal.
 *
 *     MAIL --> mail;  RCPT --> rcpt | refused;  EOH --> header;  EOM --> queued, and before it
 *                                                    what the mail says if it is a report
 *     anything that ends it before EOM --> abandoned
 *
 * Promise: after message_end and message_abandon nothing of the mail is left.
 */
#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "esmtp.h"
#include "session.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/id.h"

/* A chunk below this size is the last: the MTA fills each before it sends it (mfdef.h:
 * MILTER_CHUNK_SIZE). */
#define FULL_CHUNK 65535

void message_clear(struct message *message)
{
    headers_clear(&message->headers);
    incoming_clear(&message->incoming);
    stamp_clear(&message->stamp);
    *message = (struct message){.waybill = 0};
}

static struct slice present(const char *text)
{
    return text[0] == '\0' ? SLICE_ABSENT : slice_of(text);
}

/* Postfix tells the queue id from the second recipient on; it does not change within a mail, and
 * at ABORT the macro is gone. */
static void learn_queue_id(struct message *message, const char *queue_id)
{
    struct slice id = present(queue_id);

    if (message->queue_id[0] == '\0' && !slice_copy(id, message->queue_id, QUEUE_ID_ROOM))
        message->queue_id[0] = '\0';
}

static void start(const struct message *message, enum fact_kind kind, int64_t now,
                  struct fact *fact)
{
    fact_init(fact, WITNESS_MILTER, kind, now);
    fact->waybill = message->waybill;
}

/* A queue id says nothing without its host. */
static uint64_t tell(struct session *session, struct fact *fact)
{
    struct message *message = &session->message;

    fact->id = fact_id_milter(message->waybill, message->facts++);
    if (message->queue_id[0] != '\0') {
        fact_set(fact, KEY_QUEUE, slice_of(message->queue_id));
        fact_set(fact, KEY_HOST, slice_of(session->rules->settings->host));
    }
    return witness_tell(fact);
}

static void tell_mail(struct session *session, char **words, const struct mail_macros *macros,
                      int64_t now)
{
    struct fact fact;
    struct buffer rest;
    char tls[256];
    struct slice from = address_bare(slice_of(words[0]));

    start(&session->message, FACT_MAIL, now, &fact);
    session_fill(session, &fact);
    fact_set(&fact, KEY_HOST, slice_of(session->rules->settings->host));
    fact_set(&fact, KEY_FROM, from.size == 0 ? slice_of("") : from);
    fact_set(&fact, KEY_LOGIN, present(macros->login));
    fact_set(&fact, KEY_AUTH, present(macros->mechanism));
    if (present(macros->tls_version).at != NULL) {
        snprintf(tls, sizeof tls, "%s:%s:%s", macros->tls_version, macros->cipher,
                 macros->cipher_bits);
        fact_set(&fact, KEY_TLS, slice_of(tls));
    }
    buffer_init(&rest, FACT_VALUE_MAX);
    esmtp_read_mail(words + 1, &fact, &rest);
    tell(session, &fact);
    buffer_free(&rest);
}

void message_mail(struct session *session, char **words, const struct mail_macros *macros)
{
    struct message *message = &session->message;
    int64_t now = clock_now();

    message_abandon(session);
    headers_init(&message->headers);
    message->waybill = witness_mint(now);
    message->phase = PHASE_MAIL;
    message->null_sender = address_bare(slice_of(words[0])).size == 0;
    message->bracketed = words[0][0] == '<';
    learn_queue_id(message, macros->queue_id);
    witness_count(COUNT_MESSAGES, 1);
    stamp_prepare(session, words);
    tell_mail(session, words, macros, now);
}

/* "5.1.1" and nothing else: an MTA that knows no better puts other words there. */
static bool is_status(struct slice text)
{
    uint64_t class, subject, detail;

    return text_take_number(&text, &class) && (class == 2 || class == 4 || class == 5) &&
           text_take_char(&text, '.') && text_take_number(&text, &subject) && subject < 1000 &&
           text_take_char(&text, '.') && text_take_number(&text, &detail) && detail < 1000 &&
           text.size == 0;
}

/* Only with SMFIP_RCPT_REJ. The members of a virtual alias domain are served by "error" as well;
 * but then the address stands where a refusal has its words. */
static bool is_refused(const struct rcpt_macros *macros, struct slice to)
{
    return slice_is(slice_of(macros->mailer), "error") &&
           (is_status(present(macros->host)) || !address_same(present(macros->address), to));
}

static void refuse(const struct rcpt_macros *macros, struct fact *fact)
{
    fact_set(fact, KEY_PHASE, slice_of("rcpt"));
    if (is_status(present(macros->host)))
        fact_set(fact, KEY_STATUS, slice_of(macros->host));
    fact_set(fact, KEY_REPLY, present(macros->address));
}

void message_rcpt(struct session *session, char **words, const struct rcpt_macros *macros)
{
    struct message *message = &session->message;
    struct slice to = address_bare(slice_of(words[0]));
    bool refused = is_refused(macros, to);
    struct fact fact;
    struct buffer rest;

    if (message->waybill == 0)
        return;
    message->phase = PHASE_RCPT;
    learn_queue_id(message, macros->queue_id);
    start(message, refused ? FACT_REFUSED : FACT_RCPT, clock_now(), &fact);
    fact_set(&fact, KEY_TO, to);
    if (refused)
        refuse(macros, &fact);
    buffer_init(&rest, FACT_VALUE_MAX);
    esmtp_read_rcpt(words + 1, &fact, &rest);
    tell(session, &fact);
    buffer_free(&rest);
    witness_count(refused ? COUNT_REFUSED : COUNT_RECIPIENTS, 1);
}

void message_data(struct session *session, const char *queue_id)
{
    struct message *message = &session->message;

    if (message->waybill == 0)
        return;
    message->phase = PHASE_DATA;
    learn_queue_id(message, queue_id);
}

void message_header(struct session *session, const char *name, const char *value)
{
    struct message *message = &session->message;

    if (message->waybill == 0)
        return;
    message->phase = PHASE_HEADER;
    headers_take(&message->headers, name, value, session->rules->subject);
    incoming_header(session, name, value);
}

void message_end_of_header(struct session *session, const char *queue_id)
{
    struct message *message = &session->message;
    struct fact fact;
    char hash[SUBJECT_HASH_SIZE];

    if (message->waybill == 0 || message->headers_told)
        return;
    message->phase = PHASE_HEADER;
    message->headers_told = true;
    incoming_end_of_header(session);
    learn_queue_id(message, queue_id);
    start(message, FACT_HEADER, clock_now(), &fact);
    if (headers_fill(&message->headers, session->rules, &fact, hash))
        tell(session, &fact);
}

bool message_body(struct session *session, const unsigned char *bytes, size_t size)
{
    struct message *message = &session->message;

    if (message->waybill == 0)
        return false;
    message_end_of_header(session, ""); /* an MTA may leave out EOH */
    message->phase = PHASE_BODY;
    message->body_bytes += size;
    message->chunks++;
    return incoming_body(session, bytes, size) || (message->chunks == 1 && size < FULL_CHUNK);
}

void message_skip(struct session *session)
{
    session->message.skipped = true;
}

/* Only what was counted: by the MTA, or by us if we saw all. */
static struct slice counted_size(const struct message *message, const char *told,
                                 char text[static 24])
{
    const uint64_t blank_line = 2;
    uint64_t size;

    if (text_number(slice_of(told), 0, INT64_MAX, &size))
        return slice_of(told);
    if (message->skipped)
        return SLICE_ABSENT;
    snprintf(text, 24, "%" PRIu64, message->headers.bytes + blank_line + message->body_bytes);
    return slice_of(text);
}

void message_end(struct session *session, const char *queue_id, const char *size)
{
    struct message *message = &session->message;
    struct fact fact;
    char text[24];
    uint64_t ticket;

    if (message->waybill == 0)
        return;
    message_end_of_header(session, queue_id);
    learn_queue_id(message, queue_id);
    incoming_tell(session); /* first, so that the ticket of `queued` covers it */
    start(message, FACT_QUEUED, clock_now(), &fact);
    fact_set(&fact, KEY_SIZE, counted_size(message, size, text));
    fact_set(&fact, KEY_ENVID, present(message->stamp.token));
    ticket = tell(session, &fact);
    message_clear(message);
    witness_count(COUNT_QUEUED, 1);
    if (!witness_safe(ticket, session->rules->settings->eom_wait_ms))
        witness_count(COUNT_EOM_LATE, 1);
}

void message_abandon(struct session *session)
{
    static const char *const words[] = {"mail", "rcpt", "data", "header", "body"};
    struct message *message = &session->message;
    struct fact fact;

    if (message->waybill == 0)
        return;
    start(message, FACT_ABANDONED, clock_now(), &fact);
    fact_set(&fact, KEY_PHASE, slice_of(words[message->phase]));
    tell(session, &fact);
    message_clear(message);
    witness_count(COUNT_ABANDONED, 1);
}
