/* SPDX-License-Identifier: BSD-2-Clause */
/* trust: whom each fact speaks of if it is a report's, and whether it may be believed. */
#ifndef WAYBILL_FACT_TRUST_H
#define WAYBILL_FACT_TRUST_H

#include "finder.h"

/* Fills subject and trust of the facts of reports, and makes the recipients that only our own
 * reports know. The facts of the other witnesses must have been weighed. -1: no memory. */
int trust_find(struct finder *finder, struct error *why);

/* A report's fact of an outcome that may be believed, and a recipient that it is about. */
bool trust_weighs(const struct waybill *waybill, size_t fact);
/* The same outcome? A report of what was given up for its age may only say that it failed. */
bool outcome_same(enum recipient_state a, enum recipient_state b);

#endif
