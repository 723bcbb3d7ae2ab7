/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold: facts of the log that no waybill is known for yet, in groups, one for each mail. They
 * wait for the milter's facts of the same mail. Bounded in number and bytes.
 *
 * A queue id may be used again while its last mail is still held; then there are several groups of
 * one key, in the order in which the log began them, or came back to them.
 */
#ifndef SHIP_HOLD_H
#define SHIP_HOLD_H

#include "pins.h"
#include "seen.h"
#include "waybill/fact.h"

#define HOLD_FACTS_MAX 20000u
#define HOLD_BYTES_MAX (UINT64_C(16) << 20)
#define HOLD_CLIENT_MS (10 * 60 * INT64_C(1000)) /* how long a lone client= line is kept */
#define HOLD_BUCKETS 16384u
#define HOLD_KEY_MAX 256
#define HOLD_LIVES_MAX 64 /* groups of one key that are searched for a fact that was read before */

struct held {
    struct held *next;
    struct pin *pin; /* NULL: it does not keep the cursor back */
    int64_t read_at; /* monotonic */
    int64_t time;
    enum fact_kind kind;
    size_t size;
    char line[]; /* encoded */
};

struct group {
    struct group *by_queue;        /* chain of the table */
    struct group *previous, *next; /* all groups, oldest first */
    struct held *first, *last;
    size_t count;
    struct seen facts; /* their ids: a log may be read twice */
    uint64_t order;    /* when the log began it, among all mails of this process */
    uint64_t client;   /* fact id of its client= line; 0: none */
    bool opened;       /* we saw how it began */
    int64_t gone;      /* 0, or when the queue let it go */
    bool asked; /* the store was asked and knows no such mail */
    bool tried; /* a lone client= line: it is none that the milter knows */
    char host[HOLD_KEY_MAX], instance[HOLD_KEY_MAX], queue_id[HOLD_KEY_MAX];
};

struct hold {
    struct group **by_queue; /* HOLD_BUCKETS */
    struct group *first, *last;
    size_t count, bytes;
    size_t count_max, bytes_max;
};

int hold_init(struct hold *hold); /* -1: no memory */
/* Forget all facts; pins are released, the table stays. */
void hold_empty(struct hold *hold, struct pins *pins);
/* The same, and the table goes. */
void hold_clear(struct hold *hold, struct pins *pins);

/* The group of this key that was begun, or resumed, last, or NULL. */
struct group *hold_find(const struct hold *hold, const struct fact *fact);
/* First group whose queue id may be this one: walk ->by_queue and compare. */
struct group *hold_queue(const struct hold *hold, struct slice queue_id);
/* The group that holds this very fact already, or NULL. */
struct group *hold_known(const struct hold *hold, const struct fact *fact);
/* The log is read again, and is in this mail: what comes next may be its. Others of its key may
 * have been begun between, since the log was read again from before them. */
void hold_resume(struct hold *hold, struct group *group, uint64_t order);
/* Keep a copy of the line in `group`; NULL: in a new one, which begins at `order`. Owns the pin
 * then. NULL: no memory, nothing changed. */
struct group *hold_add(struct hold *hold, struct group *group, uint64_t order,
                       const struct fact *fact, struct slice line, struct pin *pin, int64_t now);
/* Take one fact out: *at is the link to it. Its pin, if it is still there, is released. */
void hold_remove(struct hold *hold, struct pins *pins, struct group *group, struct held **at);
/* The group goes if nothing is left in it. True: it is gone. */
bool hold_drop_empty(struct hold *hold, struct group *group);
/* Nothing but the client= line of a session that may still be without mail? */
bool group_lone(const struct group *group);
/* May the fact be of this group's mail, by the order of the log's lines? */
bool group_takes(const struct group *group, const struct fact *fact);
/* When the wait of the group ends. */
int64_t group_due(const struct group *group, int64_t hold_ms);
bool hold_full(const struct hold *hold);

#endif
