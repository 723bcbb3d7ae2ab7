/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acl: see acl.h.
 *
 * waybilld has the rights to read, too: on a mail server `waybill trace` logs in by the same
 * configuration, and what waybilld writes it reads anyway, to join it with what is there.
 * AUTH needs no right: everybody may give it.
 */
#include "acl.h"

#include <string.h>

#define W BY_WAYBILLD
#define R BY_WAYBILL
#define P BY_PRIVACY
#define H BY_WEB
#define ALL (W | R | P | H)

const struct right rights[] = {
    {"client|setname", ALL | AT_SENTINEL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {NULL}},
    {"ping", ALL | AT_SENTINEL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {NULL}},
    {"info", ALL | AT_SENTINEL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"INFO", "server"}},
    {"sentinel|get-master-addr-by-name", AT_SENTINEL, RIGHT_SENTINEL, RIGHT_ON_NOTHING, {NULL}},
    {"role", ALL, RIGHT_SENTINEL, RIGHT_ON_NOTHING, {"ROLE"}},
    {"cluster|slots", ALL, RIGHT_CLUSTER, RIGHT_ON_NOTHING, {NULL}},
    {"asking", ALL, RIGHT_CLUSTER, RIGHT_ON_NOTHING, {NULL}},
    {"config|get", W, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {NULL}},
    {"time", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"TIME"}},
    {"get", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"GET", "@"}},
    {"hmget", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"HMGET", "@", "x"}},
    {"hgetall", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"HGETALL", "@"}},
    {"hkeys", W | R | H, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"HKEYS", "@"}},
    {"smembers", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"SMEMBERS", "@"}},
    {"scard", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"SCARD", "@"}},
    {"sscan", W | R | H, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"SSCAN", "@", "0"}},
    {"zrevrange", W | R | H, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"ZREVRANGE", "@", "0", "0"}},
    {"xread", W | R | H, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"XREAD", "COUNT", "1", "STREAMS", "@", "0"}},
    {"xinfo|stream", W | R | H, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"XINFO", "STREAM", "@"}},
    {"hscan", P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"HSCAN", "@", "0"}},
    {"pttl", P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"PTTL", "@"}},
    {"hget", W | P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"HGET", "@", "x"}},
    {"set", W | P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"SET", "@", "x", "NX", "XX"}},
    {"hset", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"HSET", "@", "odd", "number", "of"}},
    {"hsetnx", W | P, RIGHT_ALWAYS, RIGHT_ON_NODES, {"HSETNX", "@", "x", "x"}},
    {"hdel", W | P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"HDEL", "@", "x"}},
    {"sadd", W | P, RIGHT_ALWAYS, RIGHT_ON_NODES, {"SADD", "@", "0"}}, /* one that is there */
    {"srem", W | P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"SREM", "@", "x"}},
    {"zadd", W | P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"ZADD", "@", "no-number", "x"}},
    {"zrem", W | P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"ZREM", "@", "x"}},
    {"zremrangebyscore",
     W | P,
     RIGHT_ALWAYS,
     RIGHT_ON_NOTHING,
     {"ZREMRANGEBYSCORE", "@", "0", "0"}},
    {"xadd", W, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"XADD", "@", "no-id", "x", "x"}},
    {"expireat", ALL, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"EXPIREAT", "@", "no-time"}},
    {"unlink", W, RIGHT_SHED, RIGHT_ON_NOTHING, {"UNLINK", "@"}},
    {"scan", P, RIGHT_ALWAYS, RIGHT_ON_NOTHING, {"SCAN", "0", "COUNT", "1"}},
    {"scan", W, RIGHT_SHED, RIGHT_ON_NOTHING, {"SCAN", "0", "COUNT", "1"}},
};
const size_t right_count = sizeof rights / sizeof rights[0];

static const struct {
    unsigned bit;
    const char *user, *does;
} roles[STORE_ROLES] = {
    [STORE_WAYBILLD] = {BY_WAYBILLD, "waybilld", "waybilld and waybill import, on each mail server"},
    [STORE_WAYBILL] = {BY_WAYBILL, "waybill", "waybill at the help desk: it reads, and notes who asked"},
    [STORE_PRIVACY] = {BY_PRIVACY, "privacy", "waybill forget, export-person, audit and token"},
    [STORE_WEB] = {BY_WEB, "waybill-web", "waybill-web: it reads, and writes the audit and its sessions"},
    [STORE_AT_SENTINEL] = {AT_SENTINEL, "waybill-sentinel", "all of them, at each sentinel"},
};

bool right_counts(const struct right *right, const struct settings *settings)
{
    switch (right->when) {
    case RIGHT_SHED:
        return settings->when_full == WHEN_FULL_SHED;
    case RIGHT_SENTINEL:
        return settings->redis_mode == REDIS_SENTINEL;
    case RIGHT_CLUSTER:
        return settings->redis_mode == REDIS_CLUSTER;
    case RIGHT_ALWAYS:
        break;
    }
    return true;
}

bool key_row_pattern(const struct key_row *row, unsigned who, const char *prefix, bool old,
                     struct buffer *to)
{
    size_t family = strcspn(row->form, ":");
    bool reads = (row->readers & who) != 0, writes = (row->writers & who) != 0;

    if (!reads && !writes)
        return false;
    buffer_addf(to, "%s~%s%.*s%s", old || (reads && writes) ? "" : reads ? "%R" : "%W", prefix,
                (int)family, row->form, row->form[family] == ':' ? ":*" : "");
    return true;
}

bool store_role_exists(const struct settings *settings, enum store_role role)
{
    return role != STORE_AT_SENTINEL || settings->redis_mode == REDIS_SENTINEL;
}

const char *store_role_does(enum store_role role)
{
    return roles[role].does;
}

/* The option names the user of whoever has this configuration; that is waybilld, unless the name is
 * the usual one of another. */
const char *store_role_user(const struct settings *settings, enum store_role role)
{
    const char *named = role == STORE_WAYBILLD      ? settings->redis_user
                        : role == STORE_AT_SENTINEL ? settings->redis_sentinel_user
                                                    : NULL;

    if (named == NULL || *named == '\0' || strcmp(named, "default") == 0)
        return roles[role].user;
    for (size_t i = 0; i < STORE_ROLES; i++)
        if (role == STORE_WAYBILLD && strcmp(named, roles[i].user) == 0)
            return roles[role].user;
    return named;
}

int store_role_rights(const struct settings *settings, enum store_role role, bool old,
                      struct buffer *to)
{
    const char *prefix = settings->redis_prefix != NULL ? settings->redis_prefix : "";
    struct buffer pattern;

    buffer_init(&pattern, KEY_MAX);
    buffer_add_text(to, "resetchannels");
    for (size_t i = 0; i < key_row_count; i++) {
        buffer_clear(&pattern);
        if (key_row_pattern(&key_rows[i], roles[role].bit, prefix, old, &pattern))
            buffer_addf(to, " %s", pattern.data);
    }
    buffer_free(&pattern);
    for (size_t i = 0; i < right_count; i++)
        if ((rights[i].roles & roles[role].bit) != 0 && right_counts(&rights[i], settings))
            buffer_addf(to, " +%s", rights[i].name);
    return to->failed ? -1 : 0;
}
