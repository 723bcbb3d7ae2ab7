/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * node: the number of this machine among all that write into one store.
 *
 *     set in the file --> claimed, or start is refused if another machine has it
 *     -1              --> the one that STATE/node remembers, else a free one, claimed
 *     store is away   --> the wanted or remembered number, else one by chance of the machine's
 *                         id; claimed as soon as the store is there
 */
#ifndef WAYBILL_NODE_H
#define WAYBILL_NODE_H

#include <stdbool.h>

#include "waybill/error.h"
#include "waybill/log.h"
#include "waybill/settings.h"

struct node {
    unsigned number;
    bool claimed;
    struct log_trouble trouble; /* of claiming later */
};

/* -1: another machine has the number that the file sets, or the store's address or password file
 * cannot be read. May take redis_timeout_ms. */
int node_choose(struct node *node, const struct settings *settings, struct error *why);
/* Try again to claim the number, if it is not yet. One thread. */
void node_claim(struct node *node, const struct settings *settings);

#endif
