/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect: may a mail be a report, by its header alone? Too often yes costs some reading; a no is
 * final.
 */
#ifndef REPORT_EXPECT_H
#define REPORT_EXPECT_H

#include "page.h"

bool expect_report(const struct page *page);
/* May it be from a mail server's own sender: MAILER-DAEMON, postmaster and their like? */
bool expect_daemon(struct slice from);
/* Is it? Names in front of an address are written by anybody: only the local part counts. */
bool expect_role(struct slice from);

#endif
