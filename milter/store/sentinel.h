/* SPDX-License-Identifier: BSD-2-Clause */
/* sentinel: who is the master now? */
#ifndef STORE_SENTINEL_H
#define STORE_SENTINEL_H

#include "link.h"

struct sentinel {
    struct server servers[SERVERS_MAX];
    size_t count;
    size_t first;         /* who knew it last time is asked first */
    struct manner manner; /* the sentinels' login */
    const char *master_name;
};

/* Ask the sentinels in turn, and connect `link` to the master that one of them names, if it says
 * that it is one. STORE_FINE, or what the last of them failed with. */
enum store_trouble sentinel_open(struct sentinel *sentinel, struct link *link,
                                 const struct manner *manner, struct error *why);

#endif
