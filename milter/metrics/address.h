/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address: the socket on which the server listens, and its name in the file system.
 */
#ifndef METRICS_ADDRESS_H
#define METRICS_ADDRESS_H

#include <sys/stat.h>
#include <sys/un.h>

#include "waybill/error.h"

struct address {
    int fd;
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path]; /* "": it is no unix socket */
    dev_t device; /* of our name there, so that we never remove another's */
    ino_t inode;
};

/* -1: it cannot be had; nothing is left behind. */
int address_open(struct address *address, const char *name, struct error *why);
/* Remove our name, if it still is ours. `fd` is the server's to close. */
void address_release(struct address *address);

#endif
