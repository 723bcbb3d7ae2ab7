/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shell: a folder of its own for each test, and the commands of a rotation as one would type them.
 */
#ifndef WAYBILL_TESTS_MAILLOG_SHELL_H
#define WAYBILL_TESTS_MAILLOG_SHELL_H

/* The folder; made by shell_open, removed by shell_close. */
extern char shell_folder[64];

void shell_open(void);
void shell_close(void);
/* Run `command` by sh in the folder; it must succeed. */
void shell_run(const char *command);

#endif
