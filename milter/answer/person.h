/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * person: one address, and all records that name it. Every record is read: the index knows whom a
 * mail went to, but not who stands in a server's words.
 */
#ifndef WAYBILL_ANSWER_PERSON_H
#define WAYBILL_ANSWER_PERSON_H

#include <stdatomic.h>

#include "waybill/access.h"
#include "waybill/forget.h"
#include "waybill/settings.h"
#include "waybill/store.h"

#define PERSON_DAYS_MAX 4000
#define PERSON_UNREAD_MAX 20 /* that are named; the others are counted */

struct person {
    struct store *store;
    const struct settings *settings;
    char canonical[ADDRESS_MAX];
    size_t size;
    struct store_tombs tombs; /* of the last question */
    char hash[TOMB_HASH_SIZE];
    struct forgetting asks; /* is it this address? */
};

/* With `make` there is a key for the hash afterwards; else `hash` is empty if there is none.
 * 0; 1: that is no address; -1: the store failed. */
int person_open(struct person *person, struct store *store, const struct settings *settings,
                const char *address, bool make, struct error *why);
void person_close(struct person *person);

/* What a reason says in the audit: it may name the person himself. */
struct slice person_reason(const struct person *person, const char *reason);

/* The first day of which some host may keep records. -1: the store failed. */
int person_first_day(struct person *person, int64_t now, uint32_t *day, struct error *why);

/* What was done so far. */
struct person_work {
    int64_t until;  /* of mails that arrived up to then; 0: never begun */
    int64_t done;   /* when all was gone over; 0: not yet */
    uint64_t told;  /* what the nodes are to answer to */
    uint64_t run;   /* of the store, when the last run began: store_run_digest */
    uint64_t days, records, fields, values, unread, audits;
    char unread_names[PERSON_UNREAD_MAX][256]; /* key, field, and why */
    size_t unread_named;
    uint32_t day;   /* that is gone over, and how far of how many */
    unsigned at, of;
    struct {
        bool wrote;
        char host[64];
        int64_t answered; /* 0: not to `told` */
        int64_t heard;    /* last beat; 0: never */
    } nodes[100];
};
/* The receipt as it stands in the store, with all nodes. */
int person_read_work(struct person *person, struct person_work *work, struct error *why);
/* Go over all records, from where an earlier run was stopped, or, if that came to its end or there
 * was none, anew and up to `now`. Another run of the store may have lost what was written, so then
 * it goes over all of them once more. `progress` may be NULL. 0; 1: stopped; -1: the store failed.
 */
int person_forget(struct person *person, int64_t now, struct person_work *work,
                  const atomic_bool *stop,
                  void (*progress)(void *context, const struct person_work *work), void *context,
                  struct error *why);

/* Ids of all mails since the day that name the person. *ids: free(). *unread: records that could
 * not be read. As person_forget. */
int person_find(struct person *person, uint32_t first, int64_t now, uint64_t **ids, size_t *count,
                uint64_t *unread, const atomic_bool *stop, struct error *why);

/* Who may ask over HTTP: entries that have to do with the person. */
enum person_token {
    PERSON_TOKEN_HIS,   /* bound to his address, and to nothing else */
    PERSON_TOKEN_ALSO,  /* bound to his address among others */
    PERSON_TOKEN_NAMED, /* only called so */
};
typedef void person_token_seen(void *context, const struct access *access, enum person_token kind);
/* 0, or -1: the store failed. */
int person_each_token(struct person *person, person_token_seen *seen, void *context,
                      struct error *why);
/* Take away those that are his alone. */
int person_drop_tokens(struct person *person, struct error *why);

#endif
