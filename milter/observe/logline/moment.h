/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moment: dates and times as logs write them; private to this room.
 *
 *     Nov 21 20:55:43[.123]                 RFC 3164; the day padded by a blank, a zero, not at all
 *     2026 Nov 21 20:55:43[.123]            the same, from some templates
 *     2026-11-21T20:55:43[.123456][+01:00]  RFC 3339 and what is near to it
 */
#ifndef LOGLINE_MOMENT_H
#define LOGLINE_MOMENT_H

#include "waybill/text.h"
#include "wallclock.h"

/* Eats it. Hour, minute and second are in range; whether there is such a day the clock knows. */
bool moment_take(struct slice *from, struct moment *moment);

#endif
