/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster: many masters, each with some of the slots.
 *
 * Whoever is asked may say that a slot moved (MOVED: for good; ASK: this once). Then the command
 * goes there in the next round, and the map is read anew from that server. Only servers that the
 * configuration or a server of the cluster names are connected to; a server that lets nobody in
 * is left alone for a second, so that it holds up one run and not each.
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

/* The node of that server, made if it is new. RUN_NOWHERE: no memory, or too many. */
static uint16_t node_for(struct cluster *cluster, const struct server *server)
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
        uint16_t node = node_for(cluster, &seeds[i]);

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
        node = node_for(mapping->cluster, &server);
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

/* What no map names any more is forgotten, and so the table stays as small as the cluster. Only
 * between two runs: within one, answers tell nodes by their place. */
static void cluster_tidy(struct cluster *cluster)
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

/* ---- a round ---- */

struct rounds {
    struct cluster *cluster;
    struct run run;
    struct link *lanes[CLUSTER_NODES_MAX];
    unsigned round;
};

static bool note_elsewhere(void *context, struct answer *answer, struct slice words)
{
    struct cluster *cluster = ((struct rounds *)context)->cluster;
    struct server server;
    struct slice host;
    unsigned slot;
    uint64_t port;

    if (slots_redirected(words, &answer->asking, &slot, &host, &port))
        return false;
    if (host.size == 0)
        host = slice_of(cluster->nodes[answer->node]->link.server.host);
    if (server_announced(&server, cluster->kind, host, port))
        return false;
    answer->node = node_for(cluster, &server);
    answer->state = ANSWER_ELSEWHERE;
    if (!answer->asking && answer->node != RUN_NOWHERE) {
        cluster->stale = true;
        cluster->teacher = answer->node;
    }
    return answer->node != RUN_NOWHERE;
}

static struct slice command_bytes(const struct pipeline *pipeline, size_t index)
{
    size_t begin = index > 0 ? pipeline->routes[index - 1].end : 0;

    return slice_make(pipeline->out.data + begin, pipeline->routes[index].end - begin);
}

static bool node_ask(struct node *node, uint32_t index, struct slice bytes)
{
    if (node->asked_count == node->asked_room) {
        size_t room = node->asked_room ? node->asked_room * 2 : 64;
        uint32_t *grown = reallocarray(node->asked, room, sizeof *grown);

        if (!grown)
            return false;
        node->asked = grown;
        node->asked_room = room;
    }
    node->asked[node->asked_count++] = index;
    return buffer_add(&node->out, bytes.at, bytes.size) == 0;
}

/* Any master will do: one that we talk to, else one that lets us in. */
static uint16_t any_master(struct cluster *cluster)
{
    uint16_t found = RUN_NOWHERE;

    for (size_t i = 0; i < cluster->count; i++) {
        if (!cluster->nodes[i]->master)
            continue;
        if (link_is_open(&cluster->nodes[i]->link))
            return (uint16_t)i;
        if (found == RUN_NOWHERE || clock_monotonic() >= cluster->nodes[i]->away_until)
            found = (uint16_t)i;
    }
    return found;
}

/* It may be that another took its place: that is looked up once. */
static void answer_unsent(struct rounds *rounds, struct answer *answer, enum store_trouble trouble,
                          const char *why)
{
    struct run *run = &rounds->run;

    rounds->cluster->stale = true;
    answer->node = RUN_NOWHERE;
    answer->asking = false;
    if (rounds->round == 0) {
        answer->state = ANSWER_ELSEWHERE;
        return;
    }
    answer->state = ANSWER_AWAY;
    if (run->away.text[0] == '\0') {
        error_set(&run->away, "%s", why);
        run->away_trouble = trouble;
    }
}

static void round_assign(struct rounds *rounds, size_t index)
{
    struct cluster *cluster = rounds->cluster;
    struct pipeline *pipeline = rounds->run.pipeline;
    struct answer *answer = &rounds->run.answers[index];
    int slot = pipeline->routes[index].slot;
    uint16_t place = answer->node;
    struct node *node;
    struct error why;

    if (place == RUN_NOWHERE)
        place = slot < 0 ? any_master(cluster) : cluster->map[slot];
    if (place == RUN_NOWHERE) {
        error_set(&why, "no master has slot %d", slot);
        answer_unsent(rounds, answer, STORE_BUSY, why.text);
        return;
    }
    node = cluster->nodes[place];
    if (!cluster_link(cluster, node, &why)) {
        answer_unsent(rounds, answer, node->away_trouble, why.text);
        return;
    }
    answer->state = ANSWER_WANTED;
    answer->node = place;
    if ((answer->asking && !node_ask(node, RUN_EXTRA, WORD("*1\r\n$6\r\nASKING\r\n"))) ||
        !node_ask(node, (uint32_t)index, command_bytes(pipeline, index))) {
        error_set(rounds->run.why, "no memory for the commands");
        run_end(&rounds->run, STORE_UNREACHABLE);
    }
}

/* Deal the commands that are to be asked to the lanes. */
static void round_deal(struct rounds *rounds)
{
    struct cluster *cluster = rounds->cluster;
    struct run *run = &rounds->run;

    for (size_t i = 0; i < cluster->count; i++) {
        buffer_clear(&cluster->nodes[i]->out);
        cluster->nodes[i]->asked_count = 0;
    }
    for (size_t i = 0; i < run->pipeline->count && !run->over; i++)
        if (run->answers[i].state == ANSWER_ELSEWHERE)
            round_assign(rounds, i);
    run->lane_count = 0;
    for (size_t i = 0; i < cluster->count && !run->over; i++) {
        struct node *node = cluster->nodes[i];

        if (node->asked_count == 0)
            continue;
        node->link.lane = (struct lane){.out = slice_make(node->out.data, node->out.size),
                                        .asked = node->asked,
                                        .count = node->asked_count};
        rounds->lanes[run->lane_count++] = &node->link;
    }
}

static bool round_follows(const struct run *run)
{
    for (size_t i = run->next; i < run->pipeline->count; i++)
        if (run->answers[i].state == ANSWER_ELSEWHERE)
            return true;
    return false;
}

/* Is any master there? */
static bool part_lives(const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++)
        if (cluster->nodes[i]->master && link_is_open(&cluster->nodes[i]->link))
            return true;
    return false;
}

static void rounds_go(struct rounds *rounds)
{
    struct run *run = &rounds->run;
    struct error why;

    for (rounds->round = 0; rounds->round < CLUSTER_ROUNDS && !run->over; rounds->round++) {
        /* Without a newer map the older one may still serve. */
        if (rounds->round > 0)
            (void)cluster_know(rounds->cluster, &why);
        round_deal(rounds);
        if (!run->over)
            run_lanes(run);
        if (!round_follows(run))
            break;
    }
    if (run->away.text[0] == '\0') {
        error_set(&run->away, "the servers send from one to the other");
        run->away_trouble = STORE_BUSY;
    }
    run_settle(run);
    if (run->missing && part_lives(rounds->cluster))
        run->trouble = STORE_PARTLY;
}

/* After a refused login the password may be another one; and a link that broke may have been
 * that of a master which is one no more. */
static void rounds_end(struct rounds *rounds)
{
    struct run *run = &rounds->run;
    struct cluster *cluster = rounds->cluster;

    for (size_t i = 0; i < run->pipeline->count; i++)
        reply_free(run->answers[i].parts);
    for (size_t i = 0; i < cluster->count; i++) {
        struct node *node = cluster->nodes[i];

        node->link.lane = (struct lane){.count = 0};
        if (node->asked_count > 0 && !link_is_open(&node->link))
            cluster->stale = true;
        if (run->trouble == STORE_DENIED || run->trouble == STORE_READONLY)
            link_close(&node->link);
        if (node->out.capacity > 4u << 20)
            buffer_free(&node->out);
    }
    if (run->trouble == STORE_READONLY)
        cluster->stale = true;
}

enum store_trouble cluster_run(struct cluster *cluster, struct pipeline *pipeline,
                               const struct replies *replies, struct error *why)
{
    enum store_trouble trouble;
    struct rounds *rounds;
    struct error unheard;

    cluster_tidy(cluster);
    trouble = cluster_know(cluster, why);
    if (trouble != STORE_FINE && !cluster->known)
        return trouble;
    rounds = calloc(1, sizeof *rounds);
    if (rounds)
        rounds->run.answers = calloc(pipeline->count + 1, sizeof *rounds->run.answers);
    if (!rounds || !rounds->run.answers || pipeline->failed || pipeline->count >= RUN_EXTRA) {
        free(rounds ? rounds->run.answers : NULL);
        free(rounds);
        error_set(why, "no memory for the commands");
        return STORE_UNREACHABLE;
    }
    for (size_t i = 0; i < pipeline->count; i++)
        rounds->run.answers[i] = (struct answer){.state = ANSWER_ELSEWHERE, .node = RUN_NOWHERE};
    rounds->cluster = cluster;
    rounds->run.pipeline = pipeline;
    rounds->run.replies = replies;
    rounds->run.timeout = cluster->manner.settings->redis_timeout_ms;
    rounds->run.why = why ? why : &unheard;
    rounds->run.why->text[0] = '\0';
    rounds->run.lanes = rounds->lanes;
    rounds->run.elsewhere = note_elsewhere;
    rounds->run.context = rounds;
    rounds_go(rounds);
    trouble = rounds->run.trouble;
    rounds_end(rounds);
    free(rounds->run.answers);
    free(rounds);
    return trouble;
}
