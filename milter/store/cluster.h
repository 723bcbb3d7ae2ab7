/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster: many masters, each with some of the slots; a link to each, and commands that find
 * their way. */
#ifndef STORE_CLUSTER_H
#define STORE_CLUSTER_H

#include "run.h"
#include "slots.h"

#define CLUSTER_NODES_MAX 1000u
#define CLUSTER_ROUNDS 6 /* of following MOVED and ASK within one run */

struct node {
    struct link link;
    bool seed;         /* named in the configuration */
    bool master;       /* has slots, by the newest map */
    int64_t away_until; /* clock_monotonic: it did not let us in, do not try before */
    struct error away;
    enum store_trouble away_trouble;
    struct buffer out; /* commands picked for it */
    uint32_t *asked;
    size_t asked_count, asked_room;
};

struct cluster {
    struct manner manner;
    enum server_kind kind;
    struct node *nodes[CLUSTER_NODES_MAX];
    size_t count;
    uint16_t map[SLOTS]; /* node, RUN_NOWHERE */
    bool known, stale;
    size_t teacher;   /* who told the map, or knows it better */
    bool opened;      /* some link was made since the caller looked */
    bool lost;        /* acknowledged writes may be lost since the caller looked */
};

/* `seeds`: where to ask first; all of one kind. NULL: no memory. */
struct cluster *cluster_make(const struct server *seeds, size_t count,
                             const struct manner *manner);
void cluster_free(struct cluster **cluster);
/* Have a map of the slots. */
enum store_trouble cluster_know(struct cluster *cluster, struct error *why);
/* Run the commands of the pipeline, each where its key is. As run_single; STORE_PARTLY: a
 * master that was needed is away, another one lives. `replies->missed`: see there. */
enum store_trouble cluster_run(struct cluster *cluster, struct pipeline *pipeline,
                               const struct replies *replies, struct error *why);
/* The masters, one by one, from *place 0 on: NULL after the last. */
struct node *cluster_master(struct cluster *cluster, size_t *place);
/* Its link, opened if need be; NULL and why not. */
struct link *cluster_link(struct cluster *cluster, struct node *node, struct error *why);

#endif
