/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect: a store's life, and what it is connected to.
 *
 *     single: one link, to the one server
 *     sentinel: one link, to the master that the sentinels name
 *     cluster: a link to each master
 *
 * Connections are made when they are first needed and again after anything that ended them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "run.h"
#include "secret.h"
#include "waybill/digest.h"

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

int store_fail(struct store *store, enum store_trouble trouble, struct error *why,
               const char *format, ...)
{
    char text[sizeof why->text];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    store->trouble = trouble;
    return error_set(why, "%s", text);
}

enum store_trouble store_last_trouble(const struct store *store)
{
    return store->trouble;
}

uint64_t store_epoch(const struct store *store)
{
    return store->epoch;
}

static uint64_t run_digest(const struct link *link)
{
    return *link->run_id ? digest_64(link->run_id, strlen(link->run_id)) : 0;
}

/* The order in which the masters are met does not matter. */
uint64_t store_run_digest(struct store *store)
{
    uint64_t all = 0;
    struct node *node;
    struct error why;
    size_t place = 0;

    if (!store->cluster)
        return run_digest(&store->link);
    while ((node = cluster_master(store->cluster, &place))) {
        struct link *link = cluster_link(store->cluster, node, &why);

        if (!link || run_digest(link) == 0)
            return 0;
        all ^= run_digest(link);
    }
    return all;
}

bool store_read_partly(struct store *store, bool allowed)
{
    bool before = store->partly;

    store->partly = allowed;
    return before;
}

uint64_t store_unanswered(struct store *store, struct error *why)
{
    uint64_t count = store->unanswered;

    if (count > 0)
        error_set(why, "%s", store->unanswered_why.text);
    store->unanswered = 0;
    return count;
}

/* ---- life ---- */

static int login_check(const char *user, const char *file, struct error *why)
{
    char secret[SECRET_MAX];

    if (*or_empty(user) && !*or_empty(file))
        return error_set(why, "cannot log in as '%s': no password file is named", user);
    if (!*or_empty(file))
        return 0;
    if (secret_file_read(file, secret, why))
        return -1;
    explicit_bzero(secret, sizeof secret);
    return 0;
}

/* One server, or several of one kind. */
static int servers_configure(struct store *store, struct error *why)
{
    const struct settings *settings = store->settings;
    const char *mode = store->mode == REDIS_CLUSTER ? "cluster" : "sentinel";
    struct sentinel *named = &store->sentinel;

    if (store->mode == REDIS_SINGLE) {
        if (strchr(or_empty(settings->redis), ',') && *settings->redis != 'u')
            return error_set(why, "cannot use several addresses ('%s') with redis_mode single: "
                                  "sentinel or cluster?", settings->redis);
        named->count = 1;
        return server_parse(&named->servers[0], settings->redis, why);
    }
    if (servers_parse(named->servers, &named->count, settings->redis, why))
        return -1;
    for (size_t i = 0; i < named->count; i++) {
        if (named->servers[i].kind == SERVER_UNIX)
            return error_set(why, "cannot use '%s' with redis_mode %s: the servers tell of each "
                                  "other by host and port", named->servers[i].name, mode);
        if (named->servers[i].kind != named->servers[0].kind)
            return error_set(why, "cannot use '%s' beside '%s': all by tcp:, or all by tls:",
                             named->servers[i].name, named->servers[0].name);
    }
    if (store->mode == REDIS_SENTINEL && !*or_empty(settings->redis_master_name))
        return error_set(why, "cannot ask sentinels for a master: redis_master_name is empty");
    return 0;
}

static int store_prepare(struct store *store, struct error *why)
{
    const struct settings *settings = store->settings;

    store->manner = (struct manner){.settings = settings,
                                    .tls = store->tls,
                                    .user = settings->redis_user,
                                    .password_file = settings->redis_password_file};
    store->sentinel.master_name = settings->redis_master_name;
    store->sentinel.manner = store->manner;
    store->sentinel.manner.user = settings->redis_sentinel_user;
    store->sentinel.manner.password_file = settings->redis_sentinel_password_file;
    store->link.server = store->sentinel.servers[0];
    if (store->mode != REDIS_CLUSTER)
        return 0;
    store->pipeline.routed = true;
    store->cluster = cluster_make(store->sentinel.servers, store->sentinel.count, &store->manner);
    return store->cluster ? 0 : error_set(why, "cannot open the store: no memory");
}

/* All that can be wrong with the configuration is found here, not at the first connection. */
static int store_configure(struct store *store, struct error *why)
{
    const struct settings *settings = store->settings;

    store->mode = (enum redis_mode)settings->redis_mode;
    store->prefix = or_empty(settings->redis_prefix);
    if (strlen(store->prefix) > KEY_PREFIX_MAX)
        return error_set(why, "cannot use the prefix '%s': it has over %u bytes", store->prefix,
                         KEY_PREFIX_MAX);
    if (servers_configure(store, why) ||
        login_check(settings->redis_user, settings->redis_password_file, why) ||
        login_check(settings->redis_sentinel_user, settings->redis_sentinel_password_file, why))
        return -1;
    if (store->sentinel.servers[0].kind == SERVER_TLS && tls_open(&store->tls, settings, why))
        return -1;
    return store_prepare(store, why);
}

int store_open(struct store **store, const struct settings *settings, struct error *why)
{
    struct store *new = calloc(1, sizeof *new);

    *store = NULL;
    if (!new)
        return error_set(why, "cannot open the store: no memory");
    new->settings = settings;
    link_init(&new->link);
    batch_init(&new->writes);
    batch_init(&new->events);
    postings_init(&new->postings);
    new->packing.wanted = settings->compression == COMPRESSION_ZSTD;
    if (pipeline_init(&new->pipeline) || packing_init(&new->packing)) {
        store_close(&new);
        return error_set(why, "cannot open the store: no memory");
    }
    if (store_configure(new, why)) {
        store_close(&new);
        return -1;
    }
    *store = new;
    return 0;
}

void store_close(struct store **store)
{
    struct store *old = *store;

    *store = NULL;
    if (!old)
        return;
    link_close(&old->link);
    cluster_free(&old->cluster);
    tls_close(&old->tls);
    pipeline_free(&old->pipeline);
    batch_free(&old->writes);
    batch_free(&old->events);
    postings_free(&old->postings);
    marks_free(&old->marks);
    packing_free(&old->packing);
    hosts_free(&old->hosts);
    free(old);
}

/* ---- connecting ---- */

/* It may be another server, or one that lost its last second: say all expiries again. */
static void store_met(struct store *store, bool lost)
{
    marks_clear(&store->marks);
    packing_restart(&store->packing);
    store->nodes_until = 0;
    if (store->epoch == 0 || lost) {
        store->epoch++;
        store->postings_stale = true;
    }
}

void store_meet_cluster(struct store *store)
{
    struct cluster *cluster = store->cluster;

    if (cluster->opened || cluster->lost)
        store_met(store, cluster->lost);
    cluster->opened = cluster->lost = false;
}

static int connect_cluster(struct store *store, struct error *why)
{
    store->trouble = cluster_know(store->cluster, why);
    store_meet_cluster(store);
    return store->trouble == STORE_FINE || store->cluster->known ? 0 : -1;
}

int store_connect(struct store *store, struct error *why)
{
    struct link *link = &store->link;
    struct error unheard;

    if (!why)
        why = &unheard;
    if (store->cluster)
        return connect_cluster(store, why);
    if (link_is_open(link))
        return 0;
    if (store->mode == REDIS_SENTINEL) {
        store->trouble = sentinel_open(&store->sentinel, link, &store->manner, why);
    } else {
        store->trouble = link_open(link, &store->manner, why);
        if (store->trouble != STORE_FINE)
            error_prefix(why, "cannot connect to Redis at '%s'", link->server.name);
    }
    if (store->trouble != STORE_FINE)
        return -1;
    store_met(store, link->stranger);
    link->stranger = false;
    return 0;
}
