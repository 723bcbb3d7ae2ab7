/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: take a person out of what is known of a mail. The mail still stands there, for the other
 * recipients: facts keep their ids and times, so a fact that comes again is the blanked one.
 *
 * Who is to be forgotten is asked address by address, since a daemon knows only keyed hashes.
 * Found are the address itself in any case, in brackets, with the domain in Unicode or ASCII,
 * behind %HH, +HH (xtext) and =HH, with a +tag (bob+shop@), and inside other addresses
 * (bounces+bob=example.org@, SRS, bob%example.org@). A recipient, sender or login without a domain
 * is asked about as one of the host that took the mail and of the domains above it. Not found: a
 * tag behind another byte (bob-shop@), and a name without an address. Any thread; linear in the
 * text.
 */
#ifndef WAYBILL_FORGET_H
#define WAYBILL_FORGET_H

#include "waybill/address.h"
#include "waybill/record.h"

/* Stands where an address stood; of a recipient with "-" and four hexadecimal digits, so that two
 * of them in one mail stay two. The digits follow from key, mail and address: nobody can tell by
 * them that two mails went to one person. */
#define FORGOTTEN "forgotten"
#define FORGOTTEN_SIZE 15
#define FORGET_KEY_SIZE 32

/* Has somebody's address been here? */
bool address_was_forgotten(struct slice address);

/* The form in which addresses are told apart here: address_normal, the domain in ASCII (IDNA), a
 * local part without quotes that it does not need. Returns the length, 0: no address. */
size_t forget_canonical(struct slice address, char to[static ADDRESS_MAX]);

struct forgetting {
    bool (*is)(void *context, struct slice canonical);
    /* A value went; `fact` is as it was. May be NULL. */
    void (*gone)(void *context, const struct fact *fact, enum fact_key key);
    void *context;
    const unsigned char *key; /* FORGET_KEY_SIZE, of the digits; NULL: only to be found */
};

/* Does the text name one of them? Where it holds more addresses than can be asked about: yes. */
bool forget_names(const struct forgetting *forgetting, struct slice text);
/* The same of one address, of which jim-bob@example.org is another one than bob@example.org. One
 * without a domain is one of `host` (absent: not known). */
bool forget_names_address(const struct forgetting *forgetting, struct slice address,
                          struct slice host);

/* Whom all that is known of a mail names: what goes depends on all of it, and of the fields of two
 * nodes one may name the sender and the other his client. All zero: nothing is known yet. */
struct forget_named {
    bool any;    /* an address of theirs stands there */
    bool before; /* stood there */
    bool sender; /* one of them handed the mail in */
    bool mail;   /* one of them is the sender or a recipient */
    char host[256]; /* that took the mail; "": not known */
};
/* Add what this part of the mail's record says. -1: no memory. */
int record_named(const struct record *record, const struct forgetting *forgetting,
                 struct forget_named *named);
/* Is there something of one of them? -1: no memory. */
int record_names(const struct record *record, const struct forgetting *forgetting);
/* Has something been taken out of it before? */
bool record_was_forgotten(const struct record *record);
/* Addresses in the envelope give way to FORGOTTEN; the words in which one stands go; of a
 * forgotten sender the client and the login; of any the subject. `named`: of the whole mail. The
 * number of values that went, or -1: no memory, the record may be half done and is to be done
 * again. */
int record_forget(struct record *record, const struct forgetting *forgetting,
                  const struct forget_named *named);

#endif
