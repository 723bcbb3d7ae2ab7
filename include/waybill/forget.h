/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: take a person out of what is known of a mail. The mail still stands there, for the other
 * recipients: facts keep their ids and times, so a fact that comes again is the blanked one.
 *
 * Who is to be forgotten is asked address by address, since a daemon knows only keyed hashes.
 * Found are the address itself in any case, in brackets, with the domain in Unicode or ASCII,
 * behind %HH, +HH (xtext) and =HH, and inside other addresses (bounces+bob=example.org@, SRS,
 * bob%example.org@). Not found: bob+tag@, which is an address of its own, and a name without an
 * address. Any thread; linear in the text.
 */
#ifndef WAYBILL_FORGET_H
#define WAYBILL_FORGET_H

#include "waybill/address.h"
#include "waybill/record.h"

/* Stands where an address stood. */
#define FORGOTTEN "forgotten"

/* The form in which addresses are told apart here: address_normal, the domain in ASCII (IDNA), a
 * local part without quotes that it does not need. Returns the length, 0: no address. */
size_t forget_canonical(struct slice address, char to[static ADDRESS_MAX]);

struct forgetting {
    bool (*is)(void *context, struct slice canonical);
    /* A value went; `fact` is as it was. May be NULL. */
    void (*gone)(void *context, const struct fact *fact, enum fact_key key);
    void *context;
};

/* Does the text name one of them? Where it holds more addresses than can be asked about: yes.
 * `exact`: it is one address, of which jim-bob@example.org is another one than bob@example.org. */
bool forget_names(const struct forgetting *forgetting, struct slice text, bool exact);

/* Is there something in the record that record_forget would take out? -1: no memory. */
int record_names(const struct record *record, const struct forgetting *forgetting);
/* Has something been taken out of it before? */
bool record_was_forgotten(const struct record *record);
/* Addresses in the envelope give way to FORGOTTEN; the words in which one stands go; of a
 * forgotten sender the client and the login; of any the subject. The number of values that went,
 * or -1: no memory, the record may be half done and is to be done again. */
int record_forget(struct record *record, const struct forgetting *forgetting);

#endif
