/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reach: knock as the mail server would: as its user, inside its chroot.
 */
#ifndef WAYBILL_DOCTOR_REACH_H
#define WAYBILL_DOCTOR_REACH_H

#include <stdbool.h>

#include "knock.h"

struct reach_as {
    const char *user;
    const char *directory; /* where relative paths begin: the queue directory */
    bool chroot;           /* and where "/" is, too */
};
struct reach {
    struct knock knock;
    char blocked[256]; /* of a unix socket: the first part of the path that did not let it pass, as
                        * it was named; "": it is not known */
};

/* A child does it, so nothing of this process changes. Root only. -1: it could not be tried. */
int reach_try(const struct reach_as *as, const struct knock_address *address, struct reach *reach,
              struct error *why);

#endif
