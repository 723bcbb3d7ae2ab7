/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialects: the names of all dialects, for the table in dialects.c.
 */
#ifndef REPORT_DIALECTS_H
#define REPORT_DIALECTS_H

#include "dialect.h"

extern const struct dialect dialect_exim;
extern const struct dialect dialect_qmail;

/* Is there room for all marks of the table? For the test that guards it. */
bool dialects_fit(void);

#endif
