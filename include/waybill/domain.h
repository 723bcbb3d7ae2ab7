/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: who owns a name, and its one form. The list of public suffixes is libpsl's, as the
 * distribution has it, IDNA is libidn2's; their names stay in base/domain.c. Any thread.
 */
#ifndef WAYBILL_DOMAIN_H
#define WAYBILL_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "waybill/text.h"

#define DOMAIN_ROOM 256

/* The organisational domain, lower case: "mx1.mail.example.co.uk" gives "example.co.uk". Returns
 * its length, or 0: a public suffix itself, an address, or no domain name. */
size_t domain_organisational(struct slice name, char to[static DOMAIN_ROOM]);
/* The name in ASCII, as DNS knows it (IDNA), lower case; where that cannot be, as it is in lower
 * case. Returns its length, or 0: empty, too long, or with bytes that stand in no name. */
size_t domain_ascii(struct slice name, char to[static DOMAIN_ROOM]);
/* Do both have one, and the same? */
bool domain_same_organisation(struct slice a, struct slice b);

#endif
