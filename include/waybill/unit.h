/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit: which units of systemd are a mail server.
 */
#ifndef WAYBILL_UNIT_H
#define WAYBILL_UNIT_H

#include <stdbool.h>

#include "waybill/text.h"

/* postfix.service, postfix@INSTANCE.service, sendmail.service, sm-client.service and their like. */
bool unit_is_mta(struct slice unit);

#endif
