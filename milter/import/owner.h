/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner: the journal belongs to the user of waybilld; who writes into it must be that user.
 */
#ifndef IMPORT_OWNER_H
#define IMPORT_OWNER_H

#include "waybill/error.h"
#include "waybill/settings.h"

/* As root: become the owner of the state directory, for good. -1: it is not there, or it is
 * another user's; `why` says what to do. */
int owner_become(const struct settings *settings, struct error *why);

#endif
