/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listening: the socket on which a server of ours listens, "unix:/PATH" (mode 0660),
 * "tcp:127.0.0.1:PORT" or "tcp:[::1]:PORT", and its name in the file system. Any thread.
 */
#ifndef WAYBILL_LISTENING_H
#define WAYBILL_LISTENING_H

#include <sys/stat.h>
#include <sys/un.h>

#include "waybill/error.h"

struct listening {
    int fd;
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path]; /* "": it is no unix socket */
    dev_t device; /* of our name there, so that we never remove another's */
    ino_t inode;
};

/* -1: it cannot be had; nothing is left behind. */
int listening_open(struct listening *listening, const char *name, struct error *why);
/* Remove our name, if it still is ours. `fd` is the server's to close. */
void listening_release(struct listening *listening);

#endif
