/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: Redis. Every key that exists is made in milter/store/keys.c; every command is formed in
 * this room. The rest of the program speaks in verbs.
 *
 * One struct store is connected to one server (redis_mode single), to the master that sentinels
 * name, or to all masters of a Cluster; the verbs are the same. It is used by one thread. Writes
 * are queued (store_put_*, store_post_* ...) and go out with store_flush, which waits for all
 * replies. All writes may be repeated without harm (an event is added again, with the same event
 * id), and each touches one key. Reads (store_get_*, ...) go out at once, and do not see what is
 * still queued. A callback of a read must not use the same store, but to queue writes where that
 * is said.
 *
 * No wait is longer than redis_timeout_ms without a byte from a server (three of them for the map
 * of a Cluster). No command that a server may have run is sent again by this room: the caller does
 * that. What belongs to a day whose keys are about to expire is left out and counted in the log at
 * level debug.
 */
#ifndef WAYBILL_STORE_H
#define WAYBILL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/buffer.h"
#include "waybill/error.h"
#include "waybill/settings.h"
#include "waybill/sheet.h"
#include "waybill/text.h"
#include "waybill/waybill.h"

struct store;

/* What went wrong, so that the caller can act on it by name. */
enum store_trouble {
    STORE_FINE,
    STORE_UNREACHABLE, /* connect, TLS, time-out, broken connection: try again later */
    STORE_BUSY,        /* LOADING, BUSY, TRYAGAIN, MASTERDOWN, CLUSTERDOWN, NOREPLICAS: later */
    STORE_FULL,        /* OOM, MISCONF: later, and the operator must know */
    STORE_READONLY,    /* READONLY: this server is a replica now */
    STORE_DENIED,      /* NOAUTH, WRONGPASS, NOPERM: the configuration is wrong */
    STORE_FOREIGN,     /* WRONGTYPE: a key of ours holds something else */
    STORE_PROTOCOL,    /* a reply that cannot be */
    STORE_PARTLY,      /* Cluster: a master that was needed is away, others answered: later */
    STORE_TROUBLE_COUNT
};
const char *store_trouble_word(enum store_trouble trouble);

/* `settings` must live as long as the store. Does not connect yet. -1: the address cannot be
 * read, a password file is missing or open to others, ... : a fault of the configuration. */
int store_open(struct store **store, const struct settings *settings, struct error *why);
void store_close(struct store **store);
/* Connect and say who we are (AUTH, CLIENT SETNAME); nothing to do if connected. All reads and
 * store_flush do this by themselves, and again after whatever ended the connection. */
int store_connect(struct store *store, struct error *why);
/* Of the last call that failed. */
enum store_trouble store_last_trouble(const struct store *store);
/* Goes up each time that writes which were acknowledged may have been lost: another run of the
 * server, or another master, answers now. 0: never connected. Who may not ask for INFO does not
 * learn of another run. */
uint64_t store_epoch(const struct store *store);
/* A digest of that run, in a Cluster of those of all masters, the same for all who ask it, also
 * after a restart of ours. 0: not known. May connect to masters. */
uint64_t store_run_digest(struct store *store);
/* May reads leave out what a master of a Cluster has that is away (from the start: no, they fail)?
 * Then what it has is as if it were not there, and a record of it is told with `why_not`. What
 * stands under a key of ours and is not ours is left out always; what stands apart from its record
 * and cannot be read, by store_get_waybills alone. store_unanswered says how many questions since
 * its last call were not answered for one of these reasons, and why the first was not. Writes never
 * leave anything out. Returns what it was before. */
bool store_read_partly(struct store *store, bool allowed);
uint64_t store_unanswered(struct store *store, struct error *why);

/* ---- the writer's verbs: queued until store_flush ---- */

/* The record of a waybill. `node` of the writer: another node's mail goes into its own field
 * ref+NN. `refused`: into the short-lived buckets. */
void store_put_record(struct store *store, unsigned node, uint64_t id, struct slice text,
                      bool refused);
/* What lives shorter than its record: the values of these keys go into a text of their own
 * (record_format with the mask, and without it for the record), for each kind. 0: they live as
 * long, and stand in the record. */
enum apart { APART_REPLY, APART_SUBJECT, APART_COUNT };
uint64_t store_apart_keys(const struct store *store, enum apart kind, bool refused);
/* Such a text; readers merge it into the record. Left out once its day is about to go. */
void store_put_apart(struct store *store, unsigned node, uint64_t id, enum apart kind,
                     struct slice text, bool refused);
/* Such a text has nothing to say any more. */
void store_drop_apart(struct store *store, unsigned node, uint64_t id, enum apart kind,
                      bool refused);
/* Are records compressed from now on? store_open takes it from its settings. What is there stays
 * as it is: text and frames may stand side by side. */
void store_compress(struct store *store, bool compress);
/* Would the record be taken, or is its day about to go? */
bool store_takes(const struct store *store, uint64_t id, bool refused);
/* Take a record back (it moved, or its bucket was the wrong one), and what stands apart. */
void store_drop_record(struct store *store, unsigned node, uint64_t id, bool refused);
/* One term of a waybill into the index of its day. `term` is normalised by the caller: an address
 * by address_normal, another word by term_fold. */
enum term_kind {
    TERM_RECIPIENT = 'r', TERM_RECIPIENT_DOMAIN = 'R', TERM_SENDER = 's', TERM_SENDER_DOMAIN = 'S',
    TERM_MESSAGE_ID = 'm', TERM_QUEUE_ID = 'q', TERM_LOGIN = 'a', TERM_CLIENT_IP = 'c',
    TERM_BAD_DOMAIN = 'b', /* "failed/domain", "rejected/domain" */
    TERM_OUTCOME = 'o',    /* "failed", "expired", "rejected": some recipient once came to that */
    TERM_REASON = 'e',     /* a word of reason.h that stood for some recipient or attempt */
    TERM_REMOTE = 'h',     /* the server of an attempt: its name, or its address if it has none */
};
#define TERM_MAX 1024 /* longer ones are cut, for who writes and for who asks */
/* ASCII letters in lower case; terminated. Returns its length. Any thread. */
size_t term_fold(struct slice term, char to[static TERM_MAX]);
void store_post_term(struct store *store, uint64_t id, enum term_kind kind, struct slice term,
                     bool refused);
/* Put recipient (recipient_hash) of a waybill into the set of what is delayed now, if that is its
 * state, and out of it if not. */
void store_mark_state(struct store *store, uint64_t id, uint64_t recipient,
                      enum recipient_state state, int64_t time);
void store_emit_event(struct store *store, const struct event *event);
/* node:NN, beat:NN, gaps and counters. Counters are absolute values of one writer per hour. */
void store_put_beat(struct store *store, unsigned node, const char *witness, int64_t time);
void store_put_gap(struct store *store, unsigned node, struct slice witness, int64_t from,
                   int64_t until, struct slice cause, uint64_t count);
void store_put_counter(struct store *store, unsigned node, int64_t hour, const char *name,
                       uint64_t value);
/* Counters add up, over nodes and hours; one whose name ends in "_slowest_us" does not: of several
 * values the highest stands for all. */
bool store_counter_is_highest(struct slice name);
/* sheet:NN of sheet->node, whole: what is not told now is not there any more. */
void store_put_sheet(struct store *store, const struct sheet *sheet);
/* Send all that is queued and wait for every reply. 0: every reply was good. -1: at least one
 * was not: send the same again later; store_last_trouble says of what kind. Queued writes are
 * gone either way. A STORE_FOREIGN reply is logged and skipped, not an error. */
int store_flush(struct store *store, struct error *why);
/* Another program took keys away: what is said of a key but once (that it is in use, when it ends)
 * is said again. */
void store_say_again(struct store *store);
size_t store_queued(const struct store *store); /* writes waiting; 0: nothing to flush */

/* ---- when the server is full ---- */

struct store_shed {
    uint32_t day;
    bool refused;  /* of refused mails */
    uint64_t keys; /* that went */
};
/* Give up the oldest day that is older than `keep_days`, whole keys, a thousand at a time: of the
 * refused mails first. Of another day a gap of `node` (witness "store", cause "shed") tells.
 * Nothing may be queued. `go_on` is asked between the steps. 1: *shed was given up; 0: there is no
 * such day; -1: the store failed, or go_on said no; the next call goes on with that day. */
int store_shed_day(struct store *store, unsigned node, int64_t keep_days,
                   bool (*go_on)(void *context), void *context, struct store_shed *shed,
                   struct error *why);

/* Take a posting back, wherever it may stand. */
void store_unpost_term(struct store *store, uint64_t id, enum term_kind kind, struct slice term);

/* ---- forgetting a person; see forget.h ---- */

#define TOMB_HASH_SIZE 33
/* "Of mails that arrived until then nothing may name this address." */
struct store_tomb {
    char hash[TOMB_HASH_SIZE]; /* keyed, of the canonical address; hexadecimal */
    int64_t until;             /* ms */
    uint64_t told;             /* grows each time that the nodes are to look again */
};
struct store_tombs {
    unsigned char key[32]; /* of the hashes; all zero as long as nobody was forgotten */
    uint64_t told;         /* the highest of all */
    struct store_tomb *list;
    size_t count;
};
/* Who adds one to so many is to be told no: every writer keeps them all in memory. */
#define STORE_TOMBS_MAX 100000u
void store_tombs_free(struct store_tombs *tombs);
/* Read all; *tombs is all zero, or was read before. With `make` there is a key afterwards. */
int store_get_tombs(struct store *store, struct store_tombs *tombs, bool make, struct error *why);
/* Only whether there is something new: `told` of the last change; 0: nobody was ever forgotten. */
int store_tombs_told(struct store *store, uint64_t *told, struct error *why);
void store_tomb_hash(const struct store_tombs *tombs, struct slice canonical,
                     char hash[static TOMB_HASH_SIZE]);
/* Is a mail that arrived then not to name this address? */
const struct store_tomb *store_tombs_find(const struct store_tombs *tombs, const char *hash);
/* Queue: write it, and tell all nodes. */
void store_put_tomb(struct store *store, const struct store_tomb *tomb);
/* The key of the hashes, to a store that may have lost it; one that is there stays. */
int store_keep_tombs_key(struct store *store, const struct store_tombs *tombs, struct error *why);
/* What was done about it: words by words. */
void store_note_tomb(struct store *store, const char *hash, const char *field, const char *value);
int store_get_tomb_notes(struct store *store, const char *hash,
                         void (*seen)(void *context, struct slice field, struct slice value),
                         void *context, struct error *why);

/* The term by which a value of a fact is found; false: by none. */
bool store_value_term(const struct fact *fact, enum fact_key key, enum term_kind *kind,
                      char term[static TERM_MAX], size_t *size);
/* Queue: a value of this fact went out of the record of `id`; it is not found by it any more. */
void store_forget_value(struct store *store, uint64_t id, const struct fact *fact,
                        enum fact_key key);
/* A field of a node's records of ten minutes, with what stands apart of it. */
struct store_field {
    struct slice key, field; /* its name, for people */
    uint64_t id;             /* 0: it is none of ours */
    unsigned node;           /* whose field it is */
    bool refused;
    struct record *record; /* what could be read of it; may be changed. NULL: nothing */
    const char *why_not;   /* what could not be read, in `key`; NULL: all was */
    unsigned texts;  /* for store_rewrite_field, */
    int64_t ends[3]; /* and when their keys end, ms; 0: they do not */
};
/* All fields of all records of a ten-minute slice of a day (0..143), of the normal and of the
 * refused ones. The field lives as long as the call; `seen` may queue writes. */
#define STORE_SLICES 144u
int store_scan_slice(struct store *store, uint32_t day, unsigned slice,
                     void (*seen)(void *context, const struct store_field *field), void *context,
                     struct error *why);
/* Queue: what was read of the field gives way to field->record, each text where it stood and for as
 * long. `scratch` is written over. -1: no memory. */
int store_rewrite_field(struct store *store, const struct store_field *field,
                        struct buffer *scratch);
/* The same of one mail, with all nodes' fields of it: each is told to `first`, then each to `then`,
 * who may rewrite it by what it learned of all. What could not be read is told to both. */
int store_scan_mail(struct store *store, uint64_t id,
                    void (*first)(void *context, const struct store_field *field),
                    void (*then)(void *context, const struct store_field *field), void *context,
                    struct error *why);
/* A key whose name holds the term, as it was posted, goes if it lists no mail of that day now. */
int store_drop_hot(struct store *store, uint32_t day, enum term_kind kind, struct slice term,
                   struct error *why);

/* A look at all keys whose name holds a term: of one that `names` a person, mails that came until
 * then go out of it, and the key with its last one. */
int store_drop_named(struct store *store, int64_t until,
                     bool (*names)(void *context, struct slice term), void *context,
                     struct error *why);

/* ---- who asked what ---- */

#define STORE_UNCOUNTED UINT64_MAX
struct store_audit {
    int64_t time;
    struct slice who, what; /* "root", "forget" */
    struct slice about;     /* a query, an id, a keyed hash */
    uint64_t count;         /* of what it gave; STORE_UNCOUNTED: not known */
    struct slice reason;    /* absent: none was given */
};
/* Queue. */
void store_put_audit(struct store *store, const struct store_audit *audit);
/* Oldest hour first, in an hour in no order; the slices live as long as the call. `seen` may queue
 * writes; `field` names the entry for store_rewrite_audit. */
int store_each_audit(struct store *store, int64_t from, int64_t until,
                     void (*seen)(void *context, const struct store_audit *audit,
                                  struct slice field),
                     void *context, struct error *why);
void store_rewrite_audit(struct store *store, const struct store_audit *audit, struct slice field);

/* ---- at start ---- */

/* Claim a node number for this machine. `wanted` -1: the lowest free one, or the one it had. 0
 * and *node; -1 with who has it. */
int store_claim_node(struct store *store, int64_t wanted, const char *machine_id,
                     const char *host, unsigned *node, struct error *why);
/* Is the server fit: version, maxmemory-policy (evicting?), persistence. `tell` is called once
 * per finding. A server that does not let us ask is no error. */
int store_inspect(struct store *store, void (*tell)(void *context, const char *finding),
                  void *context, struct error *why);

/* ---- the reader's verbs ---- */

/* All fields of each waybill, merged; one round trip per 1,000. `found` is called for each id in
 * the order given, with a record that has count 0 and see 0 where there is none; it must not keep
 * it. Refused mails are found too. A record that cannot be read is told to `found` with `why_not`
 * set. */
int store_get_records(struct store *store, const uint64_t *ids, size_t count,
                      void (*found)(void *context, uint64_t id, const struct record *record,
                                    const char *why_not),
                      void *context, struct error *why);
/* The same for who wants to know what the records mean, which is quicker: what waybill_read says of
 * them, with `now` and `queue_lifetime`. The waybill is the callee's: waybill_clear. NULL: there is
 * none, it stands under `see` (if that is not 0), or `why_not` it cannot be read. */
struct waybill;
int store_get_waybills(struct store *store, const uint64_t *ids, size_t count, int64_t now,
                       int64_t queue_lifetime,
                       void (*found)(void *context, uint64_t id, struct waybill *waybill,
                                     uint64_t see, const char *why_not),
                       void *context, struct error *why);
/* Each value that stands under an id, as it stands there, for people: key, field, how it is kept
 * and in how many bytes, and its text; or `why_not` it cannot be told. Views, for the time of the
 * call. */
struct store_raw {
    struct slice key, field, text;
    const char *codec; /* text, zstd, foreign */
    size_t bytes;
    const char *why_not; /* NULL: text is there */
};
int store_get_raw(struct store *store, uint64_t id,
                  void (*found)(void *context, const struct store_raw *raw), void *context,
                  struct error *why);
/* Ids of one day that were posted under a term, highest first, no duplicates. *ids is allocated;
 * free(). Refused mails are among them. May hold ids whose record has not the term (a hash
 * collision) or is gone: check the record. */
int store_find_term(struct store *store, uint32_t day, enum term_kind kind, struct slice term,
                    uint64_t **ids, size_t *count, struct error *why);
/* The same of several days, `last` and those before it, in as few round trips. Both see all that
 * was flushed before, by any writer, and ask about days that are past the retention, too. */
#define STORE_DAYS_MAX 32u
int store_find_days(struct store *store, uint32_t last, unsigned days, enum term_kind kind,
                    struct slice term, uint64_t **ids, size_t *count, struct error *why);
/* Ids of a time, newest or oldest first, that were posted under one of several terms (an OR), a
 * portion at a time, so that the first fifty of a frequent term cost no more than they must.
 * What is said of store_find_term holds for each id. */
struct store_term {
    enum term_kind kind;
    struct slice term; /* must live as long as the walk */
};
struct store_walk;
/* `from` and `until` in ms, both included: no id's own time lies outside. Days past the retention
 * are not asked about. One round trip tells how the first eight days are kept (of days that are
 * over half of that is remembered for a minute), and one more reads a term that is rare; then the
 * same for all other days, STORE_DAYS_MAX at a time. */
int store_walk_open(struct store_walk **walk, struct store *store, const struct store_term *terms,
                    size_t count, int64_t from, int64_t until, bool oldest_first,
                    struct error *why);
/* About how many ids will come, at least in order of magnitude: to choose the rarest of several
 * terms. Known after the open, at no cost, by the first days. */
uint64_t store_walk_weight(const struct store_walk *walk);
/* The next portion, in order, each id once over all portions; *ids is allocated, free(). Of a
 * frequent term a portion has some hundred ids at first, then more. 1: more may follow; 0: that
 * was all, *ids is NULL; -1: the store failed; the same call may be made again. */
int store_walk_next(struct store_walk *walk, uint64_t **ids, size_t *count, struct error *why);
void store_walk_close(struct store_walk **walk);
/* Ids of one ten-minute slice (the one that `at` lies in), highest first, of all nodes. */
int store_find_slice(struct store *store, int64_t at, bool refused, uint64_t **ids, size_t *count,
                     struct error *why);
/* Ids with a recipient who is delayed now, highest first. The set helps to find: what the record
 * says counts. Who failed, expired or was rejected is found by TERM_OUTCOME. */
int store_find_delayed(struct store *store, uint64_t **ids, size_t *count, struct error *why);
/* Nodes that ever wrote here: number, host ("": it never claimed the number), and the last beat
 * per witness. */
struct store_node {
    unsigned node;
    char host[256];
    int64_t since, milter, log, ship; /* ms; 0: never */
};
int store_get_nodes(struct store *store,
                    void (*seen)(void *context, const struct store_node *node), void *context,
                    struct error *why);
/* Did a host of this name (host_same) ever claim a node number, as far as the store said within the
 * last five seconds? 1, 0, -1. */
int store_knows_host(struct store *store, struct slice name, struct error *why);
/* The sheets of all nodes that ever wrote, by number; of one that keeps none all is unknown but
 * the number. `server` gets the server's own time (ms; 0: we may not ask it). One round trip. */
int store_get_sheets(struct store *store, int64_t *server,
                     void (*seen)(void *context, const struct sheet *sheet), void *context,
                     struct error *why);
/* The same of one node. */
int store_get_sheet(struct store *store, unsigned node, struct sheet *sheet, int64_t *server,
                    struct error *why);
struct store_gap {
    unsigned node;
    int64_t from, until;
    char witness[16], cause[64];
    uint64_t count;
};
int store_get_gaps(struct store *store, int64_t from, int64_t until,
                   void (*seen)(void *context, const struct store_gap *gap), void *context,
                   struct error *why);
/* Sums (or the highest value) over all nodes and the hours from..until; `seen` once per name. */
int store_get_counters(struct store *store, int64_t from, int64_t until,
                       void (*seen)(void *context, const char *name, uint64_t value),
                       void *context, struct error *why);

/* ---- the event streams; waybill/live.h is the way to follow them ---- */

#define STORE_STREAMS 16u /* an event stands in number waybill % STORE_STREAMS */
/* The place of an entry in its stream. Not known: there is none, or nobody said. */
struct store_position {
    bool known;
    uint64_t ms, sequence; /* of the server's clock, when the entry was added */
};
/* < 0, 0, > 0. Both must be known. */
int store_position_compare(struct store_position a, struct store_position b);
struct store_stream {
    bool answered; /* false: its master is away, see store_read_partly */
    /* Of the entries that are there; the highest place that was ever used (0-0: none, or no
     * stream); the highest entry that was taken out by name (not known: none). */
    struct store_position first, last, deleted;
    uint64_t length;
    bool counts; /* `added` is told (Redis 7, Valkey): entries ever added */
    uint64_t added;
};
/* What is known of all streams; one round trip. */
int store_look_at_streams(struct store *store, struct store_stream streams[static STORE_STREAMS],
                          struct error *why);

#define STORE_EVENTS_AT_ONCE 256u /* of one stream, in one read */
struct store_cursor {
    struct store_position last[STORE_STREAMS]; /* read up to these; unknown ones are not read */
    size_t came[STORE_STREAMS]; /* entries that the last read brought, readable or not */
    unsigned at; /* while `seen` is called: the stream; its `last` is the place of this event */
};
/* All from now on; what does not answer stays unknown. */
int store_cursor_now(struct store *store, struct store_cursor *cursor, struct error *why);
/* What came behind the cursor, which moves on. Waits at most `ms` for something. `seen` once an
 * event, oldest first in each stream. */
int store_read_events(struct store *store, struct store_cursor *cursor, int64_t ms,
                      void (*seen)(void *context, const struct event *event), void *context,
                      struct error *why);

#endif
