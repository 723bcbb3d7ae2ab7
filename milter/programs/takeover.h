/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * takeover: a new daemon in the place of one that runs, without a moment in which the MTA finds
 * none (waybilld --take-over).
 *
 *     caller        forks, waits for one word of the new daemon, ends as it says
 *     new daemon    starts up beside the old one, puts its socket over the old one's,
 *                   sends it SIGUSR2, waits until it lets go, tells the service manager, says so
 *     old daemon    serves the sessions that it has, then ends (drain.c)
 *
 * Whatever fails before the sockets change leaves the old daemon as it was.
 */
#ifndef WAYBILLD_TAKEOVER_H
#define WAYBILLD_TAKEOVER_H

#include <stdbool.h>

#include "waybill/error.h"

struct service;

/* Where the new daemon was started. */
struct starter {
    int word;      /* a pipe to the caller, who waits; -1: nobody does */
    bool detached; /* stderr was not ours to keep: what we say goes to syslog */
};

/* Start a process that is the new daemon, free of the caller's session and terminal; `*file` is
 * made absolute. Before any thread. There: -1, and `starter` says how to go on. In the caller: the
 * exit status, when the new daemon has said it. */
int takeover_fork(struct starter *starter, const char **file);
/* Tell the caller how it came out; the first word counts. Nothing if nobody waits. */
void takeover_tell(struct starter *starter, int status, const char *text);

/* Who serves our address, and may we? True: go on. False: end with *status, and `why` says why. */
bool takeover_claim(struct service *service, int *status, struct error *why);
/* The socket is ours: have the old daemon let go, and tell all who wait that we serve. */
void takeover_finish(struct service *service);

#endif
