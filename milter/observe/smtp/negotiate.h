/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * negotiate: what is asked of the MTA when it connects.
 */
#ifndef OBSERVE_SMTP_NEGOTIATE_H
#define OBSERVE_SMTP_NEGOTIATE_H

#include <libmilter/mfapi.h>
#include <stdbool.h>

/* The protocol flags that we want out of those that are offered. */
unsigned long negotiate_protocol(unsigned long offered);
/* The actions that we want out of those that are offered; `stamps`: mails get envelope ids. */
unsigned long negotiate_actions(unsigned long offered, bool stamps);
/* Ask for the macros that the callbacks read. Only where SMFIF_SETSYMLIST is granted. */
void negotiate_macros(SMFICTX *context);

#endif
