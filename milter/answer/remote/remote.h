/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remote: the answers of a waybill-web in the form in which the store gives them, so that whoever
 * prints them need not know whence they came.
 *
 * What comes over the wire is hostile: an answer has at most REMOTE_BODY_MAX bytes and
 * REMOTE_VALUES_MAX values, is REMOTE_DEPTH_MAX deep at most, and comes within REMOTE_SECONDS; each
 * value must be of its type. The token goes to the address that was named and nowhere else: no
 * redirect is followed. One thread.
 */
#ifndef WAYBILL_ANSWER_REMOTE_H
#define WAYBILL_ANSWER_REMOTE_H

#include "../chain.h"
#include "../sight.h"
#include "../watched.h"
#include "waybill/id.h"
#include "waybill/live.h"
#include "waybill/query.h"

#define REMOTE_BODY_MAX (32u << 20)
#define REMOTE_VALUES_MAX 2000000u
#define REMOTE_DEPTH_MAX 14
#define REMOTE_SECONDS 120
#define REMOTE_CONNECT_SECONDS 10
#define REMOTE_SILENCE_SECONDS 60 /* of a stream: a beat comes every 15 */
#define REMOTE_WAIT_MAX 60 /* seconds of Retry-After that are waited for, once */

struct remote;

struct remote_options {
    const char *url;        /* "http://host:port", "https://host/prefix", "unix:/path" */
    const char *token_file; /* NULL: ~/.config/waybill/token */
    const char *reason;     /* for the audit; NULL: none */
    const char *language;   /* of what is told there; NULL: English */
};
/* Nothing is asked yet. -1: the address or the token is no good; `why` says what to do. */
int remote_open(struct remote **remote, const struct remote_options *options, struct error *why);
void remote_close(struct remote **remote);

/* Why the last question failed. */
enum remote_trouble {
    REMOTE_FINE,
    REMOTE_REFUSED, /* the question was wrong, or is not for this person */
    REMOTE_AWAY,    /* no answer, or none of a Waybill */
};
enum remote_trouble remote_last_trouble(const struct remote *remote);
/* The configuration at the other end, as far as answers rest on it. */
struct remote_settings {
    int64_t queue_lifetime_hours, reply_retention_days, subject_retention_days;
    bool subjects; /* they are stored */
};
int remote_get_settings(struct remote *remote, struct remote_settings *settings,
                        struct error *why);

/* ---- mails ---- */

/* A mail of a search. Its texts live until the next question; `waybill` is the callee's if he
 * empties it. `line`: the mail in JSON, if that was asked for; else NULL. */
struct remote_mail {
    struct waybill waybill;
    struct chain_before before;
    struct buffer *line;
};
typedef int remote_found(void *context, struct remote_mail *mail, struct error *why);

struct remote_search {
    struct query *query;   /* since and until become what they meant at the other end */
    const char *after;     /* cursor, or NULL */
    remote_found *found;   /* 0: go on; -1: with `why` */
    void *context;
    bool lines;
    bool timeline; /* of each mail: what remote: is compared with */
    struct query_answer answer; /* all but the waybills; `next` is 1 if there are more */
    char cursor[QUERY_CURSOR_SIZE];
    struct buffer coverage; /* query_coverage's lines, if nothing was found */
    struct buffer page;     /* in JSON, if `lines` */
};
/* Asks for pages until there are as many as the query's limit. Clear it in either case. */
int remote_search(struct remote *remote, struct remote_search *search, struct error *why);
void remote_search_clear(struct remote_search *search);

/* All about one mail; texts live until the next question. */
struct remote_shown {
    struct waybill waybill;
    struct chain_before before;
    struct chain chain;
};
/* 1: found, to be cleared; 0: there is none, or it is not for this person; -1. With `line` also as
 * JSON. */
int remote_show(struct remote *remote, uint64_t id, struct remote_shown *shown,
                struct buffer *line, struct error *why);
void remote_shown_clear(struct remote_shown *shown);

/* The case codes that may be meant by this mistyped one: as access_near. -1: `why`. */
int remote_near(struct remote *remote, struct slice code, uint64_t ids[static ID_NEAR_MAX],
                size_t *count, struct error *why);

/* ---- counts ---- */

/* As query_group; since and until of the query become what they meant at the other end. With
 * `lines` also as JSON, an object a line. Clear it in either case, before the next question. */
int remote_group(struct remote *remote, struct query *query, const enum query_by *by,
                 size_t by_count, struct query_groups *groups, struct buffer *lines,
                 struct error *why);
void remote_groups_clear(struct query_groups *groups);
/* As watched_read, of the time of a query; with `line` also as JSON. */
int remote_watched(struct remote *remote, const struct query *query, struct watched_list *list,
                   struct buffer *line, struct error *why);

/* ---- what happens ---- */

struct remote_watcher {
    void *context;
    /* Asked before each event and twice a second at least; false: enough. */
    bool (*goes_on)(void *context);
    /* An event, and the same as JSON; texts live until it returns. */
    void (*mail)(void *context, const struct sight_told *told, struct buffer *line);
    void (*gap)(void *context, const struct store_gap *gap, struct buffer *line);
    /* As of struct live_watcher; UINT64_MAX records unread: how many is not told. */
    void (*behind)(void *context, const struct live_behind *behind);
    void (*rebuilt)(void *context, const struct live_behind *behind);
    void (*partly)(void *context, const char *why);
    /* The store is away at the other end, or is back. */
    void (*lost)(void *context, bool lost);
    void (*begun)(void *context); /* the other end answers */
};
struct remote_follow {
    const struct query *query; /* its time does not count */
    uint64_t only;             /* this mail alone; 0: all */
    const char *after;         /* cursor, or NULL: from now on */
    char place[LIVE_CURSOR_SIZE]; /* where it goes on; "": it has not begun */
    int64_t wait;              /* ms until it is to be tried again */
};
enum remote_ended {
    REMOTE_FAILED = -1, /* `why`; to try again would be of no use */
    REMOTE_ENOUGH = 0,
    REMOTE_CUT = 1,     /* `why`; the same call goes on where it was */
};
/* One connection, until it ends. An event has SSE_EVENT_MAX bytes at most; a connection without a
 * byte for REMOTE_SILENCE_SECONDS counts as cut. */
enum remote_ended remote_follow(struct remote *remote, struct remote_follow *follow,
                                const struct remote_watcher *watcher, struct error *why);

/* ---- who asked ---- */

typedef void remote_entry(void *context, const struct store_audit *entry);
/* Newest first, all since then; the slices live as long as the call. */
int remote_audit(struct remote *remote, int64_t since, remote_entry *seen, void *context,
                 struct error *why);

#endif
