/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: who owns a name. The list of public suffixes is libpsl's, as the distribution has it;
 * its names stay in base/domain.c. Any thread.
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
/* Do both have one, and the same? */
bool domain_same_organisation(struct slice a, struct slice b);

#endif
