/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rounds: the commands of one run, each to the server that has its key.
 *
 * Whoever is asked may say that a slot moved (MOVED: for good; ASK: this once). Then the command
 * goes there in the next round, and the map is read anew from that server.
 */
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "waybill/clock.h"


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
    answer->node = cluster_node(cluster, &server);
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
