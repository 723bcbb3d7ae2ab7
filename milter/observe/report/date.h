/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: the date of a mail's field (RFC 5322, 3.3 and 4.3), and the forms that programs write
 * in its place.
 */
#ifndef REPORT_DATE_H
#define REPORT_DATE_H

#include "waybill/text.h"

/* Milliseconds since 1970; 0: it is no date of this century. Comments are passed over; a zone that
 * nobody knows counts as UTC. */
int64_t date_read(struct slice value);

#endif
