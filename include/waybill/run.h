/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: start a program of the mail server and read what it says. The one place of Waybill that
 * starts programs; only the command line does.
 */
#ifndef WAYBILL_RUN_H
#define WAYBILL_RUN_H

#include "waybill/buffer.h"
#include "waybill/error.h"

#define RUN_SECONDS 20
#define RUN_OUTPUT_MAX ((size_t)4 << 20)

/* Run `words`, NULL at their end, without a shell. The first is a name without a path, looked for
 * in the directories of the system, whatever PATH says, and with an environment of its own.
 * Standard output is added to `out` (NULL: not wanted). -1: it is not there, says more than `out`
 * takes, took longer than RUN_SECONDS (it is killed), or failed; `why` has the command as typed
 * and its last words. */
int run_program(const char *const words[], struct buffer *out, struct error *why);
/* The same; what it says on standard error is added to `err`, as far as that takes it. */
int run_program_heard(const char *const words[], struct buffer *out, struct buffer *err,
                      struct error *why);
/* Is there a program of this name? */
bool run_is_there(const char *name);

#endif
