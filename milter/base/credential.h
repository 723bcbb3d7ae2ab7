/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credential: files that the service manager hands to a unit (LoadCredential=); private to the
 * settings.
 */
#ifndef WAYBILL_BASE_CREDENTIAL_H
#define WAYBILL_BASE_CREDENTIAL_H

#include <stdbool.h>

#include "waybill/text.h"

/* Is it credential:NAME, with a name that stays within its directory? */
bool credential_named(struct slice value);

/* Where the file of credential:NAME can be read: below $CREDENTIALS_DIRECTORY, else where the unit
 * has bound its credentials, else, for who runs outside of it, below the directory that systemd
 * made for waybill.service. Where it would be, if it is nowhere. free(). NULL: no memory. */
char *credential_path(const char *value);

#endif
