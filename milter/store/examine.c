/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * examine: what state the server is in.
 *
 * Everything comes from INFO and CONFIG GET; a user who may ask neither of them learns
 * less, and that is no error.
 */
#include "waybill/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "waybill/escape.h"

static int64_t info_number(struct slice info, const char *name)
{
    uint64_t number;

    return text_number(link_info(info, name), 0, INT64_MAX, &number) ? (int64_t)number : -1;
}

static bool info_is(struct slice info, const char *name, const char *value)
{
    return slice_is(link_info(info, name), value);
}

static void primary_of(struct slice info, char *to, size_t room)
{
    struct slice host = link_info(info, "master_host");
    int64_t port = info_number(info, "master_port");
    bool numeric = slice_find(host, ':') >= 0;

    if (host.size > 0 && port >= 0)
        snprintf(to, room, "%s%.*s%s:%" PRId64, numeric ? "[" : "", SLICE_ARGS(host),
                 numeric ? "]" : "", port);
}

struct examining {
    struct store *store;
    struct store_health health;
    void (*seen)(void *context, const struct store_health *health);
    void *context;
};

static enum got info_got(struct store_health *health, const struct reply *reply)
{
    struct slice info = reply->text;

    if (reply->type != REPLY_TEXT)
        return GOT_ODD;
    slice_copy(link_info(info, "redis_version"), health->version, sizeof health->version);
    slice_copy(link_info(info, "role"), health->role, sizeof health->role);
    primary_of(info, health->primary, sizeof health->primary);
    slice_copy(link_info(info, "maxmemory_policy"), health->policy, sizeof health->policy);
    health->memory_used = info_number(info, "used_memory");
    health->memory_most = info_number(info, "maxmemory");
    health->aof = (int)info_number(info, "aof_enabled");
    health->read_only = info_is(info, "slave_read_only", "1");
    health->cluster = info_is(info, "cluster_enabled", "1");
    health->sentinel = info_is(info, "redis_mode", "sentinel");
    health->replicas = info_number(info, "connected_slaves");
    health->snapshot_failed = info_is(info, "rdb_last_bgsave_status", "err");
    health->aof_failed = info_is(info, "aof_last_write_status", "err") ||
                         info_is(info, "aof_last_bgrewrite_status", "err");
    return GOT_FINE;
}

/* CONFIG GET answers with name and value. */
static enum got config_got(struct store_health *health, const struct reply *reply)
{
    if (reply->type != REPLY_LIST || reply->count % 2)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i += 2) {
        struct slice name = reply->items[i]->text, value = reply->items[i + 1]->text;

        if (slice_is(name, "maxmemory-policy"))
            slice_copy(value, health->policy, sizeof health->policy);
        else if (slice_is(name, "appendfsync"))
            slice_copy(value, health->appendfsync, sizeof health->appendfsync);
        else if (slice_is(name, "save"))
            health->snapshots = value.size > 0;
    }
    return GOT_FINE;
}

static enum got cluster_got(struct store_health *health, const struct reply *reply)
{
    if (reply->type != REPLY_TEXT)
        return GOT_ODD;
    health->slots = (int)info_number(reply->text, "cluster_slots_ok");
    return GOT_FINE;
}

static enum got examine_got(void *context, size_t index, const struct reply *reply)
{
    struct examining *examining = context;
    struct store_health *health = &examining->health;

    if (index == 0)
        return info_got(health, reply);
    return index == 1 && examining->store->cluster ? cluster_got(health, reply)
                                                   : config_got(health, reply);
}

/* No right to ask, or a command that a hosted server has renamed away. */
static bool examine_refused(void *context, size_t index, enum store_trouble trouble,
                            struct slice words)
{
    (void)context, (void)index;
    return slice_starts(words, "NOPERM ") || trouble == STORE_PROTOCOL;
}

/* One server is done when the next one begins, and at the end. */
static void examine_tell(struct examining *examining)
{
    if (examining->health.server[0] != '\0')
        examining->seen(examining->context, &examining->health);
}

static void examine_server(void *context, const char *name)
{
    struct examining *examining = context;

    examine_tell(examining);
    examining->health = (struct store_health){
        .memory_used = -1, .memory_most = -1, .replicas = -1, .slots = -1, .aof = -1,
        .snapshots = -1};
    snprintf(examining->health.server, sizeof examining->health.server, "%s", name);
    examining->health.certificate_until = store_certificate_until(examining->store, name);
}

static void examine_away(void *context, const char *name, const char *why)
{
    struct examining *examining = context;

    if (strcmp(examining->health.server, name) != 0)
        examine_server(context, name);
    snprintf(examining->health.away, sizeof examining->health.away, "%s", why);
}

static int examine_all(struct store *store, bool options,
                       void (*seen)(void *context, const struct store_health *health),
                       void *context, struct error *why)
{
    struct examining examining = {.store = store, .seen = seen, .context = context};
    struct replies replies = {.context = &examining,
                              .got = examine_got,
                              .refused = examine_refused,
                              .server = examine_server,
                              .away = examine_away};

    PIPELINE_ADD(&store->pipeline, WORD("INFO"));
    if (store->cluster)
        PIPELINE_ADD(&store->pipeline, WORD("CLUSTER"), WORD("INFO"));
    if (options) {
        PIPELINE_ADD(&store->pipeline, WORD("CONFIG"), WORD("GET"), WORD("maxmemory-policy"));
        PIPELINE_ADD(&store->pipeline, WORD("CONFIG"), WORD("GET"), WORD("save"));
        PIPELINE_ADD(&store->pipeline, WORD("CONFIG"), WORD("GET"), WORD("appendfsync"));
    }
    if (store_run_everywhere(store, &replies, "inspect the server", why))
        return -1;
    examine_tell(&examining);
    return 0;
}

int store_examine(struct store *store,
                  void (*seen)(void *context, const struct store_health *health), void *context,
                  struct error *why)
{
    return examine_all(store, true, seen, context, why);
}

int store_look_at_servers(struct store *store,
                          void (*seen)(void *context, const struct store_health *health),
                          void *context, struct error *why)
{
    return examine_all(store, false, seen, context, why);
}

const char *store_mode_word(const struct settings *settings)
{
    static const char *const words[] = {
        [REDIS_SINGLE] = "single", [REDIS_SENTINEL] = "sentinel", [REDIS_CLUSTER] = "cluster"};

    return words[settings->redis_mode];
}

static bool server_is_near(const struct server *server)
{
    return server->kind == SERVER_UNIX || slice_starts(slice_of(server->host), "127.") ||
           strcmp(server->host, "::1") == 0 || strcmp(server->host, "localhost") == 0;
}

bool store_is_near(const struct settings *settings)
{
    struct slice rest = slice_of(settings->redis), one;
    char text[sizeof((struct server *)0)->name];
    struct server server;

    if (settings->redis_mode == REDIS_SINGLE)
        return server_parse(&server, settings->redis, NULL) == 0 && server_is_near(&server);
    do {
        if (!text_take_until(&rest, ',', &one))
            one = rest;
        slice_copy(slice_trim(one), text, sizeof text);
        if (server_parse(&server, text, NULL) || !server_is_near(&server))
            return false;
    } while (one.at != rest.at);
    return true;
}

/* Only what the options already say, and they hold no blank or quote where it matters: a host, a
 * port, paths. */
static int add_option(struct buffer *to, const char *name, const char *value)
{
    buffer_add_text(to, name);
    return escape_shell(to, slice_of(value));
}

int store_redis_cli(const struct settings *settings, const char *name, struct buffer *to)
{
    struct slice rest = slice_of(name ? name : settings->redis), first = rest;
    char text[sizeof((struct server *)0)->name];
    struct server server;

    if (!slice_starts(rest, "unix:"))
        text_take_until(&rest, ',', &first);
    slice_copy(slice_trim(first), text, sizeof text);
    buffer_add_text(to, "redis-cli");
    if (server_parse(&server, text, NULL))
        return to->failed ? -1 : 0;
    if (server.kind == SERVER_UNIX)
        return add_option(to, " -s ", server.path);
    add_option(to, " -h ", server.host);
    add_option(to, " -p ", server.port);
    if (server.kind == SERVER_TLS)
        buffer_add_text(to, " --tls");
    if (server.kind == SERVER_TLS && settings->redis_ca_file != NULL && *settings->redis_ca_file)
        add_option(to, " --cacert ", settings->redis_ca_file);
    return to->failed ? -1 : 0;
}

unsigned store_health_major(const struct store_health *health)
{
    struct slice version = slice_of(health->version);
    uint64_t major;

    return text_take_number(&version, &major) && major < 1000 ? (unsigned)major : 0;
}
