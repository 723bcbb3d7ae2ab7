/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: the configuration file, read into one struct by one option table.
 *
 * The table (milter/base/options.c) has a row per option: name, type, range, default, whether a
 * reload applies it, and the sentence for the manual. The parser (libconfuse), the annotated
 * example (waybilld --print-config) and the section OPTIONS of waybill.conf(5) come from it.
 * A struct settings is immutable after settings_read. Any thread may read one.
 */
#ifndef WAYBILL_SETTINGS_H
#define WAYBILL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "waybill/error.h"

#define SETTINGS_LIST_MAX 32

enum compression { COMPRESSION_NONE, COMPRESSION_ZSTD };
enum subject_mode { SUBJECT_FULL, SUBJECT_HASH, SUBJECT_OFF };
enum when_full { WHEN_FULL_WAIT, WHEN_FULL_SHED };
enum redis_mode { REDIS_SINGLE, REDIS_SENTINEL, REDIS_CLUSTER };
enum web_user_role { WEB_USER_NONE, WEB_USER_SENDER };
enum audit_reason { AUDIT_REASON_NONE, AUDIT_REASON_OPTIONAL, AUDIT_REASON_REQUIRED };
enum sync_mode { SYNC_INTERVAL, SYNC_ALWAYS, SYNC_NEVER };

struct settings {
    /* who we are */
    char *host;      /* name of this MTA host in records; default: the host's full name */
    int64_t node;    /* 0..99; -1: take a free one in the store, keep it in the state directory */
    char *user;      /* drop to this user when started as root */

    /* the MTA */
    /* libmilter's socket name: unix:PATH, inet:PORT@HOST, inet6:PORT@HOST; never "auto" */
    char *listen;
    bool listen_auto;     /* the file says "auto", or nothing */
    int64_t listen_mode;  /* mode of a unix socket, octal in the file as 0660 */
    int64_t drain_seconds; /* longest life of sessions behind a process that was replaced */
    int64_t eom_wait_ms;  /* longest wait for the journal before EOM is answered */
    int64_t subject;      /* enum subject_mode */
    char *key_file;       /* secret from which keys are derived (subject = hash, stamp_envid) */
    char *key_file_before; /* the secret before it was changed; "": none */
    int64_t stamp_envid;  /* 1: give mails without ENVID one by which reports are known again */
    char *internal_daemon_name; /* {daemon_name} of the MTA's own mails; "": it has none */
    char *rules_directory; /* rules of the administrator, see reason.h; "": none */
    char *messages_directory; /* languages, see messages.h; "": English only */
    char *log_source[SETTINGS_LIST_MAX]; /* "auto", "journal", or paths; NULL ends the list */
    int64_t queue_lifetime_hours; /* Postfix's maximal_queue_lifetime */

    /* the journal */
    char *state_directory;
    int64_t journal_sync; /* enum sync_mode */
    int64_t journal_sync_ms;
    int64_t journal_max_mb;
    int64_t journal_segment_mb;
    int64_t journal_ring; /* facts kept in memory while the disk refuses */

    /* the store */
    char *redis;               /* tcp:HOST:PORT, unix:PATH, tls:HOST:PORT; several: by commas */
    int64_t redis_mode;        /* enum redis_mode */
    char *redis_master_name;   /* by which the sentinels know it */
    char *redis_sentinel_user;
    char *redis_sentinel_password_file;
    char *redis_user;
    char *redis_password_file; /* mode at most 0640; first line */
    char *redis_ca_file;
    char *redis_cert_file;
    char *redis_key_file;
    char *redis_server_name;   /* name in each certificate; default: HOST */
    char *redis_prefix;
    int64_t redis_timeout_ms;
    int64_t redis_rewind_seconds; /* so long what is shipped is kept, to be shipped again */
    int64_t when_full;      /* enum when_full */
    int64_t shed_keep_days; /* younger days are never given up */
    int64_t batch_facts;
    int64_t batch_ms;
    int64_t hold_seconds; /* how long a log line waits for the milter's facts of the same mail */
    int64_t retention_days;
    int64_t refused_retention_days;
    int64_t reply_retention_days;   /* 0: as retention_days */
    int64_t subject_retention_days; /* 0: as retention_days */
    int64_t compression; /* enum compression, of new records */
    int64_t audit_retention_days;
    int64_t refused_per_client; /* refused sessions recorded per client and hour */
    int64_t events_kept;        /* per stream */

    /* who may ask */
    char *own_sources[SETTINGS_LIST_MAX]; /* "pickup", networks; NULL ends the list */
    char *web_user;                       /* whom waybill-web becomes */
    char *web_listen;                     /* as metrics, never "" */
    char *web_page_directory;             /* "": no page */
    char *web_url;         /* https://HOST or the like, as browsers see it; "": not known */
    int64_t web_session_idle_minutes;
    char *web_user_header; /* in which the proxy says who it is; "": in none */
    int64_t web_user_role; /* enum web_user_role, of names that have no entry */
    int64_t audit_reason;  /* enum audit_reason */
    int64_t web_rate;                     /* requests a minute and person; 0: unbounded */

    /* what we say ourselves */
    char *metrics;      /* unix:/PATH, tcp:127.0.0.1:PORT, tcp:[::1]:PORT; "": none */
    int64_t log_level;  /* enum log_level */
    int64_t log_format; /* enum log_format */
    int64_t log_target; /* enum log_target */
};

/* What "auto" stands for: a socket that Postfix reaches with and without chroot, where this
 * directory exists; else the other one. */
#define LISTEN_QUEUE_DIRECTORY "/var/spool/postfix/waybill"
#define LISTEN_IN_QUEUE "unix:" LISTEN_QUEUE_DIRECTORY "/milter.sock"
#define LISTEN_ELSEWHERE "unix:" RUNSTATEDIR "/waybill/milter/milter.sock"

#define SETTINGS_FILE_DEFAULT SYSCONFDIR "/waybill/waybill.conf"

/* Read `path` (NULL: only defaults). -1: `why` is "path:line: name: what is allowed". A file that
 * is written credential:NAME has the path at which systemd shows it, or would.
 * On success the caller owns *settings and frees it with settings_free. */
int settings_read(struct settings **settings, const char *path, struct error *why);
void settings_free(struct settings **settings);
/* Can the files be opened that the settings name, and is each log_source one that can be
 * followed, named once? A log that is not there may come. -1: `why` names the option and
 * the file. */
int settings_check_files(const struct settings *settings, struct error *why);

/* Compare two settings and call `tell` once per option that differs. `live` says whether a
 * reload applies it; otherwise it needs a restart. */
void settings_compare(const struct settings *before, const struct settings *after,
                      void (*tell)(void *context, const char *name, bool live), void *context);

/* For a reload: give *fresh the values of *current for all options that only a restart may change,
 * so that what was told "needs a restart" does not creep in. -1: no memory. */
int settings_keep_fixed(struct settings *fresh, const struct settings *current);

/* The annotated example configuration. */
void settings_print_example(FILE *to);
/* The OPTIONS section of waybill.conf(5), in mdoc. */
void settings_print_manual(FILE *to);

#endif
