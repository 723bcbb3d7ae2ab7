/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health: what state the Redis server is in, and what it lets us do, for who looks for faults.
 *
 * Nothing here changes anything there. A server that does not let us ask is no error: what could
 * not be asked is unknown, "" or -1. As store.h: one thread, one connection.
 */
#ifndef WAYBILL_HEALTH_H
#define WAYBILL_HEALTH_H

#include "waybill/buffer.h"
#include "waybill/store.h"

/* The oldest Redis that understands all commands of ours. */
#define STORE_VERSION_LEAST 6u

struct store_health {
    char server[320];     /* as in the option `redis` */
    char away[512];       /* why it does not answer; all else is unknown then. "": it does */
    char version[32];
    char role[16];        /* "master", "slave" */
    char primary[120];    /* of a replica: its master, HOST:PORT as in the option `redis` */
    char policy[32];      /* maxmemory-policy */
    char appendfsync[16]; /* "always", "everysec", "no" */
    int64_t memory_used, memory_most; /* bytes; 0 for the latter: no bound */
    int aof, snapshots;               /* is there an append-only file, are there snapshots; -1 */
    int64_t certificate_until;        /* ms: its certificate ends then; 0: no TLS */
    bool read_only;                   /* a replica that takes no writes */
    int64_t replicas; /* that copy it; -1 */
    int slots;        /* of a Cluster: how many of the 16384 somebody has; -1 */
    bool cluster, sentinel, snapshot_failed, aof_failed;
};
/* How a person reaches it: "redis-cli -h 10.0.0.7 -p 6379", for a shell; no password. `server` as
 * in the option `redis`; NULL: the first one there. */
int store_redis_cli(const struct settings *settings, const char *server, struct buffer *to);
/* Nobody but this machine can listen: a Unix socket, or a loopback address. */
bool store_is_near(const struct settings *settings);

/* Of the server; in a Cluster of each master in turn. -1: it, or the Cluster, cannot be reached. */
int store_examine(struct store *store,
                  void (*seen)(void *context, const struct store_health *health), void *context,
                  struct error *why);
/* The same by the rights of who only reads: what only the server's options tell is unknown. */
int store_look_at_servers(struct store *store,
                          void (*seen)(void *context, const struct store_health *health),
                          void *context, struct error *why);
/* "single", "sentinel", "cluster": how the servers are found. */
const char *store_mode_word(const struct settings *settings);
unsigned store_health_major(const struct store_health *health); /* of the version; 0: unknown */

/* ---- rights ---- */

/* Whose users log in, each with the least rights. */
enum store_role {
    STORE_WAYBILLD,    /* waybilld and waybill import; also reads all that waybill reads */
    STORE_WAYBILL,     /* the help desk: reads */
    STORE_PRIVACY,     /* waybill forget, export-person, audit, token */
    STORE_WEB,         /* waybill-web: reads, writes the audit */
    STORE_AT_SENTINEL, /* all of them, as a user of the sentinels */
    STORE_ROLES
};
/* Is there such a user with these options? */
bool store_role_exists(const struct settings *settings, enum store_role role);
const char *store_role_does(enum store_role role); /* "waybill forget, ...": a line for people */
/* Its name: of the options, or the usual one. */
const char *store_role_user(const struct settings *settings, enum store_role role);
/* Adds its rights in the words of an ACL, without name and password: "resetchannels ~wb:r:* ...
 * +hmget". They depend on the options: prefix, mode, when_full. `old`: for Redis 6, which cannot
 * tell keys to read from keys to write. -1: no memory. */
int store_role_rights(const struct settings *settings, enum store_role role, bool old,
                      struct buffer *to);

/* Each right of waybilld and waybill that we have not: `right` in the words of an ACL, "+hset", or
 * `keys`: "~wb:t:*" (`old` as above). `writer`: only waybilld needs it. Tried with keys that are
 * not there and words that are refused, so nothing is written. */
int store_try_rights(struct store *store, bool old,
                     void (*refused)(void *context, const char *right, bool writer, bool keys),
                     void *context, struct error *why);

/* Whose keys stand there, as far as a look at some thousand tells. */
struct store_keys {
    uint64_t ours, others; /* with our prefix, without it */
    uint64_t strange;      /* of ours: none of ours, by the name */
    char example[200];     /* of the strange ones */
    bool known;            /* we may look */
};
int store_look_at_keys(struct store *store, struct store_keys *keys, struct error *why);

#endif
