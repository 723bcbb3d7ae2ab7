/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit: which units of systemd are a mail server.
 */
#ifndef MAILLOG_UNIT_H
#define MAILLOG_UNIT_H

#include <stdbool.h>

#include "waybill/text.h"

/* postfix.service, postfix@INSTANCE.service, sendmail.service, sm-client.service and their like. */
bool unit_is_mta(struct slice unit);

#endif
