/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * room: what the files of this room share. One thread owns all of it but the few fields that the
 * lock guards.
 *
 * One round of the thread:
 *
 *     gather   copy up to a batch of lines out of the journal          harvest.c
 *     fold     each fact finds its waybill, or is held                 fold.c join.c load.c twin.c
 *              those of reports                                        report.c match.c
 *     release  held facts whose wait is over                           release.c
 *     write    changed waybills into the store, flush                  write.c tell.c watch.c
 *              what this host says of itself                           sheet.c
 *              a full store gives up a day                             shed.c
 *              without those who are forgotten                         forget.c
 *     commit   the cursor, up to the oldest fact that is not written   pins.c
 *              what is kept behind it, and the way back                rewind.c trail.c
 *
 * A step that fails returns -1 and is done again, with the same batch, after a pause: each is a
 * union of sets or an assignment, so doing it twice is doing it once.
 */
#ifndef SHIP_ROOM_H
#define SHIP_ROOM_H

#include <limits.h>
#include <pthread.h>

#include "counters.h"
#include "hold.h"
#include "live.h"
#include "match.h"
#include "refused.h"
#include "report.h"
#include "trail.h"
#include "waybill/log.h"
#include "waybill/ship.h"
#include "waybill/store.h"

#define BATCH_FACTS_MAX 10000u
#define BATCH_BYTES_MAX (UINT64_C(8) << 20) /* lines of one batch */
#define WRITE_BYTES_MAX (UINT64_C(4) << 20) /* record bytes of one flush */
#define HEART_MS (10 * INT64_C(1000))       /* beat of ship itself */
#define COUNT_MS (60 * INT64_C(1000))       /* counters */
#define REFRESH_MS (30 * INT64_C(1000))     /* what other nodes wrote is read anew after this */

struct limits {
    int64_t batch_facts, batch_ms, hold_ms, rewind_ms, refused_per_client, lifetime_days,
        shed_keep_days;
    bool shed; /* days may be given up */
    bool compress;
};

struct batch {
    char *lines; /* BATCH_BYTES_MAX */
    struct item {
        size_t at, size;
        struct pin place;
        bool again; /* was counted before a rewind */
    } * items; /* BATCH_FACTS_MAX */
    size_t count, used, folded;
    size_t again; /* so many of them were counted before a rewind */
    bool fetched;
    int64_t latest; /* time of its latest fact */
    int64_t first;  /* ms: when its first fact was appended */
};

/* What witnesses say of themselves. */
struct watch {
    struct gap {
        enum witness witness;
        int64_t from, until;
        uint64_t count;
        char cause[64];
    } * gaps;
    size_t count, room;
    struct beat {
        enum witness witness;
        int64_t first, time; /* of those that this process read */
        bool fresh;
    } beats[8];
    bool recalled; /* what the store knew of the milter before us was looked at */
};

/* Who is not to be named any more. */
struct forgets {
    struct store_tombs tombs;
    int64_t latest;   /* mails that arrived later name whom they will */
    int64_t look_at;  /* monotonic */
    uint64_t told, answered; /* of the tombs: what was heeded, what was acknowledged */
    struct journal_mark mark;
    uint64_t blanked; /* values, since the last acknowledgement */
    bool seen_again;  /* a fact named one of them: it stands in the journal */
    int64_t roll_at;
    struct forgotten_term **terms; /* whose keys are to be dropped after the flush */
    size_t term_count, term_room;
};

struct trouble {
    struct log_trouble store, memory, journal, tight, shed, record, line, rival;
    struct error why;        /* of the store's last failure */
    enum store_trouble kind; /* the one that was told */
    char text[200];
    int64_t pause;  /* next back-off, ms */
    bool no_memory; /* the step that failed failed for this */
};

struct ship {
    struct journal *journal;
    unsigned node;
    char *host;
    char directory[PATH_MAX]; /* of the journal */
    struct journal_options options;
    struct store *store;
    void (*leading)(void *context, struct journal_reader *reader);
    void *context;
    struct ship_watcher watcher; /* all NULL: nobody watches */
    pthread_t thread;

    pthread_mutex_t lock; /* the fields up to the blank line */
    pthread_cond_t wake;
    bool stopping, tried; /* tried: we lead, and who waits for it has begun; or another does */
    int64_t stop_at;
    struct limits wanted;
    struct ship_stats shown;
    struct counters counters;
    struct sheet sheet; /* to be written; its version is empty before the first is told */
    bool sheet_first;   /* that was just now: it is written at once */

    struct limits limits;
    struct ship_stats stats;
    struct journal_reader *reader;
    struct pins pins;
    struct trail trails[ID_GENERATIONS];
    uint64_t epoch; /* of the store, as we know it */
    struct journal_position counted[ID_GENERATIONS]; /* so far the facts are counted */
    bool again; /* the fact that is folded was read before a rewind */
    struct batch batch;
    struct live live;
    struct hold hold;
    struct refusals refusals;
    struct match match;
    struct reports reports;
    struct watch watch;
    struct forgets forgets;
    struct trouble trouble;
    struct buffer scratch, text;
    int64_t started; /* to lead; wall clock: older facts may have been folded by another process */
    bool past_old;     /* all that was in the journal at `started` is read */
    int64_t old_until; /* monotonic: until then some of it may still be held */
    bool sheet_told;  /* one of ours stands in the store */
    int64_t heart_at, count_at, commit_at, release_at;
    int64_t full_since; /* monotonic; 0: the store is not full */
    size_t queued_bytes;
    uint64_t order; /* of mails, as the log began them */
    bool at_end;        /* the last look into the journal saw all that was there */
    int64_t read_until; /* ms: when the last record that was read was appended */
    bool reached; /* the store answered well in this round */
};

/* ---- harvest.c ---- */
int harvest_init(struct batch *batch); /* -1: no memory */
void harvest_free(struct batch *batch);
/* Fill the batch. Waits a little if there is nothing. Takes no memory: a record that was read
 * must not get lost. */
void harvest_gather(struct ship *ship);
void harvest_clear(struct batch *batch);
/* May facts come that another process, or an earlier one, has told the store of already, and not
 * all that follows from them? */
bool harvest_replays(const struct ship *ship);
/* A line, decoded in ship->scratch; takes no memory. False: it cannot be read. */
bool harvest_fact(struct ship *ship, struct slice line, struct fact *fact);
struct slice harvest_line(const struct batch *batch, size_t index);

/* ---- rewind.c ---- */
/* The cursors, as far as all is shipped. */
void rewind_commit(struct ship *ship);
/* The store takes nothing: if the journal is nearly full let go what is shipped. */
void rewind_make_room(struct ship *ship);
/* Does another run of the store answer, that may not have what is kept? Told once. */
bool rewind_needed(struct ship *ship);
/* Forget what the store was taken to have, and begin again with what is kept. */
void rewind_all(struct ship *ship);
/* All that was read is counted. */
void rewind_count(struct ship *ship);
/* Was the record counted before a rewind? */
bool rewind_counted(const struct ship *ship, const struct journal_position *position);

/* ---- shed.c ---- */
/* A step failed: has the store been full for long, and may a day be given up for that? */
void shed_if_full(struct ship *ship);
void shed_over(struct ship *ship);

/* ---- load.c: from the store into the live table ---- */
/* Read these waybills, as far as they are not live. `make`: an empty entry for those that the
 * store does not know. -1: the store failed, or no memory. */
int load_entries(struct ship *ship, const uint64_t *ids, size_t count, bool make);
/* The entry of an id, read or made; where it stands under another id, that one. -1 as above. */
int load_entry(struct ship *ship, uint64_t id, struct entry **entry);
/* The entry of an id that is live or in the store, or NULL; none is made. */
int load_known(struct ship *ship, uint64_t id, struct entry **entry);
/* Read again what other nodes may have added to the entries that are to be written. */
int load_news(struct ship *ship);
/* The same for these, which are live. */
int load_others(struct ship *ship, const uint64_t *ids, size_t count);

/* ---- fold.c ---- */
/* Fold what of the batch is not folded yet. -1: stopped, go on later with the same fact. */
int fold_batch(struct ship *ship);
/* A fact goes into an entry; *pin is taken if the entry must be written. -1: no memory now. */
int fold_into(struct ship *ship, struct entry *entry, struct fact *fact, struct pin **pin);
/* If a live waybill is the group's mail, all its facts go there. The group is gone then. -1: no
 * memory now; the rest stays. */
int fold_group(struct ship *ship, struct group *group);
/* The same, into this one. */
int fold_group_into(struct ship *ship, struct group *group, struct entry *entry);

/* ---- report.c ---- */
/* A fact that a report told, into the mail that it speaks of. -1: as load.c. */
int fold_report(struct ship *ship, const struct fact *fact, struct slice line, struct pin **pin);
/* Those that waited long enough. */
int release_reports(struct ship *ship, int64_t now);

/* ---- join.c ---- */
/* The live waybill that a fact of the log belongs to, or NULL. */
struct entry *join_live(const struct ship *ship, const struct fact *fact);
/* The live waybill that a held mail is, or NULL. `patient`: a better one may come yet. */
struct entry *join_group(struct ship *ship, const struct group *group, bool patient);
/* May this be its waybill? */
bool join_group_fits(struct ship *ship, const struct group *group, const struct entry *entry);
/* A fact fits both a held mail and a waybill: did the log begin the held one later? */
bool join_group_leads(const struct group *group, const struct entry *entry,
                      const struct fact *fact);
/* Make live what the store knows of the fact's queue id: of its day and the day before, `deep`:
 * of a queue's whole lifetime. */
int join_ask(struct ship *ship, const struct fact *fact, bool deep);

/* ---- twin.c: two ids for one mail ---- */
/* The milter's waybill knows its queue id now: if the log made one of the same mail before, it
 * goes into the milter's. */
int twin_settle(struct ship *ship, struct entry *entry);
/* All that `from` says goes into `to`; `from` becomes a pointer to it. -1: no memory. */
int twin_move(struct ship *ship, struct entry *from, struct entry *to);

/* ---- release.c ---- */
int release_due(struct ship *ship);

/* ---- write.c ---- */
int write_all(struct ship *ship, bool counters);
/* The counters into the journal, where the next leader finds them. As counters_note. */
uint64_t write_note_counters(struct ship *ship);
/* Changed again: to be written. */
void write_later(struct ship *ship, struct entry *entry);

/* ---- terms.c ---- */
/* Every term of a waybill; some more than once. */
void terms_each(const struct waybill *waybill,
                void (*found)(void *context, enum term_kind kind, struct slice term),
                void *context);

/* ---- tell.c: what follows from a record: terms, who is delayed, events ---- */
/* Queue what was not told before. -1: no memory. */
int tell_all(struct ship *ship, struct entry *entry, const struct waybill *waybill, bool refused);
/* The record came out of the store: all that follows from it was told. */
int tell_recall(struct ship *ship, struct entry *entry);
/* Take its recipients out of the set of the delayed. */
void tell_nothing(struct ship *ship, struct entry *entry);
void tell_done(struct entry *entry);   /* the flush was good */
void tell_failed(struct entry *entry); /* it was not */

/* ---- watch.c ---- */
int watch_gap(struct watch *watch, const struct fact *fact); /* -1: no memory */
int watch_beat(struct watch *watch, const struct fact *fact); /* -1: no memory */
/* Once, with the first beat: how long was the milter away before it? -1: as load.c. */
int watch_recall(struct ship *ship);
bool watch_waits(const struct watch *watch);
void watch_put(const struct watch *watch, struct store *store, unsigned node);
void watch_sent(struct watch *watch);
/* What was told may have got lost: it will be read, and told, again. */
void watch_forget(struct watch *watch);

/* ---- forget.c ---- */
/* Ask, every few seconds, who is forgotten; what is live and names one of them is to be written
 * anew. -1: as load.c. */
int forget_look(struct ship *ship);
bool forget_due(const struct ship *ship, int64_t now);
/* Blank what names one of them. -1: no memory. */
int forget_entry(struct ship *ship, struct entry *entry);
/* All is written: rid the journal of them, and say so. -1: as load.c. */
int forget_answer(struct ship *ship);
void forget_clear(struct forgets *forgets);

/* ---- sheet.c ---- */
/* Queue what this host says of itself; asks the store for its time, and who else wrote. If that
 * cannot be had now it is left out: no record waits for it. */
void sheet_put(struct ship *ship);

/* ---- trouble.c ---- */
/* A step failed: tell the operator once by its name, and how long to pause. */
int64_t trouble_met(struct ship *ship);
void trouble_over(struct ship *ship);
/* Why the step failed, for those that fail without the store. */
void trouble_memory(struct ship *ship);

#endif
