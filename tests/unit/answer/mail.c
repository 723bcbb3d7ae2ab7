/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail: what the shipper does, in small: facts to a record, its terms and its states. See mail.h.
 */
#include "mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/id.h"

uint64_t mail_id(int64_t time, unsigned number)
{
    uint32_t second, day = clock_day(time, &second);

    return id_make(day, second * UINT64_C(10000000) + number);
}

static void add(struct record *record, struct fact *fact, unsigned number)
{
    struct error why;

    fact->id = fact_id_milter(record->id, number);
    fact->waybill = record->id;
    if (record_add(record, fact, &why) < 0)
        fail_msg("%s", why.text);
}

static void add_envelope(const struct mail *mail, struct record *record, unsigned *number)
{
    struct fact fact;

    fact_init(&fact, WITNESS_MILTER, FACT_MAIL, id_time(mail->id));
    fact_set(&fact, KEY_HOST, slice_of(mail->host != NULL ? mail->host : "mx1.example.org"));
    fact_set(&fact, KEY_INSTANCE, slice_of("postfix"));
    fact_set(&fact, KEY_QUEUE, slice_of(mail->queue_id));
    fact_set(&fact, KEY_FROM, slice_of(mail->from));
    fact_set(&fact, KEY_CLIENT, slice_of(mail->client));
    fact_set(&fact, KEY_IP, slice_of(mail->ip));
    fact_set(&fact, KEY_HELO, slice_of(mail->client));
    fact_set(&fact, KEY_LOGIN, slice_of(mail->login));
    add(record, &fact, (*number)++);
    if (mail->message_id == NULL && mail->subject == NULL)
        return;
    fact_init(&fact, WITNESS_MILTER, FACT_HEADER, id_time(mail->id) + 120);
    fact_set(&fact, KEY_MESSAGE_ID, slice_of(mail->message_id));
    fact_set(&fact, KEY_SUBJECT, slice_of(mail->subject));
    add(record, &fact, (*number)++);
}

static enum fact_kind kind_of(enum recipient_state state)
{
    switch (state) {
    case STATE_DELAYED:
        return FACT_DELAYED;
    case STATE_DELIVERED:
        return FACT_DELIVERED;
    case STATE_FAILED:
        return FACT_FAILED;
    case STATE_EXPIRED:
        return FACT_EXPIRED;
    case STATE_HELD:
        return FACT_HELD;
    default:
        return FACT_UNKNOWN;
    }
}

static void add_outcome(const struct mail *mail, const struct mail_recipient *recipient,
                        struct record *record, unsigned *number)
{
    struct fact fact;

    fact_init(&fact, WITNESS_LOG, kind_of(recipient->state), id_time(mail->id) + 2500);
    fact_set(&fact, KEY_TO, slice_of(recipient->address));
    fact_set(&fact, KEY_ORIGINAL, slice_of(recipient->original));
    fact_set(&fact, KEY_STATUS, slice_of(recipient->status));
    fact_set(&fact, KEY_REPLY, slice_of(recipient->reply));
    fact_set(&fact, KEY_RELAY, slice_of(recipient->relay));
    fact_set(&fact, KEY_VIA, slice_of("smtp"));
    fact_set(&fact, KEY_DELAYS, slice_of("0.4/0.01/1.2/0.9"));
    add(record, &fact, (*number)++);
}

static void add_recipient(const struct mail *mail, const struct mail_recipient *recipient,
                          struct record *record, unsigned *number)
{
    struct fact fact;
    bool refused = recipient->state == STATE_REJECTED;

    fact_init(&fact, WITNESS_MILTER, refused ? FACT_REFUSED : FACT_RCPT, id_time(mail->id) + 50);
    fact_set(&fact, KEY_TO,
             slice_of(recipient->original != NULL ? recipient->original : recipient->address));
    if (refused) {
        fact_set(&fact, KEY_PHASE, slice_of("rcpt"));
        fact_set(&fact, KEY_STATUS, slice_of(recipient->status));
        fact_set(&fact, KEY_REPLY, slice_of(recipient->reply));
    }
    add(record, &fact, (*number)++);
    if (kind_of(recipient->state) != FACT_UNKNOWN)
        add_outcome(mail, recipient, record, number);
}

bool mail_refused(const struct mail *mail)
{
    for (size_t i = 0; i < mail->recipient_count; i++)
        if (mail->recipients[i].state != STATE_REJECTED)
            return false;
    return true;
}

void mail_record(const struct mail *mail, struct record *record)
{
    unsigned number = 0;
    struct fact fact;

    record_init(record, mail->id);
    add_envelope(mail, record, &number);
    for (size_t i = 0; i < mail->recipient_count; i++)
        add_recipient(mail, &mail->recipients[i], record, &number);
    if (mail->abandoned || !mail_refused(mail)) {
        fact_init(&fact, WITNESS_MILTER, mail->abandoned ? FACT_ABANDONED : FACT_QUEUED,
                  id_time(mail->id) + 200);
        fact_set(&fact, mail->abandoned ? KEY_PHASE : KEY_SIZE,
                 slice_of(mail->abandoned ? "rcpt" : "43752"));
        add(record, &fact, number++);
    }
}

static void post(struct store *store, uint64_t id, enum term_kind kind, const char *words,
                 bool refused)
{
    char folded[ADDRESS_MAX * 2];
    size_t size = 0;

    if (words == NULL || *words == '\0')
        return;
    for (; *words != '\0'; words++)
        folded[size++] = *words >= 'A' && *words <= 'Z' ? (char)(*words + 32) : *words;
    store_post_term(store, id, kind, slice_make(folded, size), refused);
}

static void post_address(struct store *store, uint64_t id, enum term_kind kind,
                         enum term_kind domain_kind, const char *address, bool refused)
{
    char normal[ADDRESS_MAX];
    struct slice whole;

    if (address == NULL || *address == '\0')
        return;
    whole = slice_make(normal, address_normal(slice_of(address), normal));
    store_post_term(store, id, kind, whole, refused);
    if (address_domain(whole).size > 0)
        store_post_term(store, id, domain_kind, address_domain(whole), refused);
}

void mail_post_terms(struct store *store, const struct mail *mail, uint64_t id)
{
    bool refused = mail_refused(mail);

    post_address(store, id, TERM_SENDER, TERM_SENDER_DOMAIN, mail->from, refused);
    post(store, id, TERM_MESSAGE_ID, mail->message_id, refused);
    post(store, id, TERM_QUEUE_ID, mail->queue_id, refused);
    post(store, id, TERM_CLIENT_IP, mail->ip, refused);
    post(store, id, TERM_LOGIN, mail->login, refused);
    for (size_t i = 0; i < mail->recipient_count; i++) {
        post_address(store, id, TERM_RECIPIENT, TERM_RECIPIENT_DOMAIN,
                     mail->recipients[i].address, refused);
        post_address(store, id, TERM_RECIPIENT, TERM_RECIPIENT_DOMAIN,
                     mail->recipients[i].original, refused);
    }
}

void mail_put(struct store *store, const struct mail *mail)
{
    struct record record;
    struct waybill waybill;
    struct buffer text;
    struct error why;

    mail_record(mail, &record);
    buffer_init(&text, RECORD_MAX);
    assert_int_equal(record_format(&record, UINT64_MAX, &text), 0);
    store_put_record(store, id_node(mail->id), mail->id, slice_make(text.data, text.size),
                     mail_refused(mail));
    mail_post_terms(store, mail, mail->id);
    assert_int_equal(waybill_read(&waybill, &record, clock_now(), 0, &why), 0);
    for (size_t i = 0; i < waybill.recipient_count; i++) {
        enum recipient_state state = waybill.recipients[i].state;

        store_mark_state(store, mail->id, recipient_hash(waybill.recipients[i].address), state,
                         waybill.recipients[i].since);
        if (state == STATE_FAILED || state == STATE_EXPIRED || state == STATE_REJECTED)
            post(store, mail->id, TERM_OUTCOME, state_word(state), mail_refused(mail));
    }
    waybill_clear(&waybill);
    buffer_free(&text);
    record_clear(&record);
}

void mail_put_see(struct store *store, uint64_t from, uint64_t to)
{
    char text[64];

    snprintf(text, sizeof text, "1 see=%llu\n", (unsigned long long)to);
    store_put_record(store, id_node(from), from, slice_of(text), false);
}

void mail_flush(struct store *store)
{
    struct error why;

    if (store_flush(store, &why) != 0)
        fail_msg("%s", why.text);
}
