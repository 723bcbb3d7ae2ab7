/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serving: which process serves an address of the MTA's, by locks on the file `serving` in the
 * state directory.
 *
 * The kernel says who holds a lock (F_GETLK) and lets go of it when that process dies; so there is
 * no number in a file that could be out of date. One byte stands for each address (two daemons may
 * share a state directory), and one for whoever takes over. One thread at a time.
 */
#ifndef WAYBILLD_SERVING_H
#define WAYBILLD_SERVING_H

#include <stdbool.h>
#include <sys/types.h>

#include "waybill/error.h"
#include "waybill/settings.h"

struct serving {
    int file;
    off_t place; /* of our address */
    bool held;   /* we serve it */
};

/* The locks are this process's alone: no child inherits them, and the file is opened once. */
int serving_open(struct serving *serving, const struct settings *settings, struct error *why);
/* True: nobody else serves the address; we do from now on, and take over no more. */
bool serving_take(struct serving *serving);
void serving_give(struct serving *serving);
/* The process that serves the address. 0: none. */
pid_t serving_holder(const struct serving *serving);
/* A process that serves another address with this state directory. 0: none. */
pid_t serving_elsewhere(const struct serving *serving);
/* Send the holder a signal; whom the kernel named a moment before is no stranger. Returns it, or 0:
 * there is none, or it may not be sent one. */
pid_t serving_signal(const struct serving *serving, int signal);
/* True: no other process is taking over. */
bool serving_begin(struct serving *serving);

#endif
