/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the socket that the MTA connects to. Start-up only, one thread.
 */
#ifndef OBSERVE_SMTP_LISTEN_H
#define OBSERVE_SMTP_LISTEN_H

#include <sys/types.h>

#include "waybill/error.h"

/* The path in libmilter's name of a unix socket, or NULL: it is another kind. */
const char *listen_path(const char *name);
/* Remove a unix socket that a dead process left behind. -1: somebody serves it, or it is no
 * socket, or cannot be removed. */
int listen_clear(const char *path, struct error *why);
/* Bind and listen; smfi_register must have been called. */
int listen_open(const char *name, mode_t mode, struct error *why);

#endif
