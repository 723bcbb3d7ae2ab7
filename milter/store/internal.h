/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "apart.h"
#include "batch.h"
#include "cluster.h"
#include "expiry.h"
#include "index.h"
#include "keys.h"
#include "packing.h"
#include "pipeline.h"
#include "sentinel.h"
#include "tls.h"
#include "waybill/log.h"
#include "waybill/store.h"

/* The exponents of a past day, as last heard. */
#define STORE_KNOWN_DAYS 64u
struct known_day {
    uint32_t day;
    uint64_t used[2]; /* [refused]; bit K */
    int64_t until;    /* clock_monotonic */
};

/* Of nodes, as they were a moment ago. */
struct hosts {
    char (*names)[256];
    size_t count;
    int64_t until; /* clock_monotonic; 0: not known */
};
void hosts_free(struct hosts *hosts);

struct store {
    const struct settings *settings;
    const char *prefix;
    enum redis_mode mode;
    struct tls *tls;
    struct manner manner;
    struct link link;         /* to the one server, or the master; not of a Cluster */
    struct sentinel sentinel; /* also keeps the addresses of the configuration */
    struct cluster *cluster;  /* NULL: there is none */
    struct pipeline pipeline;
    enum store_trouble trouble;
    uint64_t epoch;
    bool postings_stale; /* they were found out from a server that may have known more */

    bool partly; /* readers bear holes */
    uint64_t unanswered;
    struct error unanswered_why;

    struct batch writes;
    struct packing packing;
    struct batch events; /* go out last: who follows them finds the records */
    struct postings postings;
    struct marks marks;
    struct log_trouble foreign;
    uint64_t too_late; /* writes to days that are about to go */
    struct life open;  /* of what was asked about last: may it be written? */
    int64_t open_until;

    bool nodes[ID_NODES]; /* that ever wrote */
    bool apart[APART_COUNT]; /* texts of this kind were ever written */
    bool reads_refused; /* a refused mail was among the records read last: the next may be, too */
    bool nodes_changed;   /* by what is queued */
    int64_t nodes_until;  /* clock_monotonic; 0: not known */
    struct hosts hosts;
    struct known_day known[STORE_KNOWN_DAYS];
};

/* Remember the trouble, word it, return -1. */
int store_fail(struct store *store, enum store_trouble trouble, struct error *why,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Connect if need be, send the pipeline, read the replies. `doing` for the message: "read
 * records". */
int store_run(struct store *store, const struct replies *replies, const char *doing,
              struct error *why);
/* The same on each master, one after the other; the indexes begin at 0 for each. */
int store_run_everywhere(struct store *store, const struct replies *replies, const char *doing,
                         struct error *why);
/* Each key whose name begins so, on all masters; some may come twice. `seen` may ask the store, but
 * leaves nothing in the pipeline. -1: it failed, or `seen` did. */
int store_each_key(struct store *store, const char *begin,
                   int (*seen)(void *context, struct slice key, struct error *why), void *context,
                   struct error *why);
/* Servers of the Cluster were met, or lost: to be said after whatever asked it. */
void store_meet_cluster(struct store *store);
/* An answer goes without this: store_unanswered tells. */
void store_leave_out(struct store *store, const char *why);
/* When the certificate of a server that we are connected to ends, ms; 0: no TLS. */
int64_t store_certificate_until(const struct store *store, const char *name);
/* Days that a kind of record is kept; and may a day of it still be written? (counts if not) */
int64_t store_days(const struct store *store, bool refused);
struct life store_life(const struct store *store, uint32_t day, bool refused);
bool store_day_open(struct store *store, uint32_t day, bool refused);
/* The field of `node` in the record of a waybill: a view into `room`. */
#define FIELD_SIZE 24u
struct slice record_field(uint64_t id, unsigned node, char room[static FIELD_SIZE]);
/* Queue: this node writes here. */
void store_note_node(struct store *store, unsigned node);
/* Which nodes wrote here, and what apart; asked anew every few seconds. */
int store_know_nodes(struct store *store, struct error *why);
/* The same for a person who asks: no old answer, and none with holes. */
int store_know_nodes_now(struct store *store, struct error *why);
unsigned store_node_count(const struct store *store);

#endif
