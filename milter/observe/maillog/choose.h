/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose: where Postfix's log is, for `log_source = auto`.
 */
#ifndef MAILLOG_CHOOSE_H
#define MAILLOG_CHOOSE_H

#include <stdint.h>

/* The log file (constant text), or "journal". One only: the same lines from two sources would be
 * two facts of one attempt. `root` stands before every path; "" but for tests. */
const char *choose_source(const char *root, int64_t now);

#endif
