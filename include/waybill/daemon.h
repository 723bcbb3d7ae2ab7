/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: what every program of ours that stays does at its start and end.
 * Start-up only, one thread, unless said otherwise.
 */
#ifndef WAYBILL_DAEMON_H
#define WAYBILL_DAEMON_H

#include <stdbool.h>

#include "waybill/error.h"

/* sysexits(3) words that the units and manuals speak of. */
enum { EXIT_USAGE = 64, EXIT_CONFIG = 78, EXIT_TEMPORARY = 75, EXIT_OS = 71 };

/* Open /dev/null on any of fds 0-2 that is closed, so that no socket ever becomes stderr. */
int daemon_keep_standard_fds(struct error *why);
/* If root, become `user` for good (groups, gid, uid, verified). -1 if root and `user` is NULL,
 * empty, unknown or root itself. Not root: nothing to do, 0. */
int daemon_drop_root(const char *user, struct error *why);
/* Block the signals that a control thread will wait for, and ignore SIGPIPE and SIGXFSZ. Call
 * before any thread starts. */
void daemon_block_signals(void);
/* Tell the service manager (READY=1, MAINPID=..., RELOADING=1, STOPPING=1, STATUS=..., WATCHDOG=1).
 * Does nothing where there is none. Any thread. */
void daemon_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* From now on daemon_notify says nothing: another process speaks for the service. Any thread. */
void daemon_silence(void);

#endif
