/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entry: one waybill in the live table: its record, what the join needs to know of it, and what
 * of it is in the store already.
 */
#ifndef SHIP_ENTRY_H
#define SHIP_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seen.h"
#include "pins.h"
#include "waybill/record.h"
#include "waybill/waybill.h"

/* The list that an entry is in. */
enum entry_place {
    ENTRY_OPEN,    /* in the store; more facts may come */
    ENTRY_DONE,    /* in the store; nothing more is expected */
    ENTRY_DIRTY,   /* to be written */
    ENTRY_WAITING, /* refused so far, its transaction is not over: not written yet */
    ENTRY_SENT,    /* queued in the store's pipeline, no reply yet */
    ENTRY_PLACES
};

/* What the set of the delayed was told of a recipient. */
struct told {
    uint64_t recipient;
    enum recipient_state state;
    int64_t since;
    size_t index; /* among the recipients of the waybill that it was read from */
};
struct tellings {
    struct told *of; /* by recipient */
    size_t count;
};

struct entry {
    uint64_t id;
    uint64_t see;       /* not 0: this mail's facts stand under another id */
    struct record own;  /* what this node's field in the store says */
    struct record *all; /* with what other nodes wrote; NULL: nothing */

    /* for the join */
    int64_t arrived;     /* earliest fact */
    int64_t gone;        /* 0, or when the queue let it go: its queue id may be used again */
    int64_t closed;      /* 0, or when the milter saw its transaction end */
    uint64_t message_id; /* hash; 0: none. The milter's word before the log's */
    char ip[64];         /* client's address */
    bool begun;          /* the log spoke of it */
    uint64_t order;      /* when it began to, among all mails of this process; 0: before it */
    uint64_t client, cleanup; /* fact ids of its first lines; 0: not seen by this process */
    bool indexed;        /* found by its queue id */
    bool learned;        /* its queue id is new: others may wait for it */

    /* for the writing */
    bool ended;    /* its transaction is over */
    bool carried;  /* a queue manager or cleanup spoke of it: it was in the queue */
    bool broken;   /* its record cannot be read: it is not written over */
    bool loaded;   /* came out of the store, and nothing was written since */
    bool news;     /* was told a fact that was not read before a rewind */
    bool replayed; /* was told a fact that was in the store already: tell everything again */
    bool in_refused, in_normal; /* where the store has it */
    bool to_refused;            /* where it is on its way to */
    bool finished;              /* nothing more is expected of it */
    bool admitted;              /* counted against its client's share of refused traffic */
    bool over;                  /* refused, over its client's share: not written */
    struct pin *pins;
    struct seen posted, fresh;
    struct tellings told, telling;

    int64_t read_at; /* monotonic: first fact, last fact, last look into the store */
    int64_t touched, synced;
    size_t cost;
    enum entry_place place;
    struct entry *by_id, *by_queue; /* chains of the tables */
    struct entry *previous, *next;  /* in the list of its place, oldest first */
};

/* NULL: no memory. */
struct entry *entry_new(uint64_t id, int64_t now);
/* Its pins must be gone. */
void entry_free(struct entry *entry);

/* The record with what all nodes say. */
static inline const struct record *entry_record(const struct entry *entry)
{
    return entry->all != NULL ? entry->all : &entry->own;
}
/* Made from the log alone, see id_from_log. */
bool entry_minted(const struct entry *entry);

enum entry_added {
    ENTRY_KNOWN,
    ENTRY_NEW,
    ENTRY_FULL,  /* the record takes no more */
    ENTRY_AGAIN, /* no memory now */
};
/* Take a fact in. Host, instance and queue id of *fact are brought in line with the record. */
enum entry_added entry_add(struct entry *entry, struct fact *fact, struct error *why);
/* Has it this very fact? Or had it, where the record leaves it out. */
bool entry_knows(const struct entry *entry, const struct fact *fact);
/* Learn from the lines of the record, after it was read from the store. -1: no memory. */
int entry_review(struct entry *entry);
/* Bytes that it takes, roughly. */
size_t entry_cost(const struct entry *entry);

/* Of a Message-ID, as entries keep it. The log has '?' for a byte that is not printable, so all of
 * these are alike. 0: it is empty. */
uint64_t entry_message_id(struct slice id);

#endif
