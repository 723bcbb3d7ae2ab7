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

/* Where the file of credential:NAME is: below $CREDENTIALS_DIRECTORY, or, for who runs outside of
 * any unit that has some, below the directory of waybill.service. free(). NULL: no memory. */
char *credential_path(const char *value);

#endif
