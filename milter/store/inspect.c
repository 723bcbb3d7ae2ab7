/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect: is the server fit to keep our records? One line per finding, with what to do.
 *
 * Everything comes from INFO, and two settings from CONFIG GET; a user who may ask neither gets
 * fewer findings, not an error.
 */
#include <stdarg.h>
#include <string.h>

#include "internal.h"

#define VERSION_LEAST 6u

struct inspection {
    void (*tell)(void *context, const char *finding);
    void *context;
    char version[32], policy[32], role[16], primary[80], read_only[4];
    char aof[4], cluster[4], bgsave[16], aof_write[16];
    bool knows_save, saves;
};

/* The value of "name:value" in INFO's text; lines end with CR LF. */
static void info_read(struct slice info, const char *name, char *to, size_t room)
{
    struct slice line, key;

    to[0] = '\0';
    while (text_take_until(&info, '\n', &line)) {
        line = slice_trim(line);
        if (text_take_until(&line, ':', &key) && slice_is(key, name)) {
            slice_copy(line, to, room);
            return;
        }
    }
}

static enum got info_got(struct inspection *found, const struct reply *reply)
{
    if (reply->type != REPLY_TEXT)
        return GOT_ODD;
    info_read(reply->text, "redis_version", found->version, sizeof found->version);
    info_read(reply->text, "maxmemory_policy", found->policy, sizeof found->policy);
    info_read(reply->text, "role", found->role, sizeof found->role);
    info_read(reply->text, "master_host", found->primary, sizeof found->primary);
    info_read(reply->text, "slave_read_only", found->read_only, sizeof found->read_only);
    info_read(reply->text, "aof_enabled", found->aof, sizeof found->aof);
    info_read(reply->text, "cluster_enabled", found->cluster, sizeof found->cluster);
    info_read(reply->text, "rdb_last_bgsave_status", found->bgsave, sizeof found->bgsave);
    info_read(reply->text, "aof_last_write_status", found->aof_write, sizeof found->aof_write);
    return GOT_FINE;
}

/* CONFIG GET answers with name and value. */
static enum got config_got(struct inspection *found, const struct reply *reply)
{
    if (reply->type != REPLY_LIST || reply->count % 2)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i += 2) {
        if (slice_is(reply->items[i]->text, "maxmemory-policy"))
            slice_copy(reply->items[i + 1]->text, found->policy, sizeof found->policy);
        if (slice_is(reply->items[i]->text, "save")) {
            found->knows_save = true;
            found->saves = reply->items[i + 1]->text.size > 0;
        }
    }
    return GOT_FINE;
}

static enum got inspect_got(void *context, size_t index, const struct reply *reply)
{
    return index == 0 ? info_got(context, reply) : config_got(context, reply);
}

/* No right to ask, or a command that a hosted server has renamed away. */
static bool inspect_refused(void *context, size_t index, enum store_trouble trouble,
                            struct slice words)
{
    (void)context, (void)index;
    return slice_starts(words, "NOPERM ") || trouble == STORE_PROTOCOL;
}

static void tell(const struct inspection *found, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell(const struct inspection *found, const char *format, ...)
{
    struct buffer text;
    struct error line;
    va_list arguments;

    buffer_init(&text, sizeof line.text);
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

static void tell_all(const struct inspection *found)
{
    struct slice version = slice_of(found->version);
    uint64_t major;

    if (text_take_number(&version, &major) && major < VERSION_LEAST)
        tell(found, "the server is Redis %s, older than %u.0: update it", found->version,
             VERSION_LEAST);
    if (policy_loses_days(found->policy))
        tell(found,
             "a full server evicts records of any day, and answers become incomplete "
             "unseen (maxmemory-policy %s): set noeviction or volatile-ttl",
             found->policy);
    if (strcmp(found->role, "slave") == 0 && strcmp(found->read_only, "1") == 0)
        tell(found, "the server is a read-only replica of %s: name the primary", found->primary);
    if (strcmp(found->cluster, "1") == 0)
        tell(found, "the server is part of a Cluster, which is not followed yet");
    if (strcmp(found->aof, "0") == 0 && found->knows_save && !found->saves)
        tell(found, "the server keeps nothing on disk, its restart loses all records: set "
                    "appendonly yes, or save");
    if (strcmp(found->bgsave, "err") == 0)
        tell(found, "the server's last snapshot failed (rdb_last_bgsave_status err)");
    if (strcmp(found->aof_write, "err") == 0)
        tell(found, "the server's last write to its append-only file failed");
}

int store_inspect(struct store *store, void (*tell_one)(void *context, const char *finding),
                  void *context, struct error *why)
{
    struct inspection found = {.tell = tell_one, .context = context};
    struct replies replies = {.context = &found, .got = inspect_got, .refused = inspect_refused};

    PIPELINE_ADD(&store->pipeline, WORD("INFO"));
    PIPELINE_ADD(&store->pipeline, WORD("CONFIG"), WORD("GET"), WORD("maxmemory-policy"));
    PIPELINE_ADD(&store->pipeline, WORD("CONFIG"), WORD("GET"), WORD("save"));
    if (store_run(store, &replies, "inspect the server", why))
        return -1;
    tell_all(&found);
    return 0;
}
