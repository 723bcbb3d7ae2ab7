/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ship: folds facts into records, in batches; the only place where journal and store meet.
 *
 * At least once, applied once: a fact is a member of a set, a write may be repeated, and the
 * journal's cursor moves only when every reply of a batch was good.
 */
#ifndef WAYBILL_SHIP_H
#define WAYBILL_SHIP_H

#include "waybill/error.h"
#include "waybill/journal.h"
#include "waybill/settings.h"
#include "waybill/sheet.h"
#include "waybill/store.h"

struct ship;

struct ship_stats {
    uint64_t facts, records, batches, retries; /* facts: each once, also after a rewind */
    uint64_t held;         /* facts that wait for their mail, now */
    uint64_t orphans;      /* facts that no waybill was found or made for */
    uint64_t over_limit;   /* facts that their waybill had no room for, or could not take */
    uint64_t refused_over; /* refused mails over their client's share: counted only */
    uint64_t unread;       /* lines of the journal that this version cannot read */
    /* Facts of reports: into the mail that they speak of; of no known mail; of these, those of
     * strangers who came too often to be looked for. */
    uint64_t reports_matched, reports_unmatched, reports_unasked;
    uint64_t rewinds;                       /* another run of the store was found */
    uint64_t shed_days;                     /* given up, since the store was full */
    uint64_t gaps;                          /* of all witnesses, that were told to the store */
    uint64_t troubles[STORE_TROUBLE_COUNT]; /* failures of the store, by kind */
    uint64_t backlog_bytes;
    int64_t shipped_until;    /* time of the last fact that is in the store */
    int64_t oldest_unshipped; /* ms: no fact that was appended before is still in the journal alone,
                               * but for those that are held; 0: all are in the store */
    int64_t lag_ms;           /* so long the first fact of the latest batch took into the store */
    bool leading;             /* this process ships, not another one */
    bool connected;
};

/* Who wants to know what becomes of recipients, as the store is told. Called on the thread; must
 * not wait, nor ask for anything of ship's. */
struct ship_watcher {
    /* An event of a recipient, who is in this state by it, is on its way; once for each event, or
     * again after a failure, or after a process was killed that had not yet moved its cursor. */
    void (*outcome)(void *context, const struct waybill *waybill,
                    const struct recipient *recipient, enum recipient_state state);
    /* The word for why a recipient is where he is now or, with an `attempt` (a fact of this
     * waybill), for why that one failed; NULL: there is none. Asked whenever a waybill is told, and
     * put into the index. */
    const char *(*reason)(void *context, const struct waybill *waybill,
                          const struct recipient *recipient, const struct fact *attempt);
    /* What was on its way is there (`good`), or will be told again. */
    void (*settled)(void *context, bool good);
    void *context;
};

/* Start the thread. It waits for the leadership of the journal, which is `state_directory`/journal,
 * then ships for ever; a store that is away, slow or full only makes it wait. `leading` (may be
 * NULL) is called on the thread when the leadership begins, before the first record is read: the
 * log follower starts there. Returns when that is done, when another process leads, or after some
 * seconds: so a log's first position is noted before the mail begins. `watcher` (copied) may be
 * NULL. */
int ship_start(struct ship **ship, const struct settings *settings, struct journal *journal,
               unsigned node,
               void (*leading)(void *context, struct journal_reader *reader), void *context,
               const struct ship_watcher *watcher, struct error *why);
/* Ship what is there for at most `ms`, then stop the thread. */
void ship_stop(struct ship **ship, int64_t ms);
void ship_reload(struct ship *ship, const struct settings *settings);
void ship_read_stats(struct ship *ship, struct ship_stats *stats);

/* Counters of other rooms that shall stand in the store by the hour. `value` is the running total
 * of this process, or, for a name that store_counter_is_highest, the highest value since the last
 * call; ship makes hours of it, once a minute and at the end. At most 48 names. Only the process
 * that leads writes them. Any thread. */
void ship_count(struct ship *ship, const char *name, uint64_t value);

/* What this host's sheet shall say from now on; copied. Ship writes it at once, then every ten
 * seconds, if it leads, and fills in node, written, clock_ahead_ms and rival itself. Any thread. */
void ship_sheet(struct ship *ship, const struct sheet *sheet);

#endif
