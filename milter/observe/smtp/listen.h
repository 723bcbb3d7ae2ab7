/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the socket that the MTA connects to. One per process; one thread at a time.
 *
 * A unix socket is bound under a name of our own, PATH.PID, and then gets its public name PATH
 * instead. So another process can put its own socket there in one step, and nobody who connects
 * meets none; what is in our queue by then stays ours, and our socket is found as PATH.PID. with
 * the number of that process.
 */
#ifndef OBSERVE_SMTP_LISTEN_H
#define OBSERVE_SMTP_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "waybill/error.h"

/* Remove a unix socket that a dead process left behind. -1: somebody serves it, or it is no
 * socket, or cannot be removed. */
int listen_clear(const char *path, struct error *why);
/* Bind and listen; smfi_register must have been called. `take_over`: a unix socket that another
 * process serves is replaced, else it is an error. Sockets PATH.PID and PATH.PID. that nobody
 * serves any more are removed; so only one process may be opening PATH at a time. */
int listen_open(const char *name, mode_t mode, bool take_over, struct error *why);
/* Does the public name lead to nobody? Then give it to our socket again: whoever took it did not
 * live to serve it. 1: done; 0: no need, or no unix socket; -1: it failed, or somebody removed the
 * name of our socket, which then cannot have one again. */
int listen_mend(struct error *why);
/* Connections to our unix socket that are open or wait to be accepted, whatever was said on them
 * so far; 0 without a unix socket. -1: it cannot be told. */
int listen_connections(void);
/* Does the public name of our unix socket lead to another process that serves it? */
bool listen_replaced(void);
/* Remove the names that are still ours, and forget the socket; libmilter closes it. */
void listen_close(void);

#endif
