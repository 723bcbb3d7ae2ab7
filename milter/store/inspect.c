/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect: is the server fit to keep our records? One line per finding, with what to do.
 */
#include <stdarg.h>
#include <string.h>

#include "internal.h"
#include "waybill/health.h"

struct inspection {
    const struct settings *settings;
    const char *server; /* told where there are several; NULL: it is the only one */
    void (*tell)(void *context, const char *finding);
    void *context;
};

static void tell(const struct inspection *found, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell(const struct inspection *found, const char *format, ...)
{
    struct buffer text;
    struct error line;
    va_list arguments;

    buffer_init(&text, sizeof line.text);
    if (found->server)
        buffer_addf(&text, "%s: ", found->server);
    va_start(arguments, format);
    buffer_addv(&text, format, arguments);
    va_end(arguments);
    error_set(&line, "%s", text.data); /* a server's words may hold anything */
    buffer_free(&text);
    found->tell(found->context, line.text);
}

/* volatile-ttl removes the oldest days first, because their end is nearest: that is bearable. */
static bool policy_loses_days(const char *policy)
{
    return *policy && strcmp(policy, "noeviction") != 0 && strcmp(policy, "volatile-ttl") != 0;
}

static void tell_place(const struct inspection *found, const struct store_health *health)
{
    int64_t mode = found->settings->redis_mode;

    if (strcmp(health->role, "slave") == 0 && health->read_only && mode == REDIS_SINGLE)
        tell(found, "the server is a read-only replica of %s: name the primary", health->primary);
    if (health->cluster && mode != REDIS_CLUSTER)
        tell(found, "the server is part of a Cluster: set redis_mode to cluster");
}

static void tell_all(const struct inspection *found, const struct store_health *health)
{
    unsigned major = store_health_major(health);

    if (health->away[0] != '\0') {
        tell(found, "it does not answer: %s", health->away);
        return;
    }
    tell_place(found, health);
    if (major > 0 && major < STORE_VERSION_LEAST)
        tell(found, "the server is Redis %s, older than %u.0: update it", health->version,
             STORE_VERSION_LEAST);
    if (policy_loses_days(health->policy))
        tell(found,
             "a full server evicts records of any day, and answers become incomplete "
             "unseen (maxmemory-policy %s): set noeviction or volatile-ttl",
             health->policy);
    if (health->aof == 0 && health->snapshots == 0)
        tell(found, "the server keeps nothing on disk, its restart loses all records: set "
                    "appendonly yes, or save");
    if (health->snapshot_failed)
        tell(found, "the server's last snapshot failed (rdb_last_bgsave_status err)");
    if (health->aof_failed)
        tell(found, "the server's last write to its append-only file failed");
}

static void inspect_one(void *context, const struct store_health *health)
{
    struct inspection *found = context;

    found->server = found->settings->redis_mode == REDIS_CLUSTER ? health->server : NULL;
    tell_all(found, health);
}

int store_inspect(struct store *store, void (*tell_one)(void *context, const char *finding),
                  void *context, struct error *why)
{
    struct inspection found = {store->settings, NULL, tell_one, context};

    return store_examine(store, inspect_one, &found, why);
}
