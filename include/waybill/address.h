/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address: mail addresses as they stand in an envelope (RFC 5321, 6531).
 * Nothing is judged: what the MTA took is an address. Any thread; no allocation.
 */
#ifndef WAYBILL_ADDRESS_H
#define WAYBILL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "waybill/text.h"

#define ADDRESS_MAX 512 /* RFC 5321 allows 254; longer ones are cut when normalised */

/* Without blanks and without one pair of angle brackets; "<>" gives an empty slice. A source
 * route ("@a,@b:") goes too. */
struct slice address_bare(struct slice address);
/* What follows the last '@' outside quotes; absent if there is none. */
struct slice address_domain(struct slice address);
/* The form in which addresses are compared and indexed: bare, ASCII letters in lower case
 * (local part too: no site tells Bob from bob), no final dot. Returns the length; always
 * terminated. */
size_t address_normal(struct slice address, char to[static ADDRESS_MAX]);
bool address_same(struct slice a, struct slice b);

#endif
