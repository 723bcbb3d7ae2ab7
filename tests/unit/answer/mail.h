/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail: mails for tests, as plain as can be, and how they get into the store: records, terms and
 * states by the verbs of the store, the way the shipper does it.
 */
#ifndef WAYBILL_TEST_MAIL_H
#define WAYBILL_TEST_MAIL_H

#include "waybill/store.h"

#define MAIL_RECIPIENTS 4

struct mail_recipient {
    const char *address, *original; /* NULL: none */
    enum recipient_state state; /* accepted, delayed, delivered, failed, expired, rejected, held */
    const char *status, *reply, *relay;
};

struct mail {
    uint64_t id;
    const char *from, *message_id, *queue_id, *client, *ip, *login, *subject, *host;
    struct mail_recipient recipients[MAIL_RECIPIENTS];
    size_t recipient_count;
    bool abandoned;
};

/* Fill `record` with the facts of the mail. */
void mail_record(const struct mail *mail, struct record *record);
/* The record, its terms and its states, without a flush. */
void mail_put(struct store *store, const struct mail *mail);
bool mail_refused(const struct mail *mail);
/* What stands at `from` leads to `to`. */
void mail_put_see(struct store *store, uint64_t from, uint64_t to);
/* The terms of `mail` posted under another id: what a hash collision looks like. */
void mail_post_terms(struct store *store, const struct mail *mail, uint64_t id);
void mail_flush(struct store *store); /* fails the test */
uint64_t mail_id(int64_t time, unsigned number);

#endif
