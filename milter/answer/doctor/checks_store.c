/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of Redis: can it be reached, and does it keep what it gets? What is changed there by
 * CONFIG SET lasts only with CONFIG REWRITE, so both stand in the line that heals.
 */
#include "doctor.h"

#include <stdio.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/health.h"

#define CERTIFICATE_DAYS 14
#define FULL_PERCENT 90
#define WHOSE_SIZE 340

/* "redis-cli ... WORDS", kept beyond the server's next start. */
static void heal_server(struct doctor *doctor, const struct store_health *health, const char *words,
                        const char *keep)
{
    struct buffer cli;

    buffer_init(&cli, 2048);
    store_redis_cli(doctor->settings, health->server, &cli);
    doctor_heal(doctor, "%s %s && %s %s", cli.data, words, cli.data, keep);
    buffer_free(&cli);
}

/* Each check asks anew: they are few, and each can be asked alone. In a Cluster each master is
 * looked at, and a finding tells which one it is of. */
struct round {
    struct doctor *doctor;
    const struct check *check;
    void (*look)(struct doctor *doctor, const struct check *check,
                 const struct store_health *health);
};

static void look_at_one(void *context, const struct store_health *health)
{
    const struct round *round = context;

    if (health->away[0] == '\0')
        round->look(round->doctor, round->check, health);
    else
        doctor_find(round->doctor, round->check, SEVERITY_UNKNOWN, NULL,
                    "Redis at '%s' does not answer: %s.", health->server, health->away);
}

static void look_at_each(struct doctor *doctor, const struct check *check,
                         void (*look)(struct doctor *doctor, const struct check *check,
                                      const struct store_health *health))
{
    struct round round = {doctor, check, look};
    struct error why;

    if (store_examine(doctor->store, look_at_one, &round, &why) != 0)
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "Redis does not answer: %s.", why.text);
}

/* " of tcp:10.0.0.7:6379" in a Cluster, else nothing: there is only one. */
static const char *whose(const struct doctor *doctor, const struct store_health *health,
                         char to[static WHOSE_SIZE])
{
    to[0] = '\0';
    if (doctor->settings->redis_mode == REDIS_CLUSTER)
        snprintf(to, WHOSE_SIZE, " of %s", health->server);
    return to;
}

/* ---- reached ---- */

static const char facts_wait[] =
    "Mail flows on, but its facts only wait in the journal: new mails are not found.";

static void heal_door(struct doctor *doctor, const char *why)
{
    const char *file = doctor->settings_file;

    if (strstr(why, "NOAUTH") != NULL)
        doctor_heal_in(doctor, file, "redis_password_file = \"%.*s/redis.password\"",
                       (int)(strrchr(file, '/') != NULL ? strrchr(file, '/') - file : 0), file);
    else if (strstr(why, "it is no part of a Cluster") != NULL ||
             strstr(why, "it is no sentinel") != NULL)
        doctor_heal_in(doctor, file, "redis_mode = single");
    else if (strstr(why, "Connection refused") != NULL && store_is_near(doctor->settings))
        doctor_heal(doctor, "systemctl enable --now redis-server || systemctl enable --now redis");
}

static void look_at_reach(struct doctor *doctor, const struct check *check)
{
    if (doctor->store != NULL)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, facts_wait, "%s.", doctor->store_why.text);
    heal_door(doctor, doctor->store_why.text);
}

static void look_at_one_certificate(struct doctor *doctor, const struct check *check,
                                    const struct store_health *health)
{
    char day[CLOCK_TEXT_SIZE];

    if (health->certificate_until == 0 ||
        health->certificate_until > clock_now() + CERTIFICATE_DAYS * DAY_MS)
        return;
    clock_text(health->certificate_until, 0, day);
    doctor_find(doctor, check, SEVERITY_WARNING,
                "From then on waybilld refuses to talk to it, and facts only wait in the journal.",
                "The certificate of Redis at '%s' ends on %s.", health->server, day);
}

static void look_at_certificate(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_certificate);
}

static void look_at_one_version(struct doctor *doctor, const struct check *check,
                                const struct store_health *health)
{
    unsigned major = store_health_major(health);
    char of[WHOSE_SIZE];

    if (major == 0)
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                    "The server does not tell its version: let INFO be asked (+info).");
    else if (major < STORE_VERSION_LEAST)
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "Users with rights of their own, and commands that waybilld gives, came with "
                    "it.",
                    "The server%s is Redis %s; %u.0 is the oldest that will do.",
                    whose(doctor, health, of), health->version, STORE_VERSION_LEAST);
}

static void look_at_version(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_version);
}

static void look_at_one_role(struct doctor *doctor, const struct check *check,
                             const struct store_health *health)
{
    bool replica = strcmp(health->role, "slave") == 0;

    if (health->cluster && doctor->settings->redis_mode != REDIS_CLUSTER) {
        doctor_find(doctor, check, SEVERITY_FAULT, facts_wait,
                    "The server at '%s' is part of a Cluster.", health->server);
        doctor_heal_in(doctor, doctor->settings_file, "redis_mode = cluster");
    }
    if (health->sentinel) {
        doctor_find(doctor, check, SEVERITY_FAULT, facts_wait,
                    "The server at '%s' is a sentinel, which keeps no records.", health->server);
        doctor_heal_in(doctor, doctor->settings_file, "redis_mode = sentinel");
    }
    if (!replica || doctor->settings->redis_mode != REDIS_SINGLE)
        return;
    doctor_find(doctor, check, health->read_only ? SEVERITY_FAULT : SEVERITY_WARNING,
                health->read_only ? facts_wait
                                  : "What is written there is lost when it copies its primary anew.",
                "The server at '%s' is a replica of '%s'.", health->server, health->primary);
    if (doctor_fits_string(slice_of(health->primary)))
        doctor_heal_in(doctor, doctor->settings_file, "redis = \"%s:%s\"",
                       strncmp(health->server, "tls:", 4) == 0 ? "tls" : "tcp", health->primary);
}

static void look_at_role(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_role);
}

static void look_at_one_replica(struct doctor *doctor, const struct check *check,
                                const struct store_health *health)
{
    if (health->replicas != 0 || doctor->settings->redis_mode == REDIS_SINGLE)
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "When it dies nobody takes its place, and what it had is not answered until it is "
                "back.",
                "No replica copies the master at '%s'.", health->server);
}

static void look_at_replicas(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_replica);
}

#define SLOTS 16384

static void look_at_one_part(struct doctor *doctor, const struct check *check,
                             const struct store_health *health)
{
    if (health->slots < 0 || health->slots == SLOTS)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT,
                "Records of the other slots are neither written nor found; facts wait in the journal.",
                "By '%s' %d of the %d slots of the Cluster are served.", health->server,
                health->slots, SLOTS);
    doctor_heal(doctor, "redis-cli --cluster fix %s",
                strchr(health->server, ':') != NULL && doctor_fits_string(slice_of(health->server))
                    ? strchr(health->server, ':') + 1
                    : "HOST:PORT");
}

static void look_at_slots(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_part);
}

/* ---- kept ---- */

static bool loses_days(const char *policy)
{
    return policy[0] != '\0' && strcmp(policy, "noeviction") != 0 &&
           strcmp(policy, "volatile-ttl") != 0;
}

static void look_at_one_eviction(struct doctor *doctor, const struct check *check,
                                 const struct store_health *health)
{
    char of[WHOSE_SIZE];

    if (!loses_days(health->policy))
        return;
    doctor_find(doctor, check, health->memory_most > 0 ? SEVERITY_FAULT : SEVERITY_WARNING,
                "A full server then drops records of any day, and answers become incomplete "
                "unseen. Where others use it as a cache, give waybill a server of its own.",
                "maxmemory-policy%s is %s.", whose(doctor, health, of), health->policy);
    heal_server(doctor, health, "CONFIG SET maxmemory-policy noeviction", "CONFIG REWRITE");
}

static void look_at_eviction(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_eviction);
}

static void look_at_one_memory(struct doctor *doctor, const struct check *check,
                               const struct store_health *health)
{
    char words[80], of[WHOSE_SIZE];

    if (health->memory_most <= 0 ||
        health->memory_used < health->memory_most / 100 * FULL_PERCENT)
        return;
    doctor_find(doctor, check,
                health->memory_used >= health->memory_most ? SEVERITY_FAULT : SEVERITY_WARNING,
                "When it is full it takes no more records; they wait in the journal. See first that "
                "its machine has more memory, or keep mails for fewer days (retention_days).",
                "Redis holds %lld of %lld MB (maxmemory%s).", (long long)health->memory_used >> 20,
                (long long)health->memory_most >> 20, whose(doctor, health, of));
    snprintf(words, sizeof words, "CONFIG SET maxmemory %lldmb",
             (long long)(health->memory_used >> 20) / 4 * 5 + 64);
    heal_server(doctor, health, words, "CONFIG REWRITE");
}

static void look_at_memory(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_memory);
}

static void look_at_one_persistence(struct doctor *doctor, const struct check *check,
                                    const struct store_health *health)
{
    char of[WHOSE_SIZE];

    if (health->aof < 0)
        return;
    whose(doctor, health, of);
    if (health->aof == 0 && health->snapshots == 0)
        doctor_find(doctor, check, SEVERITY_FAULT, "Its next start loses every record.",
                    "Redis keeps nothing on disk: appendonly%s no, save \"\".", of);
    else if (health->aof == 0)
        doctor_find(doctor, check, SEVERITY_HINT,
                    "After a crash the records since its last snapshot are gone.",
                    "Redis keeps snapshots alone: appendonly%s no.", of);
    else
        return;
    heal_server(doctor, health, "CONFIG SET appendonly yes", "CONFIG REWRITE");
}

static void look_at_persistence(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_persistence);
}

static void look_at_one_fsync(struct doctor *doctor, const struct check *check,
                              const struct store_health *health)
{
    char of[WHOSE_SIZE];

    if (health->aof != 1 || strcmp(health->appendfsync, "no") != 0)
        return;
    doctor_find(doctor, check, SEVERITY_HINT,
                "A power cut loses up to half a minute of records that waybilld takes for kept.",
                "appendfsync%s is no.", whose(doctor, health, of));
    heal_server(doctor, health, "CONFIG SET appendfsync everysec", "CONFIG REWRITE");
}

static void look_at_fsync(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_fsync);
}

static void look_at_one_saving(struct doctor *doctor, const struct check *check,
                               const struct store_health *health)
{
    char of[WHOSE_SIZE];

    if (!health->snapshot_failed && !health->aof_failed)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT,
                "Redis then refuses all writes (MISCONF), or loses them at its next start.",
                "The last write of Redis to its disk failed (%s%s): make room there, or let it "
                "write there, then try again.",
                health->snapshot_failed ? "rdb_last_bgsave_status" : "aof_last_write_status",
                whose(doctor, health, of));
    heal_server(doctor, health, health->snapshot_failed ? "BGSAVE" : "BGREWRITEAOF", "PING");
}

static void look_at_saving(struct doctor *doctor, const struct check *check)
{
    look_at_each(doctor, check, look_at_one_saving);
}

#define STORE NEEDS_STORE

const struct check checks_store[] = {
    {"store-reachable", "Redis is reached", look_at_reach, NEEDS_SETTINGS},
    {"store-certificate", "the certificate of Redis does not end soon", look_at_certificate, STORE},
    {"store-version", "Redis is new enough", look_at_version, STORE},
    {"store-role", "Redis is no replica", look_at_role, STORE},
    {"store-replicas", "each master has a replica", look_at_replicas, STORE},
    {"store-slots", "all slots of the Cluster are served", look_at_slots, STORE},
    {"store-eviction", "a full Redis drops no records", look_at_eviction, STORE},
    {"store-memory", "Redis has memory left", look_at_memory, STORE},
    {"store-persistence", "Redis keeps its records on disk", look_at_persistence, STORE},
    {"store-fsync", "a power cut loses a second of them at most", look_at_fsync, STORE},
    {"store-saving", "its last write to the disk succeeded", look_at_saving, STORE},
    {0},
};
