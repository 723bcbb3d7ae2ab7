/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hosts: the names of those who ever claimed a node number, kept for a moment: readers ask for each
 * server that a mail was handed to.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"
#include "waybill/host.h"

#define HOSTS_FRESH_MS 5000

static void take_host(void *context, const struct store_node *node)
{
    struct hosts *hosts = context;

    if (node->host[0] != '\0' && hosts->count < ID_NODES)
        memcpy(hosts->names[hosts->count++], node->host, sizeof node->host);
}

static int renew(struct store *store, struct error *why)
{
    struct hosts *hosts = &store->hosts;

    if (hosts->names == NULL)
        hosts->names = malloc(ID_NODES * sizeof *hosts->names);
    if (hosts->names == NULL)
        return store_fail(store, STORE_UNREACHABLE, why, "no memory");
    hosts->count = 0;
    if (store_get_nodes(store, take_host, hosts, why) != 0)
        return -1;
    hosts->until = clock_monotonic() + HOSTS_FRESH_MS;
    return 0;
}

int store_knows_host(struct store *store, struct slice name, struct error *why)
{
    if (store->hosts.until <= clock_monotonic() && renew(store, why) != 0)
        return -1;
    for (size_t i = 0; i < store->hosts.count; i++)
        if (host_same(slice_of(store->hosts.names[i]), name))
            return 1;
    return 0;
}

void hosts_free(struct hosts *hosts)
{
    free(hosts->names);
    *hosts = (struct hosts){.names = NULL};
}
