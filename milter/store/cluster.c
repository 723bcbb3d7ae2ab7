/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster: many masters, each with some of the slots.
 *
 * Only servers that the configuration or a server of the cluster names are connected to; one that
 * lets nobody in is left alone for a second, so that it holds up one run and not each.
 */
#include "cluster.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define AWAY_MS 1000
#define OUT_MAX ((size_t)512 << 20)

/* ---- nodes ---- */

static void node_free(struct node *node)
{
    link_close(&node->link);
    buffer_free(&node->out);
    free(node->asked);
    free(node);
}

uint16_t cluster_node(struct cluster *cluster, const struct server *server)
{
    struct node *new;

    for (size_t i = 0; i < cluster->count; i++)
        if (server_equal(&cluster->nodes[i]->link.server, server))
            return (uint16_t)i;
    new = cluster->count < CLUSTER_NODES_MAX ? calloc(1, sizeof *new) : NULL;
    if (!new)
        return RUN_NOWHERE;
    link_init(&new->link);
    new->link.server = *server;
    buffer_init(&new->out, OUT_MAX);
    cluster->nodes[cluster->count] = new;
    return (uint16_t)cluster->count++;
}

struct cluster *cluster_make(const struct server *seeds, size_t count, const struct manner *manner)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);

    if (!cluster)
        return NULL;
    cluster->manner = *manner;
    cluster->kind = seeds[0].kind;
    memset(cluster->map, 0xff, sizeof cluster->map);
    for (size_t i = 0; i < count; i++) {
        uint16_t node = cluster_node(cluster, &seeds[i]);

        if (node == RUN_NOWHERE) {
            cluster_free(&cluster);
            return NULL;
        }
        cluster->nodes[node]->seed = true;
    }
    return cluster;
}

void cluster_free(struct cluster **cluster)
{
    if (!*cluster)
        return;
    for (size_t i = 0; i < (*cluster)->count; i++)
        node_free((*cluster)->nodes[i]);
    free(*cluster);
    *cluster = NULL;
}

struct link *cluster_link(struct cluster *cluster, struct node *node, struct error *why)
{
    enum store_trouble trouble;

    if (link_is_open(&node->link))
        return &node->link;
    if (clock_monotonic() < node->away_until) {
        error_set(why, "%s", node->away.text);
        return NULL;
    }
    trouble = link_open(&node->link, &cluster->manner, why);
    if (trouble == STORE_FINE) {
        cluster->opened = true;
        cluster->lost = cluster->lost || (node->link.stranger && node->master);
        node->link.stranger = false;
        return &node->link;
    }
    error_prefix(why, "cannot connect to Redis at '%s'", node->link.server.name);
    node->away_until = clock_monotonic() + AWAY_MS;
    node->away = *why;
    node->away_trouble = trouble;
    cluster->stale = true;
    return NULL;
}

struct node *cluster_master(struct cluster *cluster, size_t *place)
{
    while (*place < cluster->count) {
        struct node *node = cluster->nodes[(*place)++];

        if (node->master)
            return node;
    }
    return NULL;
}

/* ---- the map ---- */

struct mapping {
    struct cluster *cluster;
    const struct link *teller;
    uint16_t map[SLOTS];
};

static int map_range(void *context, unsigned first, unsigned last, struct slice host, uint64_t port)
{
    struct mapping *mapping = context;
    struct server server;
    uint16_t node = RUN_NOWHERE;

    if (host.size == 0)
        host = slice_of(mapping->teller->server.host);
    if (!slice_is(host, "?")) { /* its name is not known there */
        if (server_announced(&server, mapping->cluster->kind, host, port))
            return -1;
        node = cluster_node(mapping->cluster, &server);
        if (node == RUN_NOWHERE)
            return -1;
    }
    for (unsigned slot = first; slot <= last; slot++)
        mapping->map[slot] = node;
    return 0;
}

static enum got map_got(void *context, size_t index, const struct reply *reply)
{
    (void)index;
    return slots_read(reply, map_range, context) == 0 ? GOT_FINE : GOT_ODD;
}

/* Where one master is none any more and another one is, a replica took over, and may lack what its
 * master had acknowledged. One that only came or only left had slots moved to it or away. */
static void map_take(struct cluster *cluster, const uint16_t *map)
{
    bool masters[CLUSTER_NODES_MAX] = {false}, came = false, left = false;

    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (map[slot] != RUN_NOWHERE)
            masters[map[slot]] = true;
    for (size_t i = 0; i < cluster->count; i++) {
        struct node *node = cluster->nodes[i];

        came = came || (masters[i] && !node->master && cluster->known);
        left = left || (!masters[i] && node->master);
        if (!masters[i])
            link_close(&node->link);
        node->master = masters[i];
    }
    cluster->lost = cluster->lost || (came && left);
    memcpy(cluster->map, map, sizeof cluster->map);
    cluster->known = true;
    cluster->stale = false;
}

static enum store_trouble map_ask(struct cluster *cluster, struct link *link,
                                  struct mapping *mapping, struct error *why)
{
    struct replies replies = {.context = mapping, .got = map_got};
    enum store_trouble trouble = STORE_UNREACHABLE;
    struct pipeline pipeline;

    mapping->cluster = cluster;
    mapping->teller = link;
    memset(mapping->map, 0xff, sizeof mapping->map);
    if (pipeline_init(&pipeline)) {
        error_set(why, "no memory");
    } else {
        PIPELINE_ADD(&pipeline, WORD("CLUSTER"), WORD("SLOTS"));
        trouble = run_single(&pipeline, link, cluster->manner.settings->redis_timeout_ms, &replies,
                             why);
    }
    pipeline_free(&pipeline);
    if (trouble == STORE_FINE)
        return STORE_FINE;
    if (strstr(why->text, "cluster support disabled"))
        error_set(why, "it is no part of a Cluster: set redis_mode to single or sentinel");
    else if (trouble == STORE_PROTOCOL)
        error_set(why, "its map of the slots cannot be");
    link_close(link);
    return trouble;
}

/* From one node. */
static enum store_trouble map_read(struct cluster *cluster, struct node *node, struct error *why)
{
    struct link *link = cluster_link(cluster, node, why);
    struct mapping *mapping;
    enum store_trouble trouble;

    if (!link)
        return node->away_trouble;
    mapping = malloc(sizeof *mapping);
    if (!mapping) {
        error_set(why, "no memory");
        return STORE_UNREACHABLE;
    }
    trouble = map_ask(cluster, link, mapping, why);
    if (trouble == STORE_FINE)
        map_take(cluster, mapping->map);
    else
        error_prefix(why, "cannot read the map of the Cluster from Redis at '%s'",
                     node->link.server.name);
    free(mapping);
    return trouble;
}

/* The teacher first, then all others in turn; no longer than three time-outs. */
enum store_trouble cluster_know(struct cluster *cluster, struct error *why)
{
    int64_t until = clock_monotonic() + 3 * cluster->manner.settings->redis_timeout_ms;
    size_t begin = cluster->teacher, count = cluster->count;
    enum store_trouble trouble = STORE_UNREACHABLE;
    struct error cause = {"none of its servers was asked"};

    if (cluster->known && !cluster->stale)
        return STORE_FINE;
    for (size_t i = 0; i < count && (i == 0 || clock_monotonic() < until); i++) {
        struct node *node = cluster->nodes[(begin + i) % count];

        if (!node->seed && !node->master && i > 0)
            continue;
        cluster->teacher = (begin + i) % count;
        trouble = map_read(cluster, node, &cause);
        if (trouble == STORE_FINE || trouble == STORE_DENIED)
            break;
    }
    if (trouble != STORE_FINE) {
        error_set(why, "%s", cause.text);
        cluster->teacher = (cluster->teacher + 1) % count;
    }
    return trouble;
}

void cluster_tidy(struct cluster *cluster)
{
    uint16_t place[CLUSTER_NODES_MAX];
    size_t kept = 0;

    for (size_t i = 0; i < cluster->count; i++) {
        struct node *node = cluster->nodes[i];

        place[i] = node->seed || node->master ? (uint16_t)kept : RUN_NOWHERE;
        if (place[i] == RUN_NOWHERE)
            node_free(node);
        else
            cluster->nodes[kept++] = node;
    }
    if (kept == cluster->count)
        return;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (cluster->map[slot] != RUN_NOWHERE)
            cluster->map[slot] = place[cluster->map[slot]];
    cluster->count = kept;
    cluster->teacher = 0;
}
