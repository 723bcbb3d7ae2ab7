/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch: a run of commands goes to the one server, through the Cluster, or to each master; and
 * how each ends.
 */
#include <string.h>

#include "internal.h"
#include "run.h"

/* ---- running ---- */

/* Tells the caller of the store, and whoever reads the replies. */
struct holes {
    struct store *store;
    const struct replies *replies;
};

static enum got holes_got(void *context, size_t index, const struct reply *reply)
{
    const struct replies *replies = ((struct holes *)context)->replies;

    return replies->got(replies->context, index, reply);
}

static bool holes_refused(void *context, size_t index, enum store_trouble trouble,
                          struct slice words)
{
    const struct replies *replies = ((struct holes *)context)->replies;

    return replies->refused && replies->refused(replies->context, index, trouble, words);
}

void store_leave_out(struct store *store, const char *why)
{
    if (store->unanswered++ == 0)
        error_set(&store->unanswered_why, "%s", why);
}

static void holes_missed(void *context, size_t index, const char *why)
{
    struct holes *holes = context;

    store_leave_out(holes->store, why);
    holes->replies->missed(holes->replies->context, index, why);
}

static void holes_foreign(void *context, size_t index, bool taken, const char *why)
{
    struct holes *holes = context;

    store_leave_out(holes->store, why);
    if (!taken)
        holes->replies->missed(holes->replies->context, index, why);
}

/* What is not ours is left out by all who can go on without it; a server that is away only where
 * the caller of the store bears it. */
static struct replies holes_told(struct holes *holes)
{
    const struct replies *replies = holes->replies;

    return (struct replies){.context = holes,
                            .got = holes_got,
                            .refused = holes_refused,
                            .missed = replies->missed && holes->store->partly ? holes_missed : NULL,
                            .foreign = replies->missed ? holes_foreign : NULL,
                            .patience = replies->patience};
}

static int run_one(struct store *store, const struct replies *replies, const char *doing,
                   struct error *why)
{
    struct holes holes = {store, replies};
    struct replies told = holes_told(&holes);
    enum store_trouble trouble =
        run_single(&store->pipeline, &store->link, store->settings->redis_timeout_ms, &told, why);

    if (trouble == STORE_FINE)
        return 0;
    if (trouble_ends_connection(trouble))
        link_close(&store->link);
    if (!link_is_open(&store->link))
        store->nodes_until = 0;
    store->trouble = trouble;
    return error_prefix(why, "cannot %s, Redis at '%s'", doing, store->link.server.name);
}

static int run_cluster(struct store *store, const struct replies *replies, const char *doing,
                       struct error *why)
{
    struct holes holes = {store, replies};
    struct replies told = holes_told(&holes);
    enum store_trouble trouble = cluster_run(store->cluster, &store->pipeline, &told, why);

    store_meet_cluster(store);
    if (trouble == STORE_FINE)
        return 0;
    store->nodes_until = 0;
    store->trouble = trouble;
    return trouble == STORE_PARTLY
               ? error_prefix(why, "cannot %s, the store is partly unavailable", doing)
               : error_prefix(why, "cannot %s", doing);
}

int store_run(struct store *store, const struct replies *replies, const char *doing,
              struct error *why)
{
    struct error unheard;
    int result = -1;

    if (!why)
        why = &unheard;
    if (store_connect(store, why) == 0)
        result = store->cluster ? run_cluster(store, replies, doing, why)
                                : run_one(store, replies, doing, why);
    pipeline_clear(&store->pipeline);
    return result;
}

/* ---- on each master ---- */

int64_t store_certificate_until(const struct store *store, const char *name)
{
    const struct link *link = &store->link;

    for (size_t i = 0; store->cluster && i < store->cluster->count; i++)
        if (strcmp(store->cluster->nodes[i]->link.server.name, name) == 0)
            link = &store->cluster->nodes[i]->link;
    return link->transport.session ? tls_session_until(link->transport.session) : 0;
}

static void everywhere_away(struct store *store, const struct replies *replies,
                            const struct node *node, enum store_trouble trouble, const char *doing,
                            struct error *why, int *result)
{
    if (replies->away) {
        replies->away(replies->context, node->link.server.name, why->text);
        return;
    }
    error_prefix(why, "cannot %s", doing);
    store->trouble = trouble;
    *result = -1;
}

static int everywhere_cluster(struct store *store, const struct replies *replies, const char *doing,
                              struct error *why)
{
    struct node *node;
    size_t place = 0;
    int result = 0;

    while (result == 0 && (node = cluster_master(store->cluster, &place))) {
        struct link *link = cluster_link(store->cluster, node, why);
        enum store_trouble trouble = node->away_trouble;

        if (link) {
            if (replies->server)
                replies->server(replies->context, node->link.server.name);
            trouble = run_single(&store->pipeline, link, store->settings->redis_timeout_ms, replies,
                                 why);
            if (trouble == STORE_FINE)
                continue;
            link_close(link);
            error_prefix(why, "Redis at '%s'", node->link.server.name);
        }
        everywhere_away(store, replies, node, trouble, doing, why, &result);
    }
    store_meet_cluster(store);
    return result;
}

int store_run_everywhere(struct store *store, const struct replies *replies, const char *doing,
                         struct error *why)
{
    struct error unheard;
    int result = -1;

    if (!why)
        why = &unheard;
    if (store_connect(store, why) == 0) {
        if (!store->cluster && replies->server)
            replies->server(replies->context, store->link.server.name);
        result = store->cluster ? everywhere_cluster(store, replies, doing, why)
                                : run_one(store, replies, doing, why);
    }
    pipeline_clear(&store->pipeline);
    return result;
}
