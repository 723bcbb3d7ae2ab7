/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smfi_shim: stands in for libmilter, so that a test may call the callbacks itself, in any order
 * and on any thread. It keeps macros as libmilter does (a stage's macros replace its last ones;
 * CONNECT, HELO, MAIL and RCPT clear those of the stages after them), and counts answers that an
 * MTA must never get from us.
 */
#ifndef TESTS_SUPPORT_SMFI_SHIM_H
#define TESTS_SUPPORT_SMFI_SHIM_H

#include <libmilter/mfapi.h>
#include <stdbool.h>

#define SHIM_ACTIONS 0x1ffUL /* what Postfix 3.7 and Sendmail 8.17 offer */
#define SHIM_PROTOCOL 0x1fffffUL

/* One connection of an MTA. */
SMFICTX *shim_connection(void);
/* Ends without close; fails the test if private data is left. */
void shim_forget(SMFICTX *context);

void shim_macro(SMFICTX *context, int stage, const char *name, const char *value);
/* From now on reading a macro runs into memory that is not ours, as in libmilter after a macro
 * packet with an odd number of words. */
void shim_break_macros(SMFICTX *context);
/* The list that was asked for, or NULL. */
const char *shim_asked(SMFICTX *context, int stage);
unsigned long shim_granted(SMFICTX *context); /* of the protocol */
unsigned long shim_actions(SMFICTX *context);

sfsistat shim_negotiate(SMFICTX *context, unsigned long actions, unsigned long protocol);
sfsistat shim_connect(SMFICTX *context, const char *host, const char *address, unsigned port);
sfsistat shim_helo(SMFICTX *context, const char *name);
/* `words`: address and parameters, blank-separated; a leading blank gives an empty address. */
sfsistat shim_mail(SMFICTX *context, const char *words);
sfsistat shim_rcpt(SMFICTX *context, const char *words);
sfsistat shim_data(SMFICTX *context);
sfsistat shim_header(SMFICTX *context, const char *name, const char *value);
sfsistat shim_eoh(SMFICTX *context);
sfsistat shim_body(SMFICTX *context, size_t size); /* letters */
sfsistat shim_body_bytes(SMFICTX *context, const char *bytes, size_t size);
sfsistat shim_eom(SMFICTX *context);
void shim_abort(SMFICTX *context);
void shim_close(SMFICTX *context);

/* What smfi_chgfrom set last, "SENDER PARAMETERS"; NULL: it was not called. */
const char *shim_changed_sender(SMFICTX *context);
/* From now on smfi_chgfrom fails. */
void shim_break_changes(SMFICTX *context);

/* Answers so far, of all connections, that were neither continue, nor accept, nor skip where it
 * was granted, nor silence where it was agreed. */
unsigned shim_bad_answers(void);

#endif
